# SPDX-License-Identifier: GPL-3.0-or-later
"""The window while the picture is painted: progress, the picture growing, Cancel, Stop and Keep."""

import gimpui
import gobject
import gtk

from painting import TICK_MS
from pixbuf import size_on_screen
from running import KEEP
from translation import _
from windows import MINIMISE, PICTURE_SIZE, RESPONSES, ProgressWindow


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
    _main, _main_quit = staticmethod(gtk.main), staticmethod(gtk.main_quit)

    def __init__(self, painting, styles, values):
        ProgressWindow.__init__(self, painting, styles, values)
        self._timer = gobject.timeout_add(TICK_MS, self._running.tick)

    def _build(self):
        self._dialog = gimpui.Dialog(_("Neural Style"), "neural-style-run", None, 0, None, None)
        self._dialog.set_type_hint(gtk.gdk.WINDOW_TYPE_HINT_NORMAL)
        self._dialog.add_button(_("_Minimise"), MINIMISE)
        self._dialog.add_button(gtk.STOCK_CANCEL, gtk.RESPONSE_CANCEL)
        self._keep = self._dialog.add_button(_("Stop and _Keep"), RESPONSES[KEEP])
        self.allow_keeping(False)
        self._picture = gtk.Image()
        self._picture.set_size_request(*size_on_screen(self._painting.region, PICTURE_SIZE))
        self._bar = gtk.ProgressBar()
        self._words = gtk.Label()
        self._words.set_alignment(0.0, 0.5)
        self._words.set_line_wrap(True)
        self._live = gtk.CheckButton(_("_Show in the image while painting"))
        self._live.connect("toggled", lambda button: self._running.show_live(button.get_active()))
        column = gtk.VBox(False, 9)
        column.set_border_width(12)
        for widget in (self._picture, self._bar, self._words, self._live):
            column.pack_start(widget, False)
        self._dialog.vbox.add(column)
        self._dialog.show_all()

    def close(self):
        gobject.source_remove(self._timer)
        self._dialog.destroy()
