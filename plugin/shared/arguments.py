# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's settings as arguments of a GIMP procedure, derived from settings.json.

A value out of range is an error. A setting whose value the presets change may be left open (-1 for
a number, empty for text); then the preset decides. Python 2.7 can read it.
"""

import io
import json
import os

from messages import PluginError

OPEN_NUMBER = -1
"""Outside the range of every setting that a preset changes."""

_here = os.path.dirname(os.path.abspath(__file__))
with io.open(os.path.join(_here, "settings.json"), encoding="utf-8") as _file:
    _described = json.load(_file)

SETTINGS = _described["settings"]
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
    """The style picture and the settings of one run: a value for each, or left open."""

    def __init__(self, style=None, values=()):
        self._style = style
        self._values = dict((name, default(name)) for name in BY_NAME)
        self._values.update(values)

    @property
    def style(self):
        """The style picture's URI, or None."""
        return self._style

    def choose_style(self, uri):
        self._style = uri

    def get(self, name):
        return self._values[name]

    def set(self, name, value):
        self._values[name] = value

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
        """The settings that are given explicitly, checked, for the engine.

        Raises:
            PluginError: `bad_settings`, naming the setting and what it may be.
        """
        given = [(setting, self.get(setting["name"])) for setting in SETTINGS]
        return dict(
            (setting["name"], check(setting, value))
            for setting, value in given
            if not is_open(setting["name"], value)
        )
