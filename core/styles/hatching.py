"""Pen and ink: hatching and cross-hatching in three inks."""

from __future__ import annotations

import numpy as np

from styles.canvas import (
    Array,
    blurred,
    colours,
    luminance,
    noise,
    outlines,
    step,
)
from styles.stripes import along, stripes
from styles.things import town

PALETTE = {
    "sky": "404858 7888a0 b8c4d0 f4f4f4 ffffff",
    "halo": "e8d8b0 fff8e0",
    "sun": "f0c890 ffffff",
    "far": "303848 687080 a8b0b8 f0f0f0",
    "field": "403018 80683c c0a878 fff8e0",
    "tree": "0c1410 304034 788878 e8f0e0",
    "earth": "201008 604830 a08868",
    "wall": "685848 b8a890 fffaf0",
    "roof": "501810 a84830 e89878",
    "window": "080808 202020",
}
PAPER, BLACK, BLUE, RUST = colours("f2e6cc 1a1820 2a4a80 a8442a")


def draw(seed: int) -> Array:
    """A town on its hill: uint8 (HEIGHT, WIDTH, 3)."""
    rng = np.random.default_rng(seed)
    scene = town(rng, PALETTE, (215, 140))
    dark = 1 - step(0.0, 0.95, luminance(scene.colour))
    red, _, blue = (scene.colour[..., one] for one in range(3))
    cold, warm = step(0.02, 0.12, blue - red), step(0.12, 0.3, red - blue)
    picture = PAPER * (1 + 0.02 * noise(rng, 5, 3)[..., None])
    picture = picture * (1 - 0.22 * (cold * dark)[..., None] * (1 - BLUE))
    picture = picture * (1 - 0.5 * (warm * (0.4 + dark))[..., None] * (1 - RUST))
    ink = BLACK + cold[..., None] * (BLUE - BLACK) + warm[..., None] * (RUST - BLACK)
    angle = calmed(scene.angle)
    for number, turn in enumerate((0.0, 0.95, -0.7)):
        lines = hatched(rng, dark - 0.02 - 0.3 * number, angle + turn)[..., None]
        picture = picture * (1 - 0.92 * lines * (1 - ink))
    line = outlines(scene.region, 0.5 * noise(rng, 60, 3) - 0.9)
    line = line * step(-1.6, -0.6, noise(rng, 40, 2))
    picture = picture * (1 - 0.95 * line[..., None] * (1 - BLACK))
    return (255 * picture.clip(0, 1)).astype(np.uint8)


def calmed(angle: Array) -> Array:
    """The angles as a hand draws them that does not follow every turn."""
    across, down = blurred(np.cos(2 * angle), 9), blurred(np.sin(2 * angle), 9)
    return np.arctan2(down, across) / 2


def hatched(rng: np.random.Generator, amount: Array, angle: Array) -> Array:
    """One layer of lines where `amount` is above 0, thicker where it is more: a field of 0..1."""
    lines = stripes(rng, angle, 12)
    lifted = 0.1 * along(noise(rng, 30, 2), angle, 30) + 0.04 * noise(rng, 5, 2)
    share = np.minimum(0.16 + 0.5 * amount, 0.5) * step(0, 0.06, amount + lifted)
    return step(-0.1, 0.1, share - lines + 0.03)
