"""Batik: flowers and leaves drawn in wax on cotton, dyed again and again, with the wax's cracks."""

from __future__ import annotations

import cv2
import numpy as np

from styles.canvas import (
    HEIGHT,
    WIDTH,
    Array,
    blurred,
    colours,
    draw_line,
    draw_shape,
    eight_bit,
    from_edges,
    grid,
    nearest,
    noise,
    scattered,
    sideways,
    step,
    tapered,
)

CREAM, INDIGO, NIGHT, RUST, OCHRE, TEAL, WINE = colours(
    "f2e4c4 1f3566 10162c a8401f dc9a34 2f7a78 6a1f30"
)
DYES = (RUST, OCHRE, TEAL, WINE, INDIGO)


def draw(seed: int) -> Array:
    """Flowers under a sun: uint8 (HEIGHT, WIDTH, 3)."""
    rng = np.random.default_rng(seed)
    cloth = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    y = grid()[1]
    ground = step(-0.5, 0.5, noise(rng, 260, 3) + (y - 420) / 300)[..., None]
    cloth[:] = 255 * (0.85 * INDIGO * (1 - ground) + 0.9 * WINE * ground)
    _ground(rng, cloth)
    _sun(cloth, np.array([740.0, 210.0]), 165)
    for foot, top, sway in (
        ((180, 800), (230, 210), 90), ((420, 800), (480, 330), -70), ((640, 800), (610, 480), 60),
        ((830, 800), (850, 420), -80), ((1010, 800), (970, 200), -60), ((30, 800), (60, 430), 50),
    ):  # fmt: skip
        _plant(rng, cloth, np.array(foot, float), np.array(top, float), sway)
    return _crackled(rng, cloth)


def petals(middle: Array, radius: float, count: int, turn: float, deep: float) -> Array:
    """The outline of a blossom (n, 2)."""
    angle = np.linspace(0, 2 * np.pi, 30 * count, endpoint=False)
    out = radius * (1 - deep + deep * np.abs(np.cos(count * (angle - turn) / 2)) ** 0.7)
    return middle + out[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)


def disc(middle: Array, radius: float) -> Array:
    """The outline of a disc (n, 2)."""
    return petals(middle, radius, 3, 0, 0)


def _waxed(cloth: Array, outline: Array, dye: Array, wide: int = 5) -> None:
    """A shape in one dye, with a line of wax around it."""
    draw_shape(cloth, outline, eight_bit(dye))
    draw_line(cloth, np.concatenate([outline, outline[:1]]), eight_bit(CREAM), wide)


def _dots(cloth: Array, line: Array, apart: float, radius: float, dye: Array = CREAM) -> None:
    """Dots of wax along a line (k, 2)."""
    gone = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    for one in np.searchsorted(gone, np.arange(apart / 2, gone[-1], apart)):
        draw_shape(cloth, disc(line[one], radius), eight_bit(dye))


def _flower(rng: np.random.Generator, cloth: Array, middle: Array, radius: float) -> None:
    count, turn = int(rng.integers(6, 10)), rng.uniform(0, 6)
    dyes = rng.permutation(len(DYES) - 1)
    _waxed(cloth, petals(middle, radius, count, turn, 0.42), DYES[dyes[0]], 6)
    for number in range(count):
        direction = turn + 2 * np.pi * number / count
        way = np.array([np.cos(direction), np.sin(direction)])
        vein = middle + radius * np.linspace(0.3, 0.85, 8)[:, None] * way
        draw_shape(cloth, tapered(vein, 0.2 * radius), eight_bit(DYES[dyes[1]]))
        for side in (-0.22, 0.22):
            aside = vein + side * radius * np.linspace(0.3, 1, 8)[:, None] * sideways(vein)
            draw_line(cloth, aside[2:7], eight_bit(CREAM), 2)
    _waxed(cloth, petals(middle, 0.4 * radius, count, turn, 0.25), DYES[dyes[2]], 4)
    _dots(cloth, disc(middle, 0.27 * radius), 9, 2.6)
    _waxed(cloth, disc(middle, 0.14 * radius), OCHRE, 3)


def _leaf(rng: np.random.Generator, cloth: Array, base: Array, tip: Array, wide: float) -> None:
    t = np.linspace(0, 1, 30)[:, None]
    bend = 0.16 * np.array([-(tip - base)[1], (tip - base)[0]]) * rng.uniform(-1, 1)
    spine = base + t * (tip - base) + np.sin(np.pi * t) * bend
    dye = DYES[rng.choice([2, 2, 1, 0])]
    _waxed(cloth, tapered(spine, wide), dye, 5)
    draw_line(cloth, spine, eight_bit(CREAM), 3)
    for number in range(5, 27, 3):
        half = 0.34 * wide * np.sqrt(np.sin(np.pi * number / 29))
        normal, ahead = sideways(spine)[number], spine[number] - spine[number - 1]
        for side in (-1, 1):
            end = spine[number] + side * half * normal + 2.5 * ahead
            draw_line(cloth, np.stack([spine[number], end]), eight_bit(CREAM), 2)


