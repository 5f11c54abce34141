# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers in and out of GIMP 2.10: which part to paint, its pixels, and the new layer.

Nothing here changes the source; the new layer is finished, mask and all, before it enters the
image, so that one undo step removes it.
"""

import collections
import contextlib

import gimpenums
from gimpenums import (
    ADD_SELECTION_MASK,
    ADD_WHITE_MASK,
    INDEXED,
    LAYER_MODE_MULTIPLY,
    LAYER_MODE_NORMAL,
)

import gimp
import note
import rawfile
import scratch
from arguments import enum_name
from messages import PluginError
from region import Region, around, described, scaled

pdb = gimp.pdb
PERSISTENT = 1

Pixels = collections.namedtuple("Pixels", "form width height data")
"""A picture with alpha: what its bytes mean (scratch.Form), its size, its bytes."""

Snapshot = collections.namedtuple("Snapshot", "x y width height pixels mask")
"""A layer as it was: its place in the image, its pixels, and the bytes of what the new layer's mask
is to be, or None."""


# -- which layer, which part ---------------------------------------------------------------------


def source_layer(image, drawable):
    """The layer to paint; a layer mask stands for its layer."""
    if image.base_type == INDEXED:
        raise PluginError("indexed")
    if drawable is not None and pdb.gimp_item_is_layer_mask(drawable):
        drawable = pdb.gimp_layer_from_mask(drawable)
    if pdb.gimp_image_get_floating_sel(image) is not None:
        raise PluginError("floating_selection")  # the new layer would lie below it
    if not isinstance(drawable, gimp.Layer):
        raise PluginError("no_layer")
    return drawable


def region_to_paint(image, layer, with_selection=True):
    """The selection's bounding box with some context around it, or the whole layer."""
    if not with_selection or pdb.gimp_selection_is_empty(image):
        return Region(0, 0, layer.width, layer.height)
    touches, x, y, width, height = pdb.gimp_drawable_mask_intersect(layer)
    if not touches or width < 1 or height < 1:
        raise PluginError("selection_outside")
    return around(Region(x, y, width, height), layer.width, layer.height)


def selected_area(image):
    """The bounding box of what is selected, in the image, or None."""
    is_any, left, top, right, bottom = pdb.gimp_selection_bounds(image)
    return Region(left, top, right - left, bottom - top) if is_any else None


def check_alive(image, layer):
    """Raise if the artist closed the image, made it indexed or deleted the layer meanwhile."""
    if not pdb.gimp_image_is_valid(image):
        raise PluginError("image_gone")
    if image.base_type == INDEXED:
        raise PluginError("indexed")
    if not is_inside(image, layer):
        raise PluginError("layer_gone")


def check_begun(image, source, begun):
    """Raise if the layer to go on with is gone, or does not fit its source any more."""
    check_alive(image, begun)
    if (begun.width, begun.height) != (source.width, source.height):
        raise PluginError("begun_changed")


def is_inside(image, layer):
    """Whether the layer is in the image's tree of layers now."""
    # One that only Undo could bring back is not valid.
    return bool(pdb.gimp_image_is_valid(image) and pdb.gimp_item_is_valid(layer))


def name_of(layer):
    """The layer's name, as text."""
    return layer.name.decode("utf-8")


def is_as_made(layer, before):
    """Whether the new layer has the snapshot's size still."""
    return (layer.width, layer.height) == (before.width, before.height)


# -- reading -------------------------------------------------------------------------------------


def pixels_with_filters(layer):
    """The layer as it is now; GIMP 2.10 has no filters that stay with a layer."""
    # A copy of a group is drawn anew, a little differently.
    return _pixels(layer) if pdb.gimp_item_is_group(layer) else scratch.fresh(layer)


def _pixels(layer):
    """The layer's pixels now."""
    layer = scratch.fresh(layer)
    size = layer.width, layer.height
    form = scratch.form_of(layer.image)
    data = scratch.read(layer, 0, 0, *size)
    if not layer.has_alpha:
        data = scratch.with_alpha(data, size[0], size[1], form)
    return Pixels(form, size[0], size[1], data)


def write_picture(pixels, region, path, longest=None):
    """Write a region of a layer or of `Pixels`, at most `longest` pixels long; describes the file
    for a job."""
    _scale, width, height = scaled(region, longest)
    with _part(pixels, region) as image:
        scratch.scale(image, width, height)
        scratch.convert(image, scratch.ENGINE)
        strips = rawfile.strips(width * rawfile.PIXEL_BYTES, height)
        layer = image.layers[0]
        parts = (scratch.read(layer, 0, first, width, end - first) for first, end in strips)
        rawfile.write(path, parts)
    return described(path, region, longest)


