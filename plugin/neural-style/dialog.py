# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialog: style picture first, the main settings, the rest behind an expander, a preview."""

import gi

gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GimpUi, GLib, Gtk  # noqa: E402

import form  # noqa: E402
import layers  # noqa: E402
import run_window  # noqa: E402
from choices import ConfigChoices  # noqa: E402
from messages import Cancelled, PluginError  # noqa: E402
from painting import Painting  # noqa: E402
from pixbuf import as_pixbuf, thumbnail  # noqa: E402
from planning import PREVIEW_SIZE, TICK_MS, Planning  # noqa: E402
from translation import _  # noqa: E402
from words import MAIN, MORE  # noqa: E402

THUMBNAIL_SIZE = 96


def run(config, image, source):
    """Ask for the settings and paint; returns the new layer.

    Raises:
        Cancelled: the artist did.
        PluginError: the painting failed.
    """
    GimpUi.init("neural-style")
    painting = Painting(image, source)
    try:
        choices = ConfigChoices(config)
        ask = Dialog(choices, painting)
        try:
            agreed = ask.run()
        finally:
            ask.close()
        if not agreed:
            raise Cancelled
        layers.check_alive(image, source)
        return run_window.paint(painting, choices.style, choices.collect())
    finally:
        painting.close()


class Dialog:
    """The widgets; `planning.Planning` says what they show of the engine."""

    def __init__(self, choices, painting):
        self._choices = choices
        self._config = choices.config
        self._painting = painting
        self._planning = Planning(painting, choices, self)
        procedure = self._config.get_procedure()
        self._dialog = GimpUi.ProcedureDialog.new(procedure, self._config, _("Neural Style"))
        self._dialog.set_ok_label(_("_Paint"))
        self._form = form.Form(choices, self._planning.change)
        self._build()
        self._config.connect("notify", self._on_config)
        self._show_style()
        content = painting.small_content(PREVIEW_SIZE)
        self.show_preview(content)
        painting.forget(content)
        self._planning.change()
        self._timer = GLib.timeout_add(TICK_MS, self._planning.tick)

    # -- building ------------------------------------------------------------------------------

    def _build(self):
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        left.pack_start(self._build_style_row(), False, False, 0)
        left.pack_start(self._form.grid(MAIN), False, False, 0)
        sides = Gtk.Box(spacing=18, border_width=12)
        sides.pack_start(left, True, True, 0)
        sides.pack_start(self._build_preview(), False, False, 0)
        content = self._dialog.get_content_area()
        content.pack_start(sides, False, False, 0)
        content.pack_start(self._build_rest(), False, False, 0)
        self._status = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=80, selectable=True)
        self._status.set_margin_start(12)
        content.pack_start(self._status, False, False, 6)
        content.show_all()

    def _build_style_row(self):
        row = Gtk.Box(spacing=12)
        self._thumbnail = Gtk.Image(icon_name="image-x-generic", pixel_size=THUMBNAIL_SIZE // 2)
        self._thumbnail.set_size_request(THUMBNAIL_SIZE, THUMBNAIL_SIZE)
        self._chooser = Gtk.FileChooserButton(title=_("Choose the style picture"))
        self._chooser.set_width_chars(24)
        self._chooser.connect("file-set", self._on_file)
        label = Gtk.Label(label=_("St_yle picture"), use_underline=True, xalign=0.0)
        label.set_mnemonic_widget(self._chooser)
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        column.set_valign(Gtk.Align.CENTER)
        column.pack_start(label, False, False, 0)
        column.pack_start(self._chooser, False, False, 0)
        row.pack_start(self._thumbnail, False, False, 0)
        row.pack_start(column, True, True, 0)
        return row

    def _build_preview(self):
        self._picture = Gtk.Image()
        self._picture.set_size_request(PREVIEW_SIZE, PREVIEW_SIZE)
        frame = Gtk.Frame()
        frame.add(self._picture)
        self._preview = Gtk.ToggleButton(label=_("Pre_view"), use_underline=True)
        self._preview.connect("toggled", lambda _button: self._planning.settle())
        self._preview_bar = Gtk.ProgressBar()
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        column.pack_start(frame, False, False, 0)
        column.pack_start(self._preview_bar, False, False, 0)
        column.pack_start(self._preview, False, False, 0)
        return column

    def _build_rest(self):
        expander = Gtk.Expander(label=_("_More settings"), use_underline=True)
        expander.set_margin_start(12)
        expander.set_margin_end(12)
        grid = self._form.grid(MORE, 2)
        grid.set_border_width(6)
        # Small screens must still show the buttons below.
        scrolled = Gtk.ScrolledWindow(min_content_height=230, hscrollbar_policy=2)
        scrolled.add(grid)
        expander.add(scrolled)
        return expander

    # -- the artist's changes ------------------------------------------------------------------

    def run(self):
        return self._dialog.run()

    def _on_file(self, chooser):
        self._config.set_property("style", chooser.get_file())

    def _on_config(self, _config, what):
        # Also Reset and loaded settings come this way.
        if what.name == "style":
            self._show_style()
        self._form.refresh()
        self._planning.change()

    def _show_style(self):
        file = self._config.get_property("style")
        if file is None:
            self._chooser.unselect_all()
            self._thumbnail.set_from_icon_name("image-x-generic", Gtk.IconSize.DIALOG)
            return
        if not (self._chooser.get_file() and self._chooser.get_file().equal(file)):
            self._chooser.set_file(file)
        self._thumbnail.set_from_pixbuf(self._load_thumbnail(file))

    def _load_thumbnail(self, file):
        size = THUMBNAIL_SIZE
        try:
            picture = thumbnail(file, size)
            return picture or as_pixbuf(self._painting.style_picture(file.get_uri()), size)
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
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, may_paint)
        self._preview.set_sensitive(may_paint)
        self._status.set_text(text)

    def show_fraction(self, fraction):
        self._preview_bar.set_fraction(fraction)

    def show_preview(self, message):
        self._picture.set_from_pixbuf(as_pixbuf(message, PREVIEW_SIZE))

    def offer_networks(self, names):
        self._form.offer_networks(names)

    def close(self):
        GLib.source_remove(self._timer)
        self._planning.stop()
        self._dialog.destroy()
