# SPDX-License-Identifier: GPL-3.0-or-later
"""The artist's language; GIMP binds the catalogue in locale/ when it starts the plug-in."""

from gi.repository import GLib

DOMAIN = "neural-style"


def _(text):
    """The text in the artist's language."""
    return GLib.dgettext(DOMAIN, text)


def in_words(seconds):
    """A duration as people say it."""
    if seconds < 90:
        return _("{n} s").replace("{n}", "%d" % max(1, round(seconds)))
    if seconds < 90 * 60:
        return _("{n} min").replace("{n}", "%d" % round(seconds / 60))
    return _("{n} h").replace("{n}", "%.1f" % (seconds / 3600))
