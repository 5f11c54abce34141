"""Stained glass: pieces of coloured glass in lead, light behind them."""

from __future__ import annotations

import cv2
import numpy as np

from styles.canvas import (
    HEIGHT,
    WIDTH,
    Array,
    blurred,
    from_edges,
    grid,
    lit,
    luminance,
    nearest,
    noise,
    ramp,
    saturated,
    scattered,
    step,
)
from styles.scenes import valley

PALETTE = {
    "sky": "141a6a 2a48b8 5a80d8 d8b0d0 fbdcb0",
    "halo": "f08a1f f9c22f fdee8a",
    "sun": "d8201f f0601f fbd03f",
    "far": "2a1060 6a2fa0 a060d0 e0b0f0",
    "field": "8a2a10 d0701a f4b030 fdeaa0",
    "meadow": "0a3038 12705a a0943a f4d478",
    "water": "083a70 1090a0 80c8d0 fff0e0",
    "tree": "04282a 0c5a48 6a8a3a e8c860",
    "earth": "401808 8a3a10 d08030",
    "wall": "a05a70 e8b0a0 fff0d8",
    "roof": "80081f d01f2a f87040",
    "window": "f0c020 fdf090",
    "flower": "e0102f f06010 fbe020 fff8f0 c020a0",
}
LEAD = 8.0
"""Width of the lead between two pieces, in pixels."""


def draw(seed: int) -> Array:
    """A valley at noon: uint8 (HEIGHT, WIDTH, 3)."""
    rng = np.random.default_rng(seed)
    scene = valley(rng, PALETTE, (640, 175))
    pieces = cut(rng, scene.region, scene.angle)
    colour = _glass(rng, pieces, scene.colour)
    away = from_edges(pieces)
    shade = 0.55 + 0.45 * step(LEAD / 2, LEAD / 2 + 16, away)
    colour = colour * shade[..., None]
    profile = np.sqrt((1 - (away / (LEAD / 2)) ** 2).clip(0))
    metal = ramp(
        0.32 * lit(blurred(profile, 0.8) * 3, 1.6) + 0.05 * noise(rng, 5, 2), "08080c 5a6070 d8dce0"
    )
    lead = step(-0.7, 0.7, LEAD / 2 - away)[..., None]
    picture = colour * (1 - lead) + metal * lead
    glow = blurred(colour * (1 - lead), 12)
    return (255 * (picture + 0.22 * glow * luminance(glow)[..., None]).clip(0, 1)).astype(np.uint8)


def cut(rng: np.random.Generator, region: Array, angle: Array) -> Array:
    """The things cut into pieces that are long in the field's direction: integers (H, W)."""
    x, y = grid()
    x, y = x + 7 * noise(rng, 90, 2), y + 7 * noise(rng, 90, 2)
    seeds = scattered(rng, 66, 60)
    turn = angle[
        seeds[:, 1].clip(0, HEIGHT - 1).astype(int), seeds[:, 0].clip(0, WIDTH - 1).astype(int)
    ]
    nearest, owner = np.full(x.shape, np.inf, np.float32), np.zeros(x.shape, int)
    for number, (place, direction) in enumerate(zip(seeds, turn, strict=True)):
        across, down = x - place[0], y - place[1]
        along = across * np.cos(direction) + down * np.sin(direction)
        aside = down * np.cos(direction) - across * np.sin(direction)
        away = (along / 1.7) ** 2 + aside**2
        owner[away < nearest] = number
        nearest = np.minimum(nearest, away)
    pieces = _connected(region.astype(np.int64) * len(seeds) + owner)
    return _without_slivers(pieces, 420)


def _connected(labels: Array) -> Array:
    """Numbers of the connected parts of each label."""
    parts, count = np.zeros(labels.shape, np.int32), 0
    for label in np.unique(labels):
        rows, columns = np.nonzero(labels == label)
        box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
        found, here = cv2.connectedComponents(
            (labels[box] == label).astype(np.uint8), connectivity=4
        )
        parts[box][here > 0] = here[here > 0] + count
        count += found - 1
    return parts


def _without_slivers(pieces: Array, least: int) -> Array:
    """Pieces of fewer pixels go to the nearest larger one."""
    small = (np.bincount(pieces.ravel()) < least)[pieces]
    labels = nearest(~small)
    owner = np.zeros(labels.max() + 1, np.int32)
    owner[labels[~small]] = pieces[~small]
    return owner[labels]


def _glass(rng: np.random.Generator, pieces: Array, colour: Array) -> Array:
    """Each piece in its mean colour, streaked and uneven as blown glass is: (H, W, 3)."""
    count = pieces.max() + 1
    size = np.maximum(np.bincount(pieces.ravel(), minlength=count), 1)
    mean = np.stack(
        [np.bincount(pieces.ravel(), colour[..., one].ravel(), count) / size for one in range(3)],
        -1,
    )
    tint = saturated(mean.astype(np.float32), 1.5) * rng.uniform(0.85, 1.4, (count, 1))
    tint += rng.normal(0, 0.05, (count, 3))
    streaks = np.stack([noise(rng, 60, 4, stretch) for stretch in ((4, 0.6), (0.6, 4), (1, 1))])
    kind = rng.integers(0, 3, count)[pieces]
    wave = np.take_along_axis(streaks, kind[None], 0)[0]
    bubbles = step(1.9, 2.6, noise(rng, 9, 2))
    light = 1 + 0.16 * wave + 0.25 * bubbles
    return (tint[pieces] * light[..., None] + 0.05 * wave[..., None]).clip(0, 1).astype(np.float32)
