"""Invented compositions, which the techniques draw with their own marks.

A palette gives each thing's colours as words for `canvas.ramp`, from dark to light. Things lie over
each other from the back to the front.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from styles.canvas import HEIGHT, WIDTH, Array, blurred, curve, grid, noise, ramp, step

Palette = dict[str, str]


class Scene(NamedTuple):
    """What there is to draw.

    colour: (HEIGHT, WIDTH, 3), sRGB 0..1, shaded.
    angle: field of the direction in which a hand would draw there.
    region: (HEIGHT, WIDTH) of integers, one for each thing.
    """

    colour: Array
    angle: Array
    region: Array


def over(scene: Scene, mask: Array, colour: Array, angle: Array | float) -> Scene:
    """One thing more, in front of all that is there."""
    return Scene(
        np.where(mask[..., None], colour, scene.colour).astype(np.float32),
        np.where(mask, angle, scene.angle).astype(np.float32),
        np.where(mask, scene.region.max() + 1, scene.region),
    )


def contours(field: Array) -> Array:
    """The direction of the lines along which a field is constant."""
    smooth = blurred(field.astype(np.float32), 4)
    down, across = np.gradient(smooth)
    return np.arctan2(-across, down)


def swirling_sky(rng: np.random.Generator, palette: Palette, sun: tuple[float, float]) -> Scene:
    """A sky that flows in eddies around a sun at (x, y)."""
    x, y = grid()
    from_sun = np.hypot(x - sun[0], 1.15 * (y - sun[1]))
    flow = y / 60 + 0.7 * noise(rng, 330, 2, (1.6, 0.8))
    flow += 5 * np.exp(-((from_sun / 170) ** 2))
    for _ in range(4):
        place = rng.uniform([0, 20], [WIDTH, 330])
        away = np.hypot(x - place[0], 1.2 * (y - place[1]))
        flow += rng.choice([-1, 1]) * 4 * np.exp(-((away / rng.uniform(60, 110)) ** 2))
    light = 0.42 + 0.3 * np.sin(2.6 * flow) + 0.1 * noise(rng, 60, 3)
    light += 0.25 * np.exp(-((from_sun / 260) ** 2)) - 0.18 * (1 - y / 420)
    scene = Scene(ramp(light, palette["sky"]), contours(flow), np.zeros((HEIGHT, WIDTH), int))
    rings = 0.75 + 0.25 * np.cos(from_sun / 9)
    for radius, words in ((105, "halo"), (62, "sun")):
        disc = from_sun < radius
        scene = over(scene, disc, ramp(rings, palette[words]), contours(from_sun))
    return scene


def mountains(
    rng: np.random.Generator, scene: Scene, top: float, rough: float, words: str
) -> Scene:
    """A range of mountains whose tops are at about `top`, with a light and a dark side."""
    y = grid()[1]
    ridge = top + rough * curve(rng, 300, 5)
    slope = noise(rng, 130, 4, (0.8, 1.6))
    faces = 9 * np.gradient(slope, axis=1) + 0.4 * np.gradient(ridge)[None]
    light = 0.5 + 0.9 * faces + 0.15 * (y - ridge) / 200
    return over(scene, y > ridge, ramp(light, words), contours(slope + 0.02 * (y - ridge)) + 0.2)


def hill(rng: np.random.Generator, scene: Scene, top: float, rough: float, words: str) -> Scene:
    """A hill striped by furrows that follow its back, or run up to it."""
    x, y = grid()
    ridge = top + rough * curve(rng, 620, 2)
    below = y - ridge
    lean = rng.uniform(-0.6, 0.6) * (x - WIDTH / 2)
    rows = np.sqrt(below.clip(0) + 30) * rng.uniform(1.6, 2.4) + lean / 90
    rows = rows + 0.35 * noise(rng, 200, 2)
    light = 0.52 + 0.3 * np.sin(rows * 2.2) + 0.13 * noise(rng, 45, 3) - 0.12 * step(0, 160, below)
    return over(scene, below > 0, ramp(light, words), contours(rows))


def river(rng: np.random.Generator, scene: Scene, top: float, end: float, words: str) -> Scene:
    """Water that winds from `top` towards us, ever broader, to x = `end`."""
    x, y = grid()
    near = ((y - top) / (HEIGHT - top)).clip(0, 1)
    middle = (
        0.62 * WIDTH + (end - 0.62 * WIDTH) * near + 120 * np.sin(7.5 * near**0.6) * (0.25 + near)
    )
    across = (x - middle) / (10 + 120 * near**1.3)
    light = 0.55 + 0.3 * np.sin(y / (2 + 9 * near) + 1.2 * noise(rng, 90, 3, (3, 0.5)))
    light -= 0.25 * np.abs(across) ** 3
    wet = (np.abs(across + 0.08 * noise(rng, 60, 2)) < 1) & (y > top)
    return over(scene, wet, ramp(light, words), 0.12 * np.sin(x / 60))


def poplar(rng: np.random.Generator, scene: Scene, foot: Array, tall: float, words: str) -> Scene:
    """A slender tree like a flame."""
    x, y = grid()
    up = (foot[1] - y) / tall
    sway = foot[0] + 0.05 * tall * np.sin(3 * up + rng.uniform(0, 6))
    half = 0.16 * tall * np.sqrt(np.clip(up * 1.6, 0, 1)) * np.clip(1 - up, 0, 1) ** 0.7
    leaves = noise(rng, 36, 3, (0.6, 1.6))
    across = (x - sway) / np.maximum(half * (1 + 0.18 * leaves), 0.1)
    light = 0.45 - 0.35 * across + 0.22 * leaves
    mask = (np.abs(across) < 1) & (up > 0) & (up < 1)
    return over(scene, mask, ramp(light, words), np.pi / 2 + 0.35 * np.sin(y / 30) + 0.3 * across)


def crown(
    rng: np.random.Generator, scene: Scene, foot: Array, tall: float, palette: Palette
) -> Scene:
    """A round tree on a trunk."""
    x, y = grid()
    trunk = np.abs(x - foot[0] - 4 * np.sin(y / 20)) < 0.045 * tall * (1 + (y - foot[1]) / tall)
    trunk &= (y < foot[1]) & (y > foot[1] - 0.6 * tall)
    bark = 0.5 - (x - foot[0]) / (0.1 * tall)
    scene = over(scene, trunk, ramp(bark, palette["earth"]), np.pi / 2)
    ball = np.stack([x - foot[0], 1.1 * (y - foot[1] + 0.7 * tall)], -1) / (0.38 * tall)
    leaves = noise(rng, 0.3 * tall, 5)
    away = np.hypot(ball[..., 0], ball[..., 1]) + 0.12 * leaves
    light = 0.48 - 0.3 * ball[..., 0] - 0.34 * ball[..., 1] + 0.2 * leaves
    return over(scene, away < 1, ramp(light, palette["tree"]), contours(away + 0.35 * leaves))


def house(
    rng: np.random.Generator, scene: Scene, corner: Array, size: float, palette: Palette
) -> Scene:
    """A house seen from its gable and one side; `corner` is the lower left one."""
    x, y = grid()
    wide, side, tall = size * rng.uniform(0.6, 0.9), size * rng.uniform(0.7, 1.3), size
    gable, right, up = x - corner[0], x - corner[0] - wide, corner[1] - y
    dirt = 0.1 * noise(rng, 30, 3)
    peak = tall + 0.55 * wide * (1 - np.abs(2 * gable / wide - 1))
    front = (gable > 0) & (gable < wide) & (up > 0) & (up < peak)
    scene = over(scene, front, ramp(0.85 + dirt - 0.2 * up / tall, palette["wall"]), np.pi / 2)
    flank = (right >= 0) & (right < side) & (up > 0) & (up < tall)
    scene = over(scene, flank, ramp(0.35 + dirt, palette["wall"]), 0.0)
    slant = right + 0.5 * wide * ((up - tall) / (0.55 * wide))
    roof = (up >= tall - 3) & (up < tall + 0.55 * wide) & (slant > 0) & (slant < side + 4)
    tiles = 0.55 + 0.22 * np.sin(up * 0.9) + dirt
    scene = over(scene, roof, ramp(tiles, palette["roof"]), 0.0)
    holes = np.zeros(x.shape, bool)
    for left, low in [(0.2, 0.55), (0.6, 0.55), (0.4, 0.05)]:
        holes |= (np.abs(gable / wide - left - 0.1) < 0.1) & (np.abs(up / tall - low - 0.13) < 0.15)
    for left in (0.25, 0.7):
        holes |= (np.abs(right / side - left) < 0.09) & (np.abs(up / tall - 0.55) < 0.15)
    return over(scene, holes, ramp(0.3 + dirt, palette["window"]), np.pi / 2)


def valley(rng: np.random.Generator, palette: Palette, sun: tuple[float, float]) -> Scene:
    """Mountains, fields, trees and a river under a swirling sky."""
    scene = swirling_sky(rng, palette, sun)
    scene = mountains(rng, scene, 330, 46, palette["far"])
    scene = hill(rng, scene, 415, 26, palette["field"])
    scene = river(rng, scene, 400, rng.uniform(0.35, 0.65) * WIDTH, palette["water"])
    for place in (0.7, 0.79, 0.88):
        corner = np.array([place * WIDTH, rng.uniform(455, 490)])
        scene = house(rng, scene, corner, rng.uniform(34, 46), palette)
    for place in rng.uniform(0.03, 0.97, 7):
        foot = np.array([place * WIDTH, rng.uniform(450, 500)])
        scene = crown(rng, scene, foot, rng.uniform(60, 100), palette)
    scene = hill(rng, scene, 640, 40, palette["meadow"])
    for place, tall in ((0.08, 520), (0.17, 390), (0.93, 330)):
        foot = np.array([place * WIDTH, rng.uniform(700, 760)])
        scene = poplar(rng, scene, foot, tall, palette["tree"])
    return flowers(rng, scene, palette["flower"])


def flowers(rng: np.random.Generator, scene: Scene, words: str, top: float = 650) -> Scene:
    """Blossoms in the foreground, in colours of their own."""
    x, y = grid()
    away, kind = np.full(x.shape, np.inf, np.float32), np.zeros(x.shape, np.float32)
    for place in rng.uniform([0, top], [WIDTH, HEIGHT], (70, 2)):
        this = np.hypot(x - place[0], 1.2 * (y - place[1])) / (5 + (place[1] - top) / 12)
        kind = np.where(this < away, np.float32(rng.uniform()), kind)
        away = np.minimum(away, this)
    return over(scene, away < 1, ramp(kind, words), contours(away.clip(0, 3)))
