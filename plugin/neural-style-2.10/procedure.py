# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of the procedure in GIMP's database: all settings, by their place.

GIMP 2.10 passes any value on, whatever range it was declared with; so the plug-in checks them.
"""

from gimpfu import (
    PF_DRAWABLE,
    PF_FILE,
    PF_FLOAT,
    PF_IMAGE,
    PF_LAYER,
    PF_RADIO,
    PF_SLIDER,
    PF_SPINNER,
    PF_STRING,
)

import masks
import styles
from arguments import (
    BY_NAME,
    FIRST,
    GOVERNED,
    OPEN_NUMBER,
    POSITIONAL,
    Choices,
    default,
    help_text,
)
from messages import PluginError

SLIDER_MAX = 100
"""A slider for a larger range would jump over most values."""


FIXED = [
    (PF_IMAGE, "image", "Image", None),
    (PF_DRAWABLE, "drawable", "Layer", None),
    (PF_FILE, "style", "Style picture", ""),
]


MASKS = [
    (
        PF_STRING,
        "protect",
        "The mask of what stays as it is: the name of a channel or layer, channel:TATTOO, "
        "layer:TATTOO, mask:TATTOO (of a layer), or selection:, with which all of the layer is "
        "painted",
        "",
    ),
    (PF_STRING, "regions", "Lines of MASK|STYLE|STRENGTH for what has styles of its own", ""),
]


def parameters(translate):
    """gimpfu's list of parameters, for scripts."""
    settings = [_parameter(BY_NAME[name], help_text, translate) for name in POSITIONAL]
    return FIXED + settings + MASKS


def few_parameters(translate):
    """Those that fit into gimpfu's own dialog, which shows these words as labels."""
    return FIXED + [_parameter(BY_NAME[name], label_text, translate) for name in FIRST]


def label_text(setting, translate):
    return translate(setting["label"])


def results():
    return [(PF_LAYER, "layer", "The new layer")]


def _parameter(setting, words_of, translate):
    name, kind = setting["name"], setting["type"]
    words = (str(name.replace("_", "-")), words_of(setting, translate).encode("utf-8"))
    value = default(name)
    if kind in ("integer", "number"):
        low, high = setting["minimum"], setting["maximum"]
        if name in GOVERNED:
            low = OPEN_NUMBER
        if kind == "integer":
            return (PF_SPINNER,) + words + (value, (low, high, 1))
        if high <= SLIDER_MAX:
            return (PF_SLIDER,) + words + (value, (low, high, 0.01 if high <= 10 else 1))
        return (PF_FLOAT,) + words + (value,)
    if kind == "choice":
        choices = [(str(one), str(one)) for one in setting["choices"]]
        if name in GOVERNED:
            choices.append((translate("as the preset says").encode("utf-8"), ""))
        return (PF_RADIO,) + words + (str(value), tuple(choices))
    return (PF_STRING,) + words + (str(value),)


def choices_from(values):
    """The choices of a call: the style pictures, one a line, the settings and the masks, or the
    first of them.

    Raises:
        PluginError: `bad_settings`.
    """
    text, given = values[0], values[1:]
    pairs = zip(POSITIONAL, given)
    protect, regions = [_as_text("masks", one) for one in given[len(POSITIONAL) :] or ("", "")]
    return Choices(
        styles.parse(_as_text("style", text)),
        dict((name, _of_kind(BY_NAME[name], value)) for name, value in pairs),
        masks.parse("\n".join([masks.PROTECT + protect, regions])),
    )


def _of_kind(setting, value):
    """A value as Script-Fu, Python or gimpfu's dialog gives it, as the setting has it."""
    kind = setting["type"]
    try:
        if kind == "integer":
            return int(value)
        if kind == "number":
            return float(value)
    except (AttributeError, TypeError, ValueError):
        raise PluginError("bad_settings", "%s cannot be %r" % (setting["name"], value))
    return _as_text(setting["name"], value)


def _as_text(name, value):
    try:
        return (value or b"").decode("utf-8")
    except (AttributeError, ValueError):
        raise PluginError("bad_settings", "%s cannot be %r" % (name, value))
