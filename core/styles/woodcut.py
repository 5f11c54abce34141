"""A coloured woodcut: a black block with gouged lines over blocks of flat colours."""

from __future__ import annotations

import cv2
import numpy as np

from styles.canvas import Array, blurred, colours, luminance, noise, outlines, saturated, step
from styles.stripes import stripes
from styles.things import bay

PALETTE = {
    "sky": "0a1a30 2a5a7a d8703a f6c070 fff4d0",
    "halo": "d0582a f0a850 fff0c0",
    "sun": "c83a24 f08a4a",
    "far": "081018 203a5a 4a7a9a e0d0b0",
    "meadow": "0a1408 3a5a2a 8a9a40 f0e0a0",
    "water": "041018 14405a 5a9aa0 fff4d0",
    "tree": "04100a 1c402a 5a8a4a e8d890",
    "earth": "100804 4a2a1a 9a5a30",
    "sail": "a83a20 e0703a fff0c8",
    "jib": "701c18 c0442c f6c890",
    "hull": "100808 3a1a14 8a4a2a",
    "flower": "c83a24 f6dc98",
}
BLACK, PAPER = colours("17130f f1e3c2")
BLOCKS = colours("1f4a66 4f948f dd9a34 c23c26 5f7f3c ecca7c")


def draw(seed: int) -> Array:
    """A bay under a great sun: uint8 (HEIGHT, WIDTH, 3)."""
    rng = np.random.default_rng(seed)
    scene = bay(rng, PALETTE, (520, 170))
    light = step(0.01, 0.78, luminance(scene.colour))
    gouged = 1 - stripes(rng, scene.angle, 15)
    fine = 1 - stripes(rng, scene.angle, 8)
    small = blurred((scene.region > 22).astype(np.float32), 2)
    cut = gouged * (1 - 0.6 * small) + fine * 0.6 * small
    ragged = 0.05 * noise(rng, 6, 2)
    key = step(-0.09, 0.09, cut + ragged - 0.16 - 0.84 * light)
    key = np.maximum(key, outlines(scene.region, noise(rng, 50, 3)))
    grain = noise(rng, 9, 3, (22, 1))
    worn = step(1.5, 2.3, grain + 0.7 * noise(rng, 4, 2))
    ink = blurred(key, 0.7) * (1 - 0.75 * worn)
    return _printed(rng, _blocks(scene.colour, light), ink, grain)


def _blocks(colour: Array, light: Array) -> Array:
    """The nearest of the blocks' colours, and bare paper in the highest lights: (H, W, 3)."""
    smooth = saturated(blurred(colour, 5) + 0.12, 1.5)
    far = np.stack([((smooth - block) ** 2).sum(-1) for block in BLOCKS])
    flat = BLOCKS[cv2.medianBlur(far.argmin(0).astype(np.uint8), 5)]
    bare = step(0.88, 0.95, blurred(light, 3))[..., None]
    return flat * (1 - bare) + PAPER * bare


def _printed(rng: np.random.Generator, blocks: Array, ink: Array, grain: Array) -> Array:
    """The blocks a little beside the key, wood showing in all of them."""
    shifted = np.roll(blocks, (2, -3), (0, 1))
    thin = (0.08 * grain + 0.05 * noise(rng, 3, 1))[..., None]
    ground = shifted + thin * (PAPER - shifted)
    picture = ground * (1 - ink[..., None]) + BLACK * ink[..., None]
    return (255 * picture.clip(0, 1)).astype(np.uint8)
