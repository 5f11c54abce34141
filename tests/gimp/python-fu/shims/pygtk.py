"""What PyGTK's programs import first: it makes `gobject`, `gtk` and the like importable."""

import os
import sys

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gtk-2.0")


def require20():
    if _FOLDER not in sys.path:
        sys.path.insert(0, _FOLDER)
    if "gi" not in sys.modules:
        import gi

        # PyGObject 3 puts modules in their places that refuse everything.
        for name in ("glib", "gobject", "gio", "gtk", "gtk.gdk"):
            if type(sys.modules.get(name)).__name__ == "_DummyStaticModule":
                del sys.modules[name]


def require(version):
    assert version == "2.0", version
    require20()
