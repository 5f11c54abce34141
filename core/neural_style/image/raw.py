"""Raw files, in which pictures travel between host and worker (see `protocol`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np

from neural_style.errors import NeuralStyleError
from neural_style.image.files import Path, opened, printable, replace_file
from neural_style.image.picture import MAX_PIXELS, Floats, Picture, floats_of, too_large
from neural_style.protocol import MaskFile, PictureFile


def read_raw(file: PictureFile) -> Picture:
    """Read a raw file.

    Values outside 0..1 are clipped: GIMP has them in pictures with a wide gamut, where they
    are colours that sRGB cannot show.

    Raises:
        NeuralStyleError: `file_missing`, `cannot_read`, `image_too_large`; `bad_message` for a
            wrong length, or values that are no numbers or infinite.
    """
    with _opened(file, 16) as stream:
        values = np.fromfile(stream, "<f4").reshape(file.height, file.width, 4)
    if not np.isfinite(values).all():
        raise NeuralStyleError(
            "bad_message", f"{printable(file.file)} has values that are not finite numbers"
        )
    np.clip(values, 0, 1, out=values)
    pixels, alpha = values[..., :3], values[..., 3]
    return Picture(np.ascontiguousarray(pixels), np.ascontiguousarray(alpha), 16)


def read_raw_mask(file: MaskFile) -> Floats:
    """Read a mask's raw file, (H, W), 0..1.

    Raises:
        NeuralStyleError: as `read_raw`.
    """
    with _opened(file, 1) as stream:
        values = np.fromfile(stream, np.uint8).reshape(file.height, file.width)
    return floats_of(values, 255)


@contextmanager
def _opened(file: PictureFile | MaskFile, size: int) -> Iterator[BinaryIO]:
    """The file, which has `size` bytes a pixel."""
    name, wanted = printable(file.file), file.width * file.height * size
    if file.width * file.height > MAX_PIXELS:
        raise too_large(name)
    with opened(file.file) as stream:
        if (length := os.fstat(stream.fileno()).st_size) != wanted:
            message = f"{name} has {length} bytes, where {file.width} × {file.height} pixels"
            raise NeuralStyleError("bad_message", f"{message} take {wanted}")
        yield stream


def write_raw(path: Path, picture: Picture) -> PictureFile:
    """Write a raw file, which appears under its name when it is complete.

    Raises:
        NeuralStyleError: `cannot_write` or `disk_full`.
    """
    data = np.dstack([picture.pixels, picture.alpha]).astype("<f4").tobytes()
    replace_file(path, data)
    height, width = picture.alpha.shape
    return PictureFile(file=os.fspath(path), width=width, height=height)
