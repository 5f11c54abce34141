# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plug-in believes of a text that it did not just write: a layer's note, which comes with
anybody's image, the note of an interrupted painting, the last values, and engine.json.

Types, lengths and ranges are checked here and nowhere else. Python 2.7 can run it.
"""

import json
import os
import re

import masks
import styles
from arguments import BY_NAME, check, is_number, is_open
from messages import PluginError

MOST_BYTES = 1 << 20
MOST_TEXT, MOST_LINES = 1 << 16, 100
"""Letters of a text, and style pictures or words of a list."""

NETWORKS = ("", "compact", "vgg19")
"""Those that have names; any other is a file."""

try:
    TEXT, INTEGERS = (unicode,), (int, long)  # pyright: ignore
except NameError:
    TEXT, INTEGERS = (str,), (int,)


def parse(data):
    """The object in JSON bytes, however deep and long they are.

    Raises:
        ValueError: there is none.
    """
    if len(data) > MOST_BYTES:
        raise ValueError("too long")
    try:
        found = json.loads(data.decode("utf-8"))
    except RuntimeError:  # nested deeper than Python goes
        raise ValueError("too deep")
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def how(found):
    """How a painting was to be: styles, settings and masks, as a dict.

    Settings of other versions are left out.

    Raises:
        ValueError: something is not what it should be.
    """
    if "styles" not in found and "style" in found:
        found = dict(found, styles=[found["style"]])  # from before there could be several
    settings = found.get("settings")
    if not isinstance(settings, dict):
        raise ValueError("settings")
    named = dict((name, value) for name, value in settings.items() if name in BY_NAME)
    text = _text(found["masks"]) if "masks" in found else ""  # from before there were any
    try:
        masks.parse(text)
        known = dict((name, _setting(name, value)) for name, value in named.items())
    except PluginError as error:
        raise ValueError(error.code)
    return {"styles": _texts(found.get("styles")), "settings": known, "masks": text}


def layers_note(data):
    """The note of a layer: `how`, the source's tattoo, and the image's name for itself, or "".

    Raises:
        ValueError: it is none.
    """
    found = parse(data)
    source, image = _number(found.get("source", -1)), ""
    if found.get("image"):  # from before it had a name
        image = _text(found["image"])
    if source != int(source) or not 0 <= source < 2**31:
        raise ValueError("source")
    if image and not re.match("[0-9a-f]{32}$", image):
        raise ValueError("image")
    return dict(how(found), source=source, image=image)


def interrupted(data):
    """The note of an interrupted painting: what was painted, how, and the fraction done.

    Raises:
        ValueError: it is none.
    """
    found = parse(data)
    fraction, wanted = _number(found.get("fraction", -1)), found.get("how")
    if "what" not in found or not 0 <= fraction <= 1 or not isinstance(wanted, dict):
        raise ValueError("fraction")
    return {"what": found["what"], "how": how(wanted), "fraction": fraction}


def engine(data):
    """What engine.json says: python, prefix and patience, as far as they are there.

    Raises:
        ValueError: it is not what it should be.
    """
    found, kept = parse(data), {}
    if found.get("python"):
        kept["python"] = _text(found["python"])
    if found.get("prefix"):
        kept["prefix"] = _texts(found["prefix"])
    if found.get("patience") is not None:
        kept["patience"] = _number(found["patience"])
    return kept


def foreign(note):
    """The first style picture of a layer's note that is not of this computer, or None.

    Looking whether a file is there already sends the artist's name to the server that the note's
    author chose.
    """
    regions = masks.parse(note["masks"]).regions
    named = note["styles"] + [region.style for region in regions if region.style]
    return next((one for one in named if not is_local(one)), None)


def is_local(reference):
    """Whether a style picture's reference leads to nothing but this computer."""
    if styles.split(reference).kind != "file":
        return True
    if os.name == "nt":
        return re.match("file:///[A-Za-z]:/", reference) is not None
    # Beyond these, systems mount what is asked for, wherever it is.
    automatic = re.match("file:///(net|run/user/[^/]*/gvfs)/", reference)
    return re.match("file:///[^/]", reference) is not None and not automatic


def network_file(note):
    """The file of a network that a layer's note wants, or None."""
    network = note["settings"].get("network", "")
    return None if network in NETWORKS else network


def _setting(name, value):
    """A setting's value, of the right type and in its range."""
    if is_number(name):
        value = _number(value)
        if BY_NAME[name]["type"] == "integer":
            if value != int(value):
                raise ValueError(name)
            value = int(value)
    else:
        value = _text(value)
    return value if is_open(name, value) else check(BY_NAME[name], value)


def _number(value):
    if isinstance(value, bool) or not isinstance(value, INTEGERS + (float,)):
        raise ValueError("number")
    if not abs(value) < 2**63:  # nor is "not a number"
        raise ValueError("number")
    return value


def _text(value):
    if not isinstance(value, TEXT) or len(value) > MOST_TEXT or "\0" in value:
        raise ValueError("text")
    return value


def _texts(values):
    if not isinstance(values, list) or len(values) > MOST_LINES:
        raise ValueError("texts")
    return [_text(value) for value in values]
