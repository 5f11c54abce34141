# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures for the windows."""

import gobject
import gtk

import layers
import uris
from region import Region


def size_on_screen(region, longest):
    """Width and height of a region's picture with its longer side that long."""
    scale = float(longest) / max(region.width, region.height)
    return [max(1, int(round(side * scale))) for side in (region.width, region.height)]


def as_pixbuf(message, longest):
    """A raw file's picture for the screen, with its longer side that long."""
    width, height = size_on_screen(Region(0, 0, message["width"], message["height"]), longest)
    data = layers.to_screen(message, width, height)
    colours = gtk.gdk.COLORSPACE_RGB
    return gtk.gdk.pixbuf_new_from_data(data, colours, True, 8, width, height, width * 4)


def thumbnail(uri, longest):
    """A picture file's, or None for a kind of picture that only GIMP knows."""
    try:
        return gtk.gdk.pixbuf_new_from_file_at_size(uris.to_path(uri), longest, longest)
    except gobject.GError:
        return None
