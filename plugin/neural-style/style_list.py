# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of style pictures in the dialog: their thumbnails, names and weights."""

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GLib, Gtk, Pango  # noqa: E402

from style_menu import style_menu  # noqa: E402
from style_rows import StyleRow, StyleRows  # noqa: E402
from styles import MOST_WEIGHT  # noqa: E402
from translation import _  # noqa: E402

WIDTH = 450
"""Of the list: a slider has room beside a name."""
MAX_HEIGHT = 80
"""Of the list, which scrolls beyond: small screens must still show the buttons below."""


class StyleList(StyleRows):
    """The list and the button for more; files can be dropped on it."""

    def _build(self):
        self._current = None  # the row that was touched last
        self._label = Gtk.Label(xalign=0.0)
        self._list = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
        self._scrolled.add(self._list)
        self._scrolled.connect("map", lambda _scrolled: self._fit())  # nothing has a height before
        self._more = Gtk.Button(label=_("_Add..."), use_underline=True)
        self._more.set_tooltip_text(_("Add another style picture"))
        self._more.connect("clicked", self._on_more)
        head = Gtk.Box(spacing=12)
        head.pack_start(self._label, True, True, 0)
        head.pack_start(self._more, False, False, 0)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self.widget.pack_start(head, False, False, 0)
        self.widget.pack_start(self._scrolled, False, False, 0)
        self.widget.set_focus_chain([self._scrolled, head])  # the pictures, then more of them
        self.widget.set_size_request(WIDTH, -1)
        self.widget.drag_dest_set(Gtk.DestDefaults.ALL, [], Gdk.DragAction.COPY)
        self.widget.drag_dest_add_uri_targets()
        self.widget.connect("drag-data-received", self._on_drop)

    def _add_row(self):
        row = Row(self)
        self._list.pack_start(row.widget, False, False, 0)
        row.widget.show_all()
        if self._scrolled.get_mapped():
            GLib.idle_add(self._show_the_last)  # when it has its place
        return row

    def _show_the_last(self):
        place = self._scrolled.get_vadjustment()
        place.set_value(place.get_upper())

    def refresh(self):
        """Show the choices, in a window that is as high as they need."""
        StyleRows.refresh(self)
        self.touch(self._current if self._current in self._rows else self._rows[-1])
        self._fit()

    def touch(self, row):
        """Make a row the one that `replace` means, and show which that is."""
        self._current = row
        for each in self._rows:
            each.mark(each is row)

    def replace(self, reference):
        """Put a style picture in the place of the only one, or of the one touched last."""
        if reference not in self._choices.styles:
            self.use([reference], self._current)

    def _fit(self):
        height = min(self._list.get_preferred_height()[1], MAX_HEIGHT)
        before = self._scrolled.get_min_content_height()
        self._scrolled.set_min_content_height(height)
        window = self.widget.get_toplevel()
        if height < before and window.is_toplevel():
            window.resize(1, 1)

    def _on_more(self, button):
        button.grab_focus()  # the list is before it then, for keys
        self._painting.turns.when_free(lambda: self._offer_more(button))

    def _offer_more(self, button):
        self._menu = style_menu(self._painting, button.get_toplevel(), self.use)
        self._menu.popup_at_widget(button, Gdk.Gravity.SOUTH_WEST, Gdk.Gravity.NORTH_WEST, None)
        self._menu.select_first(False)

    def _on_drop(self, _widget, context, _x, _y, data, _info, time):
        self.use(data.get_uris())
        Gtk.drag_finish(context, True, False, time)


class Row(StyleRow):
    def _build(self):
        self._picture = Gtk.Image()
        touched = Gtk.EventBox()  # pictures have no events
        touched.add(self._picture)
        touched.connect("button-press-event", lambda *_press: self._owner.touch(self))
        self.chooser = Gtk.FileChooserButton(title=_("Choose the style picture"))
        self.chooser.set_width_chars(12)
        self._name = Gtk.Label(xalign=0.0, ellipsize=Pango.EllipsizeMode.MIDDLE, width_chars=12)
        self.weight = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 0, MOST_WEIGHT, 1)
        self.weight.set_value_pos(Gtk.PositionType.RIGHT)
        self._remove = Gtk.Button.new_from_icon_name("list-remove-symbolic", Gtk.IconSize.BUTTON)
        self._remove.set_valign(Gtk.Align.CENTER)
        middle = Gtk.Box(spacing=6, homogeneous=True, valign=Gtk.Align.CENTER)  # as in other rows
        for part in (self.chooser, self._name, self.weight):
            middle.pack_start(part, True, True, 0)
        self.widget = Gtk.Box(spacing=12)
        self.widget.connect("set-focus-child", self._on_focus)
        self.widget.pack_start(touched, False, False, 0)
        self.widget.pack_start(middle, True, True, 0)
        self.widget.pack_start(self._remove, False, False, 0)

    def _show_no_picture(self):
        self._picture.set_from_icon_name("image-x-generic", Gtk.IconSize.DIALOG)

    def _on_focus(self, _widget, child):
        if child:
            self._owner.touch(self)

    def mark(self, is_current):
        """Show whether it is the one that the strip replaces: the others are paler."""
        self._picture.set_opacity(1.0 if is_current else 0.5)
