"""Of the module `gio` of PyGObject 2.28 only the two names that gtk.gdk looks up when it loads."""


class InputStream(object):
    pass


class Cancellable(object):
    pass
