# SPDX-License-Identifier: GPL-3.0-or-later
"""The pane beside the settings: the photo and how it would be painted."""

import gtk

from painting import PREVIEW_SIZE
from translation import _
from windows import PreviewPane


class Preview(PreviewPane):
    def _build(self):
        self._picture = gtk.Image()
        self._picture.set_size_request(PREVIEW_SIZE, PREVIEW_SIZE)
        self._picture_box = gtk.EventBox()
        self._picture_box.add(self._picture)
        frame = gtk.Frame()
        frame.add(self._picture_box)
        self._bar = gtk.ProgressBar()
        self._preview = gtk.ToggleButton(_("Pre_view"))
        self._before = gtk.ToggleButton(_("_Before"))
        buttons = gtk.HBox(True, 6)
        for button in (self._preview, self._before):
            buttons.pack_start(button)
        self.widget = gtk.VBox(False, 6)
        for widget in (frame, self._bar, buttons):
            self.widget.pack_start(widget, False)
