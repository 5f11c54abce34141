"""Masks: where the photo is protected, and which part of it is painted like which painting."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from neural_style.errors import NeuralStyleError
from neural_style.image.picture import Floats, Picture
from neural_style.resampling import resize
from neural_style.tiles import Box

MOST_REGIONS = 8

OVERLAP = 1.05, 0.01
"""More than this sum of masks, on more than this part of the picture, is worth a warning: soft
edges that meet add up to about one."""


@dataclass(frozen=True, eq=False)
class Mask:
    """How much each pixel of a picture is meant, 0..1. Only its bounding box is kept.

    Attributes:
        values: in the box, shape (h, w).
        box: where that is.
        height, width: of the picture.
        name: for messages, as in "mask sky.png".
    """

    values: Floats
    box: Box
    height: int
    width: int
    name: str

    @cached_property
    def key(self) -> bytes:
        """The same for the same mask, and another one for others."""
        shape = repr((self.box, self.height, self.width)).encode()
        return hashlib.blake2b(shape + self.values.tobytes(), digest_size=32).digest()

    @property
    def part(self) -> float:
        """The box's area, in pictures."""
        return self.values.size / (self.height * self.width)

    def at(self, height: int, width: int) -> Tensor:
        """The whole mask at that size, shape (1, 1, height, width)."""
        whole = torch.zeros(1, 1, self.height, self.width)
        self.box.of(whole).copy_(torch.from_numpy(self.values))
        return resize(whole, height, width)


def mask_of(values: Floats, name: str) -> Mask:
    """A mask of its values, (H, W), 0..1.

    Raises:
        NeuralStyleError: `mask_empty`.
    """
    rows, columns = (values.any(axis).nonzero()[0] for axis in (1, 0))
    if not len(rows):
        raise NeuralStyleError(
            "mask_empty", f"The {name} is black everywhere, so it chooses nothing"
        )
    box = Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    height, width = values.shape
    own = np.ascontiguousarray(values[box.top : box.bottom, box.left : box.right])
    return Mask(own, box, height, width, name)


def mask_of_picture(picture: Picture, name: str) -> Mask:
    """A picture's mean of red, green and blue, times its alpha.

    Raises:
        NeuralStyleError: `mask_empty`.
    """
    return mask_of(picture.pixels.mean(2, dtype=np.float32) * picture.alpha, name)


def strength_of(given: object, what: str) -> float:
    """The strength that is given for a region, as a number or as text.

    Raises:
        NeuralStyleError: `bad_settings` for anything but a number of 0 to 100.
    """
    try:
        strength = float(str(given))
    except ValueError:
        strength = math.nan
    if not 0 <= strength <= 100:
        message = f"The strength of {what} is {given}"
        raise NeuralStyleError("bad_settings", message, "Give a number from 0 to 100.")
    return strength


def guided_area(regions: float, protect: float) -> float:
    """Area of all that is guided, in pictures, of the area of regions and of what is protected;
    see `budget.needed`."""
    if not (regions or protect):
        return 0.0
    # The rest of the picture is a region too; a protected pixel is kept beside its weight.
    return 1.0 + regions + 3 * protect


@dataclass(frozen=True, kw_only=True)
class Region:
    """A part of the photo that is painted like a painting of its own.

    Attributes:
        mask: where; half-way values share the place with what else is there.
        style: the painting.
        strength: as the setting of that name, here only; None for that setting's.
    """

    mask: Mask
    style: Picture
    strength: float | None = None


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """What the artist's masks say.

    Attributes:
        protect: where the photo stays as it is; None for nowhere.
        regions: each with a painting; the job's own paintings are for the rest.
    """

    protect: Mask | None = None
    regions: Sequence[Region] = ()

    def __bool__(self) -> bool:
        return self.protect is not None or bool(self.regions)

    @property
    def key(self) -> Hashable:
        """The same for the same masks, each meant in the same way."""
        return self.protect and self.protect.key, *(region.mask.key for region in self.regions)

    @property
    def masks(self) -> list[Mask]:
        return [*([self.protect] if self.protect else []), *(one.mask for one in self.regions)]

    @property
    def area(self) -> float:
        """Bounding boxes of all that is guided, in pictures; see `budget.needed`."""
        parts = [region.mask.part for region in self.regions]
        return guided_area(sum(parts), self.protect.part if self.protect else 0.0)

    def check(self, height: int, width: int) -> None:
        """See whether all that goes with a photo of that size.

        Raises:
            NeuralStyleError: `mask_size` or `bad_settings`.
        """
        for mask in self.masks:
            if (mask.height, mask.width) != (height, width):
                message = (
                    f"The {mask.name} has {mask.width} x {mask.height} pixels, "
                    f"and the photo {width} x {height}"
                )
                raise NeuralStyleError("mask_size", message)
        if len(self.regions) > MOST_REGIONS:
            message = f"There are {len(self.regions)} regions, and {MOST_REGIONS} are the most"
            raise NeuralStyleError("bad_settings", message, "Unite some of their masks.")

    def overlapping(self) -> bool:
        """Whether regions lie on each other in more than their soft edges."""
        if len(self.regions) < 2:
            return False
        masks = [region.mask for region in self.regions]
        total = np.zeros((masks[0].height, masks[0].width), np.float32)
        for mask in masks:
            mask.box.of(torch.from_numpy(total)).add_(torch.from_numpy(mask.values))
        most, part = OVERLAP
        return float((total > most).mean()) > part

    def protection(self, height: int, width: int) -> Tensor | None:
        """How much each pixel is protected at that size, shape (1, 1, height, width)."""
        return self.protect.at(height, width) if self.protect else None

    def weights(self, height: int, width: int) -> Iterator[Tensor]:
        """How much each pixel belongs to each region in turn and at last to the rest, at that size.

        Where regions overlap, they share the place; what is protected belongs to none.

        Yields:
            Shape (1, 1, height, width).
        """
        total = torch.zeros(1, 1, height, width)
        for region in self.regions:
            total += region.mask.at(height, width)
        free = torch.ones_like(total)
        if self.protect:
            free -= self.protect.at(height, width)
        for region in self.regions:
            yield region.mask.at(height, width).div_(total.clamp_min(1)).mul_(free)
        yield (1 - total).clamp_min_(0).mul_(free)


UNGUIDED = Guidance()
"""No masks."""
