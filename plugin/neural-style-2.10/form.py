# SPDX-License-Identifier: GPL-3.0-or-later
"""One widget for each setting, kept equal to the choices.

What the preset decides is shown with the preset's value and becomes explicit when it is changed.
"""

import gtk

import arguments
import sliders
from translation import _
from words import PRECISE, SHOWN, label_of, network_words, number_words


class Combo(object):
    """A drop-down list of ids, each with its words."""

    def __init__(self):
        self.widget = gtk.combo_box_new_text()
        self._ids = []

    def offer(self, ids, words):
        self.widget.get_model().clear()
        self._ids = []
        for one in ids:
            self.append(one, words(one))

    def append(self, one, words):
        self._ids.append(one)
        self.widget.append_text(words)

    def get(self):
        number = self.widget.get_active()
        return self._ids[number] if number >= 0 else None

    def set(self, one):
        """Whether it is one of those offered."""
        if one in self._ids:
            self.widget.set_active(self._ids.index(one))
        return one in self._ids

    def count(self):
        return len(self._ids)


class Form(object):
    """The widgets, by setting; `on_change` is called after the artist has changed one."""

    def __init__(self, choices, on_change):
        self._choices = choices
        self._on_change = on_change
        self._is_refreshing = False
        self._combos = {}
        self._network_label = None
        self.widgets = {}
        for name in SHOWN:
            setting = arguments.BY_NAME[name]
            self.widgets[name] = self._make(setting)
            self.widgets[name].set_tooltip_text(_(setting["help"]))
        self.refresh()

    def _make(self, setting):
        name = setting["name"]
        if name in sliders.SLIDERS:
            return self._make_scale(name)
        if "choices" in setting:
            combo = self._make_combo(name)
            combo.offer(setting["choices"], _)
            return combo.widget
        if name == "network":
            # Not shown before the engine has said what there is to choose from.
            combo = self._make_combo(name)
            combo.widget.set_no_show_all(True)
            return combo.widget
        if arguments.is_number(name):
            return self._make_spin_button(setting)
        entry = gtk.Entry()
        entry.set_width_chars(22)
        entry.connect("changed", lambda entry: self._set(name, entry.get_text().decode("utf-8")))
        return entry

    def _make_scale(self, name):
        first, last, step = sliders.span(name)
        scale = gtk.HScale(gtk.Adjustment(first, first, last, step, 10 * step))
        scale.set_digits(0 if step == 1 else 2)
        scale.set_value_pos(gtk.POS_RIGHT)
        scale.set_size_request(220, -1)
        for place, words in sliders.marks(name):
            scale.add_mark(place, gtk.POS_BOTTOM, words)
        scale.connect("format-value", lambda _scale, place: sliders.text_at(name, place))
        scale.connect(
            "value-changed",
            lambda scale: self._set(name, sliders.value_at(name, scale.get_value())),
        )
        return scale

    def _make_combo(self, name):
        combo = self._combos[name] = Combo()
        combo.widget.connect("changed", lambda _widget: self._set(name, combo.get()))
        return combo

    def _make_spin_button(self, setting):
        name, is_whole = setting["name"], setting["type"] == "integer"
        step = 1 if is_whole else 0.01
        low, high = setting["minimum"], setting["maximum"]
        digits = 0 if is_whole else PRECISE
        spin = gtk.SpinButton(gtk.Adjustment(low, low, high, step, 10 * step), 0.0, digits)
        spin.set_width_chars(9)
        if not is_whole:
            spin.connect("output", lambda spin: _show_number(name, spin))
            _show_number(name, spin)  # the value that is there already gives no signal
        convert = int if is_whole else float
        spin.connect("value-changed", lambda spin: self._set(name, convert(spin.get_value())))
        return spin

    def offer_networks(self, names):
        """Let the artist choose one of these networks; a single one is no choice, and not shown."""
        self._is_refreshing = True
        self._combos["network"].offer(names, network_words)
        self.refresh()

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
        """Show the choices: also after Reset."""
        self._is_refreshing = True
        for name, widget in self.widgets.items():
            value = self._choices.effective(name)
            if name in sliders.SLIDERS:
                value = sliders.place(name, value)
            if name in self._combos:
                if not self._combos[name].set(value) and name == "network":
                    # One that is not installed, or a weights file that a script has named.
                    self._combos[name].append(value, network_words(value))
                    self._combos[name].set(value)
            elif isinstance(widget, (gtk.HScale, gtk.SpinButton)):
                if widget.get_value() != value:
                    widget.set_value(value)
            else:
                _show_text(widget, value or "")
        for widget in (self.widgets["network"], self._network_label):
            if widget:
                widget.set_property("visible", self._combos["network"].count() > 1)
        self._is_refreshing = False

    def table(self, names, columns=1):
        """Labels and widgets in rows, column after column."""
        rows = -(-len(names) // columns)
        table = gtk.Table(rows, 2 * columns)
        table.set_row_spacings(6)
        table.set_col_spacings(12)
        for index, name in enumerate(names):
            column, row = 2 * (index // rows), index % rows
            label = gtk.Label(label_of(name))
            label.set_alignment(0.0, 0.0 if sliders.marks(name) else 0.5)
            label.set_mnemonic_widget(self.widgets[name])
            if name == "network":
                label.set_no_show_all(True)
                self._network_label = label
            place = {"xoptions": gtk.FILL, "yoptions": gtk.FILL}
            table.attach(label, column, column + 1, row, row + 1, **place)
            place["xoptions"] = gtk.FILL | gtk.EXPAND
            table.attach(self.widgets[name], column + 1, column + 2, row, row + 1, **place)
        return table


def _show_number(name, spin):
    _show_text(spin, number_words(name, spin.get_value()))
    return True  # GTK has nothing to add


def _show_text(entry, text):
    # Setting an equal text would move the artist's cursor.
    if entry.get_text() != text:
        entry.set_text(text)
