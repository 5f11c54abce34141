"""How much a painted film flickers, beside the same frames painted each alone.

    python3 core/benchmarks films FILM PAINTING --output FOLDER

`FILM` is a video, a folder with frames, or a photo, over which a camera moves and before which a
disc passes, so that the flow is known exactly; for the others it is measured, as painting does it.
Flicker is the mean difference of a frame to the last one carried along, where it was seen before
(Ruder, Dosovitskiy and Brox 2016, section 6). The aim is a third. A strip of frames goes into the
folder.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import neural_style as ns
from neural_style.frames.flow import Flow, optical_flow, seen, warped
from neural_style.frames.output import open_footage
from neural_style.image import Picture, read_picture, to_pillow, write_picture
from neural_style.settings import Keywords

Pixels = NDArray[np.float32]

NEAR = 1.6
"""How much wider than what the camera sees the photo is, at first."""

SHOWN = 5
"""Frames in the strip."""


@dataclass(frozen=True)
class Clip:
    """Frames, and for each but the first what of it was where in the one before.

    Attributes:
        frames: sRGB 0..1, shape (H, W, 3) each.
        flows: from each to the one before.
        known: 1 where it was seen there, 0 elsewhere, shape (H, W) each.
    """

    frames: list[Pixels]
    flows: list[Flow]
    known: list[Pixels]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; returns the exit status, 1 if the aim is missed."""
    options = _parser().parse_args(arguments)
    folder: Path = options.output
    folder.mkdir(parents=True, exist_ok=True)
    clip = clip_of(options.film, options.frames, options.size)
    settings = cast("Keywords", {"preset": options.preset, "size": 0})
    alone, one = painted_alone(clip, options.painting, settings)
    film, other = painted_as_film(clip, options.painting, settings, folder / "frames")
    _write_strip(folder / "strip.png", [clip.frames, alone, film])
    values = flicker(alone, clip), flicker(film, clip)
    print(f"flicker: {values[0]:.4f} each alone, {values[1]:.4f} as a film")
    print(f"a frame: {one:.2f} s each alone, {other:.2f} s as a film")
    ratio = values[1] / values[0]
    print(f"ratio:   {ratio:.3f}, aim at most .333: {'met' if ratio <= 1 / 3 else 'MISSED'}")
    return int(ratio > 1 / 3)


def clip_of(source: Path, count: int, size: int) -> Clip:
    """The first frames of a film, or of a camera over a photo, `size` pixels wide."""
    if source.is_dir() or source.suffix.lower() in (".mp4", ".mov", ".mkv", ".webm"):
        footage = open_footage(source, None, fps=None)
        frames: list[Pixels] = []
        for frame in footage.frames():
            pixels, height = frame.picture.pixels, round(size * footage.height / footage.width)
            small = cv2.resize(pixels, (size, height), interpolation=cv2.INTER_AREA)
            frames.append(np.asarray(small, np.float32))
            if len(frames) == count:
                break
        pairs = list(zip(frames[1:], frames, strict=False))
        flows = [optical_flow(here, last) for here, last in pairs]
        known = [
            seen(flow, optical_flow(last, here))
            for flow, (here, last) in zip(flows, pairs, strict=True)
        ]
        return Clip(frames, flows, known)
    return drawn_clip(read_picture(source).pixels, count, size)


