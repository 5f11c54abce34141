"""Pictures: from files, Pillow images and arrays, and to them.

Inside the program a picture is non-linear sRGB with straight alpha, whatever file it came from:
embedded profiles are converted, EXIF orientation is applied, 16 bits per channel are kept.

No library does it all: libvips' wheel reads no HEIC, JPEG XL nor 12-bit TIFF and writes text in
ASCII; OpenImageIO's reads no HEIC, nor CMYK of JPEG for its profile, and only files on disk.
"""

from __future__ import annotations

from neural_style.image.files import check_readable, opened, writing_failed
from neural_style.image.memory import from_array, from_pillow, to_pillow
from neural_style.image.picture import MAX_PIXELS, Picture
from neural_style.image.raw import read_raw, read_raw_mask, write_raw
from neural_style.image.reading import read_picture, size_of
from neural_style.image.writing import (
    can_write,
    check_writable,
    encode_file,
    encode_picture,
    write_picture,
)

__all__ = [
    "MAX_PIXELS",
    "Picture",
    "can_write",
    "check_readable",
    "check_writable",
    "encode_file",
    "encode_picture",
    "from_array",
    "from_pillow",
    "opened",
    "read_picture",
    "read_raw",
    "read_raw_mask",
    "size_of",
    "to_pillow",
    "write_picture",
    "write_raw",
    "writing_failed",
]
