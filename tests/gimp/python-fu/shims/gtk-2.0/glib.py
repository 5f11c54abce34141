"""The module `glib` of PyGObject 2.28: `gobject` has all of it."""

from gobject import *
