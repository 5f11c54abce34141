"""gobject of the lab: the names of PyGObject 2.28 over PyGObject 3.36."""
import sys
import pygtk
_self = sys.modules.pop('gobject', None)      # "import gi" refuses beside a module named gobject
pygtk.require20()
if _self is not None:
    sys.modules['gobject'] = _self

import ctypes as _ct
import gc as _gc
import gi.types as _types
from gi import _gi
from gi._gi import *                            # GObject, GBoxed, type_register, ...
from gi._gi import _PyGObject_API
from gi.repository import GLib as _GLib, GObject as _GO
from gi._propertyhelper import Property as property

pygobject_version = (2, 28, 6)
GObject = _gi.GObject
GObjectMeta = _types._GObjectMetaBase
GError = _GLib.GError if hasattr(_GLib, 'GError') else _GLib.Error
for _n in dir(_GO):
    if _n.startswith(('TYPE_', 'PARAM_', 'SIGNAL_', 'type_', 'signal_')) and _n not in globals():
        globals()[_n] = getattr(_GO, _n)
for _n in ('idle_add', 'timeout_add', 'timeout_add_seconds', 'io_add_watch', 'source_remove',
           'child_watch_add', 'markup_escape_text', 'get_current_time', 'filename_display_name',
           'filename_display_basename', 'get_application_name', 'set_application_name',
           'get_prgname', 'set_prgname', 'main_depth', 'Pid', 'MainLoop', 'MainContext',
           'main_context_default', 'IOChannel', 'Source', 'Idle', 'Timeout', 'PollFD',
           'spawn_async', 'glib_version',
           'PRIORITY_HIGH', 'PRIORITY_DEFAULT', 'PRIORITY_HIGH_IDLE', 'PRIORITY_DEFAULT_IDLE',
           'PRIORITY_LOW', 'IO_IN', 'IO_OUT', 'IO_PRI', 'IO_ERR', 'IO_HUP', 'IO_NVAL',
           'SPAWN_DO_NOT_REAP_CHILD', 'SPAWN_SEARCH_PATH'):
    if hasattr(_GLib, _n):
        globals()[_n] = getattr(_GLib, _n)


def threads_init():
    pass


# 2.28 makes a new GType only for classes that ask for it; 3.36 for each subclass.
_register3 = _types._GObjectMetaBase._type_register


def _type_register(cls, ns):
    if isinstance(cls, _types.GObjectMeta) or \
       [k for k in ('__gproperties__', '__gsignals__', '__gtype_name__') if ns.get(k)]:
        _register3(cls, ns)


_types._GObjectMetaBase._type_register = _type_register

# methods of 2.28's gobject.GObject that 3.36's C class has not
_lib = _ct.CDLL('libgobject-2.0.so.0')


def _p(obj):
    return _ct.c_void_p(hash(obj) & 0xffffffffffffffff)


def _quark(obj):
    return obj.__dict__.setdefault('_gobject_data', {})


_d = _gc.get_referents(_gi.GObject.__dict__)[0]
for _name, _f in dict(
        get_data=lambda s, k: _quark(s).get(k),
        set_data=lambda s, k, v: _quark(s).__setitem__(k, v),
        disconnect=lambda s, i: _lib.g_signal_handler_disconnect(_p(s), _ct.c_ulong(i)),
        handler_disconnect=lambda s, i: _lib.g_signal_handler_disconnect(_p(s), _ct.c_ulong(i)),
        handler_is_connected=lambda s, i: bool(_lib.g_signal_handler_is_connected(_p(s), _ct.c_ulong(i))),
        handler_block=lambda s, i: _lib.g_signal_handler_block(_p(s), _ct.c_ulong(i)),
        handler_unblock=lambda s, i: _lib.g_signal_handler_unblock(_p(s), _ct.c_ulong(i)),
        stop_emission=lambda s, n: _lib.g_signal_stop_emission_by_name(_p(s), _ct.c_char_p(n)),
        emit_stop_by_name=lambda s, n: _lib.g_signal_stop_emission_by_name(_p(s), _ct.c_char_p(n)),
        notify=lambda s, n: _lib.g_object_notify(_p(s), _ct.c_char_p(n)),
        freeze_notify=lambda s: _lib.g_object_freeze_notify(_p(s)),
        thaw_notify=lambda s: _lib.g_object_thaw_notify(_p(s))).items():
    _d.setdefault(_name, _f)
_ct.pythonapi.PyType_Modified(_ct.py_object(_gi.GObject))
