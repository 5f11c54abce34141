# SPDX-License-Identifier: GPL-3.0-or-later
"""What the dialog was last agreed to with, for the next time and for Repeat."""

import io
import json

import host
import schema
from arguments import BY_NAME, Choices

FILE = "neural-style-2.10.json"


def load():
    """The last Choices, or the defaults."""
    try:
        with io.open(host.config_file(FILE), "rb") as file:
            found = schema.how(schema.parse(file.read()))
    except (IOError, OSError, ValueError):
        return Choices()
    # A version that had one style picture had "" for none.
    return restored([one for one in found["styles"] if one], found["settings"])


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
