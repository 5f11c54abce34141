# SPDX-License-Identifier: GPL-3.0-or-later
"""Nine small pictures over two settings, from which the artist takes one's.

GIMP 3's window only shows it; GIMP 2.10 has none. Python 2.7 can run it.
"""

import json

from arguments import BY_NAME
from messages import PluginError
from painting import LOOK_TICKS
from region import whole
from reporting import unexpected
from translation import _

CELL_SIZE = 144
"""Longest side of a cell on the screen: three of them fit a height of 768 pixels."""
CELL_PAINTED = 384
"""Longest side at which a cell is painted; see `Painting.preview_request`."""

STEPS = {"strength": 25, "palette": 50, "faces": 50, "seed": 1}
"""From one value to the next."""
FACTORS = {"style_scale": 2.0, "style_weight": 5.0}
"""The same, multiplied. A fifth of the style's weight is as far as 25 points of strength."""
CHOICES = {
    "colours": ("painting", "photo", "luminance"),
    "content_layers": ("conv2_1", "conv3_2:2,conv4_2:1", "conv5_1"),
    "style_layers": (
        "conv1_1,conv2_1",
        "conv1_1,conv2_1,conv3_1",
        "conv1_1,conv2_1,conv3_1,conv4_1,conv5_1",
    ),
}
AXES = (
    "strength",
    "style_scale",
    "palette",
    "colours",
    "faces",
    "style_weight",
    "content_layers",
    "style_layers",
    "seed",
)
"""Settings to choose from. Content layers against the style's weight are the paper's figure."""
FIRST = ("strength", "style_scale")
"""Rows and columns at first."""
ORDER = ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2), (0, 0), (0, 2), (2, 0), (2, 2))
"""The middle, which is the nearest to the present settings, comes first."""


def three(name, present):
    """Three values of a setting, the present one in the middle where that can be."""
    if name in CHOICES:
        return CHOICES[name]
    low, high = BY_NAME[name]["minimum"], BY_NAME[name]["maximum"]
    if name in FACTORS:
        factor = FACTORS[name]
        middle = min(max(present, low * factor), high / factor)
        return middle / factor, middle, middle * factor
    step = STEPS[name]
    middle = min(max(present, low + step), high - step)
    return middle - step, middle, middle + step


def value_in_words(name, value):
    """A value at the grid's edge."""
    if name == "colours":
        return _(value)
    if name in CHOICES:
        layers = [part.partition(":")[0] for part in value.split(",")]
        return layers[0] if len(layers) == 1 else layers[0] + " ... " + layers[-1]
    return "%.4g" % value


class Variations(object):
    """The cells of the grid, painted one after the other.

    `view` is the window: `show_axes(rows, columns)` with the texts at the edges,
    `show_cell(row, column, message or None)`, and `show_status(text)`.
    """

    def __init__(self, painting, choices, view):
        self._painting = painting
        self._choices = choices
        self._view = view
        self._values = choices.collect()
        self._part = self._content = None
        self._pictures = {}  # results by their settings, so that a second look is free
        self._waiting = []
        self._job = self._cell = None
        self._is_reading = False
        self._ticks = 0
        self.names = FIRST

    def choose(self, rows, columns):
        """Begin to paint the grid over two settings."""
        self.stop()
        self.names = rows, columns
        self._lines = [three(name, self._choices.effective(name)) for name in self.names]
        self._view.show_axes(
            *[
                [value_in_words(name, value) for value in line]
                for name, line in zip(self.names, self._lines)
            ]
        )
        for cell in ORDER:
            self._view.show_cell(cell[0], cell[1], self._pictures.get(self._key(cell)))
        self._waiting = [cell for cell in ORDER if self._key(cell) not in self._pictures]
        self._say()

    def settings_of(self, row, column):
        """What a cell changes: names and values."""
        return dict(zip(self.names, (self._lines[0][row], self._lines[1][column])))

    def _key(self, cell):
        return json.dumps(self.settings_of(*cell), sort_keys=True)

    def stop(self):
        if self._job:
            self._job.cancel()
        self._job, self._waiting, self._cell = None, [], None

    def close(self):
        self.stop()
        if self._content:
            self._painting.forget(self._content)
        for message in self._pictures.values():
            self._painting.forget(message)

    # -- ticking -------------------------------------------------------------------------------

    def tick(self):
        """To be called every TICK_MS milliseconds."""
        self._ticks += 1
        try:
            self._painting.turns.tick()
            if self._ticks % LOOK_TICKS == 0 and not self._painting.turns.is_asking:
                self._painting.check_alive()
            self._advance()
        except Exception as error:
            self._fail(error)
        return True

    def _advance(self):
        if self._job is None:
            if self._waiting and not self._is_reading:
                self._begin(self._waiting.pop(0))
        elif self._job.tick():
            self._pictures[self._key(self._cell)] = self._job.result
            self._view.show_cell(self._cell[0], self._cell[1], self._job.result)
            self._job = None
            self._say()

    def _begin(self, cell):
        self._cell, self._is_reading = cell, True
        chosen = self._choices.styles, self._choices.masks
        values = dict(self._values, **self.settings_of(*cell))
        self._painting.turns.take(
            lambda: self._request(values, *chosen),
            lambda request: self._start(cell, request),
            self._fail,
        )

    def _request(self, values, styles, guided):
        painting = self._painting
        painting.masks = guided
        if self._content is None:
            self._part = whole(painting.part_to_show({}).region, CELL_PAINTED)
            self._content = painting.write_part(self._part)
        return painting.preview_request(self._part, self._content, styles, values, CELL_SIZE)

    def _start(self, cell, request):
        self._is_reading = False
        if cell == self._cell:  # else other axes were chosen meanwhile
            kept = [self._content] + list(self._pictures.values())
            self._job = self._painting.start_preview(request, {"preview": self._on_preview}, kept)

    def _on_preview(self, message):
        self._view.show_cell(self._cell[0], self._cell[1], message)
        self._painting.forget(message)

    def _fail(self, error):
        error = error if isinstance(error, PluginError) else unexpected(error)
        self._is_reading = False
        self.stop()
        if error.code.startswith("engine_"):
            self._painting.drop_engine(error)
        self._view.show_status(error.text(_))

    def _say(self):
        left = len(self._waiting) + (self._job is not None)
        if left:
            text = _("Painting; {n} of 9 pictures are finished.").replace("{n}", "%d" % (9 - left))
        else:
            text = _("Choose a picture to take its settings; a double click paints it large.")
        self._view.show_status(text)
