# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings as arguments of a GIMP procedure: the engine's, from settings.json, and the layer's.

A value out of range is an error. A setting whose value the presets change may be left open (-1 for
a number, empty for text); then the preset decides. Python 2.7 can read it.
"""

import io
import json
import os

import masks
import styles
from messages import PluginError

OPEN_NUMBER = -1
"""Outside the range of every setting that a preset changes."""

_here = os.path.dirname(os.path.abspath(__file__))
with io.open(os.path.join(_here, "settings.json"), encoding="utf-8") as _file:
    _described = json.load(_file)

ENGINE = _described["settings"]
FINISH = [
    {
        "name": "opacity",
        "type": "number",
        "default": 100.0,
        "minimum": 0,
        "maximum": 100,
        "label": "Layer opacity",
        "help": "Opacity of the new layer in percent: below 100 the photo shows through. The "
        "preview shows the layer itself.",
    },
    {
        "name": "mode",
        "type": "choice",
        "default": "normal",
        "choices": [
            "normal",
            "dissolve",
            "multiply",
            "screen",
            "overlay",
            "soft-light",
            "hard-light",
            "grain-merge",
            "darken",
            "lighten",
            "hue",
            "colour",
            "luminance",
        ],
        "label": "Layer mode",
        "help": "How the new layer is laid over what lies below: luminance takes the painting's "
        "light and shade and leaves the photo's colours, colour does the opposite. The "
        "preview shows the layer itself.",
    },
]
"""What the new layer is to be like in GIMP, in the form of the engine's, which never sees it."""
SETTINGS = ENGINE + FINISH
PRESETS = _described["presets"]
BY_NAME = dict((setting["name"], setting) for setting in SETTINGS)
FIRST = ("strength", "preset", "network", "size", "colours", "style_scale", "seed")
POSITIONAL = FIRST + tuple(one["name"] for one in SETTINGS if one["name"] not in FIRST)
"""Every setting, in the order of a procedure whose arguments have no names."""


def _differs(name):
    values = [preset[name] for preset in PRESETS.values() if name in preset]
    return any(value != values[0] for value in values)


GOVERNED = frozenset(setting["name"] for setting in SETTINGS if _differs(setting["name"]))
"""Settings that some preset changes."""


def is_number(name):
    return BY_NAME[name]["type"] in ("integer", "number")


def default(name):
    """The argument's default: left open where the preset decides."""
    if name in GOVERNED:
        return OPEN_NUMBER if is_number(name) else ""
    return shown(name, BY_NAME[name]["default"])


def shown(name, value):
    """A setting's value as the argument and the dialog have it: layers and numbers as text."""
    if isinstance(value, dict):
        return ",".join("%s:%g" % pair for pair in sorted(value.items()))
    if isinstance(value, (list, tuple)):
        return ",".join("%g" % number for number in value)
    return float(value) if BY_NAME[name]["type"] == "number" else value


def help_text(setting, translate):
    """The setting's help, with its range or choices for people who write scripts."""
    text = translate(setting["help"])
    if "choices" in setting:
        text += " [" + ", ".join(setting["choices"]) + "]"
    elif setting.get("minimum") is not None and setting.get("maximum") is not None:
        text += " [{:.10g} .. {:.10g}]".format(setting["minimum"], setting["maximum"])
    if setting["name"] in GOVERNED:
        left_open = "-1" if is_number(setting["name"]) else '""'
        text += " " + translate("{open}: as the preset says.").replace("{open}", left_open)
    return text


def enum_name(mode):
    """A layer mode's name among GIMP's constants."""
    known = {
        "soft-light": "SOFTLIGHT",
        "hard-light": "HARDLIGHT",
        "darken": "DARKEN_ONLY",
        "lighten": "LIGHTEN_ONLY",
        "hue": "LCH_HUE",
        "colour": "LCH_COLOR",
    }
    return known.get(mode) or mode.replace("-", "_").upper()


def is_open(name, value):
    """Whether the preset, or the engine's own default, decides."""
    if value is None or value == "":
        return True
    return name in GOVERNED and is_number(name) and value == OPEN_NUMBER


def check(setting, value):
    """The value, or `bad_settings` if it is not one of the choices or outside the range.

    What text settings mean is checked by the engine.
    """
    name = setting["name"]
    choices = setting.get("choices")
    if choices and value not in choices:
        wanted = "%s is '%s' but should be one of %s" % (name, value, ", ".join(choices))
        raise PluginError("bad_settings", wanted)
    low, high = setting.get("minimum"), setting.get("maximum")
    if is_number(name) and low is not None and not low <= value <= high:
        wanted = "%s is %.10g but should be a number from %.10g to %.10g"
        raise PluginError("bad_settings", wanted % (name, value, low, high))
    return value


class Choices(object):
    """The style pictures, the masks and the settings of one run: a value for each, or left open."""

    def __init__(self, references=(), values=(), guided=masks.NONE):
        self._styles = list(references)
        self._masks = guided
        self._values = dict((name, default(name)) for name in BY_NAME)
        self._values.update(values)

    @property
    def styles(self):
        """References to the style pictures (see `styles`)."""
        return list(self._styles)

    @property
    def weights(self):
        """How much each style picture counts, as the dialog shows it."""
        return styles.weights_of(self.get("blend"), len(self.styles))

    def choose_styles(self, references, weights=()):
        """Take these style pictures, with equal weights if none are given."""
        self._styles = list(references)
        self.set("blend", styles.blend_of(weights))

    @property
    def masks(self):
        """What is protected, and the regions (see `masks`)."""
        return self._masks

    def choose_masks(self, guided):
        self._masks = guided

    def get(self, name):
        return self._values[name]

    def set(self, name, value):
        self._values[name] = value

    def recall(self, noted):
        """Take all that a note remembers (see `note`), and the defaults for what it does not."""
        self.choose_styles(noted["styles"])
        self.choose_masks(masks.parse(noted["masks"]))
        for name in BY_NAME:
            self.set(name, noted["settings"].get(name, default(name)))

    def choose_preset(self, preset):
        """Take a preset, which then decides everything that presets decide."""
        for name in GOVERNED:
            self.set(name, default(name))
        self.set("preset", preset)

    def effective(self, name):
        """The value that counts: the explicit one, or else the preset's, as the dialog shows it."""
        value = self.get(name)
        if not is_open(name, value):
            return value
        preset = PRESETS.get(self.get("preset") or "", {})
        return shown(name, preset.get(name, BY_NAME[name]["default"]))

    def collect(self):
        """The engine's settings that are given explicitly, checked.

        Raises:
            PluginError: `bad_settings`, naming the setting and what it may be.
        """
        given = [(setting, self.get(setting["name"])) for setting in ENGINE]
        return dict(
            (setting["name"], check(setting, value))
            for setting, value in given
            if not is_open(setting["name"], value)
        )

    def finish(self):
        """The new layer's opacity and mode, checked as by `collect`."""
        values = [(setting, self.effective(setting["name"])) for setting in FINISH]
        return dict((setting["name"], check(setting, value)) for setting, value in values)
