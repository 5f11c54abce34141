# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers in and out of GIMP: which part to paint, its pixels, and the new layer.

Pixels are read and written as "R'G'B'A float", which GEGL converts from and to the image's
precision and profile. Nothing here changes the source; the new layer is finished, mask and all,
before it enters the image, so that one undo step removes it.
"""

import array
import collections
import contextlib
import hashlib
import math

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp  # noqa: E402

import note  # noqa: E402
import rawfile  # noqa: E402
from arguments import enum_name  # noqa: E402
from messages import PluginError  # noqa: E402
from region import Region, around, described, scaled  # noqa: E402

FORMAT = "R'G'B'A float"
THUMBNAIL = 1024
"""Longest side of GIMP's largest thumbnail."""
MOST_KEPT = 3
"""Layers whose filters are not applied again, the one used last among them."""

_kept: collections.OrderedDict = collections.OrderedDict()
"""By layer and whether its mask is applied: its state, and its pixels with filters applied."""

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
    if image.get_floating_sel() is not None:
        raise PluginError("floating_selection")  # the new layer would lie below it
    if isinstance(drawable, Gimp.LayerMask):
        drawable = Gimp.Layer.from_mask(drawable)
    if not isinstance(drawable, Gimp.Layer):
        raise PluginError("no_layer")
    return drawable


def region_to_paint(image, layer, with_selection=True):
    """The selection's bounding box with some context around it, or the whole layer."""
    size = layer.get_width(), layer.get_height()
    if not with_selection or Gimp.Selection.is_empty(image):
        return Region(0, 0, *size)
    touches, x, y, width, height = layer.mask_intersect()
    if not touches or width < 1 or height < 1:
        raise PluginError("selection_outside")
    return around(Region(x, y, width, height), *size)


def selected_area(image):
    """The bounding box of what is selected, in the image, or None."""
    _, is_any, left, top, right, bottom = Gimp.Selection.bounds(image)
    return Region(left, top, right - left, bottom - top) if is_any else None


def check_alive(image, layer):
    """Raise if the artist closed the image, made it indexed or deleted the layer meanwhile."""
    if not image.is_valid():
        raise PluginError("image_gone")
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise PluginError("indexed")
    # A deleted layer is still valid while Undo could bring it back.
    if not layer.is_valid() or layer.get_image() is None or not is_inside(image, layer):
        raise PluginError("layer_gone")


def check_begun(image, source, begun):
    """Raise if the layer to go on with is gone, or does not fit its source any more."""
    check_alive(image, begun)
    if (begun.get_width(), begun.get_height()) != (source.get_width(), source.get_height()):
        raise PluginError("begun_changed")


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


def name_of(layer):
    """The layer's name, as text."""
    return layer.get_name()


def is_as_made(layer, before):
    """Whether the new layer has the snapshot's size still."""
    return (layer.get_width(), layer.get_height()) == (before.width, before.height)


# -- reading -------------------------------------------------------------------------------------


def write_picture(buffer, region, path, longest=None):
    """Write a region of a buffer, at most `longest` pixels long; describes the file for a job."""
    rawfile.write(path, strips(buffer, region, FORMAT, rawfile.PIXEL_BYTES, longest))
    return described(path, region, longest)


def strips(buffer, region, form, pixel_bytes, longest=None):
    """The bytes of a region of a buffer in a format, at most `longest` pixels long, in strips."""
    scale, width, height = scaled(region, longest)
    left, top = math.floor(region.x * scale), math.floor(region.y * scale)
    for first, end in rawfile.strips(width * pixel_bytes, height):
        # With a scale, GEGL wants the rectangle in scaled coordinates.
        strip = Gegl.Rectangle.new(left, top + first, width, end - first)
        yield buffer.get(strip, scale, form, Gegl.AbyssPolicy.CLAMP)


def pixels_with_filters(layer, with_mask=False):
    """The layer's pixels as they are seen without mode, its live filters applied, and if wanted its
    mask.

    Filters can take GIMP seconds, so they are applied again only when the layer has changed.
    Whoever gets the buffer must not write to it.
    """
    with_mask = with_mask and layer.get_mask() is not None and layer.get_apply_mask()
    if not layer.get_filters():
        return _merged(layer, with_mask) if with_mask else layer.get_buffer()
    key, state = (layer.get_id(), with_mask), _state(layer, with_mask)
    before, kept = _kept.pop(key, (None, None))
    if before != state:
        kept = _merged(layer, with_mask)
    _kept[key] = state, kept
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
    return kept


