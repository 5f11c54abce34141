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
    "file_unreachable": (
        "The drive with {detail} does not answer",
        "Connect it again, or choose another style picture.",
    ),
    "style_unreadable": (
        "The style picture {detail} could not be opened",
        "Choose a picture that GIMP can open.",
    ),
    "style_gone": (
        "The style picture {detail} is not there any more",
        "Choose another style picture.",
    ),
    "mask_gone": (
        "The mask {detail} is not there any more",
        "Choose another mask, or none.",
    ),
    "mask_ambiguous": (
        "Several channels or layers are named {detail}",
        "Rename one, or give its tattoo.",
    ),
    "mask_elsewhere": (
        "The mask {detail} is not of the image to paint in",
        "Choose a channel, layer mask or layer of the same image.",
    ),
    "mask_empty": (
        "The mask {detail} is black everywhere on the layer, so it chooses nothing",
        "Make it white there, or choose another mask, or none.",
    ),
    "nothing_selected": (
        "Nothing is selected, so the selection cannot be a mask",
        "Select a part of the layer, or choose another mask, or none.",
    ),
    "too_many_regions": (
        "There can be no more than {detail} regions",
        "Unite some of their masks.",
    ),
    "region_style_missing": (
        "The region {detail} has no style picture",
        "Choose one, or remove the region.",
    ),
    "selection_outside": (
        "The selection does not touch the layer",
        "Select a part of the layer, or nothing for all of it.",
    ),
    "nothing_to_repeat": (
        "This layer was not made by Neural Style",
        "Select a layer that Neural Style made.",
    ),
    "note_elsewhere": (
        "This layer wants a style picture that is not on this computer: {detail}",
        "Choose Neural Style instead, and the style picture yourself.",
    ),
    "network_unasked": (
        "This layer wants the network of the file {detail}",
        "Choose Neural Style instead, and that file as the network if you trust it.",
    ),
    "floating_selection": (
        "There is a floating selection",
        "Anchor it first, or make it a layer.",
    ),
    "source_gone": (
        "The layer that this one was painted from is not there any more",
        "Use Repeat, which paints this layer itself.",
    ),
    "begun_changed": (
        "The layer to go on with has another size than the one it was painted from",
        "Use Repeat, which begins anew.",
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
    + ["style_gone", "selection_outside", "nothing_to_repeat", "no_display"]
    + ["mask_gone", "mask_ambiguous", "mask_elsewhere", "mask_empty"]
    + ["nothing_selected", "too_many_regions", "region_style_missing"]
    + ["source_gone", "begun_changed", "note_elsewhere", "network_unasked"]
    + ["floating_selection"]
)
"""Codes that mean wrong arguments rather than a failure."""
INCOMPLETE = frozenset(["region_style_missing", "nothing_selected"])
"""Those that in the dialog only mean that the artist has not yet chosen everything."""


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
        return "%s [%s]" % (self.words(translate), self.code)

    def words(self, translate):
        """Sentence and hint."""
        sentence, hint = TABLE.get(self.code, ("{detail}", ""))
        sentence = self.sentence or translate(sentence).replace("{detail}", self.detail)
        hint = self.hint or (translate(hint) if hint else "")
        return (sentence.rstrip(".") + ". " + hint).rstrip()

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
