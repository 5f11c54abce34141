# SPDX-License-Identifier: GPL-3.0-or-later
"""The artist's language."""

import gettext
import os

DOMAIN = "neural-style"
LOCALE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "locale")

_catalogue = gettext.translation(DOMAIN, LOCALE, fallback=True)
# Python 2.7's gettext gives bytes.
_translated = getattr(_catalogue, "ugettext", _catalogue.gettext)


def _(text):
    """The text in the artist's language."""
    return _translated(text)
