# SPDX-License-Identifier: GPL-3.0-or-later
"""How a layer was made, as it is kept with the layer for Repeat. Python 2.7 can run it."""

import json

from messages import PluginError

PARASITE = "neural-style"
KEYS = ("style", "settings", "source")


def write(style, settings, source):
    """The note's bytes: the style picture's URI, the settings given, the source layer's tattoo."""
    return json.dumps(dict(zip(KEYS, (style, settings, source)))).encode("ascii")


def read(data):
    """The three as a dict.

    Raises:
        PluginError: `nothing_to_repeat`.
    """
    try:
        # GIMP 2.10's Python-Fu ends it with a zero.
        note = json.loads(data.rstrip(b"\0").decode("utf-8"))
        note["settings"].items()
        return dict((key, note[key]) for key in KEYS)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise PluginError("nothing_to_repeat")
