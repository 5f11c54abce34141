# SPDX-License-Identifier: GPL-3.0-or-later
"""One painting on its way from a layer through the engine to a new layer.

All editions share this; `layers`, `style_pictures`, `mask_pictures` and `host` are each edition's
own. Python 2.7 can run it.
"""

import os
import time
from collections import namedtuple

import host
import interrupted
import layers
import mask_pictures
import masks
import style_files
import style_pictures
import styles as references
from arguments import Choices
from background import Turns
from engine import Engine, Job, Plan
from messages import PluginError
from paths import native
from region import Part, whole, zoomed
from tempfolder import TempFolder, sweep
from translation import _
from words import layer_name, progress_words

FATAL = ("engine_missing", "engine_unstartable", "engine_newer", "engine_older")
"""Trying again would not help."""
LIVE_SIZE = 1024
"""Longest side of the pictures that show in the image while it is painted."""
PREVIEW_PAINTED = 576
"""Longest side at which the preview is painted."""
PREVIEW_SIZE = 320
"""Longest side of the preview as it is shown."""
TICK_MS = 100
"""Between two ticks of what goes on beside a window."""
LOOK_TICKS = 10
"""After so many of them the image is looked at; that also ends this process when GIMP has died."""


Prepared = namedtuple("Prepared", "request what how")
"""The engine's request for all that is painted, and what is painted and how, as it is noted."""


