# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialog: style picture first, the main settings, the rest behind an expander, a preview."""

import pygtk

pygtk.require("2.0")
import gimpui
import gobject
import gtk

import form
import lastvalues
import masks
import run_window
from arguments import Choices
from interrupted import Interrupted
from messages import Cancelled, PluginError
from painting import TICK_MS, Painting
from planning import Planning
from preview import Preview
from style_list import StyleList
from translation import _
from words import MAIN, MORE, interrupted_words, network_question

RESET = 1
REST_HEIGHT, REST_LEAST = 230, 100
"""So high the settings behind the expander are where the screen has room, and at least: a small one
must still show the buttons below."""
TITLE_BAR = 40


def run(title, choices, image, source, begun=None, below=None):
    """Ask for the settings in a window of that title and paint; returns the new layer.

    Raises:
        Cancelled: the artist did.
        PluginError: the painting failed.
    """
    if gtk.gdk.display_get_default() is None:
        raise PluginError("no_display")  # gimpui would end the process
    gobject.threads_init()  # the engine's lines are read by a thread
    gimpui.gimp_ui_init()
    painting = Painting(image, source, choices.masks, begun, below)
    try:
        ask = Dialog(title, choices, painting)
        try:
            agreed = ask.run()
        finally:
            ask.close()
        if not agreed:
            raise Cancelled
        lastvalues.save(choices)
        painting.masks, painting.finish = choices.masks, choices.finish()
        return run_window.paint(painting, choices.styles, choices.collect())
    finally:
        painting.close()


def ask_for_network(path):
    """Whether a layer's note may bring that file as the network: the artist says so."""
    if gtk.gdk.display_get_default() is None:
        raise PluginError("no_display")
    gimpui.gimp_ui_init()
    box = gtk.MessageDialog(
        type=gtk.MESSAGE_QUESTION, buttons=gtk.BUTTONS_YES_NO, message_format=network_question(path)
    )
    box.set_title(_("Neural Style"))
    answer = box.run()
    box.destroy()
    return answer == gtk.RESPONSE_YES


class Dialog(object):
    """The widgets; `planning.Planning` says what they show of the engine."""

    def __init__(self, title, choices, painting):
        self._choices = choices
        self._painting = painting
        self._planning = Planning(painting, choices, self)
        self._dialog = gimpui.Dialog(title, "neural-style", None, 0, None, None)
        self._dialog.add_button(_("_Reset"), RESET)
        self._dialog.add_button(gtk.STOCK_CANCEL, gtk.RESPONSE_CANCEL)
        self._paint = self._dialog.add_button(_("_Paint"), gtk.RESPONSE_OK)
        self._dialog.set_alternative_button_order((RESET, gtk.RESPONSE_OK, gtk.RESPONSE_CANCEL))
        self._dialog.set_default_response(gtk.RESPONSE_OK)
        self._dialog.set_transient()
        self._form = form.Form(choices, self._planning.change)
        self._styles = StyleList(choices, painting, self._planning.change, self._planning.tell)
        self.preview = Preview(self._planning.settle)
        self._build()
        self._planning.show_part()
        self._planning.change()
        self._timer = gobject.timeout_add(TICK_MS, self._planning.tick)

    # -- building ------------------------------------------------------------------------------

    def _build(self):
        left = gtk.VBox(False, 12)
        left.pack_start(self._styles.widget, False)
        left.pack_start(self._form.table(MAIN), False)
        sides = gtk.HBox(False, 18)
        sides.set_border_width(12)
        sides.pack_start(left)
        sides.pack_start(self.preview.widget, False)
        self._status = gtk.Label()
        self._status.set_alignment(0.0, 0.5)
        self._status.set_line_wrap(True)
        self._status.set_selectable(True)
        self._status.set_padding(12, 6)
        self._status.set_size_request(660, -1)
        found = self._painting.interrupted()
        if found:
            self._dialog.vbox.pack_start(self._build_offer(found), False)
        self._dialog.vbox.pack_start(sides, False)
        self._dialog.vbox.pack_start(self._build_rest())
        self._dialog.vbox.pack_start(self._status, False)
        self._dialog.vbox.show_all()
        self._form.refresh()

    def _build_offer(self, found):
        """What says that a painting was interrupted, and asks what is to become of it."""
        row = gtk.HBox(False, 6)
        row.set_border_width(12)
        words = gtk.Label(interrupted_words(found.fraction))
        words.set_alignment(0.0, 0.5)
        row.pack_start(words)
        for label, answer in ((_("Go _On"), self._go_on), (_("_Forget It"), Interrupted.forget)):
            button = gtk.Button(label)
            button.connect("clicked", self._on_offer, row, answer, found)
            row.pack_start(button, False)
        self._paint.grab_focus()  # Return is for it still, though these come first
        return row

    def _on_offer(self, _button, row, answer, found):
        row.hide()
        answer(found)

    def _go_on(self, found):
        if self._painting.go_on(found):
            self._choices.recall(found.how)
            self._planning.change()
            self._dialog.response(gtk.RESPONSE_OK)
        else:
            self._planning.tell(_("Another GIMP goes on with it."))

    def _build_rest(self):
        expander = gtk.Expander(_("_More settings"))
        expander.set_use_underline(True)
        expander.set_border_width(12)
        scrolled = gtk.ScrolledWindow()
        scrolled.set_policy(gtk.POLICY_NEVER, gtk.POLICY_AUTOMATIC)
        scrolled.add_with_viewport(self._form.table(MORE, 2))
        expander.add(scrolled)
        expander.connect("notify::expanded", self._on_rest, scrolled)
        return expander

    def _on_rest(self, expander, _what, rest):
        if not expander.get_expanded():
            # As small again, once GTK 2 has closed it: it moves for a moment.
            gobject.timeout_add(300, self._dialog.resize, 1, 1)
            return
        room = gtk.gdk.screen_height() - self._dialog.get_size()[1] - TITLE_BAR
        rest.set_size_request(-1, max(REST_LEAST, min(REST_HEIGHT, room)))

    # -- the artist's changes ------------------------------------------------------------------

    def run(self):
        """Whether the artist wants to paint."""
        while True:
            answer = self._dialog.run()
            if answer != RESET:
                return answer == gtk.RESPONSE_OK
            for name in self._form.widgets:
                self._choices.set(name, Choices().get(name))
            # This window has no widgets for masks; they come with Repeat, or not at all.
            self._choices.choose_masks(masks.NONE)
            self._form.refresh()
            self._planning.change()

    # -- what planning shows -------------------------------------------------------------------

    def show_status(self, text, may_paint):
        self._dialog.set_response_sensitive(gtk.RESPONSE_OK, may_paint)
        self.preview.allow(may_paint)
        self._status.set_text(text)

    def look(self):
        pass  # nothing here is a list of what is in the image

    def show_looked(self, looked):
        pass

    def offer_networks(self, names):
        self._form.offer_networks(names)

    def close(self):
        gobject.source_remove(self._timer)
        self._planning.stop()
        self._dialog.destroy()
        self._painting.turns.finish()
