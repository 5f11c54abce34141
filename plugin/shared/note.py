# SPDX-License-Identifier: GPL-3.0-or-later
"""How a layer was made, as it is kept with the layer for Repeat. Python 2.7 can run it."""

import json

from messages import PluginError

PARASITE = "neural-style"
KEYS = ("styles", "settings", "source", "masks")


def write(styles, settings, source, masks=""):
    """The note's bytes: the style pictures' references, the settings given, the source layer's
    tattoo, the text of the masks.

    The settings are the engine's and those of the layer itself.
    """
    return json.dumps(dict(zip(KEYS, (styles, settings, source, masks)))).encode("ascii")


def read(data):
    """The four as a dict.

    Raises:
        PluginError: `nothing_to_repeat`.
    """
    try:
        # GIMP 2.10's Python-Fu ends it with a zero.
        note = json.loads(data.rstrip(b"\0").decode("utf-8"))
        note["settings"].items()
        if "styles" not in note:
            note["styles"] = [note["style"]]  # from before there could be several
        note.setdefault("masks", "")  # from before there were any
        return dict((key, note[key]) for key in KEYS)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise PluginError("nothing_to_repeat")
