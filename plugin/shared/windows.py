# SPDX-License-Identifier: GPL-3.0-or-later
"""What GTK 2 and GTK 3 call alike in the editions' windows. Python 2.7 can run it."""

# The editions make the widgets, of one GTK or the other.
# pyright: reportAttributeAccessIssue=false

from pixbuf import as_pixbuf
from running import CANCEL, DONE, FAILED, KEEP, Running

PICTURE_SIZE = 448
RESPONSES = {KEEP: 1, DONE: 2, FAILED: 3}
"""GTK's numbers; any other closes the window, which is Cancel."""


class ProgressWindow(object):
    """The window while the picture is painted; `running.Running` says what it shows.

    An edition builds `_dialog`, `_picture`, `_bar`, `_words` and `_live`.
    """

    def __init__(self, painting, style, values):
        self._painting = painting
        self._running = Running(painting, style, values, self)
        self._build()

    def _build(self):
        raise NotImplementedError

    def run(self):
        """Wait for the end; returns the new layer, or raises as `Running.wait`."""
        return self._running.wait(self._answer)

    def _answer(self):
        response = self._dialog.run()
        said = [word for word, number in RESPONSES.items() if number == response]
        return said[0] if said else CANCEL

    @property
    def live_wanted(self):
        return self._live.get_active()

    def end(self, how):
        self._dialog.response(RESPONSES[how])

    def allow_keeping(self, allowed):
        self._dialog.set_response_sensitive(RESPONSES[KEEP], allowed)

    def show_progress(self, fraction, text):
        if fraction is not None:
            self._bar.set_fraction(fraction)
        self._bar.set_text(text)

    def show_picture(self, message):
        self._picture.set_from_pixbuf(as_pixbuf(message, PICTURE_SIZE))

    def show_words(self, text):
        self._words.set_text(text)
