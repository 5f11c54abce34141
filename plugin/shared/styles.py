# SPDX-License-Identifier: GPL-3.0-or-later
"""Where style pictures come from, as texts that are the same in all editions, and their weights.

    file:///home/me/wave.png   a file; scripts may give its path alone
    pattern:Big%20Blue         one of GIMP's patterns, by its name
    layer:12                   a layer of the image to paint in, by its tattoo
    image:3                    another open image, what is visible of it
    clipboard:                 what was copied, in GIMP or another program

Behind a layer or an image there may be `#` and its name, so that it can be named when it is gone.
Python 2.7 can run it.
"""

import collections
import re

import uris

Reference = collections.namedtuple("Reference", "kind value name")
"""A reference's parts; `kind` is "file" for all that GIMP opens as a file, the whole being its
`value`, and `name` is empty but for what stands behind a `#`."""

KINDS = ("pattern", "layer", "image", "clipboard")
CLIPBOARD = "clipboard:"
MOST_WEIGHT = 100
SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]+:")  # a single letter is a drive


def parse(text):
    """The references in a text that has one a line."""
    lines = [line.strip() for line in text.split("\n")]
    return [line if SCHEME.match(line) else uris.from_path(line) for line in lines if line]


def join(references):
    """The text that `parse` reads."""
    return "\n".join(references)


def split(reference):
    """A reference's parts."""
    kind, _, rest = reference.partition(":")
    if kind not in KINDS:
        return Reference("file", reference, "")
    value, _, name = rest.partition("#")
    return Reference(kind, uris.unquoted(value), uris.unquoted(name))


def pattern(name):
    return "pattern:" + uris.quoted(name)


def layer(tattoo, name=""):
    return _numbered("layer", tattoo, name)


def image(number, process=0, name=""):
    """An open image, and the process of the GIMP in which it is, as another one counts anew."""
    return _numbered("image", "%d/%d" % (number, process) if process else number, name)


def _numbered(kind, value, name):
    return "%s:%s" % (kind, value) + ("#" + uris.quoted(name) if name else "")


def number(value, process=0):
    """A layer's or an image's number; 0 if it is none, or that of another GIMP's image."""
    digits, _, owner = value.partition("/")
    try:
        found = int(digits)
    except ValueError:
        return 0
    return found if 0 < found < 2**31 and owner in ("", "%d" % process) else 0


# -- weights ---------------------------------------------------------------------------------------


def weights_of(blend, count):
    """What a list of `count` style pictures shows for the setting `blend`: 0 to MOST_WEIGHT each.

    The largest is MOST_WEIGHT; where `blend` does not fit, all are.
    """
    try:
        weights = [float(word) for word in blend.split(",")]
    except ValueError:
        weights = []
    numbers = all(0 <= weight < float("inf") for weight in weights)
    if len(weights) != count or not numbers or not any(weights):
        return [float(MOST_WEIGHT)] * count
    return [MOST_WEIGHT * weight / max(weights) for weight in weights]


def blend_of(weights):
    """The setting `blend`; empty where all weights are equal."""
    if len(set(weights)) < 2:
        return ""
    return ",".join("%g" % weight for weight in weights)