@contextlib.contextmanager
def _part(pixels, region):
    """An image of one layer with what is in a region of a layer or of `Pixels`."""
    if isinstance(pixels, Pixels):
        data = _cut(pixels, region)
        with scratch.image_with(pixels.form, region.width, region.height, data) as image:
            yield image
        return
    # Within GIMP: the bytes of a large layer take longer to Python and back than all the rest.
    form = scratch.form_of(pixels.image)
    with scratch.image_of(form, pixels.width, pixels.height) as image:
        twin = pdb.gimp_layer_new_from_drawable(pixels, image)
        pdb.gimp_image_insert_layer(image, twin, None, 0)
        twin.set_offsets(0, 0)
        pdb.gimp_image_crop(image, region.width, region.height, region.x, region.y)
        if not twin.has_alpha:
            twin.add_alpha()
        yield image


def _cut(pixels, region):
    """A region's bytes."""
    if (region.width, region.height) == (pixels.width, pixels.height):
        return pixels.data
    size = scratch.pixel_bytes(pixels.form)
    starts = [((region.y + row) * pixels.width + region.x) * size for row in range(region.height)]
    return b"".join([pixels.data[start : start + region.width * size] for start in starts])


def to_screen(message, width, height):
    """A raw file's picture scaled to that size, as 8-bit RGBA bytes for the screen."""
    return _scaled(message, width, height, scratch.SCREEN)


def _scaled(message, width, height, form):
    data = rawfile.read(message)
    size = message["width"], message["height"]
    with scratch.image_with(scratch.ENGINE, size[0], size[1], data) as image:
        scratch.scale(image, width, height)
        scratch.convert(image, form)
        return scratch.read_layer(image)


# -- writing -------------------------------------------------------------------------------------


def snapshot(image, source, with_selection=True):
    """All of the source that the new layer takes over, whatever the artist does to it meanwhile.

    With a selection the mask is the selection (times the source's own mask), feathering included.
    """
    pixels = _pixels(source)
    size = pixels.width, pixels.height
    x, y = source.offsets
    mask = None
    if source.mask is not None and pdb.gimp_layer_get_apply_mask(source):
        mask = scratch.read(source.mask, 0, 0, *size)
    if with_selection and not pdb.gimp_selection_is_empty(image):
        selected = _selection(image, x, y, size)
        both = mask is not None
        mask = _multiplied(pixels, selected, mask) if both else selected
    return Snapshot(x, y, size[0], size[1], pixels, mask)


def _selection(image, x, y, size):
    """The selection's bytes where a layer of that place and size is."""
    layer = _plain_layer(image, "selection", x, y, size)
    try:
        layer.add_mask(layer.create_mask(ADD_SELECTION_MASK))
        return scratch.read(layer.mask, 0, 0, *size)
    finally:
        gimp.delete(layer)


def _plain_layer(image, name, x, y, size):
    kind = scratch.KINDS[image.base_type, True]
    mode = pdb.gimp_image_get_default_new_layer_mode(image)
    layer = gimp.Layer(image, name, size[0], size[1], kind, 100.0, mode)
    layer.set_offsets(x, y)
    return layer


def _multiplied(pixels, first, second):
    """Two masks of a picture's size multiplied, in the form that they have, by GIMP: in Python each
    pixel would be a number of its own."""
    size = pixels.width, pixels.height
    form = scratch.mask_form(pixels.form)
    with scratch.image_with(form, size[0], size[1], first, has_alpha=False) as image:
        kind = scratch.KINDS[form.base, False]
        layer = gimp.Layer(image, "mask", size[0], size[1], kind, 100.0, LAYER_MODE_MULTIPLY)
        pdb.gimp_image_insert_layer(image, layer, None, 0)
        scratch.write(layer, 0, 0, size[0], size[1], second)
        pdb.gimp_image_flatten(image)
        return scratch.read_layer(image)