def drawn_clip(photo: Pixels, count: int, width: int) -> Clip:
    """A camera that moves and comes nearer, and a disc that passes before it."""
    height = round(0.7 * width)
    y, x = np.indices((height, width), np.float32)
    # No finer than it is seen, or it would glitter by itself.
    size = round(NEAR * width), round(NEAR * width * photo.shape[0] / photo.shape[1])
    photo = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.float32)
    radius = 0.15 * width

    def camera(number: int) -> tuple[float, float, float]:
        return NEAR + 0.01 * number, 20 + 3.0 * number, 30 + 1.2 * number

    def disc(number: int) -> tuple[float, float]:
        return 0.23 * width + 4 * number, 0.4 * width - number

    def on_disc(number: int, x: Pixels, y: Pixels) -> NDArray[np.bool_]:
        left, top = disc(number)
        return (x - left) ** 2 + (y - top) ** 2 < radius**2

    frames, flows, known = [], [], []
    for number in range(count):
        zoom, right, down = camera(number)
        places = (x + right) * NEAR / zoom, (y + down) * NEAR / zoom
        left, top = disc(number)
        inside = x - left + radius, y - top + radius
        ground, front = _taken(photo, *places), _taken(photo, *inside)[..., ::-1]
        here = on_disc(number, x, y)
        frames.append(np.where(here[..., None], front, ground))
        if number:
            before, old_right, old_down = camera(number - 1)
            moved = [
                np.where(here, old - new, (place + shift) / zoom * before - old_shift - place)
                for place, shift, old_shift, new, old in zip(
                    (x, y),
                    (right, down),
                    (old_right, old_down),
                    disc(number),
                    disc(number - 1),
                    strict=True,
                )
            ]
            flow = np.dstack(moved).astype(np.float32)
            there = x + flow[..., 0], y + flow[..., 1]
            visible = (here == on_disc(number - 1, *there)) & (there[0] >= 0) & (there[1] >= 0)
            visible &= (there[0] <= width - 1) & (there[1] <= height - 1)
            flows.append(flow)
            known.append(visible.astype(np.float32))
    return Clip(frames, flows, known)


def _taken(photo: Pixels, x: NDArray[Any], y: NDArray[Any]) -> Pixels:
    """What the photo has at these places; beyond its edges it is mirrored."""
    places = np.asarray(x, np.float32), np.asarray(y, np.float32)
    found = cv2.remap(photo, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(found, np.float32).clip(0, 1)


def painted_alone(clip: Clip, painting: str, settings: Keywords) -> tuple[list[Pixels], float]:
    """Each frame by itself, and the seconds that one took."""
    started = time.monotonic()
    images = [ns.stylize(_eight_bits(frame), painting, **settings) for frame in clip.frames]
    seconds = (time.monotonic() - started) / len(images)
    return [_floats(image) for image in images], seconds


def painted_as_film(
    clip: Clip, painting: str, settings: Keywords, folder: Path
) -> tuple[list[Pixels], float]:
    """The frames as a film, and the seconds that one took. `folder` gets both."""
    source, output = folder / "in", folder / "out"
    source.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(clip.frames):
        opaque = np.ones(frame.shape[:2], np.float32)
        write_picture(source / f"{number}.png", Picture(frame, opaque, 8))
    started = time.monotonic()
    ns.film(source, painting, output, **settings)
    seconds = (time.monotonic() - started) / len(clip.frames)
    files = [output / f"{number}.png" for number in range(len(clip.frames))]
    return [read_picture(file).pixels for file in files], seconds


def flicker(frames: Sequence[Pixels], clip: Clip) -> float:
    """Mean difference of frames to the ones before, carried along, where they were seen."""
    values = []
    for last, here, flow, known in zip(frames, frames[1:], clip.flows, clip.known, strict=False):
        difference = np.abs(here - warped(last, flow)).mean(-1)
        values.append(float((difference * known).sum() / known.sum()))
    return float(np.mean(values))


def _floats(image: Image.Image) -> Pixels:
    return np.divide(np.asarray(image), np.float32(255), dtype=np.float32)


def _eight_bits(frame: Pixels) -> NDArray[np.uint8]:
    return np.rint(frame * 255).astype(np.uint8)


def _write_strip(path: Path, films: Sequence[Sequence[Pixels]]) -> None:
    """Each film in a row: as it came, painted each alone, painted as a film."""
    chosen = np.linspace(0, len(films[0]) - 1, SHOWN).round().astype(int)
    rows = [np.concatenate([film[number] for number in chosen], 1) for film in films]
    pixels = np.concatenate(rows)
    to_pillow(Picture(pixels, np.ones(pixels.shape[:2], np.float32), 8)).save(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 core/benchmarks films",
        description="Measure the flicker of a film beside that of its frames painted alone.",
    )
    add = parser.add_argument
    add("film", type=Path, help="a video, a folder with frames, or a photo")
    add("painting", help="the painting, or a style that comes with the program")
    add("--frames", type=int, default=12, help="default: %(default)s")
    add("--size", type=int, default=320, help="width in pixels; default: %(default)s")
    add("--preset", default="draft", help="default: %(default)s")
    add("--output", type=Path, required=True, help="folder for the strip and the frames")
    return parser