def forget():
    """Apply all filters again when they are needed: what is painted must be exact."""
    _kept.clear()


def _state(layer, with_mask):
    """What tells whether a layer with filters has changed: its pixels, and how it looks with them.

    A plug-in cannot read the settings of every filter; GIMP's own thumbnails show their effect.
    """
    drawables = [layer, layer.get_mask()] if with_mask else [layer]
    digest = hashlib.blake2b()
    for drawable in drawables:
        width, height = drawable.get_width(), drawable.get_height()
        row_bytes = width * drawable.get_bpp()
        buffer = drawable.get_buffer()
        for first, end in rawfile.strips(row_bytes, height):
            strip = Gegl.Rectangle.new(0, first, width, end - first)
            digest.update(buffer.get(strip, 1.0, None, Gegl.AbyssPolicy.NONE))
        digest.update(repr((width, height, drawable.get_offsets()[1:])).encode())
        scale = min(1.0, THUMBNAIL / max(width, height))
        size = [max(1, round(side * scale)) for side in (width, height)]
        digest.update(drawable.get_thumbnail_data(*size)[0].get_data())
    profile = layer.get_image().get_color_profile()
    digest.update(profile.get_icc_profile() if profile else b"")
    return image_precision(layer), digest.digest()


def _merged(layer, with_mask):
    """A copy of the layer's pixels with its filters applied, and if wanted its mask.

    Reading a layer gives its pixels without its filters, and merging them would change the image:
    so that is done in an image of the same kind with this layer alone.
    """
    image = layer.get_image()
    size = image.get_width(), image.get_height()
    alone = Gimp.Image.new_with_precision(*size, image.get_base_type(), image.get_precision())
    try:
        alone.undo_disable()
        profile = image.get_color_profile()
        if profile:
            alone.set_color_profile(profile)
        twin = Gimp.Layer.new_from_drawable(layer, alone)
        alone.insert_layer(twin, None, 0)
        before = twin.get_offsets()
        if twin.is_group():
            twin = twin.merge()  # with its filters, which GIMP does not merge into a group
        else:
            twin.merge_filters()
        if with_mask:
            twin.remove_mask(Gimp.MaskApplyMode.APPLY)
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
        alone.delete()


def to_screen(message, width, height):
    """A raw file's picture scaled to that size, as 8-bit RGBA bytes for the screen."""
    buffer = Gegl.Buffer.new(FORMAT, 0, 0, message["width"], message["height"])
    all_of_it = Gegl.Rectangle.new(0, 0, message["width"], message["height"])
    buffer.set(all_of_it, FORMAT, rawfile.read(message))
    scale = max(width / message["width"], height / message["height"])
    wanted = Gegl.Rectangle.new(0, 0, width, height)
    return buffer.get(wanted, scale, "R'G'B'A u8", Gegl.AbyssPolicy.CLAMP)


# -- writing -------------------------------------------------------------------------------------


def snapshot(image, source, with_selection=True):
    """All of the source that the new layer takes over, whatever the artist does to it meanwhile.

    With a selection the mask is the selection (times the source's own mask), feathering included.
    """
    _, x, y = source.get_offsets()
    width, height = source.get_width(), source.get_height()
    mask = None
    if source.get_mask() is not None and source.get_apply_mask():
        mask = source.get_mask().get_buffer().dup()
    if with_selection and not Gimp.Selection.is_empty(image):
        selected = Gegl.Buffer.new("Y float", 0, 0, width, height)
        whole = Gegl.Rectangle.new(0, 0, width, height)
        part = Gegl.Rectangle.new(x, y, width, height)
        selection = image.get_selection().get_buffer()
        selection.copy(part, Gegl.AbyssPolicy.NONE, selected, whole)
        mask = selected if mask is None else _product(selected, mask, width, height)
    forget()
    # With filters they are a copy already.
    pixels = pixels_with_filters(source)
    pixels = pixels if source.get_filters() else pixels.dup()
    return Snapshot(x, y, width, height, pixels, mask)


