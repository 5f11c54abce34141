"""Marbled paper: colours dropped on water and combed, by the formulas of Lu, Jaffer, Jin, Zhao and
Mao, "Mathematical Marbling" (IEEE Computer Graphics and Applications, 2012).

Every pixel is followed backwards, through the combs and then the drops that pushed it aside, to the
drop that it came from.
"""

from __future__ import annotations

import cv2
import numpy as np

from styles.canvas import HEIGHT, WIDTH, Array, colours, noise

FINER = 2
"""Each pixel is the mean of so many squared."""
INKS = colours("f3e6cb 17213f 1f5a7a c23a2a e0a23a 2f7a5a 3f8fb0 7a1f3a 10131f e8784a")
DROPS = 320


def draw(seed: int) -> Array:
    """A sheet combed upwards, sideways and in eddies: uint8 (HEIGHT, WIDTH, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: HEIGHT * FINER, : WIDTH * FINER].astype(np.float32) / FINER
    for place in rng.uniform([0.08, 0.1], [0.92, 0.9], (7, 2)) * (WIDTH, HEIGHT):
        x, y = eddy(x, y, place, rng.uniform(60, 120), rng.choice([-1, 1]) * rng.uniform(150, 260))
    x, y = comb(x, y, np.pi / 2, 64, 46, 9)
    x, y = comb(x, y, 0.0, 128, 150, 22)
    x, y = comb(x, y, np.pi, 128, 150, 22, 64)
    sheet = dropped(rng, x, y)
    sheet = cv2.resize(sheet, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    thin = 1 + 0.045 * noise(rng, 4, 2) + 0.05 * noise(rng, 90, 3)
    return (255 * (sheet * thin[..., None]).clip(0, 1)).astype(np.uint8)


def comb(
    x: Array, y: Array, angle: float, apart: float, pull: float, sharp: float, first: float = 0
) -> tuple[Array, Array]:
    """Where what is at (x, y) was before a comb was drawn through.

    Each tooth drags what it meets `pull` far, and half as much at a distance of `sharp`.
    """
    across, down = np.cos(angle), np.sin(angle)
    aside = y * across - x * down - first
    away = np.abs((aside + apart / 2) % apart - apart / 2)
    moved = pull * 0.5 ** (away / sharp)
    return (x - moved * across).astype(np.float32), (y - moved * down).astype(np.float32)


def eddy(x: Array, y: Array, middle: Array, radius: float, pull: float) -> tuple[Array, Array]:
    """Where what is at (x, y) was before a stick went around `middle` in a circle."""
    across, down = x - middle[0], y - middle[1]
    away = np.hypot(across, down) + 1e-3
    turn = -pull * 0.5 ** (np.abs(away - radius) / 22) / away
    turn = turn * np.minimum(1, away / 30)
    cosine, sine = np.cos(turn), np.sin(turn)
    return middle[0] + across * cosine - down * sine, middle[1] + across * sine + down * cosine


def dropped(rng: np.random.Generator, x: Array, y: Array) -> Array:
    """The colours of drops that fell one after another, each pushing the older ones aside."""
    sheet = np.empty((x.size, 3), np.float32)
    sheet[:] = INKS[0]
    open_, x, y = np.arange(x.size), x.ravel(), y.ravel()
    for _ in range(DROPS):
        middle = rng.uniform([-80, -80], [WIDTH + 80, HEIGHT + 80])
        radius = rng.choice([14, 24, 40, 58])
        across, down = x - np.float32(middle[0]), y - np.float32(middle[1])
        square = across * across + down * down
        inside = square < radius**2
        sheet[open_[inside]] = INKS[rng.integers(len(INKS))]
        outside = ~inside
        open_, square = open_[outside], square[outside]
        nearer = np.sqrt(1 - np.float32(radius**2) / square)
        x = np.float32(middle[0]) + across[outside] * nearer
        y = np.float32(middle[1]) + down[outside] * nearer
    return sheet.reshape(HEIGHT * FINER, WIDTH * FINER, 3)
