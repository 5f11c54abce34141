# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialog: style picture first, the main settings, the rest behind an expander, a preview."""

from functools import partial

import gi

gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GimpUi, GLib, Gtk  # noqa: E402

import form  # noqa: E402
import grid_window  # noqa: E402
import run_window  # noqa: E402
from interrupted import Interrupted  # noqa: E402
from masks_form import MasksForm  # noqa: E402
from messages import Cancelled, PluginError  # noqa: E402
from painting import TICK_MS, Painting  # noqa: E402
from planning import Planning  # noqa: E402
from preview import Preview  # noqa: E402
from reporting import unexpected  # noqa: E402
from strip import Strip  # noqa: E402
from style_list import StyleList  # noqa: E402
from translation import _  # noqa: E402
from words import MAIN, MORE, interrupted_words, network_question  # noqa: E402

BUTTONS_HEIGHT = 230
"""Of the window's frame, the line that tells something and all buttons."""


def run(title, choices, image, source, begun=None, below=None):
    """Ask for the settings in a window of that title and paint; returns the new layer.

    Raises:
        Cancelled: the artist did.
        PluginError: the painting failed.
    """
    GimpUi.init("neural-style")
    painting = Painting(image, source, choices.masks, begun, below)
    try:
        ask = Dialog(title, choices, painting)
        try:
            agreed = ask.run()
        finally:
            ask.close()
        if not agreed:
            raise Cancelled
        painting.masks, painting.finish = choices.masks, choices.finish()
        return run_window.paint(painting, choices.styles, choices.collect())
    finally:
        painting.close()


def ask_for_network(path):
    """Whether a layer's note may bring that file as the network: the artist says so."""
    GimpUi.init("neural-style")
    box = Gtk.MessageDialog(
        message_type=Gtk.MessageType.QUESTION,
        buttons=Gtk.ButtonsType.YES_NO,
        text=network_question(path),
    )
    box.set_title(_("Neural Style"))
    answer = box.run()
    box.destroy()
    return answer == Gtk.ResponseType.YES


class Scrolled(Gtk.ScrolledWindow):
    """As high as what is in it, as far as the screen then still shows the buttons below."""

    def do_get_preferred_height(self):
        display = self.get_display()
        monitor = display.get_primary_monitor() or display.get_monitor(0)
        height = self.get_child().get_preferred_height()[1]
        height = min(height, monitor.get_workarea().height - BUTTONS_HEIGHT)
        return height, height


