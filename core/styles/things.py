"""Compositions of things near by: a bay with boats, a table, a town on its hill."""

from __future__ import annotations

import numpy as np

from styles.canvas import HEIGHT, WIDTH, Array, curve, grid, noise, ramp, step
from styles.scenes import (
    Palette,
    Scene,
    contours,
    crown,
    flowers,
    hill,
    house,
    mountains,
    over,
    swirling_sky,
)


def bay(rng: np.random.Generator, palette: Palette, sun: tuple[float, float]) -> Scene:
    """Waves between mountains and a bank with trees, and boats on them."""
    scene = swirling_sky(rng, palette, sun)
    scene = mountains(rng, scene, 300, 34, palette["far"])
    scene = waves(rng, scene, 350, sun[0], palette["water"])
    for place, tall in (((210, 470), 150), ((520, 415), 80), ((690, 560), 230)):
        scene = boat(rng, scene, np.array(place), tall, palette)
    scene = hill(rng, scene, 690, 44, palette["meadow"])
    scene = flowers(rng, scene, palette["flower"], 680)
    for place, tall in (((70, 740), 470), ((935, 750), 560)):
        scene = crown(rng, scene, np.array(place), tall, palette)
    return scene


def waves(rng: np.random.Generator, scene: Scene, top: float, shine: float, words: str) -> Scene:
    """The sea below `top`, with light on it below x = `shine`."""
    x, y = grid()
    near = ((y - top) / (HEIGHT - top)).clip(0.002, 1)
    sway = noise(rng, 260, 2, (1.5, 0.6))
    phase = 26 * near**0.45 + (0.5 + near) * (0.9 * sway + 0.5 * np.sin(x / (30 + 130 * near)))
    light = 0.42 + 0.3 * np.sin(2.4 * phase) + 0.14 * noise(rng, 40, 3, (3, 0.6))
    light += 0.4 * np.exp(-(((x - shine) / (40 + 160 * near)) ** 2)) * (0.4 + np.sin(2.4 * phase))
    return over(scene, y > top, ramp(light, words), contours(phase))


def boat(
    rng: np.random.Generator, scene: Scene, keel: Array, tall: float, palette: Palette
) -> Scene:
    """A sailing boat, `tall` from its keel to the top of its mast, and its reflection."""
    x, y = grid()
    for mirrored in (True, False):
        up = (y - keel[1] if mirrored else keel[1] - y) / tall
        right = (x - keel[0]) / tall
        if mirrored:
            right = right + 0.03 * np.sin(up * 40)
        fade = 0.35 if mirrored else 0.0
        cloth = 0.7 + 0.15 * np.sin(right * 22) + 0.08 * noise(rng, 40, 3) - fade
        belly = 0.07 * np.sin(np.pi * up.clip(0, 1))
        for side, reach in ((1, 0.46), (-1, 0.3)):
            out = side * right - 0.02
            sail = (out > 0) & (out < reach * (1 - (up - 0.17) / 0.8) + belly) & (up > 0.17)
            words = palette["sail" if side > 0 else "jib"]
            scene = over(scene, sail & (up < 0.97), ramp(cloth, words), np.pi / 2 - 0.4 * side)
        hull = (np.abs(right) < 0.34 + 0.5 * up) & (up > 0) & (up < 0.15)
        planks = 0.5 + 2.5 * (up - 0.07) - fade + 0.15 * np.sin(up * 160)
        scene = over(scene, hull, ramp(planks, palette["hull"]), 0.0)
    return scene


