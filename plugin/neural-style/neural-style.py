#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters > Artistic > Neural Style: registers the procedures and runs them.

GIMP starts this file anew for every run. The computing is done by the engine, a process of its
own with its own Python; see engine.py.
"""

import sys

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp, GLib, GObject  # noqa: E402

import arguments  # noqa: E402
import choices  # noqa: E402
import layers  # noqa: E402
import painting  # noqa: E402
import reporting  # noqa: E402
from engine import Engine, lead_group  # noqa: E402
from messages import CALLERS_MISTAKES, Cancelled, PluginError  # noqa: E402
from translation import DOMAIN, _  # noqa: E402

PAINT = "plug-in-neural-style"
REPEAT = "plug-in-neural-style-repeat"


class NeuralStyle(Gimp.PlugIn):
    def do_set_i18n(self, _name):
        return True, DOMAIN, None

    def do_query_procedures(self):
        return [PAINT, REPEAT]

    def do_create_procedure(self, name):
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        # GIMP greys the entry out for indexed images.
        procedure.set_image_types("RGB*, GRAY*")
        procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE)
        procedure.set_attribution("Neural Style for GIMP", "GPL-3.0-or-later", "2026")
        if name == PAINT:
            _describe_paint(procedure)
        else:
            _describe_repeat(procedure)
        procedure.add_menu_path("<Image>/Filters/Artistic")  # wants the label first
        words = _("Neural Style"), _("The new layer")
        procedure.add_layer_return_value("layer", *words, True, GObject.ParamFlags.READWRITE)
        return procedure

    def do_quit(self):
        # Also when GIMP has died: a hanging engine would not notice the end of its pipe.
        for engine in list(Engine.running):
            engine.kill()


def _describe_paint(procedure):
    procedure.set_menu_label(_("_Neural Style..."))
    procedure.set_documentation(
        _("Repaint the layer in the style of another picture, as a new layer"),
        _(
            "Optimises a new layer until a neural network sees the layer's content in it and the "
            "style picture's style (Gatys, Ecker and Bethge 2015). With a selection, only that "
            "part is painted."
        ),
        None,  # no page of GIMP's help, hence no Help button
    )
    flags = GObject.ParamFlags.READWRITE
    # Action ANY: with OPEN, GIMP itself refuses a missing file, in words that nobody understands.
    procedure.add_file_argument(
        "style",
        _("Style picture"),
        _("The picture whose style the layer takes; anything that GIMP can open."),
        Gimp.FileChooserAction.ANY,
        True,
        None,
        flags,
    )
    choices.register(procedure, _, flags)


def _describe_repeat(procedure):
    procedure.set_menu_label(_("Repeat Neural Style with This Layer's Settings..."))
    procedure.set_documentation(
        _("Open Neural Style with the settings that made the selected layer"),
        _(
            "Every layer that Neural Style makes remembers its settings. This paints its source "
            "again, or the layer itself if the source is gone."
        ),
        None,
    )


# -- running -------------------------------------------------------------------------------------


def run(procedure, run_mode, image, drawables, config, _data):
    """GIMP's callback: paint, and turn every failure into a status with a sentence."""
    lead_group()
    try:
        source = layers.source_layer(image, drawables)
        if procedure.get_name() == REPEAT:
            source, config = _recalled(image, source)
        if run_mode == Gimp.RunMode.INTERACTIVE:
            import dialog  # needs a display, which a batch run has not

            layer = dialog.run(config, image, source)
        else:
            # Scripts and Repeat Last: the settings as they are given.
            chosen = choices.ConfigChoices(config)
            values = chosen.collect()
            layer = painting.paint_without_dialog(image, source, chosen.style, values)
    except Cancelled:
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
    except PluginError as error:
        return _failure(procedure, error)
    except Exception as error:
        return _failure(procedure, reporting.unexpected(error))
    values = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())
    values.remove(1)
    values.insert(1, GObject.Value(Gimp.Layer, layer))
    return values


def _recalled(image, layer):
    """The source and settings that made a layer."""
    note = layers.recall(layer)
    config = Gimp.get_pdb().lookup_procedure(PAINT).create_config()
    recalled = choices.ConfigChoices(config)
    recalled.choose_style(note["style"])
    for name, value in note["settings"].items():
        if name in arguments.BY_NAME:
            recalled.set(name, value)
    source = image.get_layer_by_tattoo(note["source"])
    return source or layer, config


def _failure(procedure, error):
    is_mistake = error.code in CALLERS_MISTAKES
    status = Gimp.PDBStatusType.CALLING_ERROR if is_mistake else Gimp.PDBStatusType.EXECUTION_ERROR
    text = reporting.in_full(error)
    literal = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), text, 0)
    return procedure.new_return_values(status, literal)


Gimp.main(NeuralStyle.__gtype__, sys.argv)
