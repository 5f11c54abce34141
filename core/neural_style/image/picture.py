"""A picture in memory, and how large it may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neural_style.errors import NeuralStyleError

MAX_PIXELS = 200_000_000
"""Most pixels of a picture that is read: 3.2 GB as floats, more than cameras have."""

Array = NDArray[Any]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture in memory.

    Args:
        pixels: (H, W, 3), non-linear sRGB 0..1, straight (not premultiplied).
        alpha: (H, W), opacity 0..1, all ones if the file has none.
        depth: bits per channel of the file, 8 or 16 (16 for anything finer than 8).
    """

    pixels: Floats
    alpha: Floats
    depth: int

    @property
    def opaque(self) -> bool:
        """Whether alpha is 1 everywhere."""
        return bool((self.alpha == 1).all())


def floats_of(array: Array, whole: int) -> Floats:
    """Integers from 0 to `whole` as floats from 0 to 1."""
    return np.divide(array, np.float32(whole), dtype=np.float32)


def unit(array: Array) -> Floats:
    """Clip to 0..1; what is no number (the "no data" of measured pictures) becomes 0."""
    return np.clip(np.nan_to_num(array), 0, 1)


def too_large(name: str) -> NeuralStyleError:
    """The error to raise: `image_too_large`."""
    millions = MAX_PIXELS // 1_000_000
    return NeuralStyleError("image_too_large", f"{name} has more than {millions} million pixels")
