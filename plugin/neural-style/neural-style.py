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

import choices  # noqa: E402
import layers  # noqa: E402
import painting  # noqa: E402
import reporting  # noqa: E402
import schema  # noqa: E402
from engine import Engine, lead_group  # noqa: E402
from messages import CALLERS_MISTAKES, Cancelled, PluginError  # noqa: E402
from translation import DOMAIN, _  # noqa: E402
from words import title_of  # noqa: E402

PAINT = "plug-in-neural-style"
REPEAT = "plug-in-neural-style-repeat"
CONTINUE = "plug-in-neural-style-continue"


class NeuralStyle(Gimp.PlugIn):
    def do_set_i18n(self, _name):
        return True, DOMAIN, None

    def do_query_procedures(self):
        return [PAINT, REPEAT, CONTINUE]

    def do_create_procedure(self, name):
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        # GIMP greys the entry out for indexed images.
        procedure.set_image_types("RGB*, GRAY*")
        procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE)
        procedure.set_attribution("Neural Style for GIMP", "GPL-3.0-or-later", "2026")
        if name == PAINT:
            _describe_paint(procedure)
        elif name == REPEAT:
            _describe_repeat(procedure)
        else:
            _describe_continue(procedure)
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
    choices.register(procedure, _, GObject.ParamFlags.READWRITE)


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


def _describe_continue(procedure):
    procedure.set_menu_label(_("Continue Neural Style on This Layer..."))
    procedure.set_documentation(
        _("Go on with a layer that Neural Style made, with the same settings or others"),
        _(
            "The steps at the full size are taken again, from where the layer is instead of from "
            "its source: a second coat, with another strength or another style picture if you like."
        ),
        None,
    )


# -- running -------------------------------------------------------------------------------------


def run(procedure, run_mode, image, drawables, config, _data):
    """GIMP's callback: paint, and turn every failure into a status with a sentence."""
    lead_group()
    # Where GIMP cannot open a style picture, one sentence is enough.
    procedure.get_plug_in().set_pdb_error_handler(Gimp.PDBErrorHandler.PLUGIN)
    try:
        if procedure.get_name() == PAINT and run_mode != Gimp.RunMode.INTERACTIVE:
            return _success(procedure, _paint_all(image, drawables, config))
        below = source = layers.source_layer(image, drawables)
        begun = None
        if procedure.get_name() != PAINT:
            source, config = _recalled(image, below, run_mode)
            if procedure.get_name() == CONTINUE:
                begun = below
                if source is None:
                    raise PluginError("source_gone")
            source = source or below
        chosen = choices.ConfigChoices(config, image)
        if run_mode == Gimp.RunMode.INTERACTIVE:
            import dialog  # needs a display, which a batch run has not

            title = title_of(procedure.get_name())
            layer = dialog.run(title, chosen, image, source, begun, below)
        else:
            layer = _painted([painting.Target(image, source, begun, below)], chosen)
    except Cancelled:
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
    except PluginError as error:
        return _failure(procedure, error)
    except Exception as error:
        return _failure(procedure, reporting.unexpected(error))
    return _success(procedure, layer)


def _paint_all(image, drawables, config):
    """For scripts and Repeat Last: each layer, of whatever image, with one engine."""
    chosen = choices.ConfigChoices(config, image)
    targets = []
    for drawable in drawables or [None]:
        own = drawable.get_image() if drawable else image
        targets.append(painting.Target(own, layers.source_layer(own, [drawable])))
    return _painted(targets, chosen)


def _painted(targets, chosen):
    """Paint without a window, with the settings as they are given; returns the last new layer."""
    values = chosen.collect(), chosen.finish(), chosen.masks
    return painting.paint_without_dialog(targets, chosen.styles, *values)[-1]


def _success(procedure, layer):
    values = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())
    values.remove(1)
    values.insert(1, GObject.Value(Gimp.Layer, layer))
    return values


def _recalled(image, layer, run_mode):
    """The source of a layer, or None if that is gone, and the settings that made it."""
    note = layers.recall(layer)
    network = schema.network_file(note)
    if network:
        if run_mode != Gimp.RunMode.INTERACTIVE:
            raise PluginError("network_unasked", network)
        import dialog

        if not dialog.ask_for_network(network):
            del note["settings"]["network"]
    procedure = Gimp.get_pdb().lookup_procedure(PAINT)
    # GIMP has named a page of its help, which is not there; the dialog would have a button for it.
    procedure.set_documentation(procedure.get_blurb(), procedure.get_help(), None)
    config = procedure.create_config()
    choices.ConfigChoices(config, image).recall(note)
    source = image.get_layer_by_tattoo(note["source"]) if note["source"] else None
    return source, config


def _failure(procedure, error):
    is_mistake = error.code in CALLERS_MISTAKES
    status = Gimp.PDBStatusType.CALLING_ERROR if is_mistake else Gimp.PDBStatusType.EXECUTION_ERROR
    text = reporting.in_full(error)
    literal = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), text, 0)
    return procedure.new_return_values(status, literal)


Gimp.main(NeuralStyle.__gtype__, sys.argv)
