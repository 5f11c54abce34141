# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of a layer is painted. Python 2.7 can run it."""

import collections

Region = collections.namedtuple("Region", "x y width height")
"""A rectangle in a layer's own coordinates."""


def around(selected, width, height):
    """A selected Region with some context around it, within a layer of that size."""
    margin = max(32, max(selected.width, selected.height) // 4)
    left, top = max(0, selected.x - margin), max(0, selected.y - margin)
    right = min(width, selected.x + selected.width + margin)
    bottom = min(height, selected.y + selected.height + margin)
    return Region(left, top, right - left, bottom - top)


def scaled(region, longest=None):
    """Factor, width and height with which a region is at most that long."""
    scale = min(1.0, float(longest) / max(region.width, region.height)) if longest else 1.0
    width = max(1, int(round(region.width * scale)))
    height = max(1, int(round(region.height * scale)))
    return scale, width, height
