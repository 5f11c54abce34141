"""The terms of the loss that need no network; they work on the whole picture, in strips."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from neural_style.tiles import Box

CHROMA = 4.0
"""How much a difference of colour counts beside one of brightness: paint changes from stroke to
stroke in both, but colours that change from pixel to pixel are noise to the eye."""


class VariationTerm:
    """Total variation: mean squared difference of neighbouring pixels; both must be visible.

    A difference is that of the channels' mean, and what is left, of which the square counts
    CHROMA times. Relative to the paintings' own after `finish`: rough ones are not smoothed.

    Args:
        weight: of the term.
        visible: how much each pixel of the picture counts, shape (1, 1, H, W).
        points: pixels of a strip, about.
    """

    def __init__(self, weight: float, visible: Tensor, points: int) -> None:
        self.visible, self.points = visible, points
        self.factor = weight / _count(visible)
        self.size = torch.zeros_like(self.factor)

    def learn(self, pixels: Tensor, visible: Tensor, share: float) -> None:
        """Measure a painting."""
        factor = share / _count(visible)
        for difference, pull, _ in self._pairs(pixels, visible):
            self.size += torch.linalg.vecdot(difference.flatten(), pull.flatten()) * factor

    def finish(self) -> None:
        # A painting of one colour is as smooth as one with steps of 1/255.
        self.factor = self.factor / self.size.clamp_min(1 / 255**2)

    def gradient(self, image: Tensor, gradient: Tensor) -> Tensor:
        """Add the term's gradient to `gradient`; returns its value."""
        value = torch.zeros_like(self.factor)
        for difference, pull, sides in self._pairs(image, self.visible):
            pull *= self.factor
            value += torch.linalg.vecdot(difference.flatten(), pull.flatten())
            for box, sign in zip(sides, (-2, 2), strict=True):
                box.of(gradient).add_(pull, alpha=sign)
        return value

    def _pairs(
        self, image: Tensor, visible: Tensor
    ) -> Iterator[tuple[Tensor, Tensor, tuple[Box, Box]]]:
        """Differences of neighbours, these weighted, and where both are, strip by strip."""
        height, width = image.shape[2:]
        for box in Box(0, 0, height, width).strips(max(self.points // width, 1)):
            top, bottom = box.top, box.bottom
            # Below: with the next strip's first row, for the pairs between the two.
            last = min(bottom, height - 1)
            below = Box(top, 0, last, width), Box(top + 1, 0, last + 1, width)
            beside = Box(top, 0, bottom, width - 1), Box(top, 1, bottom, width)
            for one, two in (below, beside):
                difference = two.of(image) - one.of(image)
                pull = torch.lerp(difference.mean(1, keepdim=True), difference, CHROMA)
                pull *= torch.minimum(one.of(visible), two.of(visible))
                yield difference, pull, (one, two)


def _count(visible: Tensor) -> Tensor:
    """What sums over visible pixels and channels are divided by."""
    return 3 * visible.sum(dtype=torch.float32).clamp_min(1)
