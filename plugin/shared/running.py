# SPDX-License-Identifier: GPL-3.0-or-later
"""What the window has to show while the picture is painted at full size.

All editions share this; their windows only show it. Python 2.7 can run it.
"""

import gallery
import host
import style_pictures
from messages import Cancelled, PluginError
from painting import LOOK_TICKS, TICK_MS
from reporting import unexpected
from translation import _
from words import progress_words

PREVIEW_SECONDS = 1.0
PATIENT_SECONDS = 30
"""A silence that is worth a word."""
CANCEL, KEEP, DONE, FAILED = "cancel", "keep", "done", "failed"
"""How the window's waiting ends: by the artist, or by itself."""


class Running(object):
    """The painting at full size beside its window.

    `view` is the window: `show_progress(fraction or None, text)`, `show_picture(message)`,
    `show_words(text)`, `allow_keeping(bool)`, `come_to_front()`, `live_wanted`, and
    `end(DONE or FAILED)`, which ends its waiting.
    """

    def __init__(self, painting, styles, values, view):
        self._painting = painting
        self._styles = styles
        self._values = values
        self._view = view
        self._job = None
        self._is_begun = False
        self._failure = None
        self._last = None
        self._silent = 0  # ticks since the last progress
        self._ticks = 0
        self._warnings = []

    def wait(self, answer):
        """Wait until the picture is there, kept early or cancelled; returns the new layer.

        `answer()` waits for one of CANCEL, KEEP, DONE and FAILED.

        Raises:
            Cancelled: the artist did.
            PluginError: the painting failed.
        """
        while True:
            said = answer()
            if self._failure:
                raise self._failure
            if said == DONE:
                break
            if said == CANCEL:
                if self._job:
                    self._job.cancel()
                self._painting.give_up()
                raise Cancelled
            self._job.finish()
            self._view.allow_keeping(False)
            self._view.show_words(_("Stopping; the picture as it is now becomes the layer."))
        layer = self._painting.keep(self._styles, self._values, self._job.result)
        image = self._painting.image
        used = self._styles + [region.style for region in self._painting.masks.regions]
        lasting = [style_pictures.lasting(one, image) for one in used]
        gallery.remember(host.config_file(gallery.FILE), lasting)
        for warning in self._warnings:
            host.tell(warning)
        return layer

    # -- ticking -------------------------------------------------------------------------------

    def tick(self):
        """To be called every TICK_MS milliseconds."""
        self._ticks += 1
        self._guard(self._advance)
        return True

    def _guard(self, work):
        """Do it; a failure ends the waiting."""
        try:
            work()
        except Exception as error:
            self._fail(error)

    def _advance(self):
        if self._failure:
            return
        if self._job and self._job.result:
            self._view.end(DONE)
            return
        self._silent += 1
        self._painting.turns.tick()
        if self._job is None:
            self._start()
        elif self._job.tick():
            # Said before it is done, at the next tick: writing a large layer blocks the window.
            self._view.allow_keeping(False)
            self._view.show_progress(1.0, _("Writing the new layer..."))
        elif self._ticks % LOOK_TICKS == 0:
            self._painting.check_alive()
            self._tell_of_silence()

    def _start(self):
        if self._is_begun:
            return
        # When the dialog before it closes, the focus goes to GIMP's own window, and sometimes late.
        self._view.come_to_front()
        self._view.show_progress(None, _("Reading the pictures..."))
        if self._ticks < 2:
            return  # let the window appear first
        self._is_begun = True
        self._painting.turns.take(
            lambda: self._painting.prepare(self._styles, self._values, PREVIEW_SECONDS),
            self._begin,
            self._fail,
        )

    def _begin(self, prepared):
        self._job = self._painting.begin(
            prepared, self._on_progress, self._on_preview, self._on_warning
        )
        self._view.show_progress(None, _("Waiting for the engine..."))

    def _fail(self, failure):
        self._failure = failure if isinstance(failure, PluginError) else unexpected(failure)
        self._view.end(FAILED)

    # -- the engine's messages -----------------------------------------------------------------

    def _on_progress(self, message):
        self._silent = 0
        self._view.allow_keeping(True)
        fraction = min(1.0, max(0.0, message["fraction"]))
        self._view.show_progress(fraction, progress_words(message))

    def _on_preview(self, message):
        self._view.show_picture(message)
        if self._last:
            self._painting.forget(self._last)
        self._last = message
        if self._view.live_wanted:
            self._show_live()

    def show_live(self, wanted):
        """Show the unfinished picture in the image, or no longer."""
        self._guard(self._show_live if wanted else self._painting.hide_live)

    def _show_live(self):
        if self._last:
            self._painting.show_live(self._styles, self._values, self._last)

    def _on_warning(self, message):
        self._warnings.append(message["message"])
        self._view.show_words(message["message"])

    def _tell_of_silence(self):
        if self._silent * TICK_MS > PATIENT_SECONDS * 1000:
            self._view.show_words(_("Still working on one step; large pictures take long."))
