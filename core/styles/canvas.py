"""What every technique needs: fields over the picture, colours, and lines that follow a field.

A field is float32 (HEIGHT, WIDTH); a colour is three floats 0..1 in sRGB; places and lengths are in
pixels, angles in radians from the x axis towards the y axis, which points down.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 1024, 768

Array: TypeAlias = NDArray[Any]

_SHIFT = 4
"""OpenCV takes places as integers, in fractions of 2^-4 of a pixel."""


def grid() -> tuple[Array, Array]:
    """x and y of every pixel, two fields."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    return x, y


def noise(
    rng: np.random.Generator,
    scale: float,
    octaves: int = 4,
    stretch: tuple[float, float] = (1, 1),
) -> Array:
    """A field of smooth chance, of mean 0 and deviation 1.

    Args:
        rng: where chance comes from.
        scale: size of the largest features.
        octaves: how many times features half as large, and half as strong, are added.
        stretch: how much longer features are in x and in y.
    """
    total = np.zeros((HEIGHT, WIDTH), np.float32)
    for octave in range(octaves):
        columns, rows = (
            max(int(side / (scale * long) * 2**octave), 1) + 3
            for side, long in zip((WIDTH, HEIGHT), stretch, strict=True)
        )
        coarse = rng.standard_normal((rows, columns)).astype(np.float32)
        fine = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        total += fine / 2**octave
    return (total - total.mean()) / total.std()


def curve(rng: np.random.Generator, scale: float, octaves: int = 3) -> Array:
    """Smooth chance along x, (WIDTH,), of mean 0 and deviation 1."""
    return noise(rng, scale, octaves, (1, 1e9))[0]


def blurred(field: Array, sigma: float) -> Array:
    """A field or a picture through a Gaussian."""
    return cv2.GaussianBlur(field, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)


def step(low: float, high: float, field: Array) -> Array:
    """0 below `low`, 1 above `high`, and smooth in between."""
    t = np.clip((field - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def colours(words: str) -> Array:
    """Colours of hexadecimal words, such as "20406a f0e0c0": (n, 3)."""
    return np.array([list(bytes.fromhex(word)) for word in words.split()], np.float32) / 255


def ramp(t: Array, words: str) -> Array:
    """Where t goes from 0 to 1, the colours one after another, with all between: (..., 3)."""
    stops = colours(words)
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(t, places, stops[:, channel]) for channel in range(3)]
    return np.stack(channels, -1).astype(np.float32)


def luminance(colour: Array) -> Array:
    """How light a colour is, 0..1, by Rec. 709's weights: (..., 3) to (...)."""
    return colour @ np.array([0.2126, 0.7152, 0.0722], np.float32)


def saturated(colour: Array, factor: float) -> Array:
    """The colours further from grey, or nearer; clipped."""
    grey = luminance(colour)[..., None]
    return np.clip(grey + factor * (colour - grey), 0, 1)


def at(field: Array, points: Array) -> Array:
    """Values at points (..., 2), those outside moved to the edge."""
    x = np.clip(np.rint(points[..., 0]), 0, WIDTH - 1).astype(int)
    y = np.clip(np.rint(points[..., 1]), 0, HEIGHT - 1).astype(int)
    return field[y, x]


def scattered(rng: np.random.Generator, spacing: float, margin: float = 0) -> Array:
    """Places all over the picture, about `spacing` apart, in no order: (n, 2)."""
    xs = np.arange(-margin, WIDTH + margin, spacing)
    ys = np.arange(-margin, HEIGHT + margin, spacing)
    points = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)
    return rng.permutation(points + rng.uniform(0, spacing, points.shape))


def edges(region: Array) -> Array:
    """Where a value differs from the one to the left or above: a field of truth."""
    edge = np.zeros(region.shape, bool)
    edge[:, 1:] |= region[:, 1:] != region[:, :-1]
    edge[1:] |= region[1:] != region[:-1]
    return edge


def from_edges(region: Array) -> Array:
    """How far it is to the nearest edge of a region."""
    inside = (~edges(region)).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 5))


