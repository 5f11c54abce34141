# SPDX-License-Identifier: GPL-3.0-or-later
"""Every error that the plug-in itself can report, by its code: what happened and what to do.

The engine's own errors arrive with their sentence and hint. Standard library only, and Python 2.7
can read it.
"""

import locale

# A sentence has no full stop; {detail} is filled in by the place of the error.
TABLE = {
    # -- wrong call ----------------------------------------------------------------------------
    "bad_settings": (
        "{detail}",
        "Correct that setting; its help lists what it may be.",
    ),
    "no_layer": (
        "Neural Style needs exactly one layer to paint",
        "Select one layer in the Layers dock.",
    ),
    "indexed": (
        "Neural Style cannot paint in an indexed image",
        "Choose Image > Mode > RGB first.",
    ),
    "style_missing": (
        "No style picture was chosen",
        "Choose the picture whose style the layer shall take.",
    ),
    "file_missing": (
        "There is no file {detail}",
        "Choose another style picture.",
    ),
    "style_unreadable": (
        "The style picture {detail} could not be opened",
        "Choose a picture that GIMP can open.",
    ),
    "selection_outside": (
        "The selection does not touch the layer",
        "Select a part of the layer, or nothing for all of it.",
    ),
    "nothing_to_repeat": (
        "This layer was not made by Neural Style",
        "Select a layer that Neural Style made.",
    ),
    # -- the engine ----------------------------------------------------------------------------
    "engine_missing": (
        "The engine of Neural Style was not found",
        "Run the installer of Neural Style again.",
    ),
    "engine_unstartable": (
        "The engine of Neural Style did not start: {detail}",
        "Run the installer of Neural Style again.",
    ),
    "engine_crashed": (
        "The engine of Neural Style stopped unexpectedly ({detail})",
        "Try again; if it happens again, report it with the log.",
    ),
    "engine_killed": (
        "The engine of Neural Style was ended by the system, probably for want of memory",
        "Choose a smaller size, or close other programs.",
    ),
    "engine_hanging": (
        "The engine of Neural Style has not answered for {detail} seconds",
        "Choose a smaller size, or try again.",
    ),
    "engine_garbled": (
        "The engine of Neural Style sent something that makes no sense: {detail}",
        "Run the installer of Neural Style again.",
    ),
    "engine_newer": (
        "The engine of Neural Style is newer than the plug-in (protocol {detail})",
        "Install plug-in and engine from the same version.",
    ),
    "engine_older": (
        "The engine of Neural Style is older than the plug-in (protocol {detail})",
        "Install plug-in and engine from the same version.",
    ),
    "bad_result": (
        "The engine of Neural Style sent back a damaged picture: {detail}",
        "Try again with other settings; if it happens again, report it with the log.",
    ),
    # -- the machine and GIMP ------------------------------------------------------------------
    "disk_full": (
        "The disk with temporary files is full",
        "Free some disk space and try again.",
    ),
    "temp_unwritable": (
        "A temporary file could not be written or read: {detail}",
        "Check that folder, or start GIMP with another TMPDIR.",
    ),
    "image_gone": (
        "The image was closed before the painting was finished",
        "Open it again and start anew.",
    ),
    "layer_gone": (
        "The layer was deleted before the painting was finished",
        "Bring it back with Undo and start anew.",
    ),
    "no_display": (
        "There is no screen to show the dialog on",
        "In scripts, use the run mode RUN-NONINTERACTIVE.",
    ),
    "internal": (
        "Neural Style met a mistake of its own: {detail}",
        "Please report it with the log.",
    ),
}

CALLERS_MISTAKES = frozenset(
    ["bad_settings", "no_layer", "indexed", "style_missing", "file_missing"]
    + ["selection_outside", "nothing_to_repeat", "no_display"]
)
"""Codes that mean wrong arguments rather than a failure."""


class PluginError(Exception):
    """Something that the artist can understand and act on.

    The sentence is the table's, or the engine's own if `sentence` is given.
    """

    def __init__(self, code, detail="", sentence=None, hint=None):
        Exception.__init__(self, code)
        self.code = code
        self.detail = _text(detail)
        self.sentence = _text(sentence) if sentence else None
        self.hint = hint

    def text(self, translate=lambda text: text):
        """Sentence, hint and code, in the artist's language."""
        sentence, hint = TABLE.get(self.code, ("{detail}", ""))
        sentence = self.sentence or translate(sentence).replace("{detail}", self.detail)
        hint = self.hint or (translate(hint) if hint else "")
        return " ".join([sentence.rstrip(".") + ".", hint, "[%s]" % self.code]).replace("  ", " ")

    def __str__(self):
        return self.text()


def _text(words):
    """Words as text: in Python 2.7 those of the system are bytes, on Windows in its code page."""
    if not isinstance(words, bytes):
        return words
    try:
        return words.decode("utf-8")
    except UnicodeDecodeError:
        return words.decode(locale.getpreferredencoding() or "ascii", "replace")


class Cancelled(Exception):
    """The artist gave up; nothing is to be reported."""
