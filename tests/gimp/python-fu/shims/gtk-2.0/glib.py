from gobject import *
