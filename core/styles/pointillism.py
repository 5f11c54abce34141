"""Dots of pure colours side by side, which mix in the eye."""

from __future__ import annotations

import cv2
import numpy as np

from styles.canvas import (
    HEIGHT,
    WIDTH,
    Array,
    at,
    blurred,
    draw_shape,
    eight_bit,
    luminance,
    scattered,
)
from styles.things import still_life

PALETTE = {
    "wall": "2a3580 4a6ab8 9a98c8 f4c8b0 fde4b8",
    "drape": "5a1440 b82f4a f07848 fbc868",
    "cloth": "4a5aa8 a8a0d0 f8dcc0 fff8e8",
    "jug": "1a2a80 3068b8 80b0d8 fff8f0",
    "vase": "4a1a40 a84a30 f09850 fff0c8",
    "bottle": "0a2a5a 1a6a60 60a880 f8f0d0",
    "warm": "a03a20 f08820 fcd450 fff4c0",
    "red": "60103a c82838 f46848 ffd8b0",
    "green": "205040 6a9040 d0c858 fff4b8",
    "tree": "142a5a 286050 78a050 f0d870",
    "blossom": "6a2a90 c05aa8 f8a8c0 fff4f0",
}


def draw(seed: int) -> Array:
    """A table with fruit and flowers: uint8 (HEIGHT, WIDTH, 3)."""
    rng = np.random.default_rng(seed)
    scene = still_life(rng, PALETTE)
    paint = np.full((HEIGHT, WIDTH, 3), (226, 205, 170), np.uint8)
    for radius, spacing in ((13.0, 14), (10.0, 11.5), (7.0, 14)):
        places = scattered(rng, spacing, 8)
        local = at(blurred(scene.colour, 2), places)
        for place, colour in zip(places, divided(rng, local), strict=True):
            dab(rng, paint, place, radius, colour)
    return paint


def divided(rng: np.random.Generator, local: Array) -> Array:
    """Colours (n, 3) taken apart: brighter ones of near hues, and now and then the contrast."""
    hsv = cv2.cvtColor(local[None].astype(np.float32), cv2.COLOR_RGB2HSV)[0]
    count, light = len(local), luminance(local)
    contrast = rng.uniform(size=count) < 0.07
    hsv[:, 0] += rng.normal(0, 13, count) + 180 * contrast
    # Lights turn to yellow, shadows to violet.
    towards = np.where(light > 0.6, 48, 265)
    turned = rng.uniform(size=count) < 0.12
    hsv[:, 0] = np.where(turned, towards + rng.normal(0, 10, count), hsv[:, 0]) % 360
    hsv[:, 1] = np.clip(hsv[:, 1] + 0.1 + 0.12 * contrast, 0, 1)
    hsv[:, 2] = np.clip(hsv[:, 2] + rng.normal(0.02, 0.09, count), 0.1, 1)
    return cv2.cvtColor(hsv[None].astype(np.float32), cv2.COLOR_HSV2RGB)[0]


def dab(rng: np.random.Generator, paint: Array, place: Array, radius: float, colour: Array) -> None:
    """A dot that is not quite round, with a lighter ridge where the brush left it."""
    turn = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    size = radius * rng.uniform(0.7, 1.15)
    out = size * (1 + 0.14 * np.cos(2 * turn + rng.uniform(0, 6)) + rng.normal(0, 0.05, len(turn)))
    outline = place + out[:, None] * np.stack([np.cos(turn), np.sin(turn)], -1)
    draw_shape(paint, outline, eight_bit(colour * 0.9))
    draw_shape(paint, place - 0.08 * size + 0.8 * (outline - place), eight_bit(colour * 1.04))
