# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings that have a slider, and where on it their values are. Python 2.7 can run it."""

import math

from arguments import BY_NAME
from translation import _
from words import DIGITS

SLIDERS = ("strength", "style_scale", "faces", "palette", "opacity")
MIDDLE = {"style_scale": 1.0}
"""Values in the middle of sliders from -1 to 1 that are logarithmic on either side of it."""


def span(name):
    """A slider's first and last place, and the step from one to the next."""
    if name in MIDDLE:
        return -1.0, 1.0, 0.05
    return BY_NAME[name]["minimum"], BY_NAME[name]["maximum"], 1.0


def marks(name):
    """Places to mark, each with its words or None."""
    words = {
        "strength": (_("photo"), _("painting")),
        "style_scale": (_("finer"), _("broader")),
    }
    if name not in words:
        return []
    first, last, _step = span(name)
    middle = [(0.0, None)] if name in MIDDLE else []
    return [(first, words[name][0])] + middle + [(last, words[name][1])]


def place(name, value):
    """Where on its slider a value is."""
    if name not in MIDDLE:
        return value
    middle = MIDDLE[name]
    end = BY_NAME[name]["minimum" if value < middle else "maximum"]
    part = math.log(value / middle) / math.log(float(end) / middle)
    return -part if value < middle else part


def value_at(name, place):
    """The value at a place of the slider, rounded as it is shown."""
    if name not in MIDDLE:
        return float(place)
    end = BY_NAME[name]["minimum" if place < 0 else "maximum"]
    return round(MIDDLE[name] * (float(end) / MIDDLE[name]) ** abs(place), DIGITS[name])


def text_at(name, place):
    """The value there as it is shown."""
    return "%.*f" % (DIGITS.get(name, 0), value_at(name, place))
