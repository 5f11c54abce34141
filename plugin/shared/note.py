# SPDX-License-Identifier: GPL-3.0-or-later
"""How a layer was made, as it is kept with the layer for Repeat. Python 2.7 can run it."""

import json
import uuid

import masks as mask_texts
import schema
import styles as references
from messages import PluginError

PARASITE = "neural-style"
IMAGE_PARASITE = "neural-style-image"
"""Of an image: a name for itself, as tattoos are the same numbers in every image."""

KEYS = ("styles", "settings", "source", "masks", "image")


def new_image_name():
    """A name that no other image has."""
    return uuid.uuid4().hex


def write(styles, settings, source, masks="", image=""):
    """The note's bytes: the style pictures' references, the settings given, the source layer's
    tattoo, the text of the masks, the image's name for itself.

    The settings are the engine's and those of the layer itself.
    """
    return json.dumps(dict(zip(KEYS, (styles, settings, source, masks, image)))).encode("ascii")


def read(data, image=""):
    """All that the note says, as a dict.

    Args:
        data: its bytes.
        image: the name of the image that the layer is in now. If that is not the note's, the
            layer was copied from another one, and `source` is 0.

    Raises:
        PluginError: `nothing_to_repeat`; `note_elsewhere` for a style picture on another computer;
            `style_gone` or `mask_gone` for one that is a layer of another image.
    """
    try:
        # GIMP 2.10's Python-Fu ends it with a zero.
        found = schema.layers_note(data.rstrip(b"\0"))
    except ValueError:
        raise PluginError("nothing_to_repeat")
    foreign = schema.foreign(found)
    if foreign:
        raise PluginError("note_elsewhere", foreign)
    if found["image"] and found["image"] != image:
        found["source"] = 0
        _check_needs_no_layer(found)
    return found


def _check_needs_no_layer(found):
    guided = mask_texts.parse(found["masks"])
    for one in mask_texts.references(guided):
        kind = mask_texts.split(one)
        if kind.kind != "selection":
            raise PluginError("mask_gone", kind.name or one)
    for one in found["styles"] + [region.style for region in guided.regions]:
        kind = references.split(one)
        if kind.kind == "layer":
            raise PluginError("style_gone", kind.name or one)
