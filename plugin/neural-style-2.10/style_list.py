# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of style pictures in the dialog: their thumbnails, names and weights."""

import os

import gtk

import gallery
import style_pictures
from style_rows import StyleRow, StyleRows, at_hand
from styles import CLIPBOARD, MOST_WEIGHT
from translation import _


class StyleList(StyleRows):
    """The list and the button for more; files can be dropped on it."""

    def _build(self):
        self._label = gtk.Label()
        self._label.set_alignment(0.0, 0.5)
        self._list = gtk.VBox(False, 6)
        self._more = gtk.Button(_("_Add..."))
        self._more.set_tooltip_text(_("Add another style picture"))
        self._more.connect("clicked", self._on_more)
        left = gtk.HBox()
        left.pack_start(self._more, False)
        self.widget = gtk.VBox(False, 6)
        for part in (self._label, self._list, left):
            self.widget.pack_start(part, False)
        self.widget.drag_dest_set(gtk.DEST_DEFAULT_ALL, [], gtk.gdk.ACTION_COPY)
        self.widget.drag_dest_add_uri_targets()
        self.widget.connect("drag-data-received", self._on_drop)

    def _add_row(self):
        row = Row(self)
        # Not among the files last used, where GTK 2 begins and takes no path.
        row.chooser.set_current_folder(self._folder())
        self._list.pack_start(row.widget, False)
        row.widget.show_all()
        return row

    def _folder(self):
        photo = self._painting.image.filename or ""
        return os.path.dirname(photo) or os.path.expanduser("~")

    def _on_drop(self, _widget, context, _x, _y, data, _info, time):
        uris = [uri.decode("ascii") for uri in data.get_uris()]
        self.use(uris)
        context.finish(True, False, time)

    # -- the menu ------------------------------------------------------------------------------

    def _on_more(self, button):
        button.grab_focus()  # the list is before it then, for keys
        self._menu = gtk.Menu()
        self._append(_("_File..."), lambda: self.use(self._ask_for_files()))
        self._append_submenu(_("_Pattern"), style_pictures.patterns())
        image = self._painting.image
        self._append_submenu(_("_Layer of This Image"), style_pictures.layers_of(image))
        self._append_submenu(_("_Open Image"), style_pictures.images_besides(image))
        copied = gtk.clipboard_get().wait_is_image_available()
        self._append(_("_Clipboard"), lambda: self.use([CLIPBOARD])).set_sensitive(copied)
        self._append_at_hand()
        self._menu.show_all()
        self._menu.popup(None, None, None, 0, gtk.get_current_event_time())
        self._menu.select_first(False)

    def _append_at_hand(self):
        """What GIMP 3 has as a strip; favourites and a folder can be chosen there only."""
        for key, title, named in at_hand():
            if key not in (gallery.FAVOURITES, gallery.FOLDER):
                self._append_submenu(title, named)

    def _append(self, label, chosen):
        item = gtk.MenuItem(label)
        item.connect("activate", lambda _item: chosen())
        self._menu.append(item)
        return item

    def _append_submenu(self, label, named):
        submenu = gtk.Menu()
        for name, reference in named:
            item = gtk.MenuItem(name, False)
            item.connect("activate", lambda _item, reference=reference: self.use([reference]))
            submenu.append(item)
        top = gtk.MenuItem(label)
        top.set_sensitive(bool(named))
        top.set_submenu(submenu)
        self._menu.append(top)

    def _ask_for_files(self):
        buttons = (gtk.STOCK_CANCEL, gtk.RESPONSE_CANCEL, gtk.STOCK_OPEN, gtk.RESPONSE_OK)
        window = self.widget.get_toplevel()
        action = gtk.FILE_CHOOSER_ACTION_OPEN
        chooser = gtk.FileChooserDialog(_("Add style pictures"), window, action, buttons)
        chooser.set_default_response(gtk.RESPONSE_OK)
        chooser.set_select_multiple(True)
        chooser.set_current_folder(self._folder())
        answer, chosen = chooser.run(), chooser.get_uris()
        chooser.destroy()
        return [uri.decode("ascii") for uri in chosen] if answer == gtk.RESPONSE_OK else []


class Row(StyleRow):
    def _build(self):
        self._picture = gtk.Image()
        self.chooser = gtk.FileChooserButton(_("Choose the style picture"))
        self.chooser.set_width_chars(24)
        self._name = gtk.Label()
        self._name.set_alignment(0.0, 0.5)
        self.weight = gtk.HScale(gtk.Adjustment(0, 0, MOST_WEIGHT, 1, 10))
        self.weight.set_digits(0)
        self.weight.set_value_pos(gtk.POS_RIGHT)
        self._remove = gtk.Button()
        self._remove.add(gtk.image_new_from_stock(gtk.STOCK_REMOVE, gtk.ICON_SIZE_BUTTON))
        column = gtk.VBox(False, 3)
        for part in (self.chooser, self._name, self.weight):
            column.pack_start(part, False)
        middle = gtk.Alignment(0.0, 0.5, 1.0, 0.0)
        middle.add(column)
        end = gtk.Alignment(1.0, 0.5, 0.0, 0.0)
        end.add(self._remove)
        self.widget = gtk.HBox(False, 12)
        self.widget.pack_start(self._picture, False)
        self.widget.pack_start(middle)
        self.widget.pack_start(end, False)

    def _show_no_picture(self):
        self._picture.set_from_stock(gtk.STOCK_OPEN, gtk.ICON_SIZE_DIALOG)
