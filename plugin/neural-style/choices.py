# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings as arguments of a GIMP 3 procedure, and what GIMP remembers of them.

GIMP silently ignores a value outside an argument's declared range. So numbers are declared far
beyond their ranges and choices as text, and the plug-in checks them itself.
"""

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp, Gio  # noqa: E402

import arguments  # noqa: E402
import mask_pictures  # noqa: E402
import masks  # noqa: E402
import styles  # noqa: E402
import uris  # noqa: E402

INT_MIN, INT_MAX = -(2**31), 2**31 - 1
LARGEST = 1e15
"""Far outside every range, and finite: GIMP cannot read an infinity back from its pluginrc, drops
the whole file and asks all plug-ins anew at every start."""


def argument_name(name):
    return name.replace("_", "-")


def register(procedure, translate, flags):
    """Add the style pictures and one argument for each setting to a procedure."""
    # Action ANY: with OPEN, GIMP itself refuses a missing file, in words that nobody understands.
    procedure.add_file_argument(
        "style",
        translate("Style picture"),
        translate("The picture whose style the layer takes; anything that GIMP can open."),
        Gimp.FileChooserAction.ANY,
        True,
        None,
        flags,
    )
    procedure.add_string_argument(
        "styles",
        translate("Further style pictures"),
        translate(
            "One a line: a file, pattern:NAME, layer:TATTOO, image:ID or clipboard: for what was "
            "copied. How much each counts is in blend."
        ),
        "",
        flags,
    )
    _register_masks(procedure, translate, flags)
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


def _register_masks(procedure, translate, flags):
    # GIMP does not keep a drawable from one run to the next: so what a script protects goes at once
    # into the text, which is kept. And it refuses a call in which an array of drawables is empty,
    # so for the regions there is nothing but the text.
    procedure.add_drawable_argument(
        "protect",
        translate("Protect"),
        translate(
            "Where this channel, layer mask or layer is white, the photo stays as it is. The "
            "selection is a channel too; then all of the layer is painted."
        ),
        True,
        flags,
    )
    procedure.add_string_argument(
        "regions",
        translate("Regions"),
        translate(
            "Parts with styles of their own, lines of MASK|STYLE|STRENGTH. A MASK is the name of a "
            "channel or layer, channel:TATTOO, layer:TATTOO, mask:TATTOO (of a layer) or "
            "selection:, a STYLE as in styles. Before them there may be protect:MASK."
        ),
        "",
        flags,
    )


class ConfigChoices(arguments.Choices):
    """The choices in a Gimp.ProcedureConfig, which the dialog and GIMP change too.

    Raises:
        PluginError: `mask_elsewhere`.
    """

    def __init__(self, config, image):
        self.config = config
        self._image = styles.image(image.get_id(), Gimp.getpid())
        self._take_drawable(image)

    @property
    def styles(self):
        file = self.config.get_property("style")
        first = [uris.plain(file.get_uri())] if file else []
        return first + styles.parse(self.config.get_property("styles") or "")

    def choose_styles(self, references, weights=()):
        first = None
        if references and styles.split(references[0]).kind == "file":
            first, references = Gio.File.new_for_uri(references[0]), references[1:]
        with self.config.freeze_notify():
            self.config.set_property("style", first)
            self.config.set_property("styles", styles.join(references))
            self.set("blend", styles.blend_of(weights))

    @property
    def masks(self):
        return masks.parse(self.config.get_property("regions") or "", self._image)

    def choose_masks(self, guided):
        self.config.set_property("regions", masks.join(guided, self._image))

    def _take_drawable(self, image):
        """Take what a script protects into the text."""
        protect = self.config.get_property("protect")
        if protect:
            reference = mask_pictures.reference_of(protect, image)
            self.config.set_property("protect", None)
            self.choose_masks(self.masks._replace(protect=reference))

    def get(self, name):
        return self.config.get_property(argument_name(name))

    def set(self, name, value):
        self.config.set_property(argument_name(name), value)
