"""Low poly: a landscape of flat triangles that catch the light like a crystal."""

from __future__ import annotations

import cv2
import numpy as np

from styles.canvas import (
    HEIGHT,
    WIDTH,
    Array,
    at,
    blurred,
    draw_line,
    draw_shape,
    edges,
    eight_bit,
    noise,
    saturated,
    scattered,
)
from styles.scenes import Scene, valley

PALETTE = {
    "sky": "1a1446 43307f 9a4a90 e8786f fbb45f fde3a0",
    "halo": "f58a4a fbc060 fdeaa8",
    "sun": "f0503a fda03f fff3b8",
    "far": "121a44 2f3f84 5a70b8 d88fa0 fbd8c0",
    "field": "5a2a2a a8603a e0a04a fbe0a0",
    "meadow": "14203f 2f4a5a b0745a f8c48a",
    "water": "142a6a 2f6ab0 7fb8d8 fbd0b0",
    "tree": "08142f 123c48 4a6a4c d0a85c",
    "earth": "1a1020 5a2f3a a8683f",
    "wall": "6a4a78 c89890 fdeccf",
    "roof": "5a1430 b82f3a f0804a",
    "window": "101430 38406a",
    "flower": "e02f4a f8803f fbd84a fff0e8 b84fb0",
}
SUN = (690, 190)


def draw(seed: int) -> Array:
    """A valley at sunset: uint8 (HEIGHT, WIDTH, 3)."""
    rng = np.random.default_rng(seed)
    scene = valley(rng, PALETTE, SUN)
    height = 2.2 * noise(rng, 150, 3)
    smooth = blurred(scene.colour, 3)
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for triangle in triangles(rng, scene):
        inner = np.concatenate([triangle, triangle.mean(0)[None], _between(triangle)])
        colour = np.median(at(smooth, inner), 0)
        slope = np.linalg.lstsq(
            np.column_stack([triangle, np.ones(3)]), 14 * at(height, triangle), rcond=None
        )[0]
        light = 1 + np.clip(0.55 * (slope[0] + slope[1]), -0.24, 0.24) + rng.normal(0, 0.035)
        facet = eight_bit(saturated(colour, 1.3) * light)
        draw_shape(picture, triangle, facet)
        draw_line(picture, np.concatenate([triangle, triangle[:1]]), facet, 1)
    return picture


def triangles(rng: np.random.Generator, scene: Scene) -> list[Array]:
    """The picture in triangles (3, 2), smaller where there is much to see."""
    detail = cv2.Laplacian(blurred(scene.colour, 3), cv2.CV_32F)
    busy = blurred(np.abs(detail).sum(-1), 4)
    busy = busy / np.quantile(busy, 0.98)
    corners = [(x, y) for x in (0, WIDTH / 2, WIDTH - 1) for y in (0, HEIGHT / 2, HEIGHT - 1)]
    points = [np.array(corners, float), scattered(rng, 74)]
    for spacing, least in ((40, 0.2), (26, 0.6)):
        more = scattered(rng, spacing)
        points.append(more[at(busy, more) > least * rng.uniform(0.7, 1.5, len(more))])
    points.append(scattered_on(rng, on_edges(scene.region)))
    sides = np.arange(0, 1, 1 / 14)[:, None] + rng.uniform(0, 0.04, (14, 1))
    for side in (0.0, 1.0):
        points.append(np.hstack([sides * WIDTH, np.full_like(sides, side * (HEIGHT - 1))]))
        points.append(np.hstack([np.full_like(sides, side * (WIDTH - 1)), sides * HEIGHT]))
    plane = cv2.Subdiv2D((-1, -1, WIDTH + 2, HEIGHT + 2))
    for x, y in np.concatenate(points).clip(0, (WIDTH - 1, HEIGHT - 1)):
        plane.insert((float(x), float(y)))
    found = np.array(plane.getTriangleList()).reshape(-1, 3, 2)
    inside = ((found >= -1) & (found <= (WIDTH, HEIGHT))).all((1, 2))
    return list(found[inside].astype(np.float32))


def on_edges(region: Array) -> Array:
    """The places (n, 2) of pixels at the edge of a thing that is not tiny."""
    large = np.bincount(region.ravel()) > 2500
    region = np.where(large[region], region, -1)
    return np.argwhere(edges(region) & (region >= 0))[:, ::-1]


def scattered_on(rng: np.random.Generator, places: Array, apart: float = 17) -> Array:
    """Some of the places (n, 2), one in each square of side `apart`."""
    mixed = rng.permutation(places)
    first = np.unique((mixed / apart).astype(int), axis=0, return_index=True)[1]
    return mixed[first].astype(float)


def _between(triangle: Array) -> Array:
    """Points half way between the middle of a triangle and its corners and sides: (6, 2)."""
    middle = triangle.mean(0)
    sides = (triangle + np.roll(triangle, 1, 0)) / 2
    return (np.concatenate([triangle, sides]) + middle) / 2
