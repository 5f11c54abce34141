"""Even lines that follow a field and branch where they must, as a graver cuts them."""

from __future__ import annotations

import cv2
import numpy as np

from styles.canvas import Array, blurred, grid, noise


def stripes(rng: np.random.Generator, angle: Array, apart: float, rounds: int = 5) -> Array:
    """A field of lines along `angle`, `apart` from each other.

    Noise is smoothed along the field and sharpened across it, again and again, until lines have
    grown that are as far from each other as the sharpening likes best.

    Returns:
        a field whose values are spread evenly over 0..1: those below t are a share of t.
    """
    lines = noise(rng, apart, 2)
    for _ in range(rounds):
        lines = along(lines, angle, 1.6 * apart)
        lines = blurred(lines, 0.2 * apart) - blurred(lines, 0.45 * apart)
        lines = np.tanh(lines / (0.7 * lines.std()))
    order = np.sort(blurred(lines, 0.06 * apart).ravel())
    place = np.searchsorted(order[::64], blurred(lines, 0.06 * apart).ravel())
    return (place / (len(order) / 64)).reshape(lines.shape).astype(np.float32)


def along(field: Array, angle: Array, reach: float, stride: float = 2.0) -> Array:
    """The mean of a field along the lines of an angle, `reach` to either side."""
    total = field.copy()
    count = int(reach / stride)
    across, down = np.cos(angle), np.sin(angle)
    for sign in (-1.0, 1.0):
        x, y = grid()
        heading = (sign * across, sign * down)
        for _ in range(count):
            x, y = x + stride * heading[0], y + stride * heading[1]
            new = _there(across, x, y), _there(down, x, y)
            turned = np.where(new[0] * heading[0] + new[1] * heading[1] < 0, -1, 1)
            heading = new[0] * turned, new[1] * turned
            total += _there(field, x, y)
    return total / (2 * count + 1)


def _there(field: Array, x: Array, y: Array) -> Array:
    return cv2.remap(
        field,
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
