"""Where the frames of a film come from: a folder of pictures, or a video."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from neural_style.errors import NeuralStyleError
from neural_style.frames.timeline import Part
from neural_style.image import Picture, opened, read_picture, size_of
from neural_style.series.inputs import Photo, find_frames, name_results

FPS = 25.0
"""Frames a second of a video that is made of a folder of pictures, if nothing is said."""

READ_AT_ONCE = 1 << 20
"""Bytes of a file that are digested at a time."""


@dataclass(frozen=True)
class Frame:
    """A frame of a film.

    Attributes:
        picture: its pixels.
        name: what its result is called, a PNG file's path with `/`.
        pts: when it is shown, in units of the footage's `time_base`.
    """

    picture: Picture
    name: str
    pts: int


class Footage(Protocol):
    """A film to paint.

    Attributes:
        path: of the video or the folder.
        width, height: of its frames, in pixels.
        count: how many they are, about; 0 if nobody knows.
        rate: frames a second, on the average.
        time_base: seconds in which `Frame.pts` counts.
        aspect: width of a pixel divided by its height.
        sound: the file that has it; None if there is none.
        parts: of its streams, by their indices; see `timeline.parts_of`.
        about: title, date and the like, by FFmpeg's names.
    """

    path: Path
    width: int
    height: int
    count: int
    rate: Fraction
    time_base: Fraction
    aspect: Fraction
    sound: Path | None
    parts: Mapping[int, Sequence[Part]]
    about: dict[str, str]

    def frames(self) -> Iterator[Frame]:
        """All of them, in order.

        Raises:
            NeuralStyleError: for what cannot be read.
        """
        ...

    def digest(self) -> str:
        """Of all files: equal digests, equal films."""
        ...


class Folder:
    """The pictures in a folder, in the order of their names, where 9 comes before 10.

    Args:
        path: the folder.
        besides: a folder whose files are no frames: that of the results.
        fps: frames a second.

    Raises:
        NeuralStyleError: `file_missing` for no pictures, or what reading the first one raises.
    """

    def __init__(self, path: Path, *, besides: Path, fps: float) -> None:
        self.sound: Path | None = None
        self.parts: Mapping[int, Sequence[Part]] = {}
        self.about: dict[str, str] = {}
        self.aspect = Fraction(1)
        self.path = path
        self.photos = sorted(find_frames(path, besides=besides), key=_by_number)
        self.count = len(self.photos)
        self.width, self.height = size_of(self.photos[0].path)
        self.rate = Fraction(fps).limit_denominator(1001)
        self.time_base = 1 / self.rate

    def frames(self) -> Iterator[Frame]:
        named = [Photo(one.path, f"{os.path.splitext(one.name)[0]}.png") for one in self.photos]
        names = name_results(named, None)
        for number, (photo, name) in enumerate(zip(self.photos, names, strict=True)):
            picture = read_picture(photo.path)
            height, width = picture.alpha.shape
            if (width, height) != (self.width, self.height):
                message = (
                    f"{photo.path} has {width} x {height} pixels, "
                    f"but the frames before it {self.width} x {self.height}"
                )
                raise NeuralStyleError("frame_size", message)
            yield Frame(picture, name, number)

    def digest(self) -> str:
        return digest_of_files([photo.path for photo in self.photos])


def digest_of_files(paths: Sequence[Path]) -> str:
    """Of what is in them, in this order.

    Raises:
        NeuralStyleError: `file_missing` or `cannot_read`.
    """
    hasher = hashlib.blake2b(digest_size=16)
    for path in paths:
        with opened(path) as file:
            hasher.update(b"%d:" % os.fstat(file.fileno()).st_size)
            while chunk := file.read(READ_AT_ONCE):
                hasher.update(chunk)
    return hasher.hexdigest()


def _by_number(photo: Photo) -> list[tuple[int, str]]:
    """A key for sorting names by the numbers in them."""
    parts = re.findall(r"(\d+)|(\D+)", photo.name)
    return [(int(number or -1), text) for number, text in parts]
