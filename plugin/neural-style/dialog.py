# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialog: style picture first, the main settings, the rest behind an expander, a preview."""

import traceback

import gi

gi.require_version("GdkPixbuf", "2.0")
gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GdkPixbuf, GimpUi, GLib, Gtk  # noqa: E402

import arguments  # noqa: E402
import estimate  # noqa: E402
import form  # noqa: E402
import layers  # noqa: E402
import run_window  # noqa: E402
from messages import Cancelled, PluginError  # noqa: E402
from painting import Painting, speed_path  # noqa: E402
from translation import _  # noqa: E402

PREVIEW_SIZE = 256
THUMBNAIL_SIZE = 96
TICK_MS = 100
SETTLE_TICKS = 4
"""A changed setting waits so long for the next change before the preview begins again."""


def run(config, image, source):
    """Ask for the settings and paint; returns the new layer.

    Raises:
        Cancelled: the artist did.
        PluginError: the painting failed.
    """
    GimpUi.init("neural-style")
    painting = Painting(image, source)
    try:
        ask = Dialog(config, painting)
        try:
            agreed = ask.run()
        finally:
            ask.close()
        if not agreed:
            raise Cancelled
        layers.check_alive(image, source)
        style = config.get_property("style")
        return run_window.paint(painting, style, arguments.collect(config))
    finally:
        painting.close()


