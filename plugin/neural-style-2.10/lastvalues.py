# SPDX-License-Identifier: GPL-3.0-or-later
"""What the dialog was last agreed to with, for the next time and for Repeat."""

import io
import json

import host
from arguments import BY_NAME, Choices

FILE = "neural-style-2.10.json"


def load():
    """The last Choices, or the defaults."""
    try:
        with io.open(host.config_file(FILE), encoding="utf-8") as file:
            note = json.load(file)
        # "style" is of versions that had one style picture.
        references = (
            note["styles"] if "styles" in note else [note["style"]] if note["style"] else []
        )
        return restored(references, note["settings"])
    except (IOError, OSError, ValueError, TypeError, KeyError, AttributeError):
        return Choices()


def restored(references, settings):
    """Choices from a note; settings of other versions are left out."""
    known = dict((name, value) for name, value in settings.items() if name in BY_NAME)
    return Choices(references, known)


def save(choices):
    settings = dict((name, choices.get(name)) for name in BY_NAME)
    text = json.dumps({"styles": choices.styles, "settings": settings}, indent=1)
    try:
        with open(host.config_file(FILE), "wb") as file:
            file.write(text.encode("ascii"))
    except (IOError, OSError):
        pass  # then the next dialog begins with the values before
