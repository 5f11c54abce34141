# SPDX-License-Identifier: GPL-3.0-or-later
"""What the dialog has to say while the artist chooses: the plan, then the preview, or a refusal.

All editions share this; their dialogs only show it. Nothing here makes the window stand still: what
GIMP is asked is asked in `Painting.turns`, and what it said last is shown until it answers.
Python 2.7 can run it.
"""

import collections
from functools import partial

import masks
import style_files
from engine import Plan
from messages import INCOMPLETE, PluginError
from painting import LOOK_TICKS, PREVIEW_SIZE
from reporting import unexpected
from translation import _
from words import in_words, mask_words

SETTLE_TICKS = 4
"""A changed setting waits so long for the next change before plan and preview begin again."""
JUST_BEGUN = 0.03
"""So much of the preview's bar tells at once that there will be one."""

Seen = collections.namedtuple("Seen", "problem region selected")
"""What keeps GIMP's image from being painted, or an empty text, and which part is meant."""


class Planning(object):
    """The engine's task beside the dialog: a plan, and with that known the preview.

    `view` is the dialog: `show_status(text, may_paint)`, `offer_networks(names)`, `look()`, which
    asks GIMP every second what `show_looked` takes, and its `preview`, a `windows.PreviewPane`.
    """

    def __init__(self, painting, choices, view):
        self._painting = painting
        self._choices = choices
        self._view = view
        self._task = None
        self._planned = None
        self._refusal = ""
        self._is_black = False  # a mask is; that is what is refused
        self._word = ""
        self._asked = None  # what the plan or its refusal is for
        self._seen = None  # what plan and preview are for
        self._shown = None  # the region in the preview
        self._hello = None
        self._changed = 0  # ticks until a change has settled
        self._changes = 0  # what was read before the last one counts no longer
        self._ticks = 0
        self._is_looking = self._is_paused = False

    # -- the artist's changes ------------------------------------------------------------------

    def change(self):
        """A setting has changed: plan anew when the artist pauses, if it concerns the engine."""
        try:
            asked = self._choices.styles, self._choices.masks, self._choices.collect()
        except PluginError:
            asked = None
        if asked is None or asked != self._asked:
            self._asked = asked
            self._start_anew()

    def _start_anew(self):
        self._planned = None
        self._refusal = self._word = ""
        self._is_black = False
        self.settle()

    def settle(self):
        """Begin the preview anew when the artist pauses, or the plan if there is none."""
        self._changed = SETTLE_TICKS
        self.stop()
        if self._view.preview.is_wanted:
            self._view.preview.show_fraction(JUST_BEGUN)
        self._say()

    def pause(self):
        """Leave the engine to something else, until `resume`."""
        self.stop()
        self._is_paused = True

    def resume(self):
        self._is_paused = False
        self._start_anew()

    def zoom(self):
        """The artist looks at another part."""
        self.show_part()
        self.settle()

    def tell(self, text):
        """Say something that keeps from nothing, until the next change."""
        self._word = text
        self._say()

    def stop(self):
        if self._task:
            self._task.cancel()
        self._task = None
        self._changes += 1
        self._view.preview.show_fraction(0.0)

    # -- ticking -------------------------------------------------------------------------------

    def tick(self):
        """To be called every TICK_MS milliseconds."""
        self._guard(style_files.answers.tick)
        self._guard(self._painting.turns.tick)
        if not self._is_paused:
            self._guard(self._advance)
        return True

    def _guard(self, work):
        """Do it; a failure is shown."""
        try:
            work()
        except Exception as error:
            self._fail(error)

    def _advance(self):
        self._ticks += 1
        if self._changed:
            self._changed -= 1
            if not self._changed:
                self._begin()
        if self._task is None:
            if self._painting.engine:
                self._painting.engine.receive()
        elif self._task.tick():
            task, self._task = self._task, None
            if isinstance(task, Plan):
                self._planned = task.result
                self._say()
                self._paint_preview()
            else:
                self._show_preview(task.result)
                self._view.preview.show_fraction(0.0)
        self._greet()
        if self._ticks % LOOK_TICKS == 0 and not self._is_looking:
            self._look()

    def _greet(self):
        """Show what a newly started engine has told of itself."""
        hello = self._painting.engine.hello if self._painting.engine else None
        if hello is self._hello:
            return
        self._hello = hello
        if hello:
            self._view.offer_networks(hello["networks"])
            self._say()

    def _read(self, ask, then):
        """Ask GIMP for something and go on with the answer, unless the artist changes something
        meanwhile."""
        changes = self._changes

        def is_wanted():
            return changes == self._changes and not self._is_paused

        self._painting.turns.take(
            lambda: ask() if is_wanted() else None,
            lambda answer: then(answer) if is_wanted() else None,
            lambda error: self._fail(error) if is_wanted() else None,
        )

    def _begin(self):
        """Look at the image, ask for the plan, and with that known begin the preview."""
        if not self._unchosen():
            self._read(partial(self._seen_of, *self._chosen()), self._plan)

    def _plan(self, seen):
        self._seen = seen
        self._say()
        if seen.problem or self._refusal:
            return
        if seen.region != self._shown:
            self.show_part()
        if self._planned is None:
            self._read(self._painting.look_at_masks, self._ask_for_the_plan)
        else:
            self._paint_preview()

    def _ask_for_the_plan(self, guided):
        self._task = self._painting.plan(self._choices.collect(), guided)

    def _paint_preview(self):
        """Begin the preview, if one is wanted."""
        preview, painting = self._view.preview, self._painting
        if not preview.is_wanted:
            return
        zoom, styles, values = preview.zoom, self._choices.styles, self._choices.collect()

        def read():
            part = painting.part_to_show(values, zoom)
            content = painting.write_part(part)
            before = content if painting.begun is None else self._write_before(part)
            request = painting.preview_request(part, content, styles, values, PREVIEW_SIZE)
            return content, before, request

        self._read(read, self._start_preview)

    def _start_preview(self, found):
        content, before, request = found
        preview = self._view.preview
        preview.show_photo(before)
        if before is not content:
            self._painting.forget(before)
        handlers = {
            "accepted": lambda message: preview.show_faces(message.get("faces") or [], content),
            "progress": lambda message: preview.show_fraction(message["fraction"]),
            "preview": self._show_preview,
            "warning": lambda message: self.tell(message["message"]),
        }
        self._task = self._painting.start_preview(request, handlers)

    def _show_preview(self, message):
        self._view.preview.show_painted(message)
        self._painting.forget(message)

    def show_part(self):
        """Show the part that is to be painted, which is another one than before."""
        painting, zoom = self._painting, self._view.preview.zoom
        sizes = {"size": self._choices.effective("size")}

        def read():
            part = painting.part_to_show(sizes, zoom)
            return painting.region, self._write_before(part)

        def show(found):
            self._shown, before = found
            self._view.preview.show_painted(None)
            self._view.preview.show_photo(before)
            painting.forget(before)

        # Also if something was changed meanwhile, as it is still what there is to paint.
        painting.turns.take(read, show, self._fail)

    def _write_before(self, part):
        return self._painting.write_before(part._replace(longest=min(part.longest, PREVIEW_SIZE)))

    # -- the image as it is --------------------------------------------------------------------

    def _look(self):
        """Notice what the artist has done to layer and selection meanwhile."""
        chosen, is_black = self._chosen(), self._is_black
        self._is_looking = True

        def ask():
            looked = self._view.look()
            seen = self._seen_of(*chosen)
            return looked, seen, is_black and not seen.problem and self._has_become_white()

        def show(found):
            self._is_looking = False
            looked, seen, is_white = found
            self._view.show_looked(looked)
            if seen != self._seen or is_white:
                self._seen = seen
                self._start_anew()

        def fail(error):
            self._is_looking = False
            self._fail(error)

        self._painting.turns.take(ask, show, fail)

    def _chosen(self):
        """The style pictures and the masks as they are chosen now."""
        try:
            return self._choices.styles, self._choices.masks
        except PluginError:
            return self._choices.styles, masks.NONE  # what is wrong with them is told

    def _seen_of(self, styles, guided):
        """What there is to see in the image now."""
        painting, problem = self._painting, ""
        painting.masks = guided
        try:
            painting.look()
            painting.check_styles(styles)
            painting.check_masks()
        except PluginError as error:
            problem = _told(error)
        return Seen(problem, painting.region, painting.selected)

    def _has_become_white(self):
        try:
            self._painting.look_at_masks()
        except PluginError:
            return False
        return True

    def _fail(self, error):
        """Show the error until the artist changes something."""
        error = error if isinstance(error, PluginError) else unexpected(error)
        self._task = self._asked = None
        if error.code.startswith("engine_"):
            self._painting.drop_engine(error)
        if self._planned is not None:  # else there was no preview that could fail
            self._view.preview.want(False)
        self._changed = 0
        self._refusal = error.text(_)
        self._is_black = error.code == "mask_empty"
        self._say()

    # -- telling -------------------------------------------------------------------------------

    def _unchosen(self):
        """What the artist has still to choose, or to correct, or an empty text."""
        try:
            if not self._choices.styles:
                return _("Choose the picture whose style the layer shall take.")
            masks.check_complete(self._choices.masks, mask_words)
            self._choices.collect()
            self._choices.finish()
            if self._painting.problem:
                raise self._painting.problem
        except PluginError as error:
            return _told(error)
        return ""

    def _say(self):
        seen = self._seen.problem if self._seen else ""
        problem = self._unchosen() or seen or self._refusal
        self._view.show_status(problem or self._word or self._expectation(), not problem)

    def _expectation(self):
        """What is known of the painting to come."""
        if not self._hello:
            return _("The engine is starting...")
        words = [_("Device: {device}").replace("{device}", self._device_in_words())]
        count = len(masks.references(self._choices.masks))
        if count:
            words.append(_("Masks: {n}").replace("{n}", "%d" % count))
        if self._planned:
            plan, region = self._planned, self._painting.region
            time = in_words(plan["seconds"])
            words.append(_("Expected time: about {time}").replace("{time}", time))
            memory = "%.1f" % max(0.1, plan["memory"] / 2.0**30)
            words.append(_("Memory: about {n} GiB").replace("{n}", memory))
            if (plan["width"], plan["height"]) != (region.width, region.height):
                size = "%d x %d" % (plan["width"], plan["height"])
                words.append(_("Painted at {size}").replace("{size}", size))
        return "    ".join(words)

    def _device_in_words(self):
        wanted = self._planned["device"] if self._planned else self._choices.effective("device")
        devices = self._hello["devices"]
        fitting = [one for one in devices if one["name"].split(":")[0] == wanted] or devices
        return fitting[0]["description"]


def _told(error):
    """What the dialog says of an error: without its code where something is only not chosen yet."""
    return error.words(_) if error.code in INCOMPLETE else error.text(_)
