# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of a layer is painted. Python 2.7 can run it."""

import collections

Region = collections.namedtuple("Region", "x y width height")
"""A rectangle in a layer's own coordinates."""
SMALLEST = 16
"""Shorter side of a picture that the engine paints, in pixels."""
LEAST = 160
"""Side of the smallest part that is looked at closely, in pixels as painted."""


def around(selected, width, height):
    """A selected Region with some context around it, within a layer of that size."""
    margin = max(32, max(selected.width, selected.height) // 4)
    left, top = max(0, selected.x - margin), max(0, selected.y - margin)
    right = min(width, selected.x + selected.width + margin)
    bottom = min(height, selected.y + selected.height + margin)
    return Region(left, top, right - left, bottom - top)


Part = collections.namedtuple("Part", "region longest whole")
"""What a preview shows: a Region of the layer, how long it is painted at most, and how long all of
the picture would be then, or None if the region is all of it."""


def whole(region, longest):
    """The Part that is all of a region, at most that long, or as long as it must be for its shorter
    side to have the SMALLEST pixels."""
    long_side, short_side = max(region.width, region.height), min(region.width, region.height)
    needed = -(-SMALLEST * long_side // short_side)
    return Part(region, max(longest, needed), None)


def zoomed(region, painted, shown, rectangle):
    """The Part of a region to look at as closely as it will be painted.

    `painted` is how long the region will be painted, `shown` how much of that the preview shows at
    most, in pixels, and `rectangle` left, top, right and bottom of what is meant, 0..1 of it.
    """
    longest = max(region.width, region.height)
    scale = min(1.0, float(painted) / longest)
    left, top, right, bottom = rectangle
    sides = (right - left) * region.width, (bottom - top) * region.height
    side = min(max(max(sides), LEAST / scale), shown / scale)
    width, height = (int(min(side, length)) for length in (region.width, region.height))
    x = (left + right) / 2 * region.width - width / 2.0
    y = (top + bottom) / 2 * region.height - height / 2.0
    x = int(min(max(x, 0), region.width - width))
    y = int(min(max(y, 0), region.height - height))
    part = Region(region.x + x, region.y + y, width, height)
    return Part(part, max(1, int(round(max(width, height) * scale))), int(round(longest * scale)))


def described(path, region, longest=None):
    """A region's file, at most that long, as a job names it."""
    _scale, width, height = scaled(region, longest)
    return {"file": path, "width": width, "height": height}


def scaled(region, longest=None):
    """Factor, width and height with which a region is at most that long."""
    scale = min(1.0, float(longest) / max(region.width, region.height)) if longest else 1.0
    width = max(1, int(round(region.width * scale)))
    height = max(1, int(round(region.height * scale)))
    return scale, width, height
