"""Ink and a little colour in water on paper: mountains in mist, pines and rocks."""

from __future__ import annotations

import numpy as np

from styles.canvas import (
    HEIGHT,
    WIDTH,
    Array,
    blurred,
    colours,
    curve,
    draw_line,
    draw_shape,
    grid,
    noise,
    step,
    tapered,
)

PAPER = colours("efe3c8")[0]
INK, INDIGO, UMBER, VERMILION, MOSS = -np.log(colours("1c1a20 2f5a90 a05a30 dc3a22 6a8a58"))
"""What each takes from the light, one layer of it: (3,)."""


def draw(seed: int) -> Array:
    """Mountains and water: uint8 (HEIGHT, WIDTH, 3)."""
    rng = np.random.default_rng(seed)
    x, y = grid()
    fibres = noise(rng, 7, 3, (2, 1))
    grain = 1 + 0.06 * fibres + 0.05 * noise(rng, 3, 1)
    taken = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    clouds = noise(rng, 260, 5, (2, 0.8))
    taken += (0.35 * step(-0.6, 1.6, clouds + (200 - y) / 260))[..., None] * INDIGO
    for level in (-0.5, 0.1, 0.8):
        cloud = wet(80 * (noise(rng, 210, 5, (1.8, 0.7)) + (y - 150) / 260), 80 * level)
        taken += (0.2 * cloud * grain)[..., None] * (INDIGO if level < 0.5 else UMBER)
    taken += (0.25 * step(-0.4, 1.5, noise(rng, 300, 4, (2, 0.7)) - 0.3))[..., None] * UMBER
    sun = np.hypot(x - 250, y - 165) + 2 * noise(rng, 30, 2)
    taken += (1.1 * wet(sun, 62) * grain)[..., None] * VERMILION
    for number, (top, rough) in enumerate(((230, 55), (320, 75), (400, 60), (520, 60))):
        taken = _range(rng, taken, top, rough, 0.34 + 0.15 * number, grain)
    taken = _water(rng, taken, grain)
    for foot, tall in (((150, 800), 560), ((850, 790), 420), ((985, 800), 560)):
        strokes = pine(rng, np.array(foot, float), tall)
        dry = strokes * step(-0.2, 0.6, strokes - 0.55 + 0.2 * noise(rng, 5, 2))
        wash = blurred(strokes, 9)
        taken += (1.35 * dry * grain)[..., None] * INK + (0.9 * wash)[..., None] * MOSS
    for place in ((1010, 20), (30, 10)):
        wood, blossoms = plum(rng, np.array(place, float), 330)
        taken += (1.5 * wood * (0.75 + 0.3 * noise(rng, 9, 2)).clip(0))[..., None] * INK
        margin = np.abs(blurred(blossoms, 2) - 0.5) < 0.3
        taken += (blossoms * (0.75 + 0.5 * margin) * grain)[..., None] * VERMILION
    picture = PAPER * (1 + 0.02 * fibres[..., None]) * np.exp(-taken)
    return (255 * picture.clip(0, 1)).astype(np.uint8)


def wet(away: Array, edge: float) -> Array:
    """A wash where `away` is below `edge`: pigment gathers along its margin."""
    inside = 1 - step(edge - 2, edge + 1.5, away)
    margin = np.exp(-(((away - edge + 4) / 4.5) ** 2))
    return inside * (0.72 + 0.6 * margin)


def _range(
    rng: np.random.Generator, taken: Array, top: float, rough: float, strong: float, grain: Array
) -> Array:
    """One range of mountains more, darkest along its ridge and lost in mist below."""
    x, y = grid()
    ridge = top + rough * curve(rng, 330, 6) + 0.00012 * (x[0] - 520) ** 2 - 30
    below = y - ridge
    inside = step(-1, 2, below)
    mist = np.exp(-below.clip(0) / (125 + 55 * curve(rng, 260, 2).clip(-1.2, 2)))
    bloom = noise(rng, 110, 5)
    wash = inside * (0.05 + 0.8 * mist) * (0.75 + 0.3 * bloom) + 0.5 * np.exp(
        -(((below - 4) / 4) ** 2)
    )
    for level in (-0.4, 0.3, 0.9):
        shape = wet(60 * noise(rng, 120, 4, (0.8, 1.3)) + 0.25 * below, 60 * level)
        wash += 0.38 * inside * shape * (0.25 + mist)
    folds = noise(rng, 60, 4, (0.55, 2.2)) + 0.8 * noise(rng, 14, 2, (0.7, 3))
    brushed = step(0.35, 1.1, folds - below / 190) * inside * step(0, 26, below)
    dry = step(-0.6, 0.5, noise(rng, 5, 2, (1, 2.5)))
    density = strong * (wash + 1.2 * brushed * dry) * grain
    tint = step(-0.5, 1.2, noise(rng, 240, 3))[..., None]
    colour = INDIGO * (1 - tint) + UMBER * tint
    # What lies behind is covered by mist, not seen through.
    behind = (taken * (1 - 0.75 * inside * step(-0.2, 0.4, mist + 0.2))[..., None]).astype(
        np.float32
    )
    return behind + density[..., None] * (0.55 * INK + 0.6 * colour)


