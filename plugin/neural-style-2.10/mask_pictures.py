# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks out of GIMP 2.10: the selection, channels, layer masks and layers.

Each is named by a reference; see `masks`. Nothing here changes the image.
"""

from gimpenums import (
    GRAY,
    LAYER_MODE_NORMAL_LEGACY,
    PRECISION_U8_GAMMA,
    PRECISION_U8_LINEAR,
)

import gimp
import masks
import rawfile
import scratch
import style_pictures
import styles
from messages import PluginError
from region import described, scaled
from words import mask_words

pdb = gimp.pdb
LINEAR = scratch.Form(GRAY, PRECISION_U8_LINEAR, ())
AS_SEEN = scratch.Form(GRAY, PRECISION_U8_GAMMA, ())
"""What the numbers of masks mean to GIMP; a layer's grey is as it looks, as in a file."""


def name_of(reference, image):
    """A mask's name, to be shown."""
    kind, _value, _name = masks.split(reference)
    found = _find(reference, image)
    if found is None or kind == "selection":
        return mask_words(reference)
    return _owner(found).name.decode("utf-8")


def lasting(reference, image):
    """The reference as a layer remembers it."""
    kind, _value, _name = masks.split(reference)
    found = _find(reference, image)
    if found is None or kind == "selection":
        return reference
    if kind == "name":
        kind = "layer" if isinstance(found, gimp.Layer) else "channel"
    return masks.reference(kind, _owner(found).tattoo, name_of(reference, image))


def _owner(mask):
    """What has a mask's name and tattoo: the mask itself, or its layer."""
    return pdb.gimp_layer_from_mask(mask) if pdb.gimp_item_is_layer_mask(mask) else mask


def check(reference, image):
    """Raise `mask_gone` if a mask is not there, `mask_ambiguous` if there are several, and
    `nothing_selected` if it is the selection and nothing is."""
    if _find(reference, image) is None:
        raise PluginError("mask_gone", mask_words(reference))
    if reference == masks.SELECTION and pdb.gimp_selection_is_empty(image):
        raise PluginError("nothing_selected")


def _find(reference, image):
    """The selection, channel, layer mask or layer that a reference means, or None."""
    kind, value, _name = masks.split(reference)
    if kind == "selection":
        return image.selection
    if kind == "name":
        return _find_named(value, image)
    number = styles.number(value)
    if not number:
        return None
    if kind == "channel":
        return pdb.gimp_image_get_channel_by_tattoo(image, number)
    layer = pdb.gimp_image_get_layer_by_tattoo(image, number)
    return layer.mask if layer and kind == "mask" else layer


def _find_named(name, image):
    layers = [_find(reference, image) for _name, reference in style_pictures.layers_of(image)]
    named = [
        one
        for one in list(image.channels) + layers
        if one is not None and one.name.decode("utf-8") == name
    ]
    if len(named) > 1:
        raise PluginError("mask_ambiguous", name)
    return named[0] if named else None


def write(reference, path, where, longest=None):
    """Write how much a mask means each pixel of what is painted, 0 to 255, at most `longest` pixels
    long; returns the file for a job.

    `where` is image, source layer and the region of that. Beyond its own edges a mask is black.

    Raises:
        PluginError: `mask_empty`, and as `check`.
    """
    image, source, region = where
    check(reference, image)
    mask = _find(reference, image)
    _scale, width, height = scaled(region, longest)
    with scratch.image_of(_form_of(mask), region.width, region.height) as copy:
        _put_on_black(mask, source, region, copy)
        scratch.scale(copy, width, height)
        layer = copy.layers[0]
        strips = rawfile.strips(width, height)
        parts = (scratch.read(layer, 0, first, width, end - first) for first, end in strips)
        rawfile.write(path, masks.not_black(parts, name_of(reference, image)))
    return described(path, region, longest)


def _form_of(mask):
    """The form in which a mask's numbers are how much it means."""
    if isinstance(mask, gimp.Layer):
        return AS_SEEN
    # GIMP itself takes the numbers of a channel as they are, when it makes a selection of it. Those
    # of 8 bits it stores as non-linear, and would convert them.
    is_plain = not pdb.gimp_item_is_layer_mask(mask) and mask.ID != mask.image.selection.ID
    is_gamma = pdb.gimp_image_get_precision(mask.image) == PRECISION_U8_GAMMA
    return AS_SEEN if is_plain and is_gamma else LINEAR


def _put_on_black(mask, source, region, copy):
    """Make an image a mask's part in a region of the source, on black."""
    twin = pdb.gimp_layer_new_from_drawable(mask, copy)
    pdb.gimp_image_insert_layer(copy, twin, None, 0)
    left, top = source.offsets
    mask_left, mask_top = mask.offsets
    twin.set_offsets(mask_left - left - region.x, mask_top - top - region.y)
    twin.visible, twin.opacity = True, 100.0
    twin.mode = LAYER_MODE_NORMAL_LEGACY  # alpha times the grey as it looks
    pdb.gimp_context_push()
    pdb.gimp_context_set_background((0, 0, 0))
    pdb.gimp_image_flatten(copy)
    pdb.gimp_context_pop()
