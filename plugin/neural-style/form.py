# SPDX-License-Identifier: GPL-3.0-or-later
"""One widget for each setting, kept equal to the choices.

What the preset decides is shown with the preset's value and becomes explicit when it is changed.
"""

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import GObject, Gtk  # noqa: E402

import arguments  # noqa: E402
import sliders  # noqa: E402
from translation import _  # noqa: E402
from words import PRECISE, SHOWN, label_of, network_words, number_words  # noqa: E402


class Form:
    """The widgets, by setting; `on_change` is called after the artist has changed one."""

    def __init__(self, choices, on_change):
        self._choices = choices
        self._on_change = on_change
        self._is_refreshing = False
        self.widgets = {}
        for setting in arguments.SETTINGS:
            name = setting["name"]
            if name in SHOWN:
                self.widgets[name] = self._make(setting)
                self.widgets[name].set_tooltip_text(_(setting["help"]))
        self.refresh()

    def _make(self, setting):
        name = setting["name"]
        if name in sliders.SLIDERS:
            return self._make_scale(name)
        if "choices" in setting:
            return self._make_combo(setting)
        if name == "network":
            return self._make_networks()
        if arguments.is_number(name):
            return self._make_spin_button(setting)
        entry = Gtk.Entry(width_chars=22)
        entry.connect("changed", lambda entry: self._set(name, entry.get_text()))
        return entry

    def _make_scale(self, name):
        scale = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, *sliders.span(name))
        scale.set_value_pos(Gtk.PositionType.RIGHT)
        scale.set_hexpand(True)
        for place, words in sliders.marks(name):
            scale.add_mark(place, Gtk.PositionType.BOTTOM, words)
        scale.connect("format-value", lambda _scale, place: sliders.text_at(name, place))
        scale.connect(
            "value-changed",
            lambda scale: self._set(name, sliders.value_at(name, scale.get_value())),
        )
        return scale

    def _make_combo(self, setting):
        combo = Gtk.ComboBoxText()
        for choice in setting["choices"]:
            combo.append(choice, _(choice))
        name = setting["name"]
        combo.connect("changed", lambda combo: self._set(name, combo.get_active_id()))
        return combo

    def _make_networks(self):
        # Not shown before the engine has said what there is to choose from.
        combo = Gtk.ComboBoxText(no_show_all=True)
        combo.connect("changed", lambda combo: self._set("network", combo.get_active_id()))
        return combo

    def offer_networks(self, names):
        """Let the artist choose one of these networks; a single one is no choice, and not shown."""
        self._is_refreshing = True
        combo = self.widgets["network"]
        combo.remove_all()
        for name in names:
            combo.append(name, network_words(name))
        self.refresh()

    def _make_spin_button(self, setting):
        name, is_whole = setting["name"], setting["type"] == "integer"
        step = 1 if is_whole else 0.01
        spin = Gtk.SpinButton.new_with_range(setting["minimum"], setting["maximum"], step)
        spin.set_digits(0 if is_whole else PRECISE)
        spin.set_width_chars(9)
        spin.set_max_width_chars(9)
        if not is_whole:
            spin.set_numeric(False)  # which has no letters, not even 3e-06
            spin.connect("output", lambda spin: _show_number(name, spin))
            _show_number(name, spin)  # the value that is there already gives no signal
        convert = int if is_whole else float
        spin.connect("value-changed", lambda spin: self._set(name, convert(spin.get_value())))
        return spin

    def _set(self, name, value):
        if self._is_refreshing or value is None:
            return
        if name == "preset":
            self._choices.choose_preset(value)
        else:
            self._choices.set(name, value)
        self.refresh()
        self._on_change()

    def refresh(self):
        """Show the choices: also after Reset, or when saved settings were loaded."""
        self._is_refreshing = True
        for name, widget in self.widgets.items():
            value = self._choices.effective(name)
            if name in sliders.SLIDERS:
                value = sliders.place(name, value)
            if isinstance(widget, (Gtk.Scale, Gtk.SpinButton)):
                if widget.get_value() != value:
                    widget.set_value(value)
            elif isinstance(widget, Gtk.ComboBoxText):
                if not widget.set_active_id(value) and name == "network":
                    # One that is not installed, or a weights file that a script has named.
                    widget.append(value, network_words(value))
                    widget.set_active_id(value)
            else:
                _show_text(widget, value)
        networks = self.widgets["network"]
        networks.set_visible(len(networks.get_model()) > 1)
        self._is_refreshing = False

    def grid(self, names, columns=1):
        """Labels and widgets in rows, column after column."""
        grid = Gtk.Grid(row_spacing=6, column_spacing=12)
        rows = -(-len(names) // columns)
        for index, name in enumerate(names):
            column, row = 2 * (index // rows), index % rows
            label = Gtk.Label(label=label_of(name), xalign=0.0)
            label.set_mnemonic_widget(self.widgets[name])
            if sliders.marks(name):
                label.set_valign(Gtk.Align.START)
            elif name == "network":
                label.set_no_show_all(True)
                follow = GObject.BindingFlags.SYNC_CREATE
                self.widgets[name].bind_property("visible", label, "visible", follow)
            grid.attach(label, column, row, 1, 1)
            grid.attach(self.widgets[name], column + 1, row, 1, 1)
        return grid


def _show_number(name, spin):
    _show_text(spin, number_words(name, spin.get_value()))
    return True  # GTK has nothing to add


def _show_text(entry, value):
    # Setting an equal text would move the artist's cursor.
    if entry.get_text() != (value or ""):
        entry.set_text(value or "")