def _plant(rng: np.random.Generator, cloth: Array, foot: Array, top: Array, sway: float) -> None:
    """A stem with leaves on both sides, spirals and a flower on top."""
    t = np.linspace(0, 1, 60)[:, None]
    stem = foot + t * (top - foot) + np.sin(2 * np.pi * t) * np.array([sway, 0.0])
    draw_line(cloth, stem, eight_bit(CREAM), 13)
    draw_line(cloth, stem, eight_bit(TEAL * 0.7), 5)
    for number in range(6, 52, 8):
        side = 1 if number % 16 < 8 else -1
        reach = rng.uniform(80, 120)
        tip = stem[number] + reach * np.array([side, rng.uniform(-0.9, -0.35)])
        if rng.uniform() < 0.25:
            _spiral(cloth, stem[number] + np.array([side * 44.0, -30.0]), 34, side)
        else:
            _leaf(rng, cloth, stem[number], tip, rng.uniform(36, 52))
    _flower(rng, cloth, stem[-1], rng.uniform(80, 112))


def _spiral(cloth: Array, middle: Array, radius: float, side: int) -> None:
    angle = np.linspace(0, 5 * np.pi, 90)
    out = radius * (1 - angle / angle[-1]) + 3
    line = middle + out[:, None] * np.stack([side * np.cos(angle), np.sin(angle)], -1)
    draw_line(cloth, line, eight_bit(CREAM), 6)
    draw_line(cloth, line, eight_bit(OCHRE), 2)


def _sun(cloth: Array, middle: Array, radius: float) -> None:
    for size, count, deep, dye in (
        (1.0, 24, 0.3, RUST), (0.72, 24, 0.2, OCHRE), (0.52, 3, 0, WINE), (0.4, 12, 0.3, RUST),
    ):  # fmt: skip
        _waxed(cloth, petals(middle, size * radius, count, 0.1, deep), dye, 5)
    for size, apart, dot in ((0.62, 13, 3), (0.46, 11, 2.6), (0.2, 10, 3)):
        _dots(cloth, disc(middle, size * radius), apart, dot)
    _waxed(cloth, petals(middle, 0.12 * radius, 8, 0, 0.3), OCHRE, 3)


def _ground(rng: np.random.Generator, cloth: Array) -> None:
    """Rows of dots that bend, and small blossoms between them."""
    x = np.arange(-20.0, WIDTH + 20, 4)
    for row in np.arange(-30, HEIGHT + 30, 30):
        line = np.stack([x, row + 14 * np.sin(x / 75 + row / 60)], -1)
        _dots(cloth, line, 17, 3.2, CREAM * 0.96)
    for place in scattered(rng, 128):
        outline = petals(place, rng.uniform(20, 30), 5, rng.uniform(0, 6), 0.4)
        _waxed(cloth, outline, DYES[rng.integers(4)], 4)
        _waxed(cloth, disc(place, 6), OCHRE, 2)


def _crackled(rng: np.random.Generator, cloth: Array) -> Array:
    """Dye that crept under the wax, through its cracks and along the threads."""
    x, y = grid()
    wander = [2.4 * noise(rng, 30, 3) for _ in range(2)]
    crept = cv2.remap(
        cloth.astype(np.float32) / 255, x + 0.6 * wander[0], y + 0.6 * wander[1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip
    crept = blurred(crept, 0.9)
    uneven = 1 + 0.1 * noise(rng, 120, 4) + 0.08 * noise(rng, 12, 3)
    veins = np.zeros((HEIGHT, WIDTH), np.float32)
    for apart, wide in ((72, 1.5), (30, 0.9)):
        crack = cracks(rng, apart, wander)
        here = step(-0.1, 0.8, noise(rng, 170, 3) + (0.25 if apart > 50 else -0.15))
        veins = np.maximum(veins, here * (1 - step(0.4 * wide, 1.6 * wide + 0.8, crack)))
    light = step(0.2, 0.75, crept.mean(-1))
    cover = (0.85 * veins * (0.3 + 0.7 * light))[..., None]
    picture = crept * uneven[..., None] * (1 - cover) + NIGHT * cover
    weave = 1 + 0.035 * (np.sin(x * 2.1) * np.sin(y * 2.1)) + 0.02 * noise(rng, 3, 1)
    return (255 * (picture * weave[..., None]).clip(0, 1)).astype(np.uint8)


def cracks(rng: np.random.Generator, apart: float, wander: list[Array]) -> Array:
    """How far it is to the nearest crack of a net whose meshes are `apart` wide: a field."""
    points = scattered(rng, apart, apart).clip(0, (WIDTH - 1, HEIGHT - 1)).astype(int)
    seeds = np.zeros((HEIGHT, WIDTH), bool)
    seeds[points[:, 1], points[:, 0]] = True
    mesh = nearest(seeds)
    x, y = grid()
    bent = mesh[
        np.clip(y + 4 * wander[1], 0, HEIGHT - 1).astype(int),
        np.clip(x + 4 * wander[0], 0, WIDTH - 1).astype(int),
    ]
    return from_edges(bent)
