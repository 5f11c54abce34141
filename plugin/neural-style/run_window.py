# SPDX-License-Identifier: GPL-3.0-or-later
"""The window while the picture is painted: progress, the picture growing, Cancel, Stop and Keep."""

import time
import traceback

import gi

gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gimp, GimpUi, GLib, Gtk  # noqa: E402

from messages import Cancelled, PluginError  # noqa: E402
from pixbuf import as_pixbuf  # noqa: E402
from translation import _, in_words  # noqa: E402

PICTURE_SIZE = 448
TICK_MS = 100
PREVIEW_SECONDS = 1.0
PATIENT_SECONDS = 30
"""A silence that is worth a word."""
KEEP = 1


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
    def __init__(self, painting, style, values):
        self._painting = painting
        self._style = style
        self._values = values
        self._job = None
        self._failure = None
        self._last = None
        self._heard = time.monotonic()
        self._ticks = 0
        self._warnings = []
        self._build()
        self._timer = GLib.timeout_add(TICK_MS, self._tick)

    def _build(self):
        self._dialog = GimpUi.Dialog(title=_("Neural Style"), role="neural-style-run")
        self._dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._dialog.add_button(_("Stop and _Keep"), KEEP)
        self._dialog.set_response_sensitive(KEEP, False)
        self._picture = Gtk.Image()
        self._picture.set_size_request(PICTURE_SIZE, PICTURE_SIZE * 2 // 3)
        self._bar = Gtk.ProgressBar(show_text=True)
        self._words = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=60)
        self._live = Gtk.CheckButton(label=_("_Show in the image while painting"))
        self._live.set_use_underline(True)
        self._live.connect("toggled", self._on_live)
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=9, border_width=12)
        for widget in (self._picture, self._bar, self._words, self._live):
            column.pack_start(widget, False, False, 0)
        self._dialog.get_content_area().add(column)
        self._dialog.show_all()

    def run(self):
        """Wait until the picture is there, kept early or cancelled."""
        while True:
            answer = self._dialog.run()
            if self._failure:
                raise self._failure
            if answer == Gtk.ResponseType.OK:
                break
            if answer != KEEP:
                if self._job:
                    self._job.cancel()
                raise Cancelled
            self._job.finish()
            self._dialog.set_response_sensitive(KEEP, False)
            self._words.set_text(_("Stopping; the picture as it is now becomes the layer."))
        layer = self._painting.keep(self._style, self._values, self._job.result)
        for warning in self._warnings:
            Gimp.message(warning)
        return layer

    def close(self):
        GLib.source_remove(self._timer)
        self._dialog.destroy()

    # -- ticking -------------------------------------------------------------------------------

    def _tick(self):
        try:
            self._ticks += 1
            self._advance()
        except PluginError as error:
            self._end(Gtk.ResponseType.REJECT, error)
        except Exception as error:
            traceback.print_exc()
            self._end(Gtk.ResponseType.REJECT, PluginError("internal", repr(error)))
        return True

    def _advance(self):
        if self._failure or (self._job and self._job.result):
            return
        if self._job is None:
            self._start()
        elif self._job.tick():
            self._end(Gtk.ResponseType.OK)
        elif self._ticks % 10 == 0:
            # Also ends this process when GIMP has died.
            self._painting.check_alive()
            self._tell_of_silence()

    def _start(self):
        self._bar.set_text(_("Reading the pictures..."))
        if self._ticks < 2:
            return  # let the window appear first
        self._job = self._painting.start(
            self._style,
            self._values,
            self._on_progress,
            self._on_preview,
            self._on_warning,
            previews=PREVIEW_SECONDS,
        )
        self._bar.set_text(_("Waiting for the engine..."))

    def _end(self, answer, failure=None):
        self._failure = failure
        self._dialog.response(answer)

    # -- the engine's messages -----------------------------------------------------------------

    def _on_progress(self, message):
        self._heard = time.monotonic()
        self._dialog.set_response_sensitive(KEEP, True)
        self._bar.set_fraction(min(1.0, max(0.0, message["fraction"])))
        text = _("Step {step} of {total}")
        text = text.replace("{step}", str(message["step"]))
        text = text.replace("{total}", str(message["total"]))
        left = _("about {time} left").replace("{time}", in_words(message["eta_s"] or 0.0))
        self._bar.set_text(text + ", " + left)

    def _on_preview(self, message):
        self._picture.set_from_pixbuf(as_pixbuf(message, PICTURE_SIZE))
        if self._last:
            self._painting.forget(self._last)
        self._last = message
        if self._live.get_active():
            self._painting.show_live(self._style, self._values, message)

    def _on_live(self, button):
        if button.get_active() and self._last:
            self._painting.show_live(self._style, self._values, self._last)
        elif not button.get_active():
            self._painting.hide_live()

    def _on_warning(self, message):
        self._warnings.append(message["message"])
        self._words.set_text(message["message"])

    def _tell_of_silence(self):
        if time.monotonic() - self._heard > PATIENT_SECONDS:
            self._words.set_text(_("Still working on one step; large pictures take long."))
