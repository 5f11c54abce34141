# SPDX-License-Identifier: GPL-3.0-or-later
"""What the windows of all editions show and say. Python 2.7 can read it."""

import os

import masks
import styles
import uris
from arguments import BY_NAME, ENGINE, FINISH
from translation import _

MAIN = ("strength", "style_scale", "faces", "preset", "network", "size", "colours", "palette")
"""Settings that the dialog shows at first, in this order."""
# Not blend: the list of style pictures has the weights.
MORE = tuple(one["name"] for one in FINISH + ENGINE if one["name"] not in MAIN + ("blend",))
SHOWN = MAIN + MORE
NAMES, NAME_LENGTH = 3, 24
"""Of the style pictures in the new layer's name."""
DIGITS = {"strength": 0, "style_scale": 2, "averaging": 3, "size_ratio": 3}
PRECISE = 10
"""Digits that another number may have; as many are shown as it needs."""


def title_of(procedure):
    """The dialog's title, by the name of the procedure that opens it."""
    titles = {"repeat": _("Repeat Neural Style"), "continue": _("Continue Neural Style")}
    return titles.get(procedure.rpartition("-")[2], _("Neural Style"))


def label_of(name):
    """A setting's label."""
    words = _(BY_NAME[name]["label"])
    return words + " " + _("(0: the photo's)") if name == "size" else words


def number_words(name, value):
    """A number that has no slider, with as many digits as it needs."""
    if name == "memory" and not value:
        return _("automatic")
    return "%.*f" % (DIGITS[name], value) if name in DIGITS else "%.10g" % value


def network_words(name):
    """A network in the artist's words; a weights file by its name."""
    return {"compact": _("fast"), "vgg19": _("paper")}.get(name) or os.path.basename(name)


def network_question(path):
    """What is asked before the network of a layer's note is used."""
    words = _("This layer was painted with the network of the file {path}. Do you want to use it?")
    return words.replace("{path}", path)


def progress_words(message):
    """How far the engine is. Not its steps: those at large sizes take far longer than the first."""
    left = _("about {time} left").replace("{time}", in_words(message["eta_s"] or 0.0))
    return "%d %%, %s" % (100 * message["fraction"], left)


def interrupted_words(fraction):
    """What is offered to go on with."""
    words = _("A painting of this layer was interrupted at {percent} %.")
    return words.replace("{percent}", "%d" % (100 * fraction))


def layer_name(names):
    """The new layer's name, with the style pictures' names; of many the first ones, and of several
    each no longer than NAME_LENGTH."""
    if len(names) > 1:
        shown = [_shortened(name) for name in names[:NAMES]]
        names = shown + ["..."] if len(names) > NAMES else shown
    return _("Neural Style ({name})").replace("{name}", " + ".join(names))


def _shortened(name):
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 3] + "..."


def style_words(reference):
    """A style picture's name as far as the reference itself tells it."""
    kind, value, name = styles.split(reference)
    if kind == "file":
        return uris.name_of(value)
    if kind == "clipboard":
        return _("Clipboard")
    if kind == "pattern":
        return value
    return name or {"layer": _("a layer"), "image": _("an open image")}[kind]


def mask_words(reference):
    """A mask's name as far as the reference itself tells it."""
    kind, _value, name = masks.split(reference)
    if kind == "selection":
        return _("Selection")
    return name or reference


def in_words(seconds):
    """A duration as people say it."""
    if seconds < 90:
        return _("{n} s").replace("{n}", "%d" % max(1, round(seconds)))
    if seconds < 90 * 60:
        return _("{n} min").replace("{n}", "%d" % round(seconds / 60.0))
    return _("{n} h").replace("{n}", "%.1f" % (seconds / 3600.0))
