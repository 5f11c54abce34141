# SPDX-License-Identifier: GPL-3.0-or-later
"""What the windows of all editions show and say. Python 2.7 can read it."""

import os

from arguments import BY_NAME, SETTINGS
from translation import _

MAIN = ("strength", "faces", "preset", "network", "size", "colours")
"""Settings that the dialog shows at first, in this order."""
# Not blend, the weights of several styles: the plug-in has one style picture.
MORE = tuple(one["name"] for one in SETTINGS if one["name"] not in MAIN + ("blend",))
SHOWN = MAIN + MORE
DIGITS = {"strength": 0, "style_scale": 2, "averaging": 3, "size_ratio": 3}


def label_of(name):
    """A setting's label."""
    words = _(BY_NAME[name]["label"])
    return words + " " + _("(0: the photo's)") if name == "size" else words


def network_words(name):
    """A network in the artist's words; a weights file by its name."""
    return {"compact": _("fast"), "vgg19": _("paper")}.get(name) or os.path.basename(name)


def progress_words(message):
    """How far the engine is."""
    text = _("Step {step} of {total}")
    text = text.replace("{step}", str(message["step"]))
    text = text.replace("{total}", str(message["total"]))
    left = _("about {time} left").replace("{time}", in_words(message["eta_s"] or 0.0))
    return text + ", " + left


def layer_name(name):
    """The new layer's name, with the style picture's."""
    return _("Neural Style ({name})").replace("{name}", name)


def in_words(seconds):
    """A duration as people say it."""
    if seconds < 90:
        return _("{n} s").replace("{n}", "%d" % max(1, round(seconds)))
    if seconds < 90 * 60:
        return _("{n} min").replace("{n}", "%d" % round(seconds / 60.0))
    return _("{n} h").replace("{n}", "%.1f" % (seconds / 3600.0))
