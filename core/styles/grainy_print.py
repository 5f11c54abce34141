"""A print in four inks, one over the other and never quite in place, with grain for all shades."""

from __future__ import annotations

import numpy as np

from styles.canvas import Array, blurred, colours, luminance, noise, step
from styles.things import town

PALETTE = {
    "sky": "262a5e 2f8aa0 8ac8b8 f8b098 fbd870 fbe8b8",
    "halo": "f88a6a fbb070 fbd080",
    "sun": "f0405a f8606a",
    "far": "2a2f6a 4a5aa0 8a7ab8 e8a0a8",
    "field": "1f5a5a 4a9a78 c8c860 f8e070",
    "tree": "142a5a 1f6a6a 3f9a78 c0d070",
    "earth": "2a1f4a 6a3a50 c06a50",
    "wall": "c07a80 f0b8a0 fff0d8",
    "roof": "a01f4a f04a58 f88a70",
    "window": "1a2454 2f4a80",
}
PAPER, YELLOW, PINK, TEAL, NAVY = colours("f6eedc ffd23a ff5a6a 2aa0a4 262a5e")


def draw(seed: int) -> Array:
    """A town on its hill: uint8 (HEIGHT, WIDTH, 3)."""
    rng = np.random.default_rng(seed)
    scene = town(rng, PALETTE, (240, 150))
    picture = np.ones((*scene.region.shape, 3), np.float32) * PAPER
    picture *= 1 + 0.012 * noise(rng, 3, 2)[..., None]
    inks = (YELLOW, PINK, TEAL, NAVY)
    places = ((0, 0), (3, -2), (-2, 3), (2, 2))
    for ink, plate, place in zip(inks, plates(scene.colour), places, strict=True):
        grain = noise(rng, 3.4, 2) + 0.15 * noise(rng, 30, 2)
        grain = np.argsort(np.argsort(grain.ravel())).reshape(grain.shape) / grain.size
        printed = step(-0.09, 0.09, np.roll(plate, place, (0, 1)) - grain)
        even = 0.93 + 0.05 * noise(rng, 200, 3) - 0.12 * (noise(rng, 5, 2) > 1.9)
        cover = (blurred(printed.astype(np.float32), 0.6) * even.clip(0, 1))[..., None]
        picture *= 1 - cover * (1 - ink)
    return (255 * picture.clip(0, 1)).astype(np.uint8)


def plates(colour: Array) -> list[Array]:
    """How much of each ink a colour (H, W, 3) takes, four fields of 0..1.

    What inks take from the light adds up in logarithms, so the first three follow from three
    equations; the last one is for the darks.
    """
    taken = -np.log(np.clip(colour, 0.04, 1) / np.clip(PAPER, 0.04, 1))
    each = -np.log(np.clip(np.stack([YELLOW, PINK, TEAL]), 0.05, 1))
    amounts = np.moveaxis(taken @ np.linalg.inv(each), -1, 0)
    dark = 1 - step(0.05, 0.42, luminance(colour))
    return [*(step(-0.05, 0.95, amount) for amount in amounts), 0.85 * dark]
