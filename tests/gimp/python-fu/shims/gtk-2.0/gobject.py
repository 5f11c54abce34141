"""The module `gobject` of PyGObject 2.28 over PyGObject 3.36."""

import sys

import pygtk

# PyGObject 3 refuses to be imported beside a module of this name.
_this = sys.modules.pop("gobject", None)
pygtk.require20()
if _this is not None:
    sys.modules["gobject"] = _this

import ctypes as _ctypes
import gc as _gc

import gi.types as _types
from gi import _gi
from gi._gi import *
from gi._propertyhelper import Property as property
from gi.repository import GLib as _GLib
from gi.repository import GObject as _GObject

# -- names ---------------------------------------------------------------------------------------

pygobject_version = (2, 28, 6)
GObject = _gi.GObject
GObjectMeta = _types._GObjectMetaBase
GError = _GLib.GError if hasattr(_GLib, "GError") else _GLib.Error
for _name in dir(_GObject):
    if _name not in globals() and _name.startswith(
        ("TYPE_", "PARAM_", "SIGNAL_", "type_", "signal_")
    ):
        globals()[_name] = getattr(_GObject, _name)
for _name in """
    idle_add timeout_add timeout_add_seconds io_add_watch source_remove child_watch_add
    markup_escape_text get_current_time filename_display_name filename_display_basename
    get_application_name set_application_name get_prgname set_prgname main_depth
    Pid MainLoop MainContext main_context_default IOChannel Source Idle Timeout PollFD
    spawn_async glib_version
    PRIORITY_HIGH PRIORITY_DEFAULT PRIORITY_HIGH_IDLE PRIORITY_DEFAULT_IDLE PRIORITY_LOW
    IO_IN IO_OUT IO_PRI IO_ERR IO_HUP IO_NVAL
    SPAWN_DO_NOT_REAP_CHILD SPAWN_SEARCH_PATH
""".split():
    if hasattr(_GLib, _name):
        globals()[_name] = getattr(_GLib, _name)


def threads_init():
    pass


# -- classes -------------------------------------------------------------------------------------

_register_each = _types._GObjectMetaBase._type_register


def _register_on_demand(cls, namespace):
    """2.28 makes a new GType only for a class that asks for it, 3.36 for each."""
    asks = any(
        namespace.get(name) for name in ("__gproperties__", "__gsignals__", "__gtype_name__")
    )
    if asks or isinstance(cls, _types.GObjectMeta):
        _register_each(cls, namespace)


_types._GObjectMetaBase._type_register = _register_on_demand

# -- methods of GObject that 3.36 no longer has ----------------------------------------------------

_library = _ctypes.CDLL("libgobject-2.0.so.0")


def _pointer(wrapper):
    return hash(wrapper) & 0xFFFFFFFFFFFFFFFF


def _method(function, *types):
    function.argtypes = (_ctypes.c_void_p,) + types
    return lambda self, *arguments: function(_pointer(self), *arguments)


def _data(wrapper):
    return wrapper.__dict__.setdefault("_gobject_data", {})


# A class in C has no attributes to set, but its dictionary can be had.
_methods = _gc.get_referents(_gi.GObject.__dict__)[0]
_id, _string = _ctypes.c_ulong, _ctypes.c_char_p
for _name, _function in {
    "get_data": lambda self, key: _data(self).get(key),
    "set_data": lambda self, key, value: _data(self).__setitem__(key, value),
    "disconnect": _method(_library.g_signal_handler_disconnect, _id),
    "handler_disconnect": _method(_library.g_signal_handler_disconnect, _id),
    "handler_is_connected": _method(_library.g_signal_handler_is_connected, _id),
    "handler_block": _method(_library.g_signal_handler_block, _id),
    "handler_unblock": _method(_library.g_signal_handler_unblock, _id),
    "stop_emission": _method(_library.g_signal_stop_emission_by_name, _string),
    "emit_stop_by_name": _method(_library.g_signal_stop_emission_by_name, _string),
    "notify": _method(_library.g_object_notify, _string),
    "freeze_notify": _method(_library.g_object_freeze_notify),
    "thaw_notify": _method(_library.g_object_thaw_notify),
}.items():
    _methods.setdefault(_name, _function)
_ctypes.pythonapi.PyType_Modified(_ctypes.py_object(_gi.GObject))
