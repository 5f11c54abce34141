# SPDX-License-Identifier: GPL-3.0-or-later
"""The artist's language; GIMP binds the catalogue in locale/ when it starts the plug-in."""

from gi.repository import GLib

DOMAIN = "neural-style"


def _(text):
    """The text in the artist's language."""
    return GLib.dgettext(DOMAIN, text)
