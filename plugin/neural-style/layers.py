# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers in and out of GIMP: which part to paint, its pixels, and the new layer.

Pixels are read and written as "R'G'B'A float", which GEGL converts from and to the image's
precision and profile. Nothing here changes the source; the new layer is finished, mask and all,
before it enters the image, so that one undo step removes it.
"""

import array
import collections
import math

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio  # noqa: E402

import note  # noqa: E402
import rawfile  # noqa: E402
from engine import writable  # noqa: E402
from messages import PluginError  # noqa: E402
from region import Region, around, scaled  # noqa: E402

FORMAT = "R'G'B'A float"
STYLE_MAX_SIDE = 4096
"""A style picture is read no larger: it is scaled to the painting's size anyway."""

Snapshot = collections.namedtuple("Snapshot", "x y width height pixels mask")
"""A layer as it was: its place in the image, its pixels, filters applied, and what the new layer's
mask is to be, or None."""


# -- which layer, which part ---------------------------------------------------------------------


def source_layer(image, drawables):
    """The one layer to paint; a layer mask stands for its layer."""
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise PluginError("indexed")
    if len(drawables) != 1:
        raise PluginError("no_layer")
    drawable = drawables[0]
    if isinstance(drawable, Gimp.LayerMask):
        drawable = Gimp.Layer.from_mask(drawable)
    if not isinstance(drawable, Gimp.Layer):
        raise PluginError("no_layer")
    return drawable


def region_to_paint(image, layer):
    """The selection's bounding box with some context around it, or the whole layer."""
    size = layer.get_width(), layer.get_height()
    if Gimp.Selection.is_empty(image):
        return Region(0, 0, *size)
    touches, x, y, width, height = layer.mask_intersect()
    if not touches or width < 1 or height < 1:
        raise PluginError("selection_outside")
    return around(Region(x, y, width, height), *size)


def check_alive(image, layer):
    """Raise if the artist closed the image, made it indexed or deleted the layer meanwhile."""
    if not image.is_valid():
        raise PluginError("image_gone")
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise PluginError("indexed")
    # A deleted layer is still valid while Undo could bring it back.
    if not layer.is_valid() or layer.get_image() is None or not is_inside(image, layer):
        raise PluginError("layer_gone")


def is_inside(image, layer):
    """Whether the layer is in the image's tree of layers now."""
    tree, wanted = list(image.get_layers()), layer.get_id()
    while tree:
        item = tree.pop()
        if item.get_id() == wanted:
            return True
        if item.is_group():
            tree.extend(item.get_children())
    return False


def is_as_made(layer, before):
    """Whether the new layer has the snapshot's size still."""
    return (layer.get_width(), layer.get_height()) == (before.width, before.height)


# -- reading -------------------------------------------------------------------------------------


def write_picture(buffer, region, path, longest=None):
    """Write a region of a buffer, at most `longest` pixels long; describes the file for a job."""
    scale, width, height = scaled(region, longest)
    left, top = math.floor(region.x * scale), math.floor(region.y * scale)
    try:
        with open(path, "wb") as file:
            for first, end in rawfile.strips(width * rawfile.PIXEL_BYTES, height):
                # With a scale, GEGL wants the rectangle in scaled coordinates.
                strip = Gegl.Rectangle.new(left, top + first, width, end - first)
                file.write(buffer.get(strip, scale, FORMAT, Gegl.AbyssPolicy.CLAMP))
    except OSError as error:
        raise writable(error) from None
    return {"file": path, "width": width, "height": height}