class Painting(object):
    """What one run of the plug-in holds: image, source layer, temporary folder and engine.

    The engine starts at once, so that it is warm when the artist has chosen; an engine that
    cannot start is only an error when it is needed. Style pictures are given by references (see
    `styles`). `masks` may be changed; then `look` again. `begun` is a layer made before, to go on
    with, or None, and `below` the layer that the new one lies on, the source if none is given.
    `finish` is the new layer's opacity and mode, as `Choices.finish` gives them. `engine` is one
    that a painting before has handed over. What takes GIMP long is asked in `turns` where there is
    a window: `look`, `part_to_show`, `write_...`, `look_at_masks`, `preview_request`, `prepare`.
    """

    def __init__(self, image, source, guided=masks.NONE, begun=None, below=None, engine=None):
        self.image = image
        self.source = source
        self.masks = guided
        self.begun = begun
        self._below = source if below is None else below
        self._find_region()
        self.before = None
        self.layer = None
        self.finish = Choices().finish()
        self._pictures = {}
        self._files = 0
        self._is_live = False
        self._kept = None
        self._goes_on = self._is_over = False
        sweep()
        self.folder = TempFolder()
        self.engine = engine
        self.problem = None
        self.turns = Turns()
        if engine is None:
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

    def hand_over(self):
        """The engine, for another painting; closing this one does not end it then."""
        engine, self.engine = self.engine, None
        return engine

    def check_alive(self):
        layers.check_alive(self.image, self.source)

    def look(self):
        """Find the region to paint anew: the artist goes on with selection and layer."""
        self.check_alive()
        if self.begun is not None:
            layers.check_begun(self.image, self.source, self.begun)
        self._find_region()

    def _find_region(self):
        is_mask = masks.use_selection(self.masks)
        # What is selected may be anywhere then; it says what the mask is.
        self.selected = layers.selected_area(self.image) if is_mask else None
        self.region = layers.region_to_paint(self.image, self.source, not is_mask)

    # -- starting ------------------------------------------------------------------------------

    def plan(self, values, guided):
        """Ask how it would be painted at full size; returns the plan to tick. `guided` is what
        `look_at_masks` found."""
        width, height = self.region.width, self.region.height
        begun = self.begun is not None
        return Plan(self._ready_engine(), width, height, values, begun=begun, **guided)

    def interrupted(self):
        """A painting of the same that was interrupted, or None."""
        return interrupted.find(self._what_is_painted())

    def go_on(self, found):
        """Go on with it when it is painted; whether that is possible."""
        self._kept = found.take()
        self._goes_on = self._kept is not None
        return self._goes_on

    def _what_is_painted(self):
        """By which it is known again in a GIMP that was started anew."""
        whole = layers.region_to_paint(self.image, self.source, with_selection=False)
        return {
            "image": style_pictures.lasting_image(self.image),
            "layer": layers.name_of(self.source),
            "size": [whole.width, whole.height],
            "region": list(self.region),
            "begun": "" if self.begun is None else layers.name_of(self.begun),
        }

    def prepare(self, styles, values, previews=None):
        """All that is to be painted at full size, as `begin` takes it.

        Raises:
            PluginError: something of it is gone, or cannot be read.
        """
        self.look()
        self._forget_what_changes()
        # Now, as the artist may go on with selection and layer while it is painted.
        with_selection = not masks.use_selection(self.masks)
        self.before = layers.snapshot(self.image, self.source, with_selection)
        path = self.folder.path("content.raw")
        content = layers.write_picture(self.before.pixels, self.region, path)
        request = self._request(content, styles, values, Part(self.region, None, None))
        if previews:
            longest = min(LIVE_SIZE, max(self.region.width, self.region.height))
            request.update(previews=previews, preview_size=max(16, longest))
        return Prepared(request, self._what_is_painted(), self._how(styles, values))

    def start(self, styles, values, on_progress, on_preview=None, on_warning=None, previews=None):
        """Prepare it and begin to paint at full size; returns the job to tick."""
        prepared = self.prepare(styles, values, previews)
        return self.begin(prepared, on_progress, on_preview, on_warning)

    def begin(self, prepared, on_progress, on_preview=None, on_warning=None):
        """Begin to paint what was prepared; returns the job to tick."""
        handlers = {"progress": on_progress, "preview": on_preview, "warning": on_warning}
        handlers.update(self._keep_on_disk(prepared, on_warning))
        return Job(self._ready_engine(), prepared.request, handlers)

    def _keep_on_disk(self, prepared, on_warning):
        """Let the engine keep it, for the case of a crash; returns handlers for what it says."""
        self._kept = self._kept or interrupted.begin()
        if self._kept is None:
            return {}
        request, what, how = prepared
        request["checkpoint"] = self._kept.checkpoint

        def on_accepted(message):
            if self._goes_on and not message.get("fraction") and on_warning:
                changed = _("The layer is another than before, so it is painted from the start.")
                on_warning({"message": changed})

        kept = self._kept
        return {
            "accepted": on_accepted,
            "kept": lambda message: kept.write(what, how, message["fraction"]),
        }

    def _how(self, styles, values):
        """How it is painted, as layers remember it."""
        lasting = [style_pictures.lasting(reference, self.image) for reference in styles]
        settings = dict(values, **self.finish)
        return {"styles": lasting, "settings": settings, "masks": self._lasting_masks()}

    def part_to_show(self, values, rectangle=None):
        """The part that a preview shows: all that is painted, or what is in a rectangle, 0..1 of
        it, as large as it will be painted."""
        self.look()
        if rectangle is None:
            return whole(self.region, PREVIEW_PAINTED)
        longest = max(self.region.width, self.region.height)
        painted = values.get("size") or longest
        return zoomed(self.region, painted, PREVIEW_SIZE, rectangle)

    def preview_request(self, part, content, styles, values, size):
        """What the engine is asked for a look at a `Part`, whose file is `content`.

        All of a picture is painted larger than the preview shows it: at `size` the network would
        see other shapes in it, and paint another picture. The first, coarse sizes show early all
        the same.
        """
        size_painted = 0 if part.whole else min(values.get("size") or 0, part.longest)
        request = self._request(content, styles, dict(values, size=size_painted), part)
        if part.whole:
            picture = self.write_part(whole(self.region, PREVIEW_PAINTED))
            request["whole"] = {"picture": picture, "longest": part.whole}
        request.update(previews=0.3, preview_size=max(16, size))
        return request

    def start_preview(self, request, handlers, kept=()):
        """Begin to paint a look beside the settings; returns the job to tick.

        Its files are deleted once the engine has read them, as is all that previews before have
        left, but for the files of the messages `kept`.
        """
        left = self._left_over(kept)

        def on_accepted(message):
            # The engine has read this one's files, and is done with previews before.
            for name in left:
                self.forget({"file": self.folder.path(name)})
            if "accepted" in handlers:
                handlers["accepted"](message)

        return Job(self._ready_engine(), request, dict(handlers, accepted=on_accepted))

    def _left_over(self, kept):
        """Names of all files there are but those of style pictures and of the messages `kept`."""
        messages = list(self._pictures.values()) + list(kept)
        needed = [os.path.basename(message["file"]) for message in messages]
        return [name for name in self.folder.names() if name not in needed]

    def write_part(self, part):
        """A part of the source as a new file."""
        return self._write(layers.pixels_with_filters(self.source), part.region, part.longest)

    def write_before(self, part):
        """The same of what it is painted from: the layer to go on with, if there is one."""
        layer = self.source if self.begun is None else self.begun
        return self._write(layers.pixels_with_filters(layer), part.region, part.longest)

    def _write(self, pixels, region, longest=None):
        return layers.write_picture(pixels, region, self._new_path("part"), longest)

    def _new_path(self, kind):
        # A name of its own: the engine may still be reading for the job before.
        self._files += 1
        return self.folder.path("%s-%d.raw" % (kind, self._files))

    def _request(self, content, styles, values, part):
        """What a job says of all pictures; `content` is the file of a `Part`."""
        if not styles:
            raise PluginError("style_missing")
        request = {
            "folder": self.folder.path(),
            "content": content,
            "styles": [self.style_picture(reference) for reference in styles],
            "settings": values,
        }
        request.update(self._guidance(part))
        if self.begun is not None:
            pixels = layers.pixels_with_filters(self.begun)
            request["initial"] = self._write(pixels, part.region, part.longest)
        return request

    def _guidance(self, part):
        """What a job says of the masks, as large as the content is."""
        self.check_masks()
        protect, files = self._mask_files(part)
        regions = [
            {"mask": file, "style": self.style_picture(one.style), "strength": one.strength}
            for file, one in zip(files, self.masks.regions)
            if file
        ]
        return {"protect": protect, "regions": regions}

    def _mask_files(self, part):
        """The file of what is protected and those of the regions' masks; None for a mask that is
        white elsewhere on the layer only, as nothing of the part is meant then."""
        protect, regions = self.masks
        return (
            self._write_mask(protect, part) if protect else None,
            [self._write_mask(one.mask, part) for one in regions],
        )

    def _write_mask(self, reference, part):
        name = mask_pictures.name_of(reference, self.image)
        try:
            file = self._write_amounts(reference, part.region, part.longest)
        except PluginError as error:
            if error.code != "mask_empty":
                raise
            if not part.whole:  # of a closer look the plan has known already
                layer = layers.region_to_paint(self.image, self.source, with_selection=False)
                self.forget(self._write_amounts(reference, layer, part.longest))
            return None
        return dict(file, name="mask " + name)  # for the engine's sentences

    def _write_amounts(self, reference, region, longest):
        where = self.image, self.source, region
        return mask_pictures.write(reference, self._new_path("mask"), where, longest)

    def look_at_masks(self):
        """How many regions there are in what is painted, and whether something is protected.

        Raises:
            PluginError: `mask_empty`, if a mask is black everywhere on the layer.
        """
        protect, regions = self._mask_files(whole(self.region, PREVIEW_PAINTED))
        for file in [protect] + regions:
            if file:
                self.forget(file)
        return {"regions": len(regions) - regions.count(None), "protect": protect is not None}

    def check_masks(self):
        """Raise if a mask is not there any more, or a region is not complete."""
        for reference in masks.references(self.masks):
            mask_pictures.check(reference, self.image)
        masks.check_complete(
            self.masks, lambda reference: mask_pictures.name_of(reference, self.image)
        )
        self.check_styles([region.style for region in self.masks.regions])

    def style_picture(self, reference, anew=False):
        """Load a style picture once, however many previews use it; describes the file for a job."""
        if anew or reference not in self._pictures:
            path = self._new_path("style")
            self._pictures[reference] = style_pictures.load(reference, path, self.image)
        return self._pictures[reference]

    def check_styles(self, styles):
        """Raise if a style picture is not there any more, as far as is known of files (see
        `style_files`)."""
        for reference in styles:
            if references.split(reference).kind == "clipboard":
                self.style_picture(reference)  # what was copied is not there for long
            else:
                style_pictures.check(reference, self.image, style_files.seems_there)

    def _forget_what_changes(self):
        """Load again what the artist may have painted on since a preview."""
        for reference in list(self._pictures):
            if references.split(reference).kind in ("layer", "image"):
                del self._pictures[reference]  # not its file: the engine may still be reading

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

    def show_live(self, styles, values, message):
        """Show the unfinished picture in the image, in the layer that will be the result."""
        self.check_alive()
        if self.layer is None:
            self.layer = self._new_layer(styles)
            layers.show_unfinished(self.image, self.layer, self._layer_below())
            self._is_live = True
        if self._is_live and self._live_is_as_made():
            layers.paint_roughly(self.layer, self.region, message)

    def _layer_below(self):
        """The layer that the new one lies on; the artist may have deleted it meanwhile."""
        is_there = layers.is_inside(self.image, self._below)
        return self._below if is_there else self.source

    def _live_is_as_made(self):
        """Not, if the artist has deleted the live layer, or scaled or cropped the image."""
        is_there = layers.is_inside(self.image, self.layer)
        return is_there and layers.is_as_made(self.layer, self.before)

    def _new_layer(self, styles):
        name = layer_name([style_pictures.name_of(reference, self.image) for reference in styles])
        return layers.new_layer(self.image, self.before, name, self.finish)

    def _lasting_masks(self):
        """The text of the masks as a layer remembers them."""
        protect, regions = self.masks
        protect = mask_pictures.lasting(protect, self.image) if protect else ""
        regions = [
            masks.Region(
                mask_pictures.lasting(one.mask, self.image),
                style_pictures.lasting(one.style, self.image),
                one.strength,
            )
            for one in regions
        ]
        return masks.join(masks.Masks(protect, regions))

    def hide_live(self):
        """Take the unfinished layer out of the image again."""
        if self._is_live:
            layers.take_out(self.image, self.layer, self._below)
            self.layer, self._is_live = None, False

    def keep(self, styles, values, message):
        """Make the engine's result the new layer, and return that."""
        self.check_alive()
        self.hide_live()  # what comes in instead is one step of undo
        self.layer = layer = self._new_layer(styles)
        # Before it is in the image, where that would be another step of undo.
        how = self._how(styles, values)
        layers.remember(layer, self.source, how["styles"], how["settings"], how["masks"])
        layers.paint(layer, self.before, self.region, message)
        layers.insert(self.image, layer, self._layer_below())
        self.layer, self._is_live = None, False
        self._is_over = True
        return layer

    def give_up(self):
        """The artist does not want it any more, nor to go on with it another time."""
        self._is_over = True

    def close(self):
        """End the engine and remove what is unfinished, but for what is kept of a failed one."""
        self.turns.finish()
        if self.engine:
            self.engine.stop()
            self.engine = None
        if self._kept:
            self._kept.close(remove=self._is_over)
            self._kept = None
        self.folder.close()
        self.hide_live()
        if self.layer is not None:
            layers.delete(self.image, self.layer)
        self.before = self.layer = None


