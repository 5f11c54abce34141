# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's settings as arguments of a GIMP procedure, derived from settings.json.

GIMP silently ignores a value outside an argument's declared range. So numbers are declared far
beyond their ranges and choices as text, and the plug-in checks them itself: a wrong value is an
error. A setting whose value the presets change may be left open (-1 for a number, empty for text);
then the preset decides.
"""

import json
import os

from messages import PluginError

OPEN_NUMBER = -1
"""Outside the range of every setting that a preset changes."""
INT_MIN, INT_MAX = -(2**31), 2**31 - 1
LARGEST = 1e15
"""Far outside every range, and finite: GIMP cannot read an infinity back from its pluginrc, drops
the whole file and asks all plug-ins anew at every start."""

_here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(_here, "settings.json"), encoding="utf-8") as _file:
    _described = json.load(_file)

SETTINGS = _described["settings"]
PRESETS = _described["presets"]
BY_NAME = {setting["name"]: setting for setting in SETTINGS}


def _differs(name):
    values = [preset[name] for preset in PRESETS.values() if name in preset]
    return any(value != values[0] for value in values)


GOVERNED = frozenset(setting["name"] for setting in SETTINGS if _differs(setting["name"]))
"""Settings that some preset changes."""


def argument_name(name):
    return name.replace("_", "-")


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
        return ",".join(f"{layer}:{weight:g}" for layer, weight in value.items())
    if isinstance(value, (list, tuple)):
        return ",".join(f"{number:g}" for number in value)
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


def register(procedure, translate, flags):
    """Add one argument for each setting to a procedure."""
    for setting in SETTINGS:
        name = setting["name"]
        words = (argument_name(name), translate(setting["label"]), help_text(setting, translate))
        if setting["type"] == "integer":
            procedure.add_int_argument(*words, INT_MIN, INT_MAX, default(name), flags)
        elif setting["type"] == "number":
            procedure.add_double_argument(*words, -LARGEST, LARGEST, default(name), flags)
        else:
            procedure.add_string_argument(*words, default(name), flags)


def collect(config):
    """The settings that a config gives explicitly, checked.

    Raises:
        PluginError: `bad_settings`, naming the setting and what it may be.
    """
    values = {}
    for setting in SETTINGS:
        value = config.get_property(argument_name(setting["name"]))
        if not is_open(setting["name"], value):
            values[setting["name"]] = check(setting, value)
    return values


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
        wanted = "one of " + ", ".join(choices)
        raise PluginError("bad_settings", f"{name} is {value!r} but should be {wanted}")
    low, high = setting.get("minimum"), setting.get("maximum")
    if is_number(name) and low is not None and not low <= value <= high:
        wanted = f"a number from {low:.10g} to {high:.10g}"
        raise PluginError("bad_settings", f"{name} is {value:.10g} but should be {wanted}")
    return value


def effective(name, config):
    """The value that counts: the explicit one, or else the preset's, as the dialog shows it."""
    value = config.get_property(argument_name(name))
    if not is_open(name, value):
        return value
    preset = PRESETS.get(config.get_property("preset") or "", {})
    return shown(name, preset.get(name, BY_NAME[name]["default"]))