def pixels_with_filters(layer):
    """The layer's pixels as they are seen without mask and mode, its live filters applied.

    Reading a layer gives its pixels without its filters, and merging them would change the image:
    so that is done in a copy of the image.
    """
    if not layer.get_filters():
        return layer.get_buffer()
    image = layer.get_image()
    path, item = [], layer
    while item is not None:
        path.insert(0, image.get_item_position(item))
        item = item.get_parent()
    copy = image.duplicate()
    try:
        twins = copy.get_layers()
        for position in path[:-1]:
            twins = twins[position].get_children()
        twin = twins[path[-1]]
        before = twin.get_offsets()
        twin.merge_filters()
        after = twin.get_offsets()
        # A filter that reaches beyond the layer, such as a shadow, makes it larger: what was its
        # corner is somewhere inside then.
        seen = twin.get_buffer()
        inside = Gegl.Rectangle.new(
            before.offset_x - after.offset_x,
            before.offset_y - after.offset_y,
            layer.get_width(),
            layer.get_height(),
        )
        own = Gegl.Rectangle.new(0, 0, inside.width, inside.height)
        kept = Gegl.Buffer.new(FORMAT, 0, 0, inside.width, inside.height)
        seen.copy(inside, Gegl.AbyssPolicy.NONE, kept, own)
        del seen
        return kept
    finally:
        copy.delete()


def style_name(uri):
    """A style picture's name, to be shown."""
    return Gio.File.new_for_uri(uri).get_basename() or ""


def load_style(uri, path):
    """Open a picture with GIMP and write what is visible of it; returns the file for a job."""
    file, name = Gio.File.new_for_uri(uri), style_name(uri)
    if not file.query_exists(None):
        raise PluginError("file_missing", file.get_parse_name())
    try:
        image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    except Exception:
        image = None
    finally:
        Gimp.progress_end()  # GIMP shows "Opening..." for ever otherwise
    if image is None:
        raise PluginError("style_unreadable", name)
    try:
        visible = Gimp.Layer.new_from_visible(image, image, "visible")
        whole = Region(0, 0, visible.get_width(), visible.get_height())
        return write_picture(visible.get_buffer(), whole, path, STYLE_MAX_SIDE)
    finally:
        image.delete()


def to_screen(message, width, height):
    """A raw file's picture scaled to that size, as 8-bit RGBA bytes for the screen."""
    buffer = Gegl.Buffer.new(FORMAT, 0, 0, message["width"], message["height"])
    all_of_it = Gegl.Rectangle.new(0, 0, message["width"], message["height"])
    buffer.set(all_of_it, FORMAT, rawfile.read(message))
    scale = max(width / message["width"], height / message["height"])
    wanted = Gegl.Rectangle.new(0, 0, width, height)
    return buffer.get(wanted, scale, "R'G'B'A u8", Gegl.AbyssPolicy.CLAMP)


# -- writing -------------------------------------------------------------------------------------


def snapshot(image, source):
    """All of the source that the new layer takes over, whatever the artist does to it meanwhile.

    With a selection the mask is the selection (times the source's own mask), feathering included.
    """
    _, x, y = source.get_offsets()
    width, height = source.get_width(), source.get_height()
    mask = None
    if source.get_mask() is not None and source.get_apply_mask():
        mask = source.get_mask().get_buffer().dup()
    if not Gimp.Selection.is_empty(image):
        selected = Gegl.Buffer.new("Y float", 0, 0, width, height)
        whole = Gegl.Rectangle.new(0, 0, width, height)
        part = Gegl.Rectangle.new(x, y, width, height)
        selection = image.get_selection().get_buffer()
        selection.copy(part, Gegl.AbyssPolicy.NONE, selected, whole)
        if mask is not None:
            _multiply(selected, mask, width, height)
        mask = selected
    # With filters they are a copy already.
    pixels = pixels_with_filters(source)
    pixels = pixels if source.get_filters() else pixels.dup()
    return Snapshot(x, y, width, height, pixels, mask)


def _multiply(ours, theirs, width, height):
    """Multiply a mask by another one, row by row."""
    for row in range(height):
        line = Gegl.Rectangle.new(0, row, width, 1)
        pair = [
            array.array("f", buffer.get(line, 1.0, "Y float", Gegl.AbyssPolicy.NONE))
            for buffer in (ours, theirs)
        ]
        product = array.array("f", [a * b for a, b in zip(*pair, strict=True)])
        ours.set(line, "Y float", product.tobytes())


