# SPDX-License-Identifier: GPL-3.0-or-later
"""What the dialog has to say while the artist chooses: the plan, then the preview, or a refusal.

All editions share this; their dialogs only show it. Python 2.7 can run it.
"""

import masks
from engine import Plan
from messages import INCOMPLETE, PluginError
from painting import LOOK_TICKS, PREVIEW_SIZE
from reporting import unexpected
from translation import _
from words import in_words

SETTLE_TICKS = 4
"""A changed setting waits so long for the next change before plan and preview begin again."""
JUST_BEGUN = 0.03
"""So much of the preview's bar tells at once that there will be one."""


class Planning(object):
    """The engine's task beside the dialog: a plan, and with that known the preview.

    `view` is the dialog: `show_status(text, may_paint)`, `offer_networks(names)`, `look()`, which
    is called every second, and its `preview`, a `windows.PreviewPane`.
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
        self._seen = None  # problem and region that plan and preview are for
        self._shown = None  # the region in the preview
        self._hello = None
        self._changed = 0  # ticks until a change has settled
        self._ticks = 0
        self._is_paused = False

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
        self._seen = self._what_is_seen()
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
        self._view.preview.show_fraction(0.0)

    # -- ticking -------------------------------------------------------------------------------

    def tick(self):
        """To be called every TICK_MS milliseconds."""
        if self._is_paused:
            return True
        try:
            self._ticks += 1
            self._advance()
            self._greet()
            if self._ticks % LOOK_TICKS == 0:
                self._look()
        except PluginError as error:
            self._fail(error)
        except Exception as error:
            self._fail(unexpected(error))
        return True

    def _greet(self):
        """Show what a newly started engine has told of itself."""
        hello = self._painting.engine.hello if self._painting.engine else None
        if hello is self._hello:
            return
        self._hello = hello
        if hello:
            self._view.offer_networks(hello["networks"])
            self._say()

    def _advance(self):
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
                self._begin()
            else:
                self._show_preview(task.result)
                self._view.preview.show_fraction(0.0)

    def _begin(self):
        """Ask for the plan, and with that known begin the preview."""
        if self._problem() or self._refusal:
            return
        if self._painting.region != self._shown:
            self.show_part()
        values = self._choices.collect()
        if self._planned is None:
            self._task = self._painting.plan(values)
        elif self._view.preview.is_wanted:
            self._start_preview(values)

    def _start_preview(self, values):
        preview = self._view.preview
        part = self._painting.part_to_show(values, preview.zoom)
        content = self._painting.write_part(part)
        self._show_before(part)
        handlers = {
            "accepted": lambda message: preview.show_faces(message.get("faces") or [], content),
            "progress": lambda message: preview.show_fraction(message["fraction"]),
            "preview": self._show_preview,
            "warning": lambda message: self.tell(message["message"]),
        }
        self._task = self._painting.start_preview(
            part, content, self._choices.styles, values, PREVIEW_SIZE, handlers
        )

    def _show_preview(self, message):
        self._view.preview.show_painted(message)
        self._painting.forget(message)

    def show_part(self):
        """Show the part that is to be painted, which is another one than before."""
        preview = self._view.preview
        sizes = {"size": self._choices.effective("size")}
        part = self._painting.part_to_show(sizes, preview.zoom)
        self._shown = self._painting.region
        preview.show_painted(None)
        self._show_before(part)

    def _show_before(self, part):
        before = self._painting.write_before(part._replace(longest=min(part.longest, PREVIEW_SIZE)))
        self._view.preview.show_photo(before)
        self._painting.forget(before)

    def _look(self):
        """Notice what the artist has done to layer and selection meanwhile."""
        self._view.look()
        seen = self._what_is_seen()
        if seen != self._seen or (self._is_black and self._has_become_white()):
            self._start_anew()

    def _has_become_white(self):
        try:
            self._painting.look_at_masks()
        except PluginError:
            return False
        return True

    def _what_is_seen(self):
        problem = self._problem()
        return problem, self._painting.region, self._painting.selected

    def _fail(self, error):
        """Show the error until the artist changes something."""
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

    def _problem(self):
        """What keeps the artist from painting, or an empty text."""
        try:
            self._painting.masks = self._choices.masks
            self._painting.look()
            styles = self._choices.styles
            if not styles:
                return _("Choose the picture whose style the layer shall take.")
            self._painting.check_styles(styles)
            self._painting.check_masks()
            self._choices.collect()
            self._choices.finish()
            if self._painting.problem:
                raise self._painting.problem
        except PluginError as error:
            return error.words(_) if error.code in INCOMPLETE else error.text(_)
        return ""

    def _say(self):
        problem = self._problem() or self._refusal
        self._view.show_status(problem or self._word or self._expectation(), not problem)

    def _expectation(self):
        """What is known of the painting to come."""
        if not self._hello:
            return _("The engine is starting...")
        words = [_("Device: {device}").replace("{device}", self._device_in_words())]
        count = len(masks.references(self._painting.masks))
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
