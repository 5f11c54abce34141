"""gio of the lab: only the two names that gtk.gdk looks up when it loads."""


class InputStream(object):
    pass


class Cancellable(object):
    pass