Target = namedtuple("Target", "image source begun below")
"""A layer to paint: `begun` and `below` are as in `Painting`, or None."""
Target.__new__.__defaults__ = (None, None)


def paint_without_dialog(targets, styles, values, finish, guided=masks.NONE):
    """Paint layers, of one image or of several, one after the other with one engine.

    The progress is in GIMP's own bar; its Cancel kills this process and its group. Returns the new
    layers. Those that are finished stay, should a later one fail.
    """
    if not styles:
        raise PluginError("style_missing")
    layers_made, engine = [], None
    for target in targets:
        host.begin_progress(_("Reading the pictures..."))
        image, source, begun, below = target
        painting = Painting(image, source, guided, begun, below, engine)
        painting.finish = finish
        try:
            layers_made.append(_painted(painting, styles, values))
            if target is not targets[-1]:
                engine = painting.hand_over()
        finally:
            painting.close()
    return layers_made


def _painted(painting, styles, values):
    """The new layer of a painting, once it is finished."""
    warnings = []
    state = {"fraction": 0.0, "words": _("The engine is starting...")}
    job = painting.start(
        styles,
        values,
        lambda message: state.update(fraction=message["fraction"], words=progress_words(message)),
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
    layer = painting.keep(styles, values, job.result)
    host.end_progress()
    for warning in warnings:
        host.tell(warning)
    return layer
