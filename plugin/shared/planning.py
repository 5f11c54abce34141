# SPDX-License-Identifier: GPL-3.0-or-later
"""What the dialog has to say while the artist chooses: the plan, then the preview, or a refusal.

All editions share this; their dialogs only show it. Python 2.7 can run it.
"""

from engine import Plan
from messages import PluginError
from reporting import unexpected
from translation import _
from words import in_words

SETTLE_TICKS = 4
"""A changed setting waits so long for the next change before plan and preview begin again."""
LOOK_TICKS = 10
"""So often the image is looked at anew."""
TICK_MS = 100
PREVIEW_SIZE = 256
JUST_BEGUN = 0.03
"""So much of the preview's bar tells at once that there will be one."""


class Planning(object):
    """The engine's task beside the dialog: a plan, and with that known the preview.

    `view` is the dialog: `show_status(text, may_paint)`, `show_preview(message)`,
    `show_fraction(fraction)`, `offer_networks(names)`, and `preview_wanted`, which may be set to
    False.
    """

    def __init__(self, painting, choices, view):
        self._painting = painting
        self._choices = choices
        self._view = view
        self._task = None
        self._planned = None
        self._refusal = ""
        self._seen = None  # problem and region at the last look
        self._hello = None
        self._changed = 0  # ticks until a change has settled
        self._ticks = 0

    # -- the artist's changes ------------------------------------------------------------------

    def change(self):
        """A setting or the picture has changed: plan anew when the artist pauses."""
        self._planned = None
        self._refusal = ""
        self.settle()

    def settle(self):
        """Begin the preview anew when the artist pauses, or the plan if there is none."""
        self._changed = SETTLE_TICKS
        self.stop()
        if self._view.preview_wanted:
            self._view.show_fraction(JUST_BEGUN)
        self._say()

    def stop(self):
        if self._task:
            self._task.cancel()
        self._task = None
        self._view.show_fraction(0.0)

    # -- ticking -------------------------------------------------------------------------------

    def tick(self):
        """To be called every TICK_MS milliseconds."""
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
                self._view.show_fraction(0.0)

    def _begin(self):
        """Ask for the plan, and with that known begin the preview."""
        if self._problem() or self._refusal:
            return
        values = self._choices.collect()
        if self._planned is None:
            self._task = self._painting.plan(values)
        elif self._view.preview_wanted:
            self._task = self._painting.start_preview(
                self._choices.style,
                values,
                PREVIEW_SIZE,
                lambda message: self._view.show_fraction(message["fraction"]),
                self._show_preview,
            )

    def _show_preview(self, message):
        self._view.show_preview(message)
        self._painting.forget(message)

    def _look(self):
        """Notice what the artist has done to layer and selection meanwhile.

        A call to GIMP every second also ends this process when GIMP has died.
        """
        problem = self._problem()
        if (problem, self._painting.region) != self._seen:
            self.change()

    def _fail(self, error):
        """Show the error until the artist changes something."""
        was_plan = isinstance(self._task, Plan)
        self._task = None
        if error.code.startswith("engine_"):
            self._painting.drop_engine(error)
        if not was_plan:
            self._view.preview_wanted = False
        self._changed = 0
        self._refusal = error.text(_)
        self._say()

    # -- telling -------------------------------------------------------------------------------

    def _problem(self):
        """What keeps the artist from painting, or an empty text."""
        try:
            self._painting.look()
            if self._choices.style is None:
                return _("Choose the picture whose style the layer shall take.")
            self._choices.collect()
            if self._painting.problem:
                raise self._painting.problem
        except PluginError as error:
            return error.text(_)
        return ""

    def _say(self):
        problem = self._problem()
        self._seen = problem, self._painting.region
        problem = problem or self._refusal
        self._view.show_status(problem or self._expectation(), not problem)

    def _expectation(self):
        """What is known of the painting to come."""
        if not self._hello:
            return _("The engine is starting...")
        words = [_("Device: {device}").replace("{device}", self._device_in_words())]
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
