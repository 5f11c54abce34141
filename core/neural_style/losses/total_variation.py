"""The loss of roughness, which needs no network."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from neural_style.canvas import Canvas
from neural_style.losses.base import PixelLoss
from neural_style.tiles import Box, chunk

CHROMA = 4.0
"""How much a difference of colour counts beside one of brightness: paint changes from stroke to
stroke in both, but colours that change from pixel to pixel are noise to the eye."""


class TotalVariationLoss(PixelLoss):
    """Mean squared difference of neighbouring pixels, of which both must be visible.

    Mahendran and Vedaldi 2015 (arXiv 1412.0035), beta = 2, here of a difference d = g + c, where
    g is the channels' mean and c what is left of it: the mean of g^2 + CHROMA c^2.

    Args:
        weight: see `PixelLoss`.
        relative: divide by the same of the styles: rough ones are not smoothed.
    """

    def __init__(self, *, weight: float, relative: bool) -> None:
        super().__init__(weight=weight)
        self.relative = relative
        self.size = torch.zeros(())
        self.has_style = False

    def update_style(self, style: Canvas, share: float) -> None:
        self.has_style = True
        if self.relative:
            factor = share / _count(style.visible)
            size = torch.zeros_like(factor)
            for difference, weighted, _ in _pairs(style.pixels, style.visible):
                size += torch.linalg.vecdot(difference.flatten(), weighted.flatten()) * factor
            self.size = self.size.to(size) + size

    def update_content(self, content: Canvas) -> None:
        self.visible = content.visible

    def compute_targets(self) -> None:
        self.factor = self.weight / _count(self.visible)
        if self.relative:
            # A style of one colour is as smooth as one with steps of 1/255.
            self.factor = self.factor / self.size.clamp_min(1 / 255**2)
            if not self.has_style:  # all of the photo is protected
                self.factor = torch.zeros_like(self.factor)

    def loss_and_gradient(self, image: Tensor, gradient: Tensor) -> Tensor:
        value = torch.zeros_like(self.factor)
        for difference, weighted, sides in _pairs(image, self.visible):
            weighted *= self.factor
            value += torch.linalg.vecdot(difference.flatten(), weighted.flatten())
            for box, sign in zip(sides, (-2, 2), strict=True):
                box.of(gradient).add_(weighted, alpha=sign)
        return value


def _pairs(image: Tensor, visible: Tensor) -> Iterator[tuple[Tensor, Tensor, tuple[Box, Box]]]:
    """Differences of neighbours, these weighted, and where both are, strip by strip."""
    height, width = image.shape[2:]
    # Differences, weights and what lies between them: a few times as much as a strip of pixels.
    rows = max(chunk(image.device) // 16 // width, 1)
    for box in Box(0, 0, height, width).strips(rows):
        top, bottom = box.top, box.bottom
        # Below: with the next strip's first row, for the pairs between the two.
        last = min(bottom, height - 1)
        below = Box(top, 0, last, width), Box(top + 1, 0, last + 1, width)
        beside = Box(top, 0, bottom, width - 1), Box(top, 1, bottom, width)
        for one, two in (below, beside):
            difference = two.of(image) - one.of(image)
            weighted = torch.lerp(difference.mean(1, keepdim=True), difference, CHROMA)
            weighted *= torch.minimum(one.of(visible), two.of(visible))
            yield difference, weighted, (one, two)


def _count(visible: Tensor) -> Tensor:
    """What sums over visible pixels and channels are divided by."""
    return 3 * visible.sum(dtype=torch.float32).clamp_min(1)