def _water(rng: np.random.Generator, taken: Array, grain: Array) -> Array:
    """Water below, in long wet strokes."""
    y = grid()[1]
    bank = 640 + 16 * curve(rng, 300, 4)
    below = y - bank
    ripples = np.sin(below.clip(0) ** 0.7 * 1.1 + 2.2 * noise(rng, 160, 4, (3, 0.5)))
    streaks = step(0.0, 1.0, ripples + 0.6 * noise(rng, 40, 3, (6, 0.4)))
    density = step(0, 5, below) * (0.28 + 0.7 * streaks) * grain
    shade = 0.35 * np.exp(-(((below + 6) / 9) ** 2))
    behind = taken * (1 - 0.97 * step(0, 5, below))[..., None]
    return behind + density[..., None] * INDIGO * 0.9 + (shade + 0.15 * density)[..., None] * INK


def pine(rng: np.random.Generator, foot: Array, tall: float) -> Array:
    """How much ink the strokes of a crooked pine leave: a field of 0..1."""
    image = np.zeros((HEIGHT, WIDTH), np.uint8)
    t = np.linspace(0, 1, 40)
    lean = rng.choice([-1, 1]) * 0.16 * tall
    spine = foot + np.stack(
        [lean * np.sin(2.6 * t) + 0.03 * tall * np.sin(9 * t + rng.uniform(0, 6)), -tall * t], -1
    )
    draw_shape(image, tapered(spine, 0.075 * tall * (1.15 - t)), 225)
    for place in np.linspace(0.32, 0.99, 13):
        start = spine[int(place * 39)]
        side = rng.choice([-1, 1])
        reach = tall * rng.uniform(0.16, 0.36) * (1.25 - place)
        s = np.linspace(0, 1, 14)[:, None]
        droop = rng.uniform(-0.1, 0.3)
        branch = start + reach * np.concatenate([side * s, droop * s * s - 0.25 * s], 1)
        draw_shape(image, tapered(branch, 0.018 * tall), 215)
        for knot in branch[4:]:
            _needles(rng, image, knot, 0.052 * tall)
    return image.astype(np.float32) / 255


def _needles(rng: np.random.Generator, image: Array, knot: Array, size: float) -> None:
    """A fan of needles that point upwards."""
    for turn in rng.uniform(-np.pi, 0, 16):
        tip = knot + size * rng.uniform(0.6, 1.2) * np.array([np.cos(turn), 0.75 * np.sin(turn)])
        draw_line(image, np.stack([knot, tip]), int(rng.integers(150, 255)), 2)


def plum(rng: np.random.Generator, start: Array, reach: float) -> tuple[Array, Array]:
    """A branch that hangs into the picture from `start`: its wood and blossoms, fields of 0..1."""
    wood, red = (np.zeros((HEIGHT, WIDTH), np.uint8) for _ in range(2))
    side = -1.0 if start[0] > WIDTH / 2 else 1.0
    t = np.linspace(0, 1, 24)[:, None]
    for fall in (0.1, 0.45, 0.9):
        bend = 0.12 * np.sin(7 * t + rng.uniform(0, 6)) * [0.2, 1.0]
        way = np.array([side * np.cos(fall), np.sin(fall)]) * rng.uniform(0.75, 1.1)
        twig = start + reach * (t * way + t * bend)
        draw_shape(wood, tapered(twig, 15 * (1.2 - t[:, 0])), 235)
        for knot in twig[rng.integers(5, 24, 11)]:
            end = knot + rng.normal(0, 24, 2)
            draw_shape(wood, tapered(np.linspace(knot, end, 8), 6), 220)
            _blossom(rng, red, end, rng.uniform(8, 16))
    return wood.astype(np.float32) / 255, red.astype(np.float32) / 255


def _blossom(rng: np.random.Generator, red: Array, middle: Array, size: float) -> None:
    """Five petals, each a touch of the brush with its own amount of water."""
    first = rng.uniform(0, 6)
    for turn in first + 2 * np.pi * np.arange(5) / 5:
        tip = middle + size * np.array([np.cos(turn), np.sin(turn)])
        draw_shape(
            red, tapered(np.linspace(middle, tip, 9), 1.1 * size), int(rng.integers(90, 250))
        )
