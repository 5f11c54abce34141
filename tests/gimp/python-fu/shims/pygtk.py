"""pygtk.py of the lab: PyGTK 2.24 / pygimp 2.10 over PyGObject 3.36."""
import os
import sys

_dir = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'gtk-2.0')


def require20():
    if _dir not in sys.path:
        sys.path.insert(0, _dir)
    if 'gi' not in sys.modules:
        import gi  # noqa: puts "static binding" dummies in sys.modules
        for name in ('glib', 'gobject', 'gio', 'gtk', 'gtk.gdk'):
            mod = sys.modules.get(name)
            if type(mod).__name__ == '_DummyStaticModule':
                del sys.modules[name]


def require(version):
    assert version == '2.0', version
    require20()
