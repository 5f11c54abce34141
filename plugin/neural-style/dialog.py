# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialog: style picture first, the main settings, the rest behind an expander, a preview."""

import traceback

import gi

gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GimpUi, GLib, Gtk  # noqa: E402

import arguments  # noqa: E402
import form  # noqa: E402
import layers  # noqa: E402
import run_window  # noqa: E402
from engine import Plan  # noqa: E402
from messages import Cancelled, PluginError  # noqa: E402
from painting import Painting  # noqa: E402
from pixbuf import as_pixbuf, thumbnail  # noqa: E402
from translation import _, in_words  # noqa: E402

PREVIEW_SIZE = 256
THUMBNAIL_SIZE = 96
TICK_MS = 100
SETTLE_TICKS = 4
"""A changed setting waits so long for the next change before plan and preview begin again."""


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
        self._task = None  # the plan, and then the preview
        self._planned = None
        self._refusal = ""
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
        self._preview.connect("toggled", lambda _button: self._settle())
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
        """Check the settings, and plan anew when the artist pauses."""
        self._planned = None
        self._refusal = ""
        self._settle()

    def _settle(self):
        self._changed = SETTLE_TICKS
        self._stop()
        self._say()

    def _problem(self):
        """What keeps the artist from painting, or an empty text."""
        try:
            self._painting.look()
            if self._config.get_property("style") is None:
                raise PluginError("style_missing")
            arguments.collect(self._config)
            if self._painting.problem:
                raise self._painting.problem
        except PluginError as error:
            return error.text(_)
        return ""

    def _look(self):
        """Notice what the artist has done to layer and selection meanwhile.

        A call to GIMP every second also ends this process when GIMP has died.
        """
        problem = self._problem()
        if (problem, self._painting.region) != self._seen:
            self._on_change()

    def _say(self):
        problem = self._problem()
        self._seen = problem, self._painting.region
        problem = problem or self._refusal
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, not problem)
        self._preview.set_sensitive(not problem)
        self._status.set_text(problem or self._expectation())

    def _expectation(self):
        """What is known of the painting to come."""
        if not self._hello:
            return _("The engine is starting...")
        words = [_("Device: {device}").replace("{device}", self._device_in_words())]
        if self._planned:
            plan, region = self._planned, self._painting.region
            time = in_words(plan["seconds"])
            words.append(_("Expected time: about {time}").replace("{time}", time))
            memory = "%.1f" % max(0.1, plan["memory"] / 2**30)
            words.append(_("Memory: about {n} GiB").replace("{n}", memory))
            if (plan["width"], plan["height"]) != (region.width, region.height):
                size = "%d x %d" % (plan["width"], plan["height"])
                words.append(_("Painted at {size}").replace("{size}", size))
        return "    ".join(words)

    def _device_in_words(self):
        if self._planned:
            wanted = self._planned["device"]
        else:
            wanted = arguments.effective("device", self._config)
        devices = self._hello["devices"]
        fitting = [one for one in devices if one["name"].split(":")[0] == wanted] or devices
        return fitting[0]["description"]

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
            return thumbnail(file, size) or as_pixbuf(self._painting.style_picture(file), size)
        except PluginError:
            return None  # told when it is to be painted with

    # -- the engine ----------------------------------------------------------------------------

    def _tick(self):
        try:
            self._ticks += 1
            self._advance()
            self._greet()
            if self._ticks % 10 == 0:
                self._look()
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
            self._form.offer_networks(hello["networks"])
            self._say()

    def _advance(self):
        if self._changed:
            self._changed -= 1
            if not self._changed:
                self._begin()
        if self._task is None:
            if self._painting.engine:
                self._painting.engine.receive()
        elif self._task.tick():
            task, self._task = self._task, None
            if isinstance(task, Plan):
                self._planned = task.result
                self._say()
                self._begin()
            else:
                self._show_preview(task.result)
                self._preview_bar.set_fraction(0.0)

    def _begin(self):
        """Ask for the plan, and with that known begin the preview."""
        if self._problem() or self._refusal:
            return
        values = arguments.collect(self._config)
        if self._planned is None:
            self._task = self._painting.plan(values)
        elif self._preview.get_active():
            self._task = self._painting.start_preview(
                self._config.get_property("style"),
                values,
                PREVIEW_SIZE,
                lambda message: self._preview_bar.set_fraction(message["fraction"]),
                self._show_preview,
            )

    def _stop(self):
        if self._task:
            self._task.cancel()
        self._task = None
        self._preview_bar.set_fraction(0.0)

    def _show_preview(self, message):
        self._picture.set_from_pixbuf(as_pixbuf(message, PREVIEW_SIZE))
        self._painting.forget(message)

    def _fail(self, error):
        """Show the error until the artist changes something."""
        was_plan = isinstance(self._task, Plan)
        self._task = None
        if error.code.startswith("engine_"):
            self._painting.drop_engine(error)
        if not was_plan:
            self._preview.set_active(False)
        self._changed = 0
        self._refusal = error.text(_)
        self._say()

    def close(self):
        GLib.source_remove(self._timer)
        self._stop()
        self._dialog.destroy()