def still_life(rng: np.random.Generator, palette: Palette) -> Scene:
    """A jug, a bottle, a vase with flowers and fruit on a cloth before a wall."""
    x, y = grid()
    cloud = noise(rng, 200, 4)
    light = 0.5 + 0.28 * cloud - (x - 300) / 2200 - (y - 200) / 1600
    wall = over(
        _nothing(), y >= 0, ramp(light, palette["wall"]), contours(x + 0.6 * y + 90 * cloud)
    )
    folds = x / 38 + 1.1 * np.sin(y / 120) + 0.5 * noise(rng, 160, 2)
    drape = x > 690 + 60 * np.sin(y / 130)
    stripe = 0.5 + 0.32 * np.sin(folds * 1.5) + 0.14 * np.sin(y / 13)
    scene = over(wall, drape, ramp(stripe, palette["drape"]), contours(folds))
    edge = 470 + 14 * curve(rng, 500, 2)
    crease = noise(rng, 240, 3, (1.6, 0.7))
    check = 0.16 * np.sign(np.sin((x + y) / 34) * np.sin((x - 2.2 * y) / 40))
    cloth = 0.6 + 0.26 * crease + check - 0.2 * step(560, 780, y)
    scene = over(scene, y > edge, ramp(cloth, palette["cloth"]), contours(crease + y / 150))
    scene = vessel(scene, (250, 610), (300, 88), _JUG, palette["jug"])
    scene = bouquet(rng, scene, (600, 250), palette)
    scene = vessel(scene, (600, 590), (210, 70), _VASE, palette["vase"])
    scene = vessel(scene, (430, 640), (420, 50), _BOTTLE, palette["bottle"])
    for place, size in (
        ((730, 590), 58), ((835, 610), 66), ((770, 655), 60), ((900, 680), 70), ((120, 650), 62),
        ((560, 690), 64), ((330, 710), 58), ((205, 705), 66), ((680, 700), 56),
    ):  # fmt: skip
        scene = fruit(rng, scene, place, size, palette[str(rng.choice(["warm", "red", "green"]))])
    return scene


_JUG = ((0, 0.7), (0.1, 0.85), (0.35, 1), (0.6, 0.85), (0.8, 0.45), (0.92, 0.42), (1, 0.6))
_VASE = ((0, 0.5), (0.08, 0.6), (0.4, 1), (0.7, 0.75), (0.88, 0.45), (1, 0.75))
_BOTTLE = ((0, 0.95), (0.05, 1), (0.55, 1), (0.68, 0.75), (0.76, 0.36), (0.97, 0.32), (1, 0.42))
"""Profiles: half the width, relative to the widest, at heights from 0 to 1."""


def vessel(
    scene: Scene,
    foot: tuple[float, float],
    size: tuple[float, float],
    profile: tuple[tuple[float, float], ...],
    words: str,
) -> Scene:
    """Something turned, on a foot at (x, y); `size` is its height and half its width."""
    x, y = grid()
    up = (foot[1] - y) / size[0]
    heights, halves = np.array(profile).T
    half = np.interp(up, heights, halves) * size[1]
    across = (x - foot[0]) / half
    round_ = np.sqrt(1 - across.clip(-1, 1) ** 2)
    light = 0.12 + 0.62 * (0.75 * round_ - 0.55 * across)
    light += 0.6 * np.exp(-(((across + 0.45) / 0.12) ** 2) - ((up - 0.45) / 0.25) ** 2)
    light += 0.1 * np.sin(up * 40) * (np.abs(up - 0.5) < 0.12)
    scene = shadow(scene, foot[0] + 0.9 * size[1], foot[1], 1.5 * size[1])
    inside = (np.abs(across) < 1) & (up < 1) & (up > -0.04 * (1 - across**2))
    return over(scene, inside, ramp(light, words), np.arctan(-0.35 * across))


def fruit(
    rng: np.random.Generator, scene: Scene, middle: tuple[float, float], size: float, words: str
) -> Scene:
    """An apple or an orange."""
    x, y = grid()
    ball = np.stack([x - middle[0], y - middle[1]], -1) / size
    away = np.hypot(ball[..., 0], 1.08 * ball[..., 1])
    depth = np.sqrt((1 - away**2).clip(0))
    light = 0.1 + 0.65 * (0.6 * depth - 0.5 * ball[..., 0] - 0.55 * ball[..., 1])
    light += 0.5 * np.exp(-((np.hypot(ball[..., 0] + 0.38, ball[..., 1] + 0.4) / 0.2) ** 2))
    light += 0.12 * noise(rng, 40, 3, (0.5, 1.5)) + 0.12 * (away > 0.85) * (ball[..., 0] > 0)
    scene = shadow(scene, middle[0] + 0.6 * size, middle[1] + 0.75 * size, 1.1 * size)
    return over(scene, away < 1, ramp(light, words), contours(away + 0.5 * ball[..., 0]))


def shadow(scene: Scene, left: float, low: float, wide: float) -> Scene:
    """The scene darker in a flat ellipse, which is no thing of its own."""
    x, y = grid()
    away = np.hypot((x - left) / wide, (y - low) / (0.28 * wide))
    dark = 0.55 * (1 - step(0.45, 1.1, away)) * (y > 470)
    return scene._replace(colour=scene.colour * (1 - dark[..., None] * np.array([0.9, 0.85, 0.7])))


