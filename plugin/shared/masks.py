# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a photo is protected, and which regions have style pictures of their own, as texts.

A mask is named by a reference, as style pictures are (see `styles`):

    selection:            what is selected
    channel:5#face        a channel, by its tattoo
    layer:7#sky           a layer's grey values, times its alpha and its mask
    mask:3#photo          the mask of a layer, by the layer's tattoo
    face                  a channel or a layer, by its name

One text has all regions, each a line of mask, style picture and strength, divided by a `|` or a
tab; before them there may be what is protected:

    protect:channel:5#face
    layer:7#sky|file:///home/me/turner.jpg|70
    selection:|pattern:Pine|

Python 2.7 can run it.
"""

import collections
import re

import styles
import uris
from messages import PluginError

Masks = collections.namedtuple("Masks", "protect regions")
"""A reference, or "" for nothing, and a list of Regions."""

Region = collections.namedtuple("Region", "mask style strength")
"""A mask's and a style picture's reference, which may be "", and a strength from 0 to 100, or None
for that of the rest."""

NONE = Masks("", [])
PROTECT = "protect:"
MOST_REGIONS = 8
SELECTION = "selection:"
KINDS = ("selection", "channel", "layer", "mask")
_DIVIDER = re.compile(r"[|\t]")


def parse(text, image=""):
    """The masks in a text.

    `join` may have put a reference to an image before them; they count in no other one, as tattoos
    are the same numbers in every image.

    Raises:
        PluginError: `bad_settings`, for a strength.
    """
    lines = [line.strip(" \r") for line in text.split("\n")]
    lines = [line for line in lines if line]
    if lines and lines[0].startswith("image:") and lines.pop(0) != image:
        return NONE
    protect = ""
    if lines and lines[0].startswith(PROTECT):
        protect = lines.pop(0)[len(PROTECT) :].strip()
    return Masks(protect, [_region(line) for line in lines])


def _region(line):
    parts = [part.strip() for part in _DIVIDER.split(line)] + ["", ""]
    style = styles.parse(parts[1])
    return Region(parts[0], style[0] if style else "", strength_of(parts[2]))


def strength_of(text):
    """A region's strength, None for an empty text.

    Raises:
        PluginError: `bad_settings`.
    """
    if not text.strip():
        return None
    try:
        strength = float(text)
    except ValueError:
        strength = -1.0
    if not 0 <= strength <= 100:
        words = "The strength of a region is '%s'" % text.strip()
        raise PluginError("bad_settings", words, hint="Give a number from 0 to 100.")
    return strength


def join(masks, image=""):
    """The text that `parse` reads."""
    if masks == NONE:
        return ""
    lines = [image] if image else []
    if masks.protect:
        lines.append(PROTECT + masks.protect)
    for mask, style, strength in masks.regions:
        lines.append("|".join([mask, style, "" if strength is None else "%g" % strength]))
    return "\n".join(lines)


def references(masks):
    """References to all masks."""
    return [masks.protect] * bool(masks.protect) + [region.mask for region in masks.regions]


def use_selection(masks):
    """Whether the selection is one of them; then it does not say what is painted."""
    return SELECTION in references(masks)


def check_complete(masks, name_of):
    """Raise `too_many_regions`, or `region_style_missing` if a region has no style picture;
    `name_of(reference)` is a mask's name."""
    if len(masks.regions) > MOST_REGIONS:
        raise PluginError("too_many_regions", "%d" % MOST_REGIONS)
    for region in masks.regions:
        if not region.style:
            raise PluginError("region_style_missing", name_of(region.mask))


# -- references ------------------------------------------------------------------------------------


def split(reference):
    """A mask reference's parts; its kind is "name" where it is only that."""
    kind, divider, rest = reference.partition(":")
    if not divider or kind not in KINDS:
        return styles.Reference("name", reference, reference)
    value, _, name = rest.partition("#")
    return styles.Reference(kind, value, uris.unquoted(name))


def reference(kind, tattoo, name):
    """A reference to a channel, a layer or a layer's mask."""
    return "%s:%d#%s" % (kind, tattoo, uris.quoted(name))


def is_same(one, other):
    """Whether two references mean the same, whatever the name was."""
    return split(one)[:2] == split(other)[:2]


# -- pixels ----------------------------------------------------------------------------------------


def not_black(parts, name):
    """Pass a mask's bytes on.

    Raises:
        PluginError: `mask_empty` at the end, if all of them were 0.
    """
    is_black = True
    for part in parts:
        is_black = is_black and part.count(b"\0") == len(part)
        yield part
    if is_black:
        raise PluginError("mask_empty", name)