class Dialog:
    """The widgets; `planning.Planning` says what they show of the engine."""

    def __init__(self, title, choices, painting):
        self._choices = choices
        self._config = choices.config
        self._heights = {}
        self._painting = painting
        self._planning = Planning(painting, choices, self)
        procedure = self._config.get_procedure()
        self._dialog = GimpUi.ProcedureDialog.new(procedure, self._config, title)
        self._dialog.set_ok_label(_("_Paint"))
        self._form = form.Form(choices, self._planning.change)
        self._styles = StyleList(choices, painting, self._planning.change, self._planning.tell)
        try_nine = partial(painting.turns.when_free, self._try_nine)
        self.preview = Preview(self._planning.settle, self._planning.zoom, try_nine)
        self._masks = MasksForm(choices, painting, self._planning.change, self._planning.tell)
        self._build()
        self._config.connect("notify", self._on_config)
        self._planning.show_part()
        self._planning.change()
        self._timer = GLib.timeout_add(TICK_MS, self._tick)

    # -- building ------------------------------------------------------------------------------

    def _build(self):
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        left.pack_start(self._styles.widget, False, False, 0)
        left.pack_start(self._form.grid(MAIN), False, False, 0)
        sides = Gtk.Box(spacing=18, border_width=12)
        sides.pack_start(left, True, True, 0)
        sides.pack_start(self.preview.widget, False, False, 0)
        everything = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        found = self._painting.interrupted()
        if found:
            everything.pack_start(self._build_offer(found), False, False, 0)
        self._strip = Strip(self._styles, self._painting)
        everything.pack_start(self._strip.widget, False, False, 0)
        everything.pack_start(sides, False, False, 0)
        # That the window is not too high, only one of them is open.
        self._expanders = [
            self._build_expander(_("Mas_ks"), self._masks.widget),
            self._build_expander(_("_More settings"), self._form.grid(MORE, 2)),
        ]
        for expander in self._expanders:
            everything.pack_start(expander, False, False, 0)
        self._scrolled = Scrolled(hscrollbar_policy=Gtk.PolicyType.NEVER)
        self._scrolled.add(everything)
        content = self._dialog.get_content_area()
        content.pack_start(self._scrolled, True, True, 0)
        self._status = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=80, selectable=True)
        self._status.set_margin_start(12)
        content.pack_start(self._status, False, False, 6)
        content.show_all()

    def _build_offer(self, found):
        """What says that a painting was interrupted, and asks what is to become of it."""
        row = Gtk.Box(spacing=6, border_width=12)  # a Gtk.InfoBar would swallow Escape
        words = Gtk.Label(label=interrupted_words(found.fraction), xalign=0.0, wrap=True)
        row.pack_start(words, True, True, 0)
        for label, answer in ((_("Go _On"), self._go_on), (_("_Forget It"), Interrupted.forget)):
            button = Gtk.Button(label=label, use_underline=True)
            button.connect("clicked", self._on_offer, row, answer, found)
            row.pack_start(button, False, False, 0)
        # Return is for Paint still, though these come first.
        self._dialog.get_widget_for_response(Gtk.ResponseType.OK).grab_focus()
        return row

    def _build_expander(self, label, widget):
        expander = Gtk.Expander(label=label, use_underline=True)
        expander.set_margin_start(12)
        expander.set_margin_end(12)
        expander.add(widget)
        expander.connect("notify::expanded", self._on_expander)
        expander.connect("size-allocate", self._on_place)
        return expander

    def _on_expander(self, expander, _what):
        if expander.get_expanded():
            for other in self._expanders:
                other.set_expanded(other is expander)
        # GTK's own way would make the window as much higher as the section is, however high the
        # screen, and not know that another one closes.
        self._dialog.resize(self._dialog.get_size()[0], 1)

    def _on_place(self, expander, place):
        """Scroll to a section that was opened or has become larger."""
        before, self._heights[expander] = self._heights.get(expander, 0), place.height
        if expander.get_expanded() and place.height > before:
            self._scrolled.get_vadjustment().clamp_page(place.y, place.y + place.height)

    def _tick(self):
        self._planning.tick()
        self._strip.look()
        return True

    # -- the artist's changes ------------------------------------------------------------------

    def run(self):
        return self._dialog.run()

    def _on_config(self, _config, what):
        # Also Reset and loaded settings come this way.
        if what.name in ("style", "styles", "blend"):
            self._styles.refresh()
        elif what.name in ("regions", "strength"):
            self._masks.refresh()
        self._form.refresh()
        self._planning.change()

    def _on_offer(self, _button, row, answer, found):
        row.hide()
        answer(found)

    def _go_on(self, found):
        if self._painting.go_on(found):
            self._choices.recall(found.how)
            self._dialog.response(Gtk.ResponseType.OK)
        else:
            self._planning.tell(_("Another GIMP goes on with it."))

    def _try_nine(self):
        """Let the artist choose among nine pictures."""
        chosen = problem = None
        self._planning.pause()
        try:
            chosen = grid_window.choose(self._painting, self._choices, self._dialog)
            for name, value in chosen.settings.items() if chosen else ():
                self._choices.set(name, value)
        except PluginError as error:
            problem = error
        except Exception as error:
            problem = unexpected(error)
        finally:
            self._planning.resume()
        if problem:
            self._planning.tell(problem.text(_))
        elif chosen and chosen.at_once:
            self._dialog.response(Gtk.ResponseType.OK)

    # -- what planning shows -------------------------------------------------------------------

    def show_status(self, text, may_paint):
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, may_paint)
        self.preview.allow(may_paint)
        self._status.set_text(text)

    def look(self):
        return self._masks.look()

    def show_looked(self, offered):
        self._masks.show_looked(offered)

    def offer_networks(self, names):
        self._form.offer_networks(names)

    def close(self):
        GLib.source_remove(self._timer)
        self._planning.stop()
        self._dialog.destroy()
        self._painting.turns.finish()
