# SPDX-License-Identifier: GPL-3.0-or-later
"""The window while the picture is painted: progress, the picture growing, Cancel, Stop and Keep."""

import gi

gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GimpUi, GLib, Gtk  # noqa: E402

from pixbuf import as_pixbuf  # noqa: E402
from running import CANCEL, DONE, FAILED, KEEP, TICK_MS, Running  # noqa: E402
from translation import _  # noqa: E402

PICTURE_SIZE = 448
RESPONSES = {KEEP: 1, DONE: 2, FAILED: 3}
"""GTK's numbers; any other closes the window, which is Cancel."""


def paint(painting, style, values):
    """Paint with a window; returns the new layer.

    Raises:
        Cancelled: the artist did.
        PluginError: the painting failed.
    """
    window = RunWindow(painting, style, values)
    try:
        return window.run()
    finally:
        window.close()


class RunWindow:
    """The widgets; `running.Running` says what they show."""

    def __init__(self, painting, style, values):
        self._running = Running(painting, style, values, self)
        self._build()
        self._timer = GLib.timeout_add(TICK_MS, self._running.tick)

    def _build(self):
        self._dialog = GimpUi.Dialog(title=_("Neural Style"), role="neural-style-run")
        self._dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._dialog.add_button(_("Stop and _Keep"), RESPONSES[KEEP])
        self.allow_keeping(False)
        self._picture = Gtk.Image()
        self._picture.set_size_request(PICTURE_SIZE, PICTURE_SIZE * 2 // 3)
        self._bar = Gtk.ProgressBar(show_text=True)
        self._words = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=60)
        self._live = Gtk.CheckButton(label=_("_Show in the image while painting"))
        self._live.set_use_underline(True)
        self._live.connect("toggled", lambda button: self._running.show_live(button.get_active()))
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=9, border_width=12)
        for widget in (self._picture, self._bar, self._words, self._live):
            column.pack_start(widget, False, False, 0)
        self._dialog.get_content_area().add(column)
        self._dialog.show_all()

    def run(self):
        return self._running.wait(self._answer)

    def _answer(self):
        response = self._dialog.run()
        said = [word for word, number in RESPONSES.items() if number == response]
        return said[0] if said else CANCEL

    def close(self):
        GLib.source_remove(self._timer)
        self._dialog.destroy()

    # -- what running shows --------------------------------------------------------------------

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
