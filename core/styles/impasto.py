"""Thick oil paint: strokes of a bristle brush, whose relief catches the light."""

from __future__ import annotations

import cv2
import numpy as np

from styles.canvas import (
    HEIGHT,
    WIDTH,
    Array,
    at,
    blurred,
    draw_line,
    eight_bit,
    lit,
    saturated,
    scattered,
    sideways,
    streamlines,
)
from styles.scenes import valley

PALETTE = {
    "sky": "1b1c4e 3f3f8a 9a5a98 e8808a f9ad70 fde4ac",
    "halo": "f28a3a f9b550 fde08a",
    "sun": "e2572b f7a12f fff0a8",
    "far": "1c2350 35508f 5f86b8 c9b8cf f3d9c9",
    "field": "5a2f1a b06a24 e8a83f fbe2a0",
    "meadow": "18303a 3a5a4a b0884a f8cc80",
    "water": "123a63 2d78a6 8cc4c4 fbe3b8",
    "tree": "0a1c2c 163c44 3a664c b0a05a",
    "earth": "2a1810 6b3f22 b07a45",
    "wall": "7a5a6f cda08a fbeed0",
    "roof": "6a141f c23a2a f08a4e",
    "window": "141b33 3b4a66",
    "flower": "c8242b f0702c f7d84a fbf5ea b0419b",
}


def draw(seed: int) -> Array:
    """A valley in the evening: uint8 (HEIGHT, WIDTH, 3)."""
    rng = np.random.default_rng(seed)
    scene = valley(rng, PALETTE, (690, 170))
    paint = np.full((HEIGHT, WIDTH, 3), (92, 62, 48), np.uint8)
    relief = np.zeros((HEIGHT, WIDTH), np.uint8)
    detail = blurred(np.abs(cv2.Laplacian(scene.colour, cv2.CV_32F)).sum(-1), 9)
    for width, length in ((40, 190), (25, 120), (14, 62)):
        starts = scattered(rng, 0.5 * width, width)
        if width < 20:
            wanted = at(detail, starts) > np.quantile(detail, 0.6) * rng.uniform(
                0.3, 2, len(starts)
            )
            starts = starts[wanted]
        lengths = length * rng.uniform(0.5, 1.3, len(starts))
        colours = at(blurred(scene.colour, width / 8), starts)
        for line, colour in zip(
            streamlines(scene.angle, starts, lengths, 5, scene.region), colours, strict=True
        ):
            if len(line) > 2:
                stroke(rng, paint, relief, line, width, colour)
    height = blurred(relief.astype(np.float32) / 255, 1.3)
    light = lit(height, 3.6).clip(0.3)[..., None]
    shine = (light - 1.12).clip(0)
    return (255 * (paint / 255 * light**0.9 + 0.7 * shine).clip(0, 1)).astype(np.uint8)


def stroke(
    rng: np.random.Generator, paint: Array, relief: Array, line: Array, width: float, colour: Array
) -> None:
    """One stroke along a line, bristle by bristle, each with paint of its own.

    `paint` (H, W, 3) and `relief` (H, W), how thick the paint lies, are drawn into.
    """
    count = max(int(width / 2.6), 4)
    loaded = saturated(colour, rng.uniform(1, 1.45)) + rng.normal(0, 0.055) + rng.normal(0, 0.02, 3)
    streaks = np.convolve(rng.normal(0, 0.09, count + 2), [0.3, 0.5, 0.3], "valid")
    normals = sideways(line)
    bulge = 0.82 + 0.18 * np.sin(np.linspace(0.3, 2.9, len(line)))[:, None]
    for number, place in enumerate(np.linspace(-0.5, 0.5, count)):
        round_end = int(len(line) * 0.2 * abs(2 * place) ** 3)
        first = round_end + rng.integers(0, 2)
        bristle = (line + place * width * bulge * normals)[
            first : len(line) - round_end - rng.integers(0, 2)
        ]
        if len(bristle) < 2:
            continue
        ridge = 0.45 + 0.4 * (abs(place) > 0.4) + rng.normal(0, 0.2)
        draw_line(paint, bristle, eight_bit(loaded + streaks[number]), 4)
        draw_line(relief, bristle, int(255 * np.clip(ridge, 0, 1)), 3)
