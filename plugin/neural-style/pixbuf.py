# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures for the windows."""

import gi

gi.require_version("GdkPixbuf", "2.0")
from gi.repository import Babl, GdkPixbuf, Gio, GLib  # noqa: E402

import layers  # noqa: E402
import thumbnails  # noqa: E402


def as_pixbuf(message, longest):
    """A raw file's picture for the screen, with its longer side that long."""
    scale = longest / max(message["width"], message["height"])
    width = max(1, round(message["width"] * scale))
    height = max(1, round(message["height"] * scale))
    data = GLib.Bytes.new(layers.to_screen(message, width, height))
    colours = GdkPixbuf.Colorspace.RGB
    return GdkPixbuf.Pixbuf.new_from_bytes(data, colours, True, 8, width, height, width * 4)


def thumbnail(uri, longest):
    """A picture file's, upright, or None for a kind of picture that only GIMP knows.

    Small ones come out of the desktop's thumbnails, and are put there.
    """
    path = Gio.File.new_for_uri(uri).get_path() or ""
    try:
        side = thumbnails.side_for(longest)
        picture = _kept(uri, path, side) if side else _read(path, longest)
    except (GLib.Error, OSError):
        return None
    scale = longest / max(picture.get_width(), picture.get_height())
    size = [max(1, round(s * scale)) for s in (picture.get_width(), picture.get_height())]
    return picture.scale_simple(*size, GdkPixbuf.InterpType.BILINEAR)


def _kept(uri, path, side):
    """A file's thumbnail as it is among the desktop's, or else made."""
    place, facts = thumbnails.path_of(uri, side), thumbnails.facts(uri, path)
    if thumbnails.is_valid(place, facts):
        try:
            return GdkPixbuf.Pixbuf.new_from_file(place)
        except GLib.Error:
            pass  # damaged
    picture = _read(path, side)
    if not path.startswith(thumbnails.folder()):
        keys, values = ["tEXt::" + key for key in facts], list(facts.values())
        thumbnails.keep(place, picture.save_to_bufferv("png", keys, values)[1])
    return picture


def _read(path, longest):
    """A file's picture, no larger than that."""
    _kind, width, height = GdkPixbuf.Pixbuf.get_file_info(path)
    if max(width, height) > longest:
        picture = GdkPixbuf.Pixbuf.new_from_file_at_size(path, longest, longest)
    else:
        picture = GdkPixbuf.Pixbuf.new_from_file(path)
    return picture.apply_embedded_orientation()


def tile(pattern, longest):
    """A pattern's picture."""
    buffer = pattern.get_buffer(longest, longest, Babl.format("R'G'B'A u8"))
    area = buffer.get_extent()
    data = GLib.Bytes.new(buffer.get(area, 1.0, "R'G'B'A u8", 0))
    colours = GdkPixbuf.Colorspace.RGB
    size = area.width, area.height
    return GdkPixbuf.Pixbuf.new_from_bytes(data, colours, True, 8, *size, 4 * area.width)