def new_layer(image, before, name):
    """A snapshot as a plain layer outside the image, with its mask."""
    mode = image.get_default_new_layer_mode()
    kind = Gimp.ImageType.RGBA_IMAGE
    if image.get_base_type() == Gimp.ImageBaseType.GRAY:
        kind = Gimp.ImageType.GRAYA_IMAGE
    layer = Gimp.Layer.new(image, name, before.width, before.height, kind, 100.0, mode)
    layer.set_offsets(before.x, before.y)
    _fill(layer, before.pixels)
    if before.mask is not None:
        layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))
        _fill(layer.get_mask(), before.mask)
    return layer


def _fill(drawable, buffer):
    whole = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    target = drawable.get_buffer()
    buffer.copy(whole, Gegl.AbyssPolicy.NONE, target, whole)
    target.flush()


def paint(layer, before, region, message):
    """Put the engine's picture into a region of the layer, with the alpha of the snapshot."""
    pixels = memoryview(rawfile.read_result(message, region))
    row_bytes = region.width * rawfile.PIXEL_BYTES
    old, new = before.pixels, layer.get_buffer()
    # float32 has 24 bits for an alpha of 32
    wide = "32" in image_precision(layer) and "FLOAT" not in image_precision(layer)
    for first, end in rawfile.strips(row_bytes, region.height):
        strip = rawfile.numbers(pixels[first * row_bytes : end * row_bytes])
        place = Gegl.Rectangle.new(region.x, region.y + first, region.width, end - first)
        _put(old, new, place, strip, wide)
    new.flush()
    layer.update(region.x, region.y, region.width, region.height)
    Gimp.displays_flush()


def _put(old, new, place, strip, wide):
    """Write a strip of colours with the alpha that there was."""
    letter, style = ("d", "R'G'B'A double") if wide else ("f", FORMAT)
    alpha = array.array(letter, old.get(place, 1.0, style, Gegl.AbyssPolicy.NONE))[3::4]
    strip = array.array(letter, strip)
    strip[3::4] = alpha
    new.set(place, style, strip.tobytes())


def image_precision(layer):
    return layer.get_image().get_precision().value_name


def paint_roughly(layer, region, message):
    """Show an unfinished picture in a region of a layer of the image; alpha is left for later."""
    data = to_screen(message, region.width, region.height)
    place = Gegl.Rectangle.new(region.x, region.y, region.width, region.height)
    buffer = layer.get_buffer()
    buffer.set(place, "R'G'B'A u8", data)
    buffer.flush()
    layer.update(region.x, region.y, region.width, region.height)
    Gimp.displays_flush()


def insert(image, layer, source):
    """Put the layer right above its source, in the same group, and select it."""
    image.insert_layer(layer, source.get_parent(), image.get_item_position(source))
    image.set_selected_layers([layer])
    Gimp.displays_flush()


def take_out(image, layer, source):
    """Take an inserted layer out of the image and select its source, as far as they are there."""
    if not image.is_valid():
        return
    if layer.is_valid() and is_inside(image, layer):
        image.remove_layer(layer)
    if source.is_valid():
        image.set_selected_layers([source])
    Gimp.displays_flush()


def delete(image, layer):
    """Delete a layer that is not in the image."""
    if image.is_valid() and layer.is_valid():
        layer.delete()


# -- remembering how a layer was made ------------------------------------------------------------


def remember(layer, source, style, values):
    """Keep how the layer was made, for the menu entry Repeat."""
    data = note.write(style, values, source.get_tattoo())
    layer.attach_parasite(Gimp.Parasite.new(note.PARASITE, Gimp.PARASITE_PERSISTENT, data))


def recall(layer):
    """What `remember` kept: a dict of style, settings and source.

    Raises:
        PluginError: `nothing_to_repeat`.
    """
    parasite = layer.get_parasite(note.PARASITE)
    return note.read(bytes(parasite.get_data()) if parasite else b"")
