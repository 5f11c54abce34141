"""Random crops of random pictures, some of them changed."""

from __future__ import annotations

from collections import Counter

import torch
from torch import Tensor
from torch.nn import functional as F

from training.pictures import Pictures

SMALLEST_CROP = 0.3
"""Least part of a picture's shorter side that a crop shows: strokes and whole objects alike."""

GAIN, OFFSET, NOISE = 0.2, 0.1, 0.08
"""Greatest change of a channel's contrast and brightness, and deviation of the noise, in 0..1: on
its way a picture has colours and grain that no photo has."""

HALFWAY_SHARE = 0.2
"""Part of each batch that are pictures on their way from photo to painting."""


class Batches:
    """Draws batches.

    A source is drawn by the square root of its number of pictures, so that a thousand paintings
    are not lost among ten thousand photos; then one of its pictures.

    Args:
        pictures: to draw from.
        halfway: more pictures, each (3, h, w), uint8, drawn as `HALFWAY_SHARE` says.
        generator: the only source of chance.
    """

    def __init__(
        self, pictures: Pictures, halfway: list[Tensor], generator: torch.Generator
    ) -> None:
        self.images, self.generator = [*pictures.images, *halfway], generator
        counts = Counter(pictures.sources)
        chances = torch.tensor([counts[source] ** -0.5 for source in pictures.sources])
        chances = chances.double() / chances.sum()
        share = HALFWAY_SHARE if halfway else 0.0
        extra = torch.full((len(halfway),), share / max(len(halfway), 1), dtype=torch.double)
        self.chances = torch.cat([chances * (1 - share), extra])

    def draw(self, size: int, side: int) -> Tensor:
        """Pictures (size, 3, side, side), sRGB 0..1."""
        drawn = torch.multinomial(self.chances, size, True, generator=self.generator)
        chances = torch.rand(size, 4, generator=self.generator).tolist()
        images = [
            crop(self.images[i], side, *chance)
            for i, chance in zip(drawn.tolist(), chances, strict=True)
        ]
        return self._changed(torch.stack(images))

    def _changed(self, images: Tensor) -> Tensor:
        gain, offset = torch.rand(2, len(images), 3, 1, 1, generator=self.generator) * 2 - 1
        # Half of them without noise.
        noise = (torch.rand(len(images), 1, 1, 1, generator=self.generator) * 2 - 1).clamp_min(0)
        grain = torch.randn(images.shape, generator=self.generator)
        return ((1 + GAIN * gain) * images + OFFSET * offset + NOISE * noise * grain).clamp(0, 1)


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
