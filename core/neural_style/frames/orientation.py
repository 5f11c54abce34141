"""How a video is turned and mirrored, as its file says.

FFmpeg tells a program the angle alone, by which a mirrored film would stand on its head; the
whole matrix is in what PyAV calls side data, at whose newer kinds PyAV 18 ends the process. So it
is read here, from the files that can be mirrored.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple


class Matrix(NamedTuple):
    """What is at (x, y) is seen at (a x + c y, b x + d y)."""

    a: int
    b: int
    c: int
    d: int

    @property
    def turns(self) -> bool:
        """Whether rows are seen as columns."""
        return abs(self.b) > abs(self.a)

    def seen(self, pixels: Any) -> Any:
        """An array (H, W, 3), turned and mirrored by quarters."""
        a, d = self.a, self.d
        if self.turns:
            pixels, a, d = pixels.swapaxes(0, 1), self.c, self.b
        return pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]


QUARTERS = (Matrix(1, 0, 0, 1), Matrix(0, -1, 1, 0), Matrix(-1, 0, 0, -1), Matrix(0, 1, -1, 0))
"""Of turns to the left."""


def orientation(path: Path, track: int, degrees: int) -> Matrix:
    """How a track of a file is to be seen.

    Args:
        path: the file.
        track: its number, from 0.
        degrees: by which it is turned to the left, which counts for files of other kinds than MP4
            and QuickTime.
    """
    with suppress(OSError, struct.error), path.open("rb") as file:
        matrices = list(_matrices(file))
        if track < len(matrices) and any(matrices[track]):
            return matrices[track]
    return QUARTERS[degrees // 90 % 4]


def _matrices(file: BinaryIO) -> Iterator[Matrix]:
    """Of all tracks of an MP4 or QuickTime file (ISO/IEC 14496-12, section 8.3.2)."""
    size = os.fstat(file.fileno()).st_size
    for kind, begin, end in _boxes(file, 0, size):
        if kind == b"moov":
            for inner, start, stop in _boxes(file, begin, end):
                if inner == b"trak":
                    yield from _matrix_of_track(file, start, stop)


def _matrix_of_track(file: BinaryIO, begin: int, end: int) -> Iterator[Matrix]:
    for kind, start, _ in _boxes(file, begin, end):
        if kind == b"tkhd":
            file.seek(start)
            # Two times and a duration are twice as long in version 1.
            file.seek(start + (52 if file.read(1) == b"\1" else 40))
            a, b, _, c, d = struct.unpack(">5i", file.read(20))
            yield Matrix(a, b, c, d)


def _boxes(file: BinaryIO, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, and where the content begins and ends, of the boxes in a part of a file."""
    while begin + 8 <= end:
        file.seek(begin)
        size, kind = struct.unpack(">I4s", file.read(8))
        header = 8
        if size == 1:
            (size,), header = struct.unpack(">Q", file.read(8)), 16
        stop = begin + size if size else end
        if not begin + header <= stop <= end:
            return
        yield kind, begin + header, stop
        begin = stop
