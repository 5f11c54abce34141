"""Files of more than 8 bits, and what TIFF can hold besides."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from picture_files import HEIGHT, WIDTH, noise, png, read_bytes, same, saved, tiff

pytestmark = pytest.mark.usefixtures("nothing_leaks")


@pytest.mark.parametrize("make", [png, tiff])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bits_are_read_exactly(make: Callable[..., bytes], channels: int) -> None:
    array = noise(channels, "u2")
    options = {"photometric": "minisblack", "extrasamples": ["unassalpha"]}
    picture = read_bytes(make(array, **(options if make is tiff and channels == 2 else {})))
    colours = channels - (channels + 1) % 2
    same(picture.pixels, np.broadcast_to(array[..., :colours] / 65535, (HEIGHT, WIDTH, 3)))
    same(picture.alpha, array[..., -1] / 65535 if channels in (2, 4) else np.ones((HEIGHT, WIDTH)))
    assert picture.depth == 16


@pytest.mark.parametrize(
    "options",
    [
        {"byteorder": ">"},
        {"byteorder": "<", "bigtiff": True},
        {"byteorder": ">", "bigtiff": True},
        {"planarconfig": "separate"},
        {"compression": "lzw"},
        {"compression": "zlib", "predictor": True},
        {"compression": "zstd"},
        {"tile": (16, 16)},
        {"rowsperstrip": 2},
    ],
    ids=str,
)
def test_16_bit_tiff_in_all_its_layouts(options: dict[str, Any]) -> None:
    array = noise(3, "u2", 21, 35)
    stored = np.moveaxis(array, 2, 0) if "planarconfig" in options else array
    same(read_bytes(tiff(stored, **options)).pixels, array / 65535)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([0, 2**31, 2**32 - 1], "u4"), [0, 0.5, 1]),
        (np.array([-5, 0, 32767], "i2"), [0, 0, 1]),
        (np.array([0.25, 0.5, 1], "f2"), [0.25, 0.5, 1]),
        (np.array([0.1, -0.5, 1.5], "f4"), [0.1, 0, 1]),
        (np.array([0.1, np.nan, np.inf], "f4"), [0.1, 0, 1]),
        (np.array([0.7, -np.inf, 0.1], "f8"), [0.7, 0, 0.1]),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")),
)
def test_tiff_of_other_numbers(array: NDArray[Any], expected: list[float]) -> None:
    grey = read_bytes(tiff(array.reshape(1, 3, 1), photometric="minisblack"))
    same(grey.pixels[..., 0], [expected])
    assert grey.depth == 16
    colour = read_bytes(tiff(array.reshape(1, 1, 3)))
    same(colour.pixels, [[expected]])


def test_tiff_of_12_bits() -> None:
    array = np.array([[0, 819, 4095, 4094]], "u2")  # two pixels in three bytes
    same(read_bytes(packed_12_bits(array)).pixels[..., 1], array / 4095)


def packed_12_bits(array: NDArray[Any]) -> bytes:
    """The least grey TIFF that 12 bits need, by hand: no library here writes one."""
    bits = "".join(f"{value:012b}" for value in array.ravel())
    strip = int(bits, 2).to_bytes(len(bits) // 8, "big")
    height, width = array.shape
    tags = [(256, width), (257, height), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1)]
    tags += [(278, height), (279, len(strip))]
    directory = struct.pack("<H", len(tags))
    directory += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + directory + bytes(4)


def test_tiff_with_white_as_zero() -> None:
    array = noise(1, "u2")
    picture = read_bytes(tiff(array, photometric="miniswhite"))
    same(picture.pixels[..., 2], 1 - array[..., 0] / 65535)


def test_tiff_with_premultiplied_alpha() -> None:
    array = np.array([[[10000, 20000, 30000, 40000], [13107, 0, 0, 0], [9, 65535, 1, 32768]]], "u2")
    picture = read_bytes(tiff(array, extrasamples=["assocalpha"]))
    same(picture.pixels, [[[0.25, 0.5, 0.75], [0.2, 0, 0], [9 / 32768, 1, 1 / 32768]]], 1e-6)
    same(picture.alpha, array[..., 3] / 65535)


def test_tiff_channel_that_is_not_alpha() -> None:
    array = noise(4, "u2")
    picture = read_bytes(tiff(array, extrasamples=["unspecified"]))
    assert picture.opaque
    same(picture.pixels, array[..., :3] / 65535)


def test_cmyk_tiff_of_16_bits() -> None:
    array = noise(4, "u2")
    ink = array / 65535
    picture = read_bytes(tiff(array, photometric="separated", extrasamples=[]))
    same(picture.pixels, (1 - ink[..., :3]) * (1 - ink[..., 3:]), 1e-6)
    assert picture.opaque


@pytest.mark.parametrize("kind", ["JPEG2000", "PPM", "TIFF", "PNG"])
def test_grey_of_16_bits(kind: str) -> None:
    array = noise(1, "u2", 40, 50)[..., 0]
    picture = read_bytes(saved(Image.fromarray(array), kind))
    same(picture.pixels, np.repeat(array[..., None] / 65535, 3, axis=2))
    assert picture.depth == 16


def test_grey_floats_outside_tiff() -> None:
    values = np.array([[0.25, 0.5], [1.0, 2.0]], "f4")
    picture = read_bytes(saved(Image.fromarray(values), "PPM"))  # for floats it writes PFM
    same(picture.pixels[..., 0], [[0.25, 0.5], [1, 1]])
