"""Picture files made for the tests, and what is said of those that are read."""

from __future__ import annotations

import io
import os
import struct
import tempfile
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from neural_style.errors import NeuralStyleError
from neural_style.image import Picture, read_picture

ORIENTATION, DESCRIPTION, SOFTWARE = 0x0112, 0x010E, 0x0131
PNG_HEADER = 33  # magic and IHDR
HEIGHT, WIDTH = 5, 7


def noise(
    channels: int = 3, dtype: str = "u1", height: int = HEIGHT, width: int = WIDTH
) -> NDArray[Any]:
    """The same numbers whenever they are asked for, whichever tests run before."""
    random = np.random.default_rng(20150826)
    top = np.iinfo(dtype).max
    return random.integers(0, top, (height, width, channels), dtype=dtype, endpoint=True)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(array: NDArray[Any], *chunks: bytes) -> bytes:
    """A PNG file with more chunks after its header."""
    array = np.ascontiguousarray(array[..., 0] if array.shape[2] == 1 else array)
    data = bytes(imagecodecs.png_encode(array))
    return data[:PNG_HEADER] + b"".join(chunks) + data[PNG_HEADER:]


def empty_png(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + data


def tiff(array: NDArray[Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    if array.shape[2] == 1:
        array = array[..., 0]
    else:
        options = {"photometric": "rgb", "planarconfig": "contig"} | options
    if "extrasamples" not in options and array.ndim == 3 and array.shape[2] == 4:
        options["extrasamples"] = ["unassalpha"]
    tifffile.imwrite(buffer, array, **{"metadata": None, **options})
    return buffer.getvalue()


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags.tobytes()


def read_bytes(data: bytes, name: str = "picture") -> Picture:
    """Read a file of that content; the name's ending must not matter."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(data)
        picture = read_picture(path)
    assert picture.pixels.flags.c_contiguous
    assert picture.alpha.flags.c_contiguous
    assert picture.pixels.shape == (*picture.alpha.shape, 3)
    return picture


def same(values: NDArray[Any], expected: Any, tolerance: float = 1e-7) -> None:
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, expected, rtol=0, atol=tolerance)


def refusal(code: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    """Call the function, which must refuse with this code; its sentence."""
    with pytest.raises(NeuralStyleError) as caught:
        function(*arguments, **named)
    assert caught.value.code == code
    assert caught.value.message
    assert not caught.value.message.endswith(".")
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value.message


def palette(mode: str = "P") -> Image.Image:
    picture = Image.new(mode, (4, 1))
    picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    picture.putdata([0, 1, 2, 3])
    return picture


SRGB = bytes(imagecodecs.cms_profile("srgb"))
# Bruce Lindbloom's matrices from RGB to XYZ, adapted to D50.
SRGB_TO_XYZ = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
ADOBE_TO_XYZ = np.array(
    [
        [0.6097559, 0.2052401, 0.1492240],
        [0.3111242, 0.6256560, 0.0632197],
        [0.0194811, 0.0608902, 0.7448387],
    ]
)
D50 = (0.9642, 1.0, 0.8249)


def fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def icc(kind: bytes, space: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A version 2 profile by hand, so that the test owes nothing to the library it tests."""
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I5sII", 5, b"test\0", 0, 0) + bytes(70),
        **tags,
    }
    tags = {b"cprt": b"text\0\0\0\0none\0", b"wtpt": b"XYZ \0\0\0\0" + fixed(*D50), **tags}
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    header = struct.pack(">I4sI4s4s4s", start + len(data), b"none", 0x02100000, kind, space, pcs)
    header += bytes(12) + b"acsp" + bytes(28) + fixed(*D50)
    return header + bytes(128 - len(header)) + table + data


def matrix_profile(to_xyz: NDArray[Any], gamma: float) -> bytes:
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    tags = {f"{name}TRC".encode(): curve for name in "rgb"}
    columns = zip("rgb", to_xyz.T, strict=True)
    return icc(
        b"mntr",
        b"RGB ",
        b"XYZ ",
        tags | {f"{n}XYZ".encode(): b"XYZ \0\0\0\0" + fixed(*c) for n, c in columns},
    )


ADOBE = matrix_profile(ADOBE_TO_XYZ, 563 / 256)


def encoded(linear: NDArray[Any]) -> NDArray[Any]:
    """The transfer function of IEC 61966-2-1."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


ENDINGS = ["png", "tif", "tiff", "jpg", "jpeg", "webp", "PNG", "Tif"]


def smooth(height: int = 32, width: int = 48) -> Picture:
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x / width, y / height, (x + y) / (height + width)], -1)
    return Picture(pixels.astype(np.float32), np.ones((height, width), np.float32), 8)


@cache
def sample(kind: str) -> bytes:
    array = noise(3, "u1", 64, 64)
    deep = {"PNG 16": png, "TIFF 16": tiff}
    if kind in deep:
        return deep[kind](array.astype("u2") * 257)
    if kind == "JPEG XL":
        return bytes(imagecodecs.jpegxl_encode(array, lossless=True))
    if kind == "HEIF":
        pillow_heif.register_heif_opener()
    options = {"compression": "tiff_lzw"} if kind == "TIFF" else {}
    return saved(Image.fromarray(array), kind, **options)


ALL_KINDS = ["PNG", "PNG 16", "JPEG", "TIFF", "TIFF 16", "WEBP", "GIF", "BMP"]
ALL_KINDS += ["HEIF", "AVIF", "JPEG XL"]