def new_layer(image, before, name, finish):
    """A snapshot as a plain layer outside the image, with its mask, opacity and mode."""
    size = before.width, before.height
    layer = _plain_layer(image, name, before.x, before.y, size)
    layer.opacity = finish["opacity"]
    mode = getattr(gimpenums, "LAYER_MODE_" + enum_name(finish["mode"]))
    if mode != LAYER_MODE_NORMAL:  # else the image's own default
        layer.mode = mode
    form, old = scratch.form_of(image), before.pixels.form
    # The artist may have changed the image's mode or precision meanwhile.
    data = scratch.converted(before.pixels.data, size[0], size[1], old, form)
    scratch.write(layer, 0, 0, size[0], size[1], data)
    if before.mask is not None:
        mask = before.mask
        forms = scratch.mask_form(old), scratch.mask_form(form)
        if forms[0] != forms[1]:
            values = scratch.mask_values(mask, size, forms[0])
            mask = scratch.mask_bytes(values, size, forms[1])
        layer.add_mask(layer.create_mask(ADD_WHITE_MASK))
        scratch.write(layer.mask, 0, 0, size[0], size[1], mask)
        pdb.gimp_layer_set_edit_mask(layer, False)  # the next stroke is meant for the picture
    return layer


def paint(layer, before, region, message):
    """Put the engine's picture into a region of the layer, with the alpha of the snapshot."""
    data = rawfile.read_result(message, region)
    row = region.width * rawfile.PIXEL_BYTES
    for first, end in rawfile.strips(row, region.height):
        rawfile.numbers(data[first * row : end * row])
    form = scratch.form_of(layer.image)
    size = region.width, region.height
    painted = bytearray(scratch.converted(data, size[0], size[1], scratch.ENGINE, form))
    whole = before.pixels
    if whole.form != form:
        old = scratch.converted(whole.data, whole.width, whole.height, whole.form, form)
        whole = whole._replace(form=form, data=old)
    _take_alpha(painted, _cut(whole, region), form)
    scratch.write(layer, region.x, region.y, size[0], size[1], painted)
    layer.update(region.x, region.y, size[0], size[1])
    gimp.displays_flush()


def _take_alpha(data, other, form):
    """Overwrite a picture's alpha with the very bytes of another one's."""
    pixel, channel = scratch.pixel_bytes(form), scratch.channel_bytes(form.precision)
    for offset in range(pixel - channel, pixel):
        data[offset::pixel] = other[offset::pixel]


def paint_roughly(layer, region, message):
    """Show an unfinished picture in a region of a layer of the image; alpha is left for later."""
    form = scratch.form_of(layer.image)
    data = _scaled(message, region.width, region.height, form)
    scratch.write(layer, region.x, region.y, region.width, region.height, data)
    layer.update(region.x, region.y, region.width, region.height)
    gimp.displays_flush()


def insert(image, layer, below):
    """Put the layer right above another, in the same group, and select it."""
    position = pdb.gimp_image_get_item_position(image, below)
    pdb.gimp_image_insert_layer(image, layer, below.parent, position)
    image.active_layer = layer
    gimp.displays_flush()


def show_unfinished(image, layer, below):
    """Insert a layer without a step of undo, until `take_out`."""
    with _no_undo(image):
        insert(image, layer, below)


@contextlib.contextmanager
def _no_undo(image):
    """Without a step of undo, and an image that was saved counts as saved all the same."""
    was_dirty = image.dirty
    pdb.gimp_image_undo_freeze(image)
    try:
        yield
    finally:
        pdb.gimp_image_undo_thaw(image)
        if not was_dirty:
            image.clean_all()


def take_out(image, layer, below):
    """Take an inserted layer out of the image and select the one that it lay on, as far as they are
    there; the image is as if it had never been in it."""
    if is_inside(image, layer):
        with _no_undo(image):
            image.remove_layer(layer)
    if is_inside(image, below):
        image.active_layer = below
    gimp.displays_flush()


def delete(image, layer):
    """Delete a layer that is not in the image."""
    if pdb.gimp_image_is_valid(image) and pdb.gimp_item_is_valid(layer):
        gimp.delete(layer)


# -- remembering how a layer was made ------------------------------------------------------------


def remember(layer, source, references, values, masks):
    """Keep how the layer was made, for the menu entry Repeat."""
    name = _image_name(source.image, make=True)
    data = note.write(references, values, source.tattoo, masks, name)
    layer.attach_new_parasite(note.PARASITE, PERSISTENT, data)


def recall(layer):
    """What `remember` kept: a dict of styles, settings, source and masks.

    Raises:
        PluginError: `nothing_to_repeat`.
    """
    parasite = layer.parasite_find(note.PARASITE)
    return note.read(parasite.data if parasite else b"", _image_name(layer.image))


def _image_name(image, make=False):
    """The image's name for itself, "" if it has none and none is to be made."""
    parasite = image.parasite_find(note.IMAGE_PARASITE)
    if parasite:
        return parasite.data.rstrip(b"\0").decode("ascii", "replace")
    if not make:
        return ""
    name = note.new_image_name()
    image.attach_new_parasite(note.IMAGE_PARASITE, PERSISTENT, name.encode("ascii"))
    return name
