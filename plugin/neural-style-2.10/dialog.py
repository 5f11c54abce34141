# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialog: style picture first, the main settings, the rest behind an expander, a preview."""

import os

import pygtk

pygtk.require("2.0")
import gimpui
import gobject
import gtk

import form
import lastvalues
import layers
import run_window
import uris
from arguments import Choices
from messages import Cancelled, PluginError
from painting import Painting
from pixbuf import as_pixbuf, thumbnail
from planning import PREVIEW_SIZE, TICK_MS, Planning
from translation import _
from words import MAIN, MORE

THUMBNAIL_SIZE = 96
RESET = 1


def run(choices, image, source):
    """Ask for the settings and paint; returns the new layer.

    Raises:
        Cancelled: the artist did.
        PluginError: the painting failed.
    """
    if gtk.gdk.display_get_default() is None:
        raise PluginError("no_display")  # gimpui would end the process
    gobject.threads_init()  # the engine's lines are read by a thread
    gimpui.gimp_ui_init()
    painting = Painting(image, source)
    try:
        ask = Dialog(choices, painting)
        try:
            agreed = ask.run()
        finally:
            ask.close()
        if not agreed:
            raise Cancelled
        lastvalues.save(choices)
        layers.check_alive(image, source)
        return run_window.paint(painting, choices.style, choices.collect())
    finally:
        painting.close()


class Dialog(object):
    """The widgets; `planning.Planning` says what they show of the engine."""

    def __init__(self, choices, painting):
        self._choices = choices
        self._painting = painting
        self._planning = Planning(painting, choices, self)
        self._dialog = gimpui.Dialog(_("Neural Style"), "neural-style", None, 0, None, None)
        self._dialog.add_button(_("_Reset"), RESET)
        self._dialog.add_button(gtk.STOCK_CANCEL, gtk.RESPONSE_CANCEL)
        self._dialog.add_button(_("_Paint"), gtk.RESPONSE_OK)
        self._dialog.set_alternative_button_order((RESET, gtk.RESPONSE_OK, gtk.RESPONSE_CANCEL))
        self._dialog.set_default_response(gtk.RESPONSE_OK)
        self._dialog.set_transient()
        self._form = form.Form(choices, self._planning.change)
        self._build()
        self._show_style()
        content = painting.small_content(PREVIEW_SIZE)
        self.show_preview(content)
        painting.forget(content)
        self._planning.change()
        self._timer = gobject.timeout_add(TICK_MS, self._planning.tick)

    # -- building ------------------------------------------------------------------------------

    def _build(self):
        left = gtk.VBox(False, 12)
        left.pack_start(self._build_style_row(), False)
        left.pack_start(self._form.table(MAIN), False)
        sides = gtk.HBox(False, 18)
        sides.set_border_width(12)
        sides.pack_start(left)
        sides.pack_start(self._build_preview(), False)
        self._status = gtk.Label()
        self._status.set_alignment(0.0, 0.5)
        self._status.set_line_wrap(True)
        self._status.set_selectable(True)
        self._status.set_padding(12, 6)
        self._status.set_size_request(560, -1)
        self._dialog.vbox.pack_start(sides, False)
        self._dialog.vbox.pack_start(self._build_rest())
        self._dialog.vbox.pack_start(self._status, False)
        self._dialog.vbox.show_all()
        self._form.refresh()

    def _build_style_row(self):
        self._thumbnail = gtk.Image()
        self._thumbnail.set_size_request(THUMBNAIL_SIZE, THUMBNAIL_SIZE)
        self._chooser = gtk.FileChooserButton(_("Choose the style picture"))
        self._chooser.set_width_chars(24)
        # Not among the files last used, where GTK 2 begins and takes no path.
        photo = self._painting.image.filename or ""
        self._chooser.set_current_folder(os.path.dirname(photo) or os.path.expanduser("~"))
        self._chooser.connect("file-set", self._on_file)
        label = gtk.Label()
        label.set_text_with_mnemonic(_("St_yle picture"))
        label.set_alignment(0.0, 0.5)
        label.set_mnemonic_widget(self._chooser)
        column = gtk.VBox(False, 6)
        column.pack_start(label, False)
        column.pack_start(self._chooser, False)
        middle = gtk.Alignment(0.0, 0.5, 1.0, 0.0)
        middle.add(column)
        row = gtk.HBox(False, 12)
        row.pack_start(self._thumbnail, False)
        row.pack_start(middle)
        return row

    def _build_preview(self):
        self._picture = gtk.Image()
        self._picture.set_size_request(PREVIEW_SIZE, PREVIEW_SIZE)
        frame = gtk.Frame()
        frame.add(self._picture)
        self._preview = gtk.ToggleButton(_("Pre_view"))
        self._preview.connect("toggled", lambda _button: self._planning.settle())
        self._preview_bar = gtk.ProgressBar()
        column = gtk.VBox(False, 6)
        for widget in (frame, self._preview_bar, self._preview):
            column.pack_start(widget, False)
        return column

    def _build_rest(self):
        expander = gtk.Expander(_("_More settings"))
        expander.set_use_underline(True)
        expander.set_border_width(12)
        # As small again when it is closed.
        expander.connect("notify::expanded", lambda *_expander: self._dialog.resize(1, 1))
        # Small screens must still show the buttons below.
        scrolled = gtk.ScrolledWindow()
        scrolled.set_policy(gtk.POLICY_NEVER, gtk.POLICY_AUTOMATIC)
        scrolled.set_size_request(-1, 230)
        scrolled.add_with_viewport(self._form.table(MORE, 2))
        expander.add(scrolled)
        return expander

    # -- the artist's changes ------------------------------------------------------------------

    def run(self):
        """Whether the artist wants to paint."""
        while True:
            answer = self._dialog.run()
            if answer != RESET:
                return answer == gtk.RESPONSE_OK
            for name in self._form.widgets:
                self._choices.set(name, Choices().get(name))
            self._form.refresh()
            self._planning.change()

    def _on_file(self, chooser):
        self._choices.choose_style(uris.from_path(chooser.get_filename()))
        self._show_style()
        self._planning.change()

    def _show_style(self):
        uri = self._choices.style
        if uri is None:
            self._thumbnail.set_from_stock(gtk.STOCK_OPEN, gtk.ICON_SIZE_DIALOG)
            return
        path = uris.to_path(uri)
        if self._chooser.get_filename() != path:
            self._chooser.set_filename(path)
        self._thumbnail.set_from_pixbuf(self._load_thumbnail(uri, path))

    def _load_thumbnail(self, uri, path):
        size = THUMBNAIL_SIZE
        try:
            return thumbnail(path, size) or as_pixbuf(self._painting.style_picture(uri), size)
        except PluginError:
            return None  # told when it is to be painted with

    # -- what planning shows -------------------------------------------------------------------

    @property
    def preview_wanted(self):
        return self._preview.get_active()

    @preview_wanted.setter
    def preview_wanted(self, wanted):
        self._preview.set_active(wanted)

    def show_status(self, text, may_paint):
        self._dialog.set_response_sensitive(gtk.RESPONSE_OK, may_paint)
        self._preview.set_sensitive(may_paint)
        self._status.set_text(text)

    def show_fraction(self, fraction):
        self._preview_bar.set_fraction(fraction)

    def show_preview(self, message):
        self._picture.set_from_pixbuf(as_pixbuf(message, PREVIEW_SIZE))

    def offer_networks(self, names):
        self._form.offer_networks(names)

    def close(self):
        gobject.source_remove(self._timer)
        self._planning.stop()
        self._dialog.destroy()
