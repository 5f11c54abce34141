"""Random crops of random pictures."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from training.pictures import Pictures

SMALLEST_CROP = 0.4
"""Least part of a picture's shorter side that a crop shows: strokes and whole objects alike."""


class Batches:
    """Draws batches.

    A source is drawn by the square root of its number of pictures, so that a thousand paintings
    are not lost among ten thousand photos; then one of its pictures.

    Args:
        pictures: to draw from.
        size: pictures in a batch.
        side: of a crop in pixels.
        generator: the only source of chance.
    """

    def __init__(
        self, pictures: Pictures, size: int, side: int, generator: torch.Generator
    ) -> None:
        self.pictures, self.size, self.side, self.generator = pictures, size, side, generator
        sources = pictures.sources[pictures.labels]
        counts = torch.bincount(sources, minlength=len(pictures.names)).double()
        self.chances = counts.clamp_min(1).rsqrt()[sources]

    def draw(self) -> tuple[Tensor, Tensor]:
        """Pictures (N, 3, side, side), sRGB 0..1, and their class numbers (N,)."""
        drawn = torch.multinomial(self.chances, self.size, True, generator=self.generator)
        chances = torch.rand(self.size, 4, generator=self.generator).tolist()
        images = [
            crop(self.pictures.images[i], self.side, *chance)
            for i, chance in zip(drawn.tolist(), chances, strict=True)
        ]
        return torch.stack(images), self.pictures.labels[drawn]


def middle(image: Tensor, side: int) -> Tensor:
    """The middle square of a picture (3, h, w), uint8, as (3, side, side), 0..1."""
    return crop(image, side, 1.0, 0.5, 0.5, 1.0)


def crop(image: Tensor, side: int, scale: float, across: float, down: float, turn: float) -> Tensor:
    """A square of a picture, resized.

    Args:
        image: (3, h, w), uint8.
        side: of the result, (3, side, side), 0..1.
        scale: size of the square, from the smallest at 0 to the picture's shorter side at 1.
        across, down: its place, 0..1.
        turn: mirrored below a half.
    """
    height, width = image.shape[1:]
    square = round(min(height, width) * SMALLEST_CROP ** (1 - scale))
    top, left = int(down * (height - square + 1)), int(across * (width - square + 1))
    part = image[:, top : top + square, left : left + square].float().div(255)
    if square != side:
        part = F.interpolate(part[None], (side, side), mode="bilinear", antialias=square > side)[0]
    return part.flip(2) if turn < 0.5 else part
