"""Charcoal, red chalk and white chalk on grey-brown paper, rubbed here and there."""

from __future__ import annotations

import numpy as np

from styles.canvas import (
    HEIGHT,
    WIDTH,
    Array,
    at,
    blurred,
    colours,
    draw_line,
    luminance,
    noise,
    outlines,
    scattered,
    sideways,
    step,
    streamlines,
)
from styles.scenes import valley

PALETTE = {
    "sky": "080808 303030 787878 c8c8c8 ffffff",
    "halo": "a0a0a0 e8e8e8 ffffff",
    "sun": "a84828 e8a080 fff0e8",
    "far": "000000 282828 808080 f0f0f0",
    "field": "200c08 703424 b87858 f0e0d8",
    "meadow": "080808 383838 888888 e8e8e8",
    "water": "101010 585858 c0c0c0 ffffff",
    "tree": "000000 101010 404040 a0a0a0",
    "earth": "000000 402018 906050",
    "wall": "585858 b0b0b0 ffffff",
    "roof": "401008 903820 d08068",
    "window": "000000 181818",
    "flower": "903820 d87858 ffffff fff0e8",
}
STROKES = ((34, 36, 210, 0.0, 0.75), (13, 24, 150, 0.15, 1.0), (7, 17, 110, -0.3, 1.25))
"""Width, distance, length, turn against the field and pressure of strokes."""
PAPER, COAL, RED, WHITE = colours("b3a48c 1c1a1a 9a3f26 f4eee2")


def draw(seed: int) -> Array:
    """A valley in a storm: uint8 (HEIGHT, WIDTH, 3)."""
    rng = np.random.default_rng(seed)
    scene = valley(rng, PALETTE, (330, 165))
    light = luminance(scene.colour)
    reddish = (scene.colour[..., 0] - scene.colour[..., 2]).clip(0)
    tooth = 0.7 * noise(rng, 6, 2) + 0.4 * noise(rng, 4, 1, (1, 4)) + 0.3 * noise(rng, 40, 2)
    tooth = (tooth - tooth.min()) / (tooth.max() - tooth.min())
    dark = step(0.02, 0.62, 0.6 - light)
    marks = [
        (COAL, dark * (1 - 1.6 * reddish.clip(0, 0.5))),
        (RED, step(0.04, 0.42, reddish) * (0.35 + dark)),
        (WHITE, step(0.62, 1.0, light)),
    ]
    picture = PAPER * (
        1 + 0.07 * (noise(rng, 7, 3)[..., None] + 0.5 * noise(rng, 200, 3)[..., None])
    )
    for colour, amount in marks:
        laid = np.zeros(light.shape, np.float32)
        for width, apart, length, turn, weight in STROKES:
            pressed = rubbed(rng, amount, scene.angle + turn, (width, apart, length))
            laid = np.maximum(laid, weight * pressed)
        smudge = 0.25 * blurred(laid, 5)
        grains = step(-0.16, 0.16, laid - 0.12 - 0.8 * tooth)
        cover = np.maximum(smudge, 0.92 * grains * (laid > 0.04))[..., None]
        picture = picture * (1 - cover) + colour * cover
    line = outlines(scene.region, 1.5 * noise(rng, 70, 3) - 0.4)
    line = step(-0.2, 0.3, line * (0.75 + 0.4 * dark) - 0.85 * tooth)[..., None]
    picture = picture * (1 - line) + 0.8 * COAL * line
    return (255 * picture.clip(0, 1)).astype(np.uint8)


def rubbed(
    rng: np.random.Generator, amount: Array, angle: Array, size: tuple[float, float, float]
) -> Array:
    """Strokes of a stick, pressed as hard as `amount` says: a field of 0..1.

    `size` is their width, their distance and their length.
    """
    width, apart, length = size
    image = np.zeros((HEIGHT, WIDTH), np.uint8)
    starts = scattered(rng, apart, apart)
    pressure = at(blurred(amount, width / 4), starts) * rng.uniform(0.55, 1.35, len(starts))
    starts, pressure = starts[pressure > 0.12], pressure[pressure > 0.12]
    lengths = length * rng.uniform(0.5, 1.2, len(starts))
    near = (3 * blurred(amount, 5)).astype(int)
    for line, hard in zip(streamlines(angle, starts, lengths, 6, near), pressure, strict=True):
        normals = sideways(line)
        for place in np.linspace(-0.5, 0.5, max(int(width / 3), 3)):
            streak = np.clip(hard + rng.normal(0, 0.16), 0, 1)
            draw_line(image, line + place * width * normals, int(255 * streak), 4)
    return image.astype(np.float32) / 255
