"""Guidance channels: which positions of each layer belong to a region of the picture.

Gatys et al. 2017 ("Controlling Perceptual Factors in Neural Style Transfer", arXiv 1611.07865),
spatial control: a mask is carried down to each layer, and the statistics of a region are those of
its positions, weighed by it. Here a mask is averaged where the network pools.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from neural_style.settings import LAYERS
from neural_style.tiles import Features, bounding_box, level, pooled

DEEPEST = level(LAYERS[-1])


class Part(NamedTuple):
    """Those of some positions that belong to a region, and which rows and columns of them."""

    features: Features
    rows: slice
    columns: slice

    def add(self, own: Tensor, whole: Tensor, all_columns: int) -> None:
        """Add what was found for the part, (n, C), to the same for all positions, (N, C)."""
        grid = whole.view(-1, all_columns, whole.shape[1])[self.rows, self.columns]
        grid.add_(own.view(grid.shape))


class Guide:
    """How much each position counts for one region. It keeps the region's bounding box only.

    Args:
        mask: how much each pixel belongs to the region, shape (1, 1, H, W), 0..1, and not all 0;
            0 where the picture is transparent.

    Attributes:
        mass: the mask's sum.
    """

    def __init__(self, mask: Tensor) -> None:
        self.box = bounding_box(mask, 1 << DEEPEST)
        own = self.box.of(mask).clone()
        self.mass = float(own.sum(dtype=torch.float32))
        self._weight = [_carried(own, deep) for deep in range(DEEPEST + 1)]
        self._total = [weight.sum(dtype=torch.float32) for weight in self._weight]

    def of(self, layer: str, features: Features) -> Part | None:
        """The positions that lie in the region's bounding box, weighed by the region so that all
        of a layer sum to one; None if there are none."""
        deep = level(layer)
        weight, top, left = self._weight[deep], self.box.top >> deep, self.box.left >> deep
        rows = _within(features.rows, top, top + weight.shape[0])
        columns = _within(features.columns, left, left + weight.shape[1])
        own_rows, own_columns = features.rows[rows], features.columns[columns]
        if not (own_rows and own_columns):
            return None
        stride, total = features.rows.step, self._total[deep]
        if stride > 1:
            # Of the grid on which these positions stand, all over the region.
            down, across = (own_rows[0] - top) % stride, (own_columns[0] - left) % stride
            total = weight[down::stride, across::stride].sum(dtype=torch.float32)
        here = weight[_seen_from(own_rows, top), _seen_from(own_columns, left)]
        values = features.values.view(len(features.rows), len(features.columns), -1)
        part = Features(
            values=values[rows, columns].flatten(0, 1),
            weight=here.flatten() / total.clamp_min(1e-12),
            rows=own_rows,
            columns=own_columns,
            height=features.height,
            width=features.width,
            dtype=features.dtype,
        )
        return Part(part, rows, columns)


def _carried(mask: Tensor, deep: int) -> Tensor:
    """The mask's means at the positions of a layer behind `deep` poolings, shape (h, w)."""
    height, width = (side >> deep for side in mask.shape[2:])
    if not (height and width):  # a strip at the picture's end that a pooling rounds away
        return mask.new_zeros(height, width)
    return pooled(mask, deep)[0, 0]


def _within(line: range, first: int, end: int) -> slice:
    """Which of the numbers of `line` lie from `first` to `end`, the latter not included."""
    low = max(0, -(-(first - line.start) // line.step))
    high = max(low, -(-(min(end, line.stop) - line.start) // line.step))
    return slice(low, high)


def _seen_from(line: range, start: int) -> slice:
    return slice(line.start - start, line.stop - start, line.step)
