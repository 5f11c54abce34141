# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings as arguments of a GIMP 3 procedure, and what GIMP remembers of them.

GIMP silently ignores a value outside an argument's declared range. So numbers are declared far
beyond their ranges and choices as text, and the plug-in checks them itself.
"""

from gi.repository import Gio

import arguments

INT_MIN, INT_MAX = -(2**31), 2**31 - 1
LARGEST = 1e15
"""Far outside every range, and finite: GIMP cannot read an infinity back from its pluginrc, drops
the whole file and asks all plug-ins anew at every start."""


def argument_name(name):
    return name.replace("_", "-")


def register(procedure, translate, flags):
    """Add one argument for each setting to a procedure."""
    for setting in arguments.SETTINGS:
        name = setting["name"]
        help_text = arguments.help_text(setting, translate)
        words = (argument_name(name), translate(setting["label"]), help_text)
        default = arguments.default(name)
        if setting["type"] == "integer":
            procedure.add_int_argument(*words, INT_MIN, INT_MAX, default, flags)
        elif setting["type"] == "number":
            procedure.add_double_argument(*words, -LARGEST, LARGEST, default, flags)
        else:
            procedure.add_string_argument(*words, default, flags)


class ConfigChoices(arguments.Choices):
    """The choices in a Gimp.ProcedureConfig, which the dialog and GIMP change too."""

    def __init__(self, config):
        self.config = config

    @property
    def style(self):
        file = self.config.get_property("style")
        return file.get_uri() if file else None

    def choose_style(self, uri):
        self.config.set_property("style", Gio.File.new_for_uri(uri))

    def get(self, name):
        return self.config.get_property(argument_name(name))

    def set(self, name, value):
        self.config.set_property(argument_name(name), value)