def bouquet(
    rng: np.random.Generator, scene: Scene, middle: tuple[float, float], palette: Palette
) -> Scene:
    """Leaves and big blossoms around (x, y)."""
    x, y = grid()
    for number in range(46):
        leaf = number < 22
        turn, out = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0.02, 1)) * (1.15 if leaf else 1)
        across = x - middle[0] - 175 * out * np.cos(turn)
        down = y - middle[1] - 160 * out * np.sin(turn)
        if leaf:
            along = across * np.cos(turn) + down * np.sin(turn)
            aside = -across * np.sin(turn) + down * np.cos(turn)
            away = np.hypot(along / 62, aside / 20)
            light = 0.5 - aside / 50 + 0.2 * np.sin(along / 5) + 0.1
            scene = over(scene, away < 1, ramp(light, palette["tree"]), turn)
            continue
        size, spin = rng.uniform(24, 44), rng.uniform(0, 6)
        away = np.hypot(across, down) / size
        petal = np.cos(6 * np.arctan2(down, across) + spin)
        words = palette[str(rng.choice(["red", "warm", "blossom", "blossom"]))]
        light = 0.45 + 0.3 * petal - 0.25 * across / size - 0.25 * down / size
        scene = over(scene, away < 0.85 + 0.15 * petal, ramp(light, words), contours(away))
        scene = over(scene, away < 0.25, ramp(0.9 - away, palette["warm"]), contours(away))
    return scene


def town(rng: np.random.Generator, palette: Palette, sun: tuple[float, float]) -> Scene:
    """Houses up a hill to a tower, trees between them."""
    x, y = grid()
    scene = swirling_sky(rng, palette, sun)
    scene = mountains(rng, scene, 330, 40, palette["far"])
    back = 300 + 0.0011 * (x[0] - 520) ** 2 + 9 * curve(rng, 200, 3)
    ground = noise(rng, 90, 4)
    rows = (y - back) / 22 + 0.5 * ground
    light = 0.45 + 0.25 * np.sin(rows) + 0.15 * ground
    scene = over(scene, y > back, ramp(light, palette["field"]), contours(rows))
    scene = tower(rng, scene, (560, 345), 235, palette)
    for depth in range(6):
        low, size = 372 + 72 * depth, 52 + 15 * depth
        for place in np.arange(-0.6 * size, WIDTH, 1.75 * size) + rng.uniform(0, size):
            corner = np.array([place, low + 0.0009 * (place - 520) ** 2 + rng.uniform(-12, 12)])
            if corner[1] - size < back[int(np.clip(place, 0, WIDTH - 1))] - 20:
                continue
            if rng.uniform() < 0.3:
                scene = crown(rng, scene, corner, 1.7 * size, palette)
            else:
                scene = house(rng, scene, corner, size, palette)
    return scene


def tower(
    rng: np.random.Generator,
    scene: Scene,
    foot: tuple[float, float],
    tall: float,
    palette: Palette,
) -> Scene:
    """A round tower with a pointed roof."""
    x, y = grid()
    up, across = (foot[1] - y) / tall, (x - foot[0]) / (0.16 * tall)
    light = 0.75 - 0.4 * across + 0.1 * noise(rng, 20, 3) + 0.12 * (np.sin(up * 60) > 0.8)
    wall = (np.abs(across) < 1) & (up > 0) & (up < 0.66)
    scene = over(scene, wall, ramp(light, palette["wall"]), np.arctan(0.3 * across))
    roof = (np.abs(across) < 1.35 * (1 - up) / 0.36) & (up > 0.64) & (up < 1)
    tiles = 0.6 - 0.4 * across + 0.15 * np.sin(up * 90)
    scene = over(scene, roof, ramp(tiles, palette["roof"]), np.pi / 2 - 0.3 * across)
    holes = (np.abs(across) < 0.25) & (np.abs((up * 6) % 2 - 1) < 0.45) & (up < 0.6)
    return over(scene, holes, ramp(0.3 + 0 * up, palette["window"]), np.pi / 2)


def _nothing() -> Scene:
    flat = np.zeros((HEIGHT, WIDTH), np.float32)
    return Scene(np.zeros((HEIGHT, WIDTH, 3), np.float32), flat, flat.astype(int))
