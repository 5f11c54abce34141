# SPDX-License-Identifier: GPL-3.0-or-later
"""The window with nine small pictures over two settings."""

import collections

import gi

gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GdkPixbuf, GimpUi, GLib, Gtk  # noqa: E402

from painting import TICK_MS  # noqa: E402
from pixbuf import as_pixbuf  # noqa: E402
from translation import _  # noqa: E402
from variations import AXES, CELL_SIZE, Variations  # noqa: E402
from words import label_of  # noqa: E402

USE = 1
"""GTK's number of the answer; OK is to paint at once."""

Chosen = collections.namedtuple("Chosen", "settings at_once")
"""What a picture's settings are other than the present ones, and whether to paint it at once."""


def choose(painting, choices, parent):
    """Let the artist choose one of nine pictures.

    Returns:
        A `Chosen`, or None if the artist took none.
    """
    window = GridWindow(painting, choices, parent)
    try:
        return window.run()
    finally:
        window.close()


class GridWindow:
    """The widgets; `variations.Variations` says what they show."""

    def __init__(self, painting, choices, parent):
        self._cells = {}
        self._edges = {}
        self._variations = Variations(painting, choices, self)
        self._build(parent)
        self._begin()
        self._timer = GLib.timeout_add(TICK_MS, self._variations.tick)

    def _build(self, parent):
        self._dialog = GimpUi.Dialog(title=_("Try Nine"), role="neural-style-nine")
        self._dialog.set_transient_for(parent)
        self._dialog.set_modal(True)
        self._dialog.add_button(_("_Close"), Gtk.ResponseType.CANCEL)
        self._dialog.add_button(_("_Use These Settings"), USE)
        self._dialog.add_button(_("_Paint"), Gtk.ResponseType.OK)
        self._axes = [self._build_axis(name) for name in self._variations.names]
        bar = Gtk.Box(spacing=9)
        for text, axis in zip((_("_Down"), _("_Across")), self._axes, strict=True):
            label = Gtk.Label(label=text, use_underline=True)
            label.set_mnemonic_widget(axis)
            bar.pack_start(label, False, False, 0)
            bar.pack_start(axis, False, False, 0)
        self._status = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=70)
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=9, border_width=12)
        for widget in (bar, self._build_grid(), self._status):
            column.pack_start(widget, False, False, 0)
        self._dialog.get_content_area().add(column)
        column.show_all()
        self._reserve()

    def _reserve(self):
        """Give each cell the room that a picture takes with what the theme puts around it."""
        picture = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, CELL_SIZE, CELL_SIZE)
        for cell in self._cells.values():
            image = cell.get_child()
            image.set_from_pixbuf(picture)
            size = image.get_preferred_size()[1]
            image.set_size_request(size.width, size.height)
            image.clear()

    def _build_axis(self, name):
        combo = Gtk.ComboBoxText()
        for axis in AXES:
            combo.append(axis, label_of(axis))
        combo.set_active_id(name)
        combo.connect("changed", lambda _combo: self._begin())
        return combo

    def _build_grid(self):
        grid = Gtk.Grid(row_spacing=6, column_spacing=6)
        first = None
        for row in range(3):
            for column in range(3):
                cell = Gtk.RadioButton.new_from_widget(first)
                first = first or cell
                cell.set_mode(False)  # a button without the circle
                cell.add(Gtk.Image())
                cell.connect("button-press-event", self._on_press)
                self._cells[row, column] = cell
                grid.attach(cell, column + 1, row + 1, 1, 1)
        for place in ((0, 1), (0, 2), (0, 3), (1, 0), (2, 0), (3, 0)):
            self._edges[place] = Gtk.Label()
            grid.attach(self._edges[place], place[1], place[0], 1, 1)
        self._cells[1, 1].set_active(True)
        return grid

    def run(self):
        answer = self._dialog.run()
        if answer not in (USE, Gtk.ResponseType.OK):
            return None
        (chosen,) = [place for place, cell in self._cells.items() if cell.get_active()]
        return Chosen(self._variations.settings_of(*chosen), answer == Gtk.ResponseType.OK)

    def _begin(self):
        rows, columns = (axis.get_active_id() for axis in self._axes)
        if rows == columns:
            self._variations.stop()
            self.show_status(_("Choose two different settings."))
        else:
            self._variations.choose(rows, columns)
        for answer in (USE, Gtk.ResponseType.OK):
            self._dialog.set_response_sensitive(answer, rows != columns)

    def _on_press(self, cell, event):
        if event.type == Gdk.EventType.DOUBLE_BUTTON_PRESS:
            cell.set_active(True)
            self._dialog.response(Gtk.ResponseType.OK)

    # -- what the variations show --------------------------------------------------------------

    def show_axes(self, rows, columns):
        for number in range(3):
            self._edges[number + 1, 0].set_text(rows[number])
            self._edges[0, number + 1].set_text(columns[number])

    def show_cell(self, row, column, message):
        picture = self._cells[row, column].get_child()
        if message is None:
            picture.clear()
        else:
            picture.set_from_pixbuf(as_pixbuf(message, CELL_SIZE))

    def show_status(self, text):
        self._status.set_text(text)

    def close(self):
        GLib.source_remove(self._timer)
        self._variations.close()
        self._dialog.destroy()
