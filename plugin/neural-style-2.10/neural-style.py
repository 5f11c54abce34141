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
import painting
import procedure
import reporting
from engine import Engine, lead_group
from messages import Cancelled, PluginError
from translation import DOMAIN, LOCALE, _

PAINT = "python-fu-neural-style"
REPEAT = "python-fu-neural-style-repeat"


def register(parameters):
    """Tell gimpfu of both procedures; GIMP translates menu and descriptions by the domain."""
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
        return _told(lambda: dialog.run(*_job(name, arguments, lastvalues.load)))
    if name == PAINT and run_mode == gimpfu.RUN_WITH_LAST_VALS:
        return _told(lambda: _paint(*_job(name, arguments, lastvalues.load)))
    return {PAINT: paint, REPEAT: repeat}[name](*arguments)


def paint(image, drawable, *values):
    """Paint without a window, with all arguments given."""
    arguments = image, drawable
    return _told(lambda: _paint(*_job(PAINT, arguments, lambda: procedure.choices_from(values))))


def repeat(image, drawable):
    return _told(lambda: _paint(*_job(REPEAT, (image, drawable), None)))


def _job(name, arguments, choose):
    """Choices, image and source layer of a run."""
    image = arguments[0]
    source = layers.source_layer(image, arguments[1])
    if name == PAINT:
        return choose(), image, source
    note = layers.recall(source)
    original = gimp.pdb.gimp_image_get_layer_by_tattoo(image, note["source"])
    return lastvalues.restored(note["style"], note["settings"]), image, original or source


def _paint(choices, image, source):
    return painting.paint_without_dialog(image, source, choices.style, choices.collect())


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
