#!/usr/bin/env python2
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters > Artistic > Neural Style for GIMP 2.10: registers the procedures and runs them.

GIMP starts this file anew for every run. The computing is done by the engine, a process of its
own with its own Python; see engine.py.
"""

import sys

import gimpfu

import gimp
import lastvalues
import layers
import masks
import painting
import procedure
import reporting
import schema
from arguments import default
from engine import Engine, lead_group
from messages import Cancelled, PluginError
from translation import DOMAIN, LOCALE, _
from words import title_of

PAINT = "python-fu-neural-style"
REPEAT = "python-fu-neural-style-repeat"
CONTINUE = "python-fu-neural-style-continue"


def register(parameters):
    """Tell gimpfu of all procedures; GIMP translates menu and descriptions by the domain."""
    _register(
        PAINT,
        "Repaint the layer in the style of another picture, as a new layer",
        "Optimises a new layer until a neural network sees the layer's content in it and the "
        "style picture's style (Gatys, Ecker and Bethge 2015). With a selection, only that "
        "part is painted.",
        "_Neural Style...",
        parameters,
        paint,
    )
    _register(
        REPEAT,
        "Open Neural Style with the settings that made the selected layer",
        "Every layer that Neural Style makes remembers its settings. This paints its source "
        "again, or the layer itself if the source is gone.",
        "Repeat Neural Style with This Layer's Settings...",
        parameters[:2],
        repeat,
    )
    _register(
        CONTINUE,
        "Go on with a layer that Neural Style made, with the same settings or others",
        "The steps at the full size are taken again, from where the layer is instead of from its "
        "source: a second coat, with another strength or another style picture if you like.",
        "Continue Neural Style on This Layer...",
        parameters[:2],
        go_on,
    )


def _register(name, blurb, text, label, parameters, function):
    gimpfu.register(
        name,
        blurb,
        text,
        "Neural Style for GIMP",
        "GPL-3.0-or-later",
        "2026",
        label,
        "RGB*, GRAY*",
        parameters,
        procedure.results(),
        function,
        menu="<Image>/Filters/Artistic",
        domain=(DOMAIN, LOCALE),
    )


# -- running -------------------------------------------------------------------------------------


def run(name, parameters):
    """GIMP's callback: as gimpfu's, with the plug-in's own dialog and last values."""
    lead_group()
    run_mode, arguments = parameters[0], parameters[1:]
    if run_mode == gimpfu.RUN_INTERACTIVE:
        try:
            import dialog
        except ImportError:
            # Whatever is missing, gimpfu's own dialog may do. It has no room for all settings.
            register(procedure.few_parameters(_))
            return gimpfu._run(name, parameters[:3])
        title = title_of(name)
        ask = dialog.ask_for_network
        return _told(lambda: dialog.run(title, *_job(name, arguments, lastvalues.load, ask)))
    if name == PAINT and run_mode == gimpfu.RUN_WITH_LAST_VALS:
        return _told(lambda: _paint(*_job(name, arguments, lastvalues.load)))
    return {PAINT: paint, REPEAT: repeat, CONTINUE: go_on}[name](*arguments)


def paint(image, drawable, *values):
    """Paint without a window, with all arguments given."""
    arguments = image, drawable
    return _told(lambda: _paint(*_job(PAINT, arguments, lambda: procedure.choices_from(values))))


def repeat(image, drawable):
    return _told(lambda: _paint(*_job(REPEAT, (image, drawable), None)))


def go_on(image, drawable):
    return _told(lambda: _paint(*_job(CONTINUE, (image, drawable), None)))


def _job(name, arguments, choose, ask=None):
    """Choices, image and source layer of a run, the layer to go on with or None, and the one on
    which the new layer lies. `ask` asks the artist whether a network's file is meant."""
    image = arguments[0]
    layer = layers.source_layer(image, arguments[1])
    if name == PAINT:
        return choose(), image, layer, None, layer
    note = layers.recall(layer)
    network, settings, tattoo = schema.network_file(note), note["settings"], note["source"]
    if network:
        if ask is None:
            raise PluginError("network_unasked", network)
        if not ask(network):
            settings = dict(settings, network=default("network"))  # pyright: ignore
    original = tattoo and gimp.pdb.gimp_image_get_layer_by_tattoo(image, tattoo)  # pyright: ignore
    choices = lastvalues.restored(note["styles"], settings)
    choices.choose_masks(masks.parse(note["masks"]))
    if name == REPEAT:
        return choices, image, original or layer, None, layer
    if not original:
        raise PluginError("source_gone")
    return choices, image, original, layer, layer


def _paint(choices, image, source, begun, below):
    values = choices.collect(), choices.finish(), choices.masks
    targets = [painting.Target(image, source, begun, below)]
    return painting.paint_without_dialog(targets, choices.styles, *values)[0]


def _told(work):
    """What the work returns; every failure as a sentence, and as one of gimpfu's errors."""
    try:
        return work()
    except Cancelled:
        return None
    except PluginError as error:
        failure = error
    except Exception as error:
        failure = reporting.unexpected(error)
    gimp.message(reporting.in_full(failure))
    # The words are for people; a traceback after them would not be.
    sys.tracebacklimit = 0
    raise gimpfu.error("[%s]" % failure.code)


def end():
    # Also when GIMP has died: a hanging engine would not notice the end of its pipe.
    for engine in list(Engine.running):
        engine.kill()


register(procedure.parameters(_))
gimp.main(None, end, gimpfu._query, run)
