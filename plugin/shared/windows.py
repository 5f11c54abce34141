# SPDX-License-Identifier: GPL-3.0-or-later
"""What GTK 2 and GTK 3 call alike in the editions' windows. Python 2.7 can run it."""

# The editions make the widgets, of one GTK or the other.
# pyright: reportAttributeAccessIssue=false

from painting import PREVIEW_SIZE
from pixbuf import as_pixbuf
from running import CANCEL, DONE, FAILED, KEEP, Running
from translation import _

PICTURE_SIZE = 448
RESPONSES = {KEEP: 1, DONE: 2, FAILED: 3}
"""GTK's numbers; any other closes the window, which is Cancel."""
MINIMISE = 4


class PreviewPane(object):
    """The photo, and once there is one how it would be painted; before and after by a click.

    An edition builds `widget` and in it `_picture`, `_picture_box`, `_bar`, and the buttons that
    stay down, `_preview` and `_before`. `on_wanted` is called when the first of them is pressed.
    """

    def __init__(self, on_wanted):
        self._photo = self._painted = None
        self._is_held = False
        self._build()
        self._preview.connect("toggled", lambda _button: on_wanted())
        self._before.connect("toggled", lambda _button: self._show())
        self._before.set_tooltip_text(_("Show the photo, as holding the mouse on the picture does"))
        self._picture_box.connect("button-press-event", lambda _box, event: self._press(event))
        self._picture_box.connect("button-release-event", lambda _box, event: self._release(event))

    def _build(self):
        raise NotImplementedError

    @property
    def is_wanted(self):
        return self._preview.get_active()

    def want(self, wanted):
        self._preview.set_active(wanted)

    def allow(self, allowed):
        self._preview.set_sensitive(allowed)

    def show_fraction(self, fraction):
        self._bar.set_fraction(fraction)

    def show_photo(self, message):
        """The part that is painted, from the engine's raw file."""
        self._photo = as_pixbuf(message, PREVIEW_SIZE)
        self._show()

    zoom = None
    """The rectangle to look at closely, 0..1 of the part to paint; None for all of it."""

    def show_faces(self, faces, content):
        """Outline what is kept more of the photo, where the edition can draw on the picture.

        `faces` are left, top and side in pixels of the file `content`.
        """

    def show_painted(self, message):
        """The same as painted, or None where nothing is."""
        self._painted = as_pixbuf(message, PREVIEW_SIZE) if message else None
        self._show()

    def _press(self, _event):
        self._hold(True)

    def _release(self, _event):
        self._hold(False)

    def _hold(self, is_held):
        self._is_held = is_held
        self._show()

    def _show(self):
        is_before = self._is_held or self._before.get_active()
        painted = None if is_before else self._painted
        self._picture.set_from_pixbuf(painted or self._photo)


class ProgressWindow(object):
    """The window while the picture is painted; `running.Running` says what it shows.

    It is one to put aside while the artist works in GIMP: neither modal nor bound to GIMP's own, as
    many window managers minimise no such window. An edition builds `_dialog`, `_keep`, `_picture`,
    `_bar`, `_words` and `_live`, and gives GTK's `main` and `main_quit`.
    """

    def __init__(self, painting, styles, values):
        self._painting = painting
        self._running = Running(painting, styles, values, self)
        self._said = CANCEL
        self._build()
        self._keep.set_tooltip_text(
            _("Take the picture as it is now: early it is coarse, its details come last")
        )
        self._dialog.connect("response", self._on_response)
        self._dialog.connect("delete-event", lambda *_event: True)  # `close` destroys it

    def _build(self):
        raise NotImplementedError

    def run(self):
        """Wait for the end; returns the new layer, or raises as `Running.wait`."""
        return self._running.wait(self._answer)

    def _answer(self):
        self._main()  # the dialog's own `run` would make it modal
        return self._said

    def _on_response(self, dialog, response):
        if response == MINIMISE:
            dialog.iconify()
            return
        said = [word for word, number in RESPONSES.items() if number == response]
        self._said = said[0] if said else CANCEL
        self._main_quit()

    @property
    def live_wanted(self):
        return self._live.get_active()

    def end(self, how):
        self._dialog.response(RESPONSES[how])

    def come_to_front(self):
        self._dialog.present()

    def allow_keeping(self, allowed):
        self._dialog.set_response_sensitive(RESPONSES[KEEP], allowed)

    def show_progress(self, fraction, text):
        if fraction is not None:
            self._bar.set_fraction(fraction)
            title = _("{percent} % - Neural Style")
            self._dialog.set_title(title.replace("{percent}", "%d" % (100 * fraction)))
        self._bar.set_text(text)

    def show_picture(self, message):
        self._picture.set_from_pixbuf(as_pixbuf(message, PICTURE_SIZE))

    def show_words(self, text):
        self._words.set_text(text)
