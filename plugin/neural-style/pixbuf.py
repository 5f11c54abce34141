# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures for the windows."""

import gi

gi.require_version("GdkPixbuf", "2.0")
from gi.repository import GdkPixbuf, GLib  # noqa: E402

import layers  # noqa: E402


def as_pixbuf(message, longest):
    """A raw file's picture for the screen, with its longer side that long."""
    scale = longest / max(message["width"], message["height"])
    width = max(1, round(message["width"] * scale))
    height = max(1, round(message["height"] * scale))
    data = GLib.Bytes.new(layers.to_screen(message, width, height))
    colours = GdkPixbuf.Colorspace.RGB
    return GdkPixbuf.Pixbuf.new_from_bytes(data, colours, True, 8, width, height, width * 4)


def thumbnail(file, longest):
    """A picture file's, or None for a kind of picture that only GIMP knows."""
    try:
        return GdkPixbuf.Pixbuf.new_from_file_at_size(file.get_path() or "", longest, longest)
    except (GLib.Error, TypeError):
        return None
