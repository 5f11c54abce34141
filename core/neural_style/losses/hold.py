"""What holds given pixels: the photo's own, or those of a film's last frame."""

from __future__ import annotations

import torch
from torch import Tensor

from neural_style.canvas import Canvas
from neural_style.losses.base import PixelLoss
from neural_style.tiles import Box, bounding_box, chunk


class HoldLoss(PixelLoss):
    """Squared difference to given pixels, weighed by how much each is held.

    With x the image's and p the given pixels, t how much they are held, N pixels of three channels:

        1 / (3 N) sum t (x - p)^2

    For what is protected, p is the photo: the content loss alone would keep its shapes but not its
    grain and colours. For a film, p is the last frame carried along by the flow and t where it was
    seen: the temporal loss of Ruder, Dosovitskiy and Brox 2016 (arXiv 1604.08610), equation 7.

    Args:
        weight: see `PixelLoss`.
        held: the pixels, and how much each is held as what is visible of them.
    """

    def __init__(self, *, weight: float, held: Canvas) -> None:
        super().__init__(weight=weight)
        self.box = bounding_box(held.visible)  # nothing is kept for pixels outside
        self.target = self.box.of(held.pixels).clone()
        self.amount = self.box.of(held.visible).clone()
        self.factor = weight / (3 * held.visible.shape[2] * held.visible.shape[3])

    def loss_and_gradient(self, image: Tensor, gradient: Tensor) -> Tensor:
        value = image.new_zeros(())
        own, slope = self.box.of(image), self.box.of(gradient)
        height, width = own.shape[2:]
        rows = max(chunk(image.device) // (3 * max(width, 1)), 1)
        for strip in Box(0, 0, height, width).strips(rows):
            difference = strip.of(own) - strip.of(self.target)
            weighted = difference * strip.of(self.amount) * self.factor
            value += torch.linalg.vecdot(difference.flatten(), weighted.flatten())
            strip.of(slope).add_(weighted, alpha=2)
        return value