class Dialog:
    def __init__(self, config, painting):
        self._config = config
        self._painting = painting
        self._job = None
        self._hello = None
        self._changed = 0  # ticks until a change has settled
        self._ticks = 0
        procedure = config.get_procedure()
        self._dialog = GimpUi.ProcedureDialog.new(procedure, config, _("Neural Style"))
        self._dialog.set_ok_label(_("_Paint"))
        self._form = form.Form(config, self._on_change)
        self._build()
        config.connect("notify", self._on_config)
        self._show_style()
        self._show_preview(painting.small_content(PREVIEW_SIZE))
        self._on_change()
        self._timer = GLib.timeout_add(TICK_MS, self._tick)

    # -- building ------------------------------------------------------------------------------

    def _build(self):
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        left.pack_start(self._build_style_row(), False, False, 0)
        left.pack_start(self._form.grid(form.MAIN), False, False, 0)
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
        self._preview.connect("toggled", lambda _button: self._on_change())
        self._preview_bar = Gtk.ProgressBar()
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        column.pack_start(frame, False, False, 0)
        column.pack_start(self._preview_bar, False, False, 0)
        column.pack_start(self._preview, False, False, 0)
        return column

    def _build_rest(self):
        rest = [name for name in self._form.widgets if name not in form.MAIN]
        expander = Gtk.Expander(label=_("_More settings"), use_underline=True)
        expander.set_margin_start(12)
        expander.set_margin_end(12)
        grid = self._form.grid(rest, 2)
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
        self._on_change()

    def _on_change(self):
        """Check the settings, and let the preview begin anew when the artist pauses."""
        self._changed = SETTLE_TICKS
        self._stop_preview()
        self._say(self._problem())

    def _problem(self):
        """What keeps the artist from painting, or an empty text."""
        try:
            layers.check_alive(self._painting.image, self._painting.source)
            if self._config.get_property("style") is None:
                raise PluginError("style_missing")
            arguments.collect(self._config)
            if self._painting.problem:
                raise self._painting.problem
        except PluginError as error:
            return error.text(_)
        return ""

    def _say(self, problem):
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, not problem)
        self._preview.set_sensitive(not problem)
        self._status.set_text(problem or self._expectation())

    def _expectation(self):
        """Device and expected time, as far as they are known."""
        hello = self._hello
        if not hello:
            return _("The engine is starting...")
        wanted = arguments.effective("device", self._config)
        device = hello["devices"][0] if hello.get("devices") else {"name": wanted}
        for one in hello.get("devices", []):
            if one["name"].split(":")[0] == wanted:
                device = one
        text = _("Device: {device}").replace("{device}", device.get("description") or wanted)
        seconds = self._expected_seconds(device["name"])
        if seconds is None:
            return text
        return (
            text
            + "    "
            + _("Expected time: about {time}").replace("{time}", estimate.in_words(seconds, _))
        )

    def _expected_seconds(self, device):
        values = {name: arguments.effective(name, self._config) for name in arguments.BY_NAME}
        rates = estimate.read_rates(speed_path())
        rate = rates.get(estimate.key(device, values["network"]))
        if rate is None:
            return None
        region = self._painting.region
        size = estimate.size_to_paint(region.width, region.height, values["size"])
        amount = estimate.work(*size, values)
        return rate * (amount + estimate.finishing(*size, region.width, region.height))

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
        try:
            size = THUMBNAIL_SIZE
            return GdkPixbuf.Pixbuf.new_from_file_at_size(file.get_path() or "", size, size)
        except (GLib.Error, TypeError):
            pass  # a kind of picture that only GIMP knows
        try:
            return as_pixbuf(self._painting.style_picture(file), THUMBNAIL_SIZE)
        except PluginError as error:
            self._status.set_text(error.text(_))
            return None

    # -- the engine ----------------------------------------------------------------------------

    def _tick(self):
        try:
            self._ticks += 1
            if self._job is None and self._painting.engine:
                self._painting.engine.receive()
            self._greet()
            self._tick_preview()
            if self._ticks % 10 == 0:
                # A call to GIMP every second also ends this process when GIMP has died.
                layers.check_alive(self._painting.image, self._painting.source)
        except PluginError as error:
            self._fail(error)
        except Exception as error:
            traceback.print_exc()
            self._fail(PluginError("internal", str(error)))
        return True

    def _greet(self):
        """Show what a newly started engine has told of itself."""
        hello = self._painting.engine.hello if self._painting.engine else None
        if hello is self._hello:
            return
        self._hello = hello
        if hello:
            # Engines that do not tell are older, and may have both.
            self._form.offer_networks(hello.get("networks", ["compact", "vgg19"]))
            self._say(self._problem())

    def _tick_preview(self):
        if self._changed:
            self._changed -= 1
            if not self._changed:
                self._start_preview()
        elif self._job and self._job.tick():
            self._show_preview(self._job.result)
            self._painting.learn(self._job, arguments.collect(self._config), is_preview=True)
            self._say(self._problem())
            self._job = None
            self._preview_bar.set_fraction(0.0)

    def _start_preview(self):
        if not self._preview.get_active() or self._problem():
            return
        self._job = self._painting.start_preview(
            self._config.get_property("style"),
            arguments.collect(self._config),
            PREVIEW_SIZE,
            lambda message: self._preview_bar.set_fraction(message["fraction"]),
            self._show_preview,
        )

    def _stop_preview(self):
        if self._job:
            self._job.cancel()
        self._job = None
        self._preview_bar.set_fraction(0.0)

    def _show_preview(self, message):
        self._picture.set_from_pixbuf(as_pixbuf(message, PREVIEW_SIZE))
        self._painting.forget(message)

    def _fail(self, error):
        self._job = None
        self._changed = 0
        if error.code.startswith("engine_"):
            self._painting.drop_engine(error)
        self._preview.set_active(False)
        self._changed = 0
        self._say(error.text(_))

    def close(self):
        GLib.source_remove(self._timer)
        self._stop_preview()
        self._dialog.destroy()


def as_pixbuf(message, longest):
    """A raw file's picture for the screen, with its longer side that long."""
    scale = longest / max(message["width"], message["height"])
    width = max(1, round(message["width"] * scale))
    height = max(1, round(message["height"] * scale))
    data = GLib.Bytes.new(layers.to_screen(message, width, height))
    colours = GdkPixbuf.Colorspace.RGB
    return GdkPixbuf.Pixbuf.new_from_bytes(data, colours, True, 8, width, height, width * 4)
