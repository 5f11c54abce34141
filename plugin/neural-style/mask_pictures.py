# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks out of GIMP: the selection, channels, layer masks and layers.

Each is named by a reference; see `masks`. Nothing here changes the image.
"""

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Babl, Gegl, Gimp  # noqa: E402

import layers  # noqa: E402
import masks  # noqa: E402
import rawfile  # noqa: E402
import style_pictures  # noqa: E402
import styles  # noqa: E402
from messages import PluginError  # noqa: E402
from region import described  # noqa: E402
from translation import _  # noqa: E402
from words import mask_words  # noqa: E402

LINEAR, AS_SEEN, AS_SEEN_TIMES_ALPHA = "Y u8", "Y' u8", "Y'aA u8"
"""What the numbers of masks mean to GEGL; a layer's grey is as it looks, as in a file."""


def name_of(reference, image):
    """A mask's name, to be shown."""
    kind, _value, _name = masks.split(reference)
    found = _find(reference, image)
    if found is None or kind == "selection":
        return mask_words(reference)
    return _named(found)


def lasting(reference, image):
    """The reference as a layer remembers it."""
    found = _find(reference, image)
    return _reference_of(found) if found else reference


def check(reference, image):
    """Raise `mask_gone` if a mask is not there, `mask_ambiguous` if there are several, and
    `nothing_selected` if it is the selection and nothing is."""
    if _find(reference, image) is None:
        raise PluginError("mask_gone", mask_words(reference))
    if reference == masks.SELECTION and Gimp.Selection.is_empty(image):
        raise PluginError("nothing_selected")


def _find(reference, image):
    """The selection, channel, layer mask or layer that a reference means, or None."""
    kind, value, _name = masks.split(reference)
    if kind == "selection":
        return image.get_selection()
    if kind == "name":
        return _find_named(value, image)
    number = styles.number(value)
    if kind == "channel":
        return image.get_channel_by_tattoo(number)
    layer = image.get_layer_by_tattoo(number)
    return layer.get_mask() if layer and kind == "mask" else layer


def _find_named(name, image):
    everything = [_find(reference, image) for _label, reference in offered(image)]
    named = [one for one in everything if not _is_mask(one) and one.get_name() == name]
    if len(named) > 1:
        raise PluginError("mask_ambiguous", name)
    return named[0] if named else None


def _is_mask(drawable):
    return isinstance(drawable, (Gimp.LayerMask, Gimp.Selection))


def _named(drawable):
    if isinstance(drawable, Gimp.LayerMask):
        drawable = Gimp.Layer.from_mask(drawable)
    return drawable.get_name()


def reference_of(drawable, image):
    """The reference to a drawable of the image.

    Raises:
        PluginError: `mask_elsewhere`.
    """
    if drawable.get_image().get_id() != image.get_id():
        raise PluginError("mask_elsewhere", _named(drawable))
    return _reference_of(drawable)


def _reference_of(drawable):
    if isinstance(drawable, Gimp.Selection):
        return masks.SELECTION
    if isinstance(drawable, Gimp.LayerMask):
        layer = Gimp.Layer.from_mask(drawable)
        return masks.reference("mask", layer.get_tattoo(), layer.get_name())
    kind = "channel" if isinstance(drawable, Gimp.Channel) else "layer"
    return masks.reference(kind, drawable.get_tattoo(), drawable.get_name())


# -- pixels ----------------------------------------------------------------------------------------


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
    strips = layers.strips(_amounts(mask, source, region), region, LINEAR, 1, longest)
    rawfile.write(path, masks.not_black(strips, name_of(reference, image)))
    return described(path, region, longest)


def _amounts(mask, source, region):
    """How much a mask means each pixel in a region of the source, in the source's coordinates."""
    is_layer = isinstance(mask, Gimp.Layer)
    # The mask's own filters and mask belong to how a layer looks.
    buffer = layers.pixels_with_filters(mask, True) if is_layer else mask.get_buffer()
    _, left, top = source.get_offsets()
    _, mask_left, mask_top = mask.get_offsets()
    size = region.width, region.height
    there = Gegl.Rectangle.new(region.x + left - mask_left, region.y + top - mask_top, *size)
    numbers = buffer.get(there, 1.0, _form_of(mask), Gegl.AbyssPolicy.NONE)
    # Linear whatever they were: GEGL scales "Y' u8" to zeros.
    amounts = Gegl.Buffer.new(LINEAR, region.x, region.y, *size)
    here = Gegl.Rectangle.new(region.x, region.y, *size)
    amounts.set(here, LINEAR, numbers[::2] if is_layer else numbers)
    return amounts


def _form_of(mask):
    """The format in which a mask's numbers are how much it means."""
    if isinstance(mask, Gimp.Layer):
        return AS_SEEN_TIMES_ALPHA
    # GIMP itself takes the numbers of a channel as they are, when it makes a selection of it. Those
    # of 8 bits it stores as non-linear, so that GEGL would convert them.
    is_linear = not Babl.format_get_encoding(mask.get_format()).startswith("Y'")
    return LINEAR if is_linear else AS_SEEN


# -- what there is to choose from ------------------------------------------------------------------


def offered(image):
    """Labels and references of all that can be a mask."""
    found = [(_("Selection"), masks.SELECTION)]
    for channel in image.get_channels():
        found.append(_labelled(_("Channel: {name}"), channel))
    tree = [_find(reference, image) for _name, reference in style_pictures.layers_of(image)]
    for layer in tree:
        if layer.get_mask():
            found.append(_labelled(_("Layer mask: {name}"), layer.get_mask()))
    return found + [_labelled(_("Layer: {name}"), layer) for layer in tree]


def _labelled(words, drawable):
    return words.replace("{name}", _named(drawable)), _reference_of(drawable)