def nearest(places: Array) -> Array:
    """A number for each pixel, the same for all that are nearest to the same true one."""
    others = (~places).astype(np.uint8)
    kind = cv2.DIST_LABEL_PIXEL
    return np.asarray(cv2.distanceTransformWithLabels(others, cv2.DIST_L2, 5, labelType=kind)[1])


def outlines(region: Array, swell: Array) -> Array:
    """Lines around things, thicker where the field `swell` is higher: a field of 0..1."""
    return 1 - step(-0.6, 0.6, from_edges(region) - 2.2 - 0.9 * swell)


def streamlines(
    angle: Array, starts: Array, lengths: Array, stride: float, region: Array | None = None
) -> list[Array]:
    """Lines that follow a field of angles, each with its start in its middle.

    Args:
        angle: the field; an angle and its opposite mean the same.
        starts: (n, 2).
        lengths: (n,), of the whole lines.
        stride: distance between the points of a line.
        region: where given, lines end where its value changes.

    Returns:
        n lines (k, 2) of one point or more.
    """
    halves = []
    for sign in (-1.0, 1.0):
        points = [starts.astype(np.float32)]
        heading = at(angle, starts) + (0 if sign > 0 else np.pi)
        going = np.ones(len(starts), bool)
        counts = np.ones(len(starts), int)
        for count in range(int(lengths.max() / 2 / stride)):
            there = at(angle, points[-1])
            turned = np.cos(there - heading) < 0
            heading = there + np.pi * turned
            ahead = stride * np.stack([np.cos(heading), np.sin(heading)], -1)
            following = (points[-1] + ahead).astype(np.float32)
            going &= (count + 1) * stride <= lengths / 2
            if region is not None:
                going &= at(region, following) == at(region, starts)
            points.append(following)
            counts += going
        halves.append((np.stack(points, 1), counts))
    (back, behind), (front, before) = halves
    return [
        np.concatenate([back[one, 1 : behind[one]][::-1], front[one, : before[one]]])
        for one in range(len(starts))
    ]


def sideways(line: Array) -> Array:
    """The unit vectors at right angles to a line (k, 2), at each of its points."""
    along = np.gradient(line, axis=0) if len(line) > 1 else np.array([[1.0, 0.0]])
    length = np.maximum(np.hypot(*along.T), 1e-6)
    return np.stack([-along[:, 1], along[:, 0]], -1) / length[:, None]


def draw_line(image: Array, line: Array, colour: Any, thickness: int) -> None:
    """Draw a line (k, 2) into an 8-bit picture."""
    cv2.polylines(image, [_fixed(line)], False, colour, thickness, cv2.LINE_AA, _SHIFT)


def draw_shape(image: Array, outline: Array, colour: Any) -> None:
    """Fill an outline (k, 2) in an 8-bit picture."""
    cv2.fillPoly(image, [_fixed(outline)], colour, cv2.LINE_AA, _SHIFT)


def tapered(line: Array, width: Array | float) -> Array:
    """The outline of a line (k, 2) that is `width` wide at each point and pointed at both ends."""
    t = np.linspace(0, np.pi, len(line))
    half = (np.sqrt(np.sin(t).clip(0)) * width / 2)[:, None] * sideways(line)
    return np.concatenate([line + half, (line - half)[::-1]])


def eight_bit(colour: Array) -> tuple[int, int, int]:
    """A colour, clipped, as OpenCV takes it."""
    red, green, blue = (255 * np.clip(colour, 0, 1) + 0.5).astype(int)
    return int(red), int(green), int(blue)


def lit(height: Array, depth: float) -> Array:
    """Light from the upper left on a relief: 1 where it is level, more where it faces the light."""
    across = cv2.Sobel(height, cv2.CV_32F, 1, 0) / 8
    down = cv2.Sobel(height, cv2.CV_32F, 0, 1) / 8
    return (1 + depth * (across + 1.2 * down)) / np.sqrt(1 + depth**2 * (across**2 + down**2))


def _fixed(points: Array) -> Array:
    return np.rint(points * 2**_SHIFT).astype(np.int32)