def _product(one, other, width, height):
    """Two masks multiplied, by GIMP: in Python each pixel would be a number of its own."""
    base, precision = Gimp.ImageBaseType.GRAY, Gimp.Precision.FLOAT_LINEAR
    image = Gimp.Image.new_with_precision(width, height, base, precision)
    try:
        image.undo_disable()
        for mask, mode in ((one, Gimp.LayerMode.NORMAL), (other, Gimp.LayerMode.MULTIPLY)):
            kind = Gimp.ImageType.GRAY_IMAGE
            layer = Gimp.Layer.new(image, "mask", width, height, kind, 100.0, mode)
            image.insert_layer(layer, None, 0)
            _fill(layer, mask)
        return image.flatten().get_buffer().dup()
    finally:
        image.delete()


def new_layer(image, before, name, finish):
    """A snapshot as a plain layer outside the image, with its mask, opacity and mode."""
    mode = getattr(Gimp.LayerMode, enum_name(finish["mode"]))
    if mode == Gimp.LayerMode.NORMAL:
        mode = image.get_default_new_layer_mode()
    kind = Gimp.ImageType.RGBA_IMAGE
    if image.get_base_type() == Gimp.ImageBaseType.GRAY:
        kind = Gimp.ImageType.GRAYA_IMAGE
    size, opacity = (before.width, before.height), finish["opacity"]
    layer = Gimp.Layer.new(image, name, *size, kind, opacity, mode)
    layer.set_offsets(before.x, before.y)
    _fill(layer, before.pixels)
    if before.mask is not None:
        layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))
        _fill(layer.get_mask(), before.mask)
        layer.set_edit_mask(False)  # the next stroke is meant for the picture
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


def insert(image, layer, below):
    """Put the layer right above another, in the same group, and select it."""
    image.insert_layer(layer, below.get_parent(), image.get_item_position(below))
    image.set_selected_layers([layer])
    Gimp.displays_flush()


def show_unfinished(image, layer, below):
    """Insert a layer without a step of undo, until `take_out`."""
    with _no_undo(image):
        insert(image, layer, below)


@contextlib.contextmanager
def _no_undo(image):
    """Without a step of undo, and an image that was saved counts as saved all the same."""
    was_dirty = image.is_dirty()
    image.undo_freeze()
    try:
        yield
    finally:
        image.undo_thaw()
        if not was_dirty:
            image.clean_all()


def take_out(image, layer, below):
    """Take an inserted layer out of the image and select the one that it lay on, as far as they are
    there; the image is as if it had never been in it."""
    if not image.is_valid():
        return
    if layer.is_valid() and is_inside(image, layer):
        with _no_undo(image):
            image.remove_layer(layer)
    if below.is_valid():
        image.set_selected_layers([below])
    Gimp.displays_flush()


def delete(image, layer):
    """Delete a layer that is not in the image."""
    if image.is_valid() and layer.is_valid():
        layer.delete()


# -- remembering how a layer was made ------------------------------------------------------------


def remember(layer, source, references, values, masks):
    """Keep how the layer was made, for the menu entry Repeat."""
    name = _image_name(source.get_image(), make=True)
    data = note.write(references, values, source.get_tattoo(), masks, name)
    layer.attach_parasite(Gimp.Parasite.new(note.PARASITE, Gimp.PARASITE_PERSISTENT, data))


def recall(layer):
    """What `remember` kept: a dict of styles, settings, source and masks.

    Raises:
        PluginError: `nothing_to_repeat`.
    """
    parasite = layer.get_parasite(note.PARASITE)
    data = bytes(parasite.get_data()) if parasite else b""
    return note.read(data, _image_name(layer.get_image()))


def _image_name(image, make=False):
    """The image's name for itself, "" if it has none and none is to be made."""
    parasite = image.get_parasite(note.IMAGE_PARASITE)
    if parasite:
        return bytes(parasite.get_data()).rstrip(b"\0").decode("ascii", "replace")
    if not make:
        return ""
    name = note.new_image_name()
    kept = Gimp.Parasite.new(note.IMAGE_PARASITE, Gimp.PARASITE_PERSISTENT, name.encode("ascii"))
    image.attach_parasite(kept)
    return name
