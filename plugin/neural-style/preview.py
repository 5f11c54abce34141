# SPDX-License-Identifier: GPL-3.0-or-later
"""The pane beside the settings: the photo and how it would be painted, all of it or a part."""

import math

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk  # noqa: E402

from painting import PREVIEW_SIZE  # noqa: E402
from translation import _  # noqa: E402
from windows import PreviewPane  # noqa: E402

DRAGGED = 8
"""Pixels from which on a held mouse draws a rectangle."""
MIDDLE = (0.5, 0.5, 0.5, 0.5)
"""The smallest part, in the middle: for those who do not draw a rectangle."""
ELLIPSE = (0.6, 0.75)
"""Half width and half height of a face's outline, in sides of its square, as in the engine."""


class Preview(PreviewPane):
    def __init__(self, on_wanted, on_zoom, on_nine):
        self._faces = ([], 1)
        self._start = self._band = None
        PreviewPane.__init__(self, on_wanted)
        self._on_zoom = on_zoom
        self._zoom.connect("toggled", lambda _button: self._zoom_changed())
        self._nine.connect("clicked", lambda _button: on_nine())
        self._picture_box.connect("motion-notify-event", self._on_motion)
        self._picture.connect_after("draw", self._on_draw)

    def _build(self):
        self._picture = Gtk.Image()
        self._picture.set_size_request(PREVIEW_SIZE, PREVIEW_SIZE)
        self._picture_box = Gtk.EventBox()
        self._picture_box.add_events(Gdk.EventMask.BUTTON1_MOTION_MASK)
        self._picture_box.add(self._picture)
        frame = Gtk.Frame()
        frame.add(self._picture_box)
        self._bar = Gtk.ProgressBar()
        self._preview = Gtk.ToggleButton(label=_("Pre_view"), use_underline=True)
        self._before = Gtk.ToggleButton(label=_("_Before"), use_underline=True)
        self._zoom = Gtk.ToggleButton(label=_("_Zoom"), use_underline=True)
        self._zoom.set_tooltip_text(
            _("A part as large as it will be painted: draw a rectangle on the picture to choose it")
        )
        self._nine = Gtk.Button(label=_("Try _Nine..."), use_underline=True)
        self._nine.set_tooltip_text(_("Nine small pictures with other settings, to choose from"))
        buttons = Gtk.Grid(row_spacing=6, column_spacing=6, column_homogeneous=True)
        for index, button in enumerate((self._preview, self._before, self._zoom, self._nine)):
            button.set_hexpand(True)
            buttons.attach(button, index % 2, index // 2, 1, 1)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        for widget in (frame, self._bar, buttons):
            self.widget.pack_start(widget, False, False, 0)

    def allow(self, allowed):
        PreviewPane.allow(self, allowed)
        self._nine.set_sensitive(allowed)

    # -- a part of the picture -----------------------------------------------------------------

    def _zoom_changed(self):
        self.zoom = (self._chosen() or MIDDLE) if self._zoom.get_active() else None
        self._band = None
        self._on_zoom()

    def _press(self, event):
        PreviewPane._press(self, event)
        self._start = None if self.zoom else (event.x, event.y)

    def _on_motion(self, _box, event):
        if self._start is None:
            return
        end = event.x, event.y
        if max(abs(a - b) for a, b in zip(self._start, end, strict=True)) >= DRAGGED:
            self._hold(False)
            self._band = (*self._start, *end)
        self._picture.queue_draw()

    def _release(self, event):
        PreviewPane._release(self, event)
        self._start = None
        if self._chosen():
            self._zoom.set_active(True)
        self._band = None

    def _chosen(self):
        """The rectangle drawn, 0..1 of the picture; None if there is none on it."""
        if self._band is None:
            return None
        left, top, width, height = self._place()
        xs = [min(max((x - left) / width, 0), 1) for x in self._band[::2]]
        ys = [min(max((y - top) / height, 0), 1) for y in self._band[1::2]]
        is_on_it = xs[0] != xs[1] and ys[0] != ys[1]
        return (min(xs), min(ys), max(xs), max(ys)) if is_on_it else None

    def _place(self):
        """Left, top, width and height of the picture in its box."""
        shown = self._picture.get_pixbuf()
        width, height = (shown.get_width(), shown.get_height()) if shown else (1, 1)
        room = self._picture.get_allocation()
        return (room.width - width) / 2, (room.height - height) / 2, width, height

    # -- what is drawn on it -------------------------------------------------------------------

    def show_photo(self, message):
        self._faces = ([], 1)  # those of the picture before
        PreviewPane.show_photo(self, message)

    def show_faces(self, faces, content):
        self._faces = faces, max(content["width"], content["height"])
        self._picture.queue_draw()

    def _on_draw(self, _widget, context):
        left, top, width, height = self._place()
        faces, longest = self._faces
        scale = max(width, height) / longest
        for x, y, side in faces if self.is_wanted else ():
            context.save()
            context.translate(left + (x + side / 2) * scale, top + (y + 0.55 * side) * scale)
            context.scale(ELLIPSE[0] * side * scale, ELLIPSE[1] * side * scale)
            context.arc(0, 0, 1, 0, 2 * math.pi)
            context.restore()
            _outline(context)
        if self._band:
            x0, y0, x1, y1 = self._band
            context.rectangle(x0, y0, x1 - x0, y1 - y0)
            _outline(context)


def _outline(context):
    """A line that is seen on light and dark."""
    for width, grey in ((3, 0), (1, 1)):
        context.set_source_rgba(grey, grey, grey, 0.7)
        context.set_line_width(width)
        context.stroke_preserve()
    context.new_path()
