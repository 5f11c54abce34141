"""A mosaic of glass and gold: rows of little stones that follow the outlines of things."""

from __future__ import annotations

from collections.abc import Iterator

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
    lit,
    noise,
    saturated,
)
from styles.things import bay

PALETTE = {
    "sky": "1f357f 3a68a8 88a0c8 f0c4b0 fbe8c0",
    "halo": "c9901f e8bc3f f8e08a",
    "sun": "c8501f e8902a fbd04a",
    "far": "3a2a5a 6f5a8f a890b0 e0c8c0",
    "meadow": "3a3a2a 8a743a dca850 fbe0a4",
    "water": "0a2f5a 1a6a88 70acb4 f8e4c8",
    "tree": "10282f 2c5848 a08a3c f4d080",
    "earth": "3a1a10 7a4420 b88048",
    "sail": "b04820 e89848 fff0d0",
    "jib": "8a1f2a d04838 f8d0b0",
    "hull": "301018 803020 d07838",
    "flower": "c82030 e87028 f8d848 f8f0e0 a83890",
}
STONE = 15.0
"""Width of a stone, in pixels."""
GROUT = (70, 60, 54)


def draw(seed: int) -> Array:
    """A bay at noon: uint8 (HEIGHT, WIDTH, 3)."""
    rng = np.random.default_rng(seed)
    scene = bay(rng, PALETTE, (430, 160))
    picture = np.full((HEIGHT, WIDTH, 3), GROUT, np.uint8)
    relief = np.zeros((HEIGHT, WIDTH), np.uint8)
    taken = np.zeros((HEIGHT, WIDTH), np.uint8)
    local = blurred(scene.colour, 3)
    for size in (STONE, 0.6 * STONE):
        for place, turn in rows(scene.region, size):
            square = corners(rng, place, turn, size)
            if not at(taken, place + 0.7 * (square - place)).any() and not at(taken, place):
                stone(rng, (picture, relief), square, at(local, place))
                draw_shape(taken, square, 1)
    height = blurred(relief.astype(np.float32) / 255, 1.1)
    light = lit(height, 1.5)[..., None] + 0.03 * noise(rng, 3, 2)[..., None]
    return (255 * (picture / 255 * light + 0.6 * (light - 1.25).clip(0)).clip(0, 1)).astype(
        np.uint8
    )


def rows(region: Array, size: float) -> Iterator[tuple[Array, float]]:
    """Places and turns of stones along the outlines of things, and ever further inside them."""
    for thing in np.unique(region):
        inside = np.pad((region == thing).astype(np.uint8), 1)
        away = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1]
        for row in np.arange(0.55 * size, away.max(), size):
            mask = np.pad((away > row).astype(np.uint8), 1)
            for outline in cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]:
                yield from _along(outline[:, 0].astype(np.float32) - 1, size)


def _along(outline: Array, size: float) -> Iterator[tuple[Array, float]]:
    """Places `size` apart on a closed line (n, 2) of neighbouring pixels, and its turns there."""
    smooth = np.stack([np.roll(outline, shift, 0) for shift in range(-4, 5)]).mean(0)
    tangent = np.roll(smooth, -2, 0) - np.roll(smooth, 2, 0)
    gone = np.cumsum(np.hypot(*(smooth - np.roll(smooth, 1, 0)).T))
    for one in np.searchsorted(gone, np.arange(0, gone[-1] - 0.5 * size, size)):
        yield outline[one], float(np.arctan2(tangent[one, 1], tangent[one, 0]))


def corners(rng: np.random.Generator, place: Array, turn: float, size: float) -> Array:
    """The corners (4, 2) of a stone that was broken by hand."""
    half = 0.45 * size * rng.uniform(0.9, 1.08, 2)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half + rng.normal(
        0, 0.04 * size, (4, 2)
    )
    cosine, sine = np.cos(turn), np.sin(turn)
    return place + square @ np.array([[cosine, sine], [-sine, cosine]])


def stone(
    rng: np.random.Generator, images: tuple[Array, Array], square: Array, colour: Array
) -> None:
    """One stone, in a colour near `colour`, bulging in the relief and lying a little askew."""
    picture, relief = images
    gold = rng.uniform() < 0.05
    near = saturated(colour, 1.35) * rng.uniform(0.78, 1.18) + rng.normal(0, 0.035, 3)
    if gold:
        near = np.array([0.86, 0.66, 0.25]) * rng.uniform(0.8, 1.2)
    middle = square.mean(0)
    draw_shape(picture, square, eight_bit(near))
    high = rng.uniform(0.75, 1)
    for inset, height in ((1.0, 0.55), (0.8, 0.8), (0.6, 1.0)):
        draw_shape(relief, middle + inset * (square - middle), int(255 * high * height))
