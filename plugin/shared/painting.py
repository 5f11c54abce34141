# SPDX-License-Identifier: GPL-3.0-or-later
"""One painting on its way from a layer through the engine to a new layer.

All editions share this; `layers` and `host` are each edition's own. Python 2.7 can run it.
"""

import os
import time

import host
import layers
from engine import Engine, Job, Plan
from messages import PluginError
from paths import native
from tempfolder import TempFolder, sweep
from translation import _
from words import layer_name, progress_words

FATAL = ("engine_missing", "engine_unstartable", "engine_newer", "engine_older")
"""Trying again would not help."""
LIVE_SIZE = 1024
"""Longest side of the pictures that show in the image while it is painted."""
PREVIEW_PAINTED = 576
"""Longest side at which the preview is painted."""


class Painting(object):
    """What one run of the plug-in holds: image, source layer, temporary folder and engine.

    The engine starts at once, so that it is warm when the artist has chosen; an engine that
    cannot start is only an error when it is needed. Style pictures are given by their URIs.
    """

    def __init__(self, image, source):
        self.image = image
        self.source = source
        self.region = layers.region_to_paint(image, source)
        self.before = None
        self.layer = None
        self._pictures = {}
        self._previews = 0
        self._is_live = False
        sweep()
        self.folder = TempFolder()
        self.engine = None
        self.problem = None
        self._start_engine()

    def _start_engine(self):
        try:
            folder = os.path.dirname(os.path.abspath(__file__))
            self.engine = Engine(folder, host.log_path(), host.bundles())
        except PluginError as error:
            self.problem = error

    def drop_engine(self, problem=None):
        """End an engine that failed; the next job gets a new one."""
        if self.engine:
            self.engine.stop()
            self.engine = None
        self.problem = problem if problem and problem.code in FATAL else None

    def check_alive(self):
        layers.check_alive(self.image, self.source)

    def look(self):
        """Find the region to paint anew: the artist goes on with selection and layer."""
        self.check_alive()
        self.region = layers.region_to_paint(self.image, self.source)

    # -- starting ------------------------------------------------------------------------------

    def plan(self, values):
        """Ask how it would be painted at full size; returns the plan to tick."""
        self.look()
        return Plan(self._ready_engine(), self.region.width, self.region.height, values)

    def start(self, style, values, on_progress, on_preview=None, on_warning=None, previews=None):
        """Begin to paint at full size; returns the job to tick."""
        self.look()
        # Now, as the artist may go on with selection and layer while it is painted.
        self.before = layers.snapshot(self.image, self.source)
        path = self.folder.path("content.raw")
        content = layers.write_picture(self.before.pixels, self.region, path)
        request = self._request(content, style, values)
        if previews:
            longest = min(LIVE_SIZE, max(self.region.width, self.region.height))
            request.update(previews=previews, preview_size=max(16, longest))
        return Job(self._ready_engine(), request, on_progress, on_preview, on_warning)

    def start_preview(self, style, values, size, on_progress, on_preview):
        """Begin to paint for a look beside the settings; returns the job to tick.

        It is painted larger than it is shown: at the shown size the network would see other shapes
        in it, and paint another picture. The first, coarse sizes show early all the same.
        """
        values = dict(values, size=min(values.get("size") or 0, PREVIEW_PAINTED))
        request = self._request(self.small_content(PREVIEW_PAINTED), style, values)
        request.update(previews=0.3, preview_size=max(16, size))
        return Job(self._ready_engine(), request, on_progress, on_preview)

    def small_content(self, size):
        """The part to paint, at most that long, as a new file."""
        self.look()
        # A name of its own: the engine may still be reading for the job before.
        self._previews += 1
        path = self.folder.path("small-%d.raw" % self._previews)
        pixels = layers.pixels_with_filters(self.source)
        return layers.write_picture(pixels, self.region, path, size)

    def _request(self, content, style, values):
        return {
            "folder": self.folder.path(),
            "content": content,
            "styles": [self.style_picture(style)],
            "settings": values,
        }

    def style_picture(self, style):
        """Load a style picture once, however many previews use it."""
        if style is None:
            raise PluginError("style_missing")
        if style not in self._pictures:
            path = self.folder.path("style-%d.raw" % len(self._pictures))
            self._pictures[style] = layers.load_style(style, path)
        return self._pictures[style]

    def _ready_engine(self):
        if self.engine is None and self.problem is None:
            self._start_engine()
        if self.problem is not None:
            raise self.problem
        return self.engine

    def forget(self, message):
        """Delete a preview's file."""
        try:
            os.remove(native(message["file"]))
        except (IOError, OSError):
            pass

    # -- showing and keeping -------------------------------------------------------------------

    def show_live(self, style, values, message):
        """Show the unfinished picture in the image, in the layer that will be the result."""
        self.check_alive()
        if self.layer is None:
            self.layer = self._new_layer(style, values)
            layers.insert(self.image, self.layer, self.source)
            self._is_live = True
        if self._is_live and self._live_is_as_made():
            layers.paint_roughly(self.layer, self.region, message)

    def _live_is_as_made(self):
        """Not, if the artist has deleted the live layer, or scaled or cropped the image."""
        is_there = layers.is_inside(self.image, self.layer)
        return is_there and layers.is_as_made(self.layer, self.before)

    def _new_layer(self, style, values):
        # Complete with its parasite: that would be an undo step once the layer is in the image.
        name = layer_name(layers.style_name(style))
        layer = layers.new_layer(self.image, self.before, name)
        layers.remember(layer, self.source, style, values)
        return layer

    def hide_live(self):
        """Take the unfinished layer out of the image again."""
        if self._is_live:
            layers.take_out(self.image, self.layer, self.source)
            self.layer, self._is_live = None, False

    def keep(self, style, values, message):
        """Make the engine's result the new layer, and return that."""
        self.check_alive()
        if self._is_live and not self._live_is_as_made():
            self.hide_live()
        self.layer = layer = self.layer or self._new_layer(style, values)
        layers.paint(layer, self.before, self.region, message)
        if not self._is_live:
            layers.insert(self.image, layer, self.source)
        self.layer, self._is_live = None, False
        return layer

    def close(self):
        """End the engine and remove what is unfinished."""
        if self.engine:
            self.engine.stop()
            self.engine = None
        self.folder.close()
        self.hide_live()
        if self.layer is not None:
            layers.delete(self.image, self.layer)
        self.before = self.layer = None


def paint_without_dialog(image, source, style, values):
    """Paint with the progress in GIMP's own bar; its Cancel kills this process and its group."""
    if style is None:
        raise PluginError("style_missing")
    host.begin_progress(_("Reading the pictures..."))
    painting = Painting(image, source)
    try:
        warnings = []
        state = {"fraction": 0.0, "words": _("The engine is starting...")}
        job = painting.start(
            style,
            values,
            lambda message: state.update(
                fraction=message["fraction"], words=progress_words(message)
            ),
            on_warning=lambda message: warnings.append(message["message"]),
        )
        # Anew, as opening the style picture has had the bar.
        host.begin_progress(state["words"])
        told = 0.0
        while not job.tick(0.2):
            # A call every second or so also ends this process when GIMP has died.
            if abs(time.time() - told) > 0.5:
                told = time.time()
                host.show_progress(state["fraction"], state["words"])
        layer = painting.keep(style, values, job.result)
        host.end_progress()
        for warning in warnings:
            host.tell(warning)
        return layer
    finally:
        painting.close()
