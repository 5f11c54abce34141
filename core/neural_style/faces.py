"""Where a photo shows faces: everybody knows how they should look, so more of them is kept.

Viola and Jones 2001 ("Rapid object detection using a boosted cascade of simple features") with
the cascades that OpenCV's wheel ships, so that nothing is downloaded. A cascade alone sees faces in
leaves and gables too. So the first look, over the whole photo, takes what may be a face; the second
looks at each such place alone, with its own contrast, mirrored as well, with three cascades: a face
is found again in many neighbouring windows, a gable in few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from cv2 import CascadeClassifier

CASCADES = ("alt2", "default", "alt")
"""Of frontal faces; the first two look over the whole photo."""

LOOK = 1024
"""Longer side of the copy in which faces are looked for, in pixels."""

SMALLEST = 36
"""Side of the smallest face in that copy: what is smaller is not readable after painting."""

STEP = 1.2
"""From one size of face looked for to the next. With 1.1 it takes 1.6 times as long; in 90 photos
of people and 15 of other things both found the same faces, but for two spots of five pixels."""

CLOSE = (48, 80)
"""Sides of a face at the second look, in pixels."""

CERTAIN = 100
"""Windows that find a face again, of all cascades together, at least. In a dozen photos and their
mirror images faces had 119 to 397; a gable had 67, a scarf 85."""

REACH = (0.6, 0.75)
"""Half width and half height of the ellipse around a face, in sides of the cascades' square, which
ends above the chin and below the hair line."""

LOWER = 0.05
"""How far the ellipse's middle lies below the square's, in its sides."""

FADE = 1.5
"""Where the ellipse has faded to nothing, in its radii."""


def face_map(faces: Iterable[Sequence[float]], height: int, width: int) -> Tensor:
    """Where faces are: 1 on each face with its chin and hair line, fading to 0 around it.

    Args:
        faces: from `find_faces`.
        height, width: of the picture, in pixels.

    Returns:
        Shape (1, 1, H, W), on the CPU.
    """
    found = torch.zeros(1, 1, height, width)
    rows, columns = torch.arange(height)[:, None] + 0.5, torch.arange(width) + 0.5
    for left, top, side in faces:
        x = (columns - left - side / 2) / (REACH[0] * side)
        y = (rows - top - (0.5 + LOWER) * side) / (REACH[1] * side)
        radius = (x.square() + y.square()).sqrt()
        way = ((radius - 1) / (FADE - 1)).clamp(0, 1)
        torch.maximum(found[0, 0], (1 + torch.cos(torch.pi * way)) / 2, out=found[0, 0])
    return found


def find_faces(pixels: Tensor) -> list[tuple[float, float, float]]:
    """Left, top and side, in pixels, of a square on each upright face seen from the front.

    Args:
        pixels: shape (1, 3, H, W), sRGB 0..1.
    """
    import cv2.data  # here, as it takes a third of a second

    folder = cv2.data.haarcascades
    cascades = [
        cv2.CascadeClassifier(f"{folder}haarcascade_frontalface_{name}.xml") for name in CASCADES
    ]
    photo = (pixels[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    scale = LOOK / max(grey.shape)
    copy = _equalised(grey, scale)
    places: list[tuple[int, float, float, float]] = []
    for cascade in cascades[:2]:
        for square in cascade.detectMultiScale(copy, STEP, 3, minSize=(SMALLEST, SMALLEST)):
            left, top, side = (float(edge) / scale for edge in square[:3])
            places.append((_windows(grey, left, top, side, cascades), left, top, side))
    faces: list[tuple[float, float, float]] = []
    # Of squares on the same face, the surest one.
    for windows, *square in sorted(places, reverse=True):
        left, top, side = square
        if windows >= CERTAIN and not any(_overlap(square, other) for other in faces):
            faces.append((left, top, side))
    return faces


def _windows(
    grey: np.ndarray, left: float, top: float, side: float, cascades: list[CascadeClassifier]
) -> int:
    """How many windows find a face again at the second look, in a square of (H, W), 0..255."""
    margin = side / 2
    start, above = (max(0, int(edge - margin)) for edge in (left, top))
    part = grey[above : int(top + side + margin), start : int(left + side + margin)]
    count = 0
    for close in CLOSE:
        scale = close / side
        view = _equalised(part, scale)
        x, y = (left + margin - start) * scale, (top + margin - above) * scale
        for cascade in cascades:
            count += _again(cascade, view, x, y, close)
            count += _again(cascade, view[:, ::-1].copy(), view.shape[1] - x, y, close)
    return count


def _again(cascade: CascadeClassifier, view: np.ndarray, x: float, y: float, side: int) -> int:
    """Windows that find a face of about this side around (x, y)."""
    smallest, largest = round(0.7 * side), round(1.4 * side)
    squares, windows = cascade.detectMultiScale2(
        view, 1.1, 1, minSize=(smallest, smallest), maxSize=(largest, largest)
    )
    return max(
        (
            int(number)
            for (left, top, size, _), number in zip(squares, windows, strict=True)
            if max(abs(left + size / 2 - x), abs(top + size / 2 - y)) < side / 4
        ),
        default=0,
    )


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether the middle of a square lies in another one."""
    middles = (corner + one[2] / 2 for corner in one[:2])
    return all(
        low < middle < low + other[2] for middle, low in zip(middles, other[:2], strict=True)
    )


def _equalised(grey: np.ndarray, scale: float) -> np.ndarray:
    """Larger or smaller, with the whole range of greys."""
    import cv2

    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.equalizeHist(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how))
