# SPDX-License-Identifier: GPL-3.0-or-later
"""The window while the picture is painted: progress, the picture growing, Cancel, Stop and Keep."""

import gi

gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GimpUi, GLib, Gtk  # noqa: E402

from painting import TICK_MS  # noqa: E402
from running import KEEP  # noqa: E402
from translation import _  # noqa: E402
from windows import MINIMISE, PICTURE_SIZE, RESPONSES, ProgressWindow  # noqa: E402


def paint(painting, styles, values):
    """Paint with a window; returns the new layer.

    Raises:
        Cancelled: the artist did.
        PluginError: the painting failed.
    """
    window = RunWindow(painting, styles, values)
    try:
        return window.run()
    finally:
        window.close()


class RunWindow(ProgressWindow):
    _main, _main_quit = staticmethod(Gtk.main), staticmethod(Gtk.main_quit)

    def __init__(self, painting, styles, values):
        ProgressWindow.__init__(self, painting, styles, values)
        self._timer = GLib.timeout_add(TICK_MS, self._running.tick)

    def _build(self):
        self._dialog = GimpUi.Dialog(title=_("Neural Style"), role="neural-style-run")
        self._dialog.set_type_hint(Gdk.WindowTypeHint.NORMAL)
        self._dialog.add_button(_("_Minimise"), MINIMISE)
        self._dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._keep = self._dialog.add_button(_("Stop and _Keep"), RESPONSES[KEEP])
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

    def close(self):
        GLib.source_remove(self._timer)
        self._dialog.destroy()
