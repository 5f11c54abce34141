"""Picture files: whatever comes in becomes straight sRGB floats, and comes out unharmed."""

from __future__ import annotations

import builtins
import errno
import io
import json
import logging
import os
import shutil
import struct
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import PIL
import pillow_heif
import pytest
import skimage
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import EpsImagePlugin, Image, ImageCms, ImageOps, JpegImagePlugin, PngImagePlugin

from neural_style import __version__, image
from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.image import (
    MAX_PIXELS,
    Picture,
    check_writable,
    read_picture,
    read_raw,
    write_picture,
    write_raw,
)
from neural_style.protocol import PictureFile

ORIENTATION, DESCRIPTION, SOFTWARE = 0x0112, 0x010E, 0x0131
PNG_HEADER = 33  # magic and IHDR
HEIGHT, WIDTH = 5, 7


@pytest.fixture(autouse=True)
def nothing_leaks(
    recwarn: pytest.WarningsRecorder, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """No warning, and Pillow's process-wide limits as they were."""
    before = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
    warnings.simplefilter("always")
    caplog.set_level(logging.WARNING)
    yield
    assert [str(warning.message) for warning in recwarn] == []
    assert caplog.records == []
    assert before == (Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK)


# -- making files ------------------------------------------------------------------------------


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


# -- 8 bits ------------------------------------------------------------------------------------

RGBA = Image.fromarray(noise(4))
LOSSLESS = [
    ("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA")
] + [
    ("TIFF", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK")
] + [
    ("BMP", "1"), ("BMP", "L"), ("BMP", "P"), ("BMP", "RGB"),
    ("GIF", "L"), ("GIF", "P"), ("ICO", "RGBA"),
    ("JPEG2000", "L"), ("JPEG2000", "LA"), ("JPEG2000", "RGB"), ("JPEG2000", "RGBA"),
    ("PCX", "RGB"), ("PPM", "RGB"), ("SGI", "RGBA"), ("TGA", "RGBA"),
    ("WEBP", "RGB"), ("WEBP", "RGBA"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "mode"), LOSSLESS)
def test_lossless_formats_are_read_exactly(kind: str, mode: str) -> None:
    original = RGBA if mode.endswith("A") else RGBA.convert("RGB")
    original = original.convert(mode)
    options: dict[str, Any] = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    options |= {"sizes": [original.size]} if kind == "ICO" else {}
    picture = read_bytes(saved(original, kind, **options))
    expected = np.asarray(original.convert("RGBA")) / 255
    same(picture.pixels, expected[..., :3])
    same(picture.alpha, expected[..., 3])
    assert picture.depth == 8
    assert picture.opaque == (not mode.endswith("A"))


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_jpeg_is_read_like_pillow_reads_it(mode: str, options: dict[str, Any]) -> None:
    data = saved(RGBA.convert("RGB").resize((40, 30)).convert(mode), "JPEG", **options)
    picture = read_bytes(data)
    same(picture.pixels, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) / 255)
    assert picture.opaque
    assert picture.alpha.shape == (30, 40)


def test_cmyk_jpeg_without_profile() -> None:
    inks = {(0, 0, 0, 0): (1, 1, 1), (0, 0, 0, 255): (0, 0, 0), (255, 0, 0, 0): (0, 1, 1)}
    inks |= {(0, 255, 0, 0): (1, 0, 1), (0, 0, 255, 0): (1, 1, 0), (0, 0, 0, 128): (0.5,) * 3}
    for ink, expected in inks.items():
        picture = read_bytes(saved(Image.new("CMYK", (8, 8), ink), "JPEG", quality=100))
        same(picture.pixels, np.broadcast_to(expected, (8, 8, 3)), 2 / 255)


def test_lab_tiff() -> None:
    lab = Image.new("LAB", (2, 1))
    lab.putdata([(255, 128, 128), (138, 209, 198)])  # white; L 54, a 81, b 70: sRGB's red
    picture = read_bytes(saved(lab, "TIFF"))
    same(picture.pixels, [[[1, 1, 1], [1, 0, 0]]], 0.03)


@pytest.mark.parametrize("mode", ["La", "PA", "RGBa", "RGBX", "YCbCr", "HSV"])
def test_modes_that_few_formats_have(mode: str) -> None:
    through = RGBA.convert("LA") if mode == "La" else RGBA
    original = (through if mode[-1] in "aA" else through.convert("RGB")).convert(mode)
    picture = image._decode_with_pillow(original)
    expected = np.asarray(original.convert("LA" if mode == "La" else "RGBA")) / 255
    same(picture.pixels, np.broadcast_to(expected[..., :-1], (HEIGHT, WIDTH, 3)))
    same(picture.alpha, expected[..., -1] if mode[-1] in "aA" else np.ones((HEIGHT, WIDTH)))


@pytest.mark.parametrize("mode", ["I", "I;16", "I;16L", "I;16B", "I;16N"])
def test_grey_of_16_bits_in_any_order_of_bytes(mode: str) -> None:
    original = Image.new(mode, (3, 2), 13107)
    same(image._decode_with_pillow(original).pixels, np.full((2, 3, 3), 0.2))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_read(kind: str) -> None:
    frames = [Image.new("RGB", (6, 4), colour) for colour in ("red", "lime", "blue")]
    more: dict[str, Any] = {"save_all": True, "append_images": frames[1:], "duration": 100}
    data = saved(frames[0], kind, **more, **({"lossless": True} if kind == "WEBP" else {}))
    assert getattr(Image.open(io.BytesIO(data)), "n_frames", 1) == 3
    same(read_bytes(data).pixels, np.broadcast_to([1.0, 0, 0], (4, 6, 3)))


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_of_several_pages_the_first_is_read(dtype: str) -> None:
    pages = [noise(dtype=dtype), noise(dtype=dtype, height=9)]
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for page in pages:
            writer.write(page, photometric="rgb", metadata=None)
    same(read_bytes(buffer.getvalue()).pixels, pages[0] / np.iinfo(dtype).max)


@pytest.mark.parametrize(
    ("name", "size"), [("astronaut", 512), ("coffee", 600), ("chelsea", 451), ("china", 640)]
)
def test_photos(photo_files: dict[str, Path], name: str, size: int) -> None:
    picture = read_picture(photo_files[name])
    assert picture.pixels.shape[1] == size
    same(picture.pixels, np.asarray(Image.open(photo_files[name]).convert("RGB")) / 255)
    assert picture.opaque
    assert picture.depth == 8


# -- transparency ------------------------------------------------------------------------------


def palette(mode: str = "P") -> Image.Image:
    picture = Image.new(mode, (4, 1))
    picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    picture.putdata([0, 1, 2, 3])
    return picture


@pytest.mark.parametrize(
    ("transparency", "alpha"),
    [(None, [1, 1, 1, 1]), (1, [1, 0, 1, 1]), (bytes([0, 51, 255]), [0, 0.2, 1, 1])],
)
def test_palette_transparency(transparency: int | bytes | None, alpha: list[float]) -> None:
    data = saved(
        palette(), "PNG", **({} if transparency is None else {"transparency": transparency})
    )
    assert data[25] == 3  # PNG's own code for a palette
    picture = read_bytes(data)
    same(picture.alpha, [alpha])
    same(picture.pixels, np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1], [9 / 255] * 3]]))


def test_gif_transparency() -> None:
    picture = read_bytes(saved(palette(), "GIF", transparency=2))
    same(picture.alpha, [[1, 1, 0, 1]])
    same(picture.pixels[0, :2], [[1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_png_with_one_transparent_colour(channels: int, dtype: str) -> None:
    array = noise(channels, dtype)
    array[2, 3] = array[4, 6]
    key = struct.pack(f">{channels}H", *array[2, 3].tolist())
    picture = read_bytes(png(array, chunk(b"tRNS", key)))
    top = np.iinfo(dtype).max
    same(picture.alpha, np.where((array == array[2, 3]).all(axis=2), 0.0, 1.0))
    same(picture.pixels, np.broadcast_to(array / top, (HEIGHT, WIDTH, 3)))
    assert not picture.opaque


@pytest.mark.skipif(int(PIL.__version__.split(".")[0]) < 13, reason="older Pillow forgets it")
def test_black_and_white_png_with_transparent_white() -> None:
    picture = Image.new("1", (2, 1))
    picture.putdata([0, 1])
    result = read_bytes(saved(picture, "PNG", transparency=1))
    same(result.alpha, [[1, 0]])
    same(result.pixels, [[[0] * 3, [1] * 3]])


# -- more than 8 bits --------------------------------------------------------------------------


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


# -- orientation -------------------------------------------------------------------------------

ORIENTED = ["JPEG", "PNG", "PNG late", "WEBP", "TIFF", "PNG 16", "PNG 16 late", "TIFF 16"]


def oriented(kind: str, array: NDArray[Any], orientation: int) -> bytes:
    tags = exif(orientation)
    if kind.startswith("PNG"):
        dtype, raw = "u2" if "16" in kind else "u1", chunk(b"eXIf", tags[6:])
        if "late" not in kind:
            return png(array.astype(dtype), raw)
        data = png(array.astype(dtype))
        return data[:-12] + raw + data[-12:]
    if kind == "TIFF 16":
        return tiff(array.astype("u2"), extratags=[(ORIENTATION, 3, 1, orientation, True)])
    picture = Image.fromarray(array.astype("u1"))
    return saved(
        picture, kind, exif=tags, **({"lossless": True, "exact": True} if kind == "WEBP" else {})
    )


@pytest.mark.parametrize("kind", ORIENTED)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(kind: str, orientation: int) -> None:
    """Against Pillow's own turning of a picture whose pixels are numbered."""
    numbers = np.arange(24 * 16, dtype="i4").reshape(24, 16)
    array = noise(3 if kind == "JPEG" else 4, "u2" if "16" in kind else "u1", 24, 16)
    data = oriented(kind, array, orientation)
    picture = read_bytes(data)

    index = Image.fromarray(numbers)
    index.getexif()[ORIENTATION] = orientation
    order = np.asarray(ImageOps.exif_transpose(index))
    if kind == "JPEG":  # lossy, so that what was decoded is turned here
        array = np.asarray(Image.open(io.BytesIO(data)))
    expected = array.reshape(-1, array.shape[2])[order] / (65535 if "16" in kind else 255)
    same(picture.pixels, expected[..., :3])
    same(picture.alpha, expected[..., 3] if expected.shape[2] == 4 else np.ones(order.shape))


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_impossible_orientation_is_ignored(orientation: int) -> None:
    array = noise()
    same(read_bytes(oriented("PNG", array, orientation)).pixels, array / 255)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_broken_exif_is_ignored(dtype: str) -> None:
    array = noise(3, dtype)
    for broken in (b"", b"garbage", b"II*\0\xff\xff\xff\xff", exif(6)[6:20]):
        picture = read_bytes(png(array, chunk(b"eXIf", broken)))
        same(picture.pixels, array / np.iinfo(dtype).max)


# -- colour profiles ---------------------------------------------------------------------------

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


GREY_LINEAR = icc(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": b"curv" + bytes(8)})
ADOBE = matrix_profile(ADOBE_TO_XYZ, 563 / 256)

INKS: dict[tuple[int, ...], tuple[int, ...]] = {
    (0, 0, 0, 0): (100, 0, 0),
    (255, 0, 0, 0): (40, 30, 20),
    (0, 255, 0, 0): (60, -30, 40),
    (0, 0, 255, 0): (70, 10, -40),
    (0, 0, 0, 255): (0, 0, 0),
}
"""Colours in CIE Lab of a press with the wrong inks: cyan is brown, magenta green, yellow blue."""


def press_profile() -> bytes:
    """CMYK with one colour per full ink, and black for every overprint."""
    grid = [INKS.get(tuple(255 * (n >> 3 - i & 1) for i in range(4)), (0, 0, 0)) for n in range(16)]
    lab = bytes(round(v) for L, a, b in grid for v in (L * 2.55, a + 128, b + 128))
    ramp = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    tags = {b"A2B0": lut + ramp * 4 + lab + ramp * 3}
    tags[b"wtpt"] = b"XYZ \0\0\0\0" + fixed(
        0.8, 0.8, 0.6
    )  # of yellowish paper, which is white here
    return icc(b"prtr", b"CMYK", b"Lab ", tags)


def encoded(linear: NDArray[Any]) -> NDArray[Any]:
    """The transfer function of IEC 61966-2-1."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def from_lab(lab: tuple[float, ...]) -> NDArray[Any]:
    fy = (lab[0] + 16) / 116
    f = np.array([fy + lab[1] / 500, fy, fy - lab[2] / 200])
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * D50
    return encoded(np.linalg.inv(SRGB_TO_XYZ) @ xyz)


@pytest.mark.parametrize("kind", ["PNG", "PNG 16", "TIFF", "TIFF 16", "WEBP"])
@pytest.mark.parametrize("channels", [3, 4])
def test_adobe_rgb(kind: str, channels: int) -> None:
    deep = "16" in kind
    array = noise(channels, "u2" if deep else "u1", 12, 12)
    if kind == "PNG 16":
        data = png(array, chunk(b"iCCP", b"Adobe\0\0" + zlib.compress(ADOBE)))
    elif kind == "TIFF 16":
        data = tiff(array, iccprofile=ADOBE)
    else:
        lossless = {"lossless": True, "exact": True} if kind == "WEBP" else {}
        data = saved(Image.fromarray(array), kind, icc_profile=ADOBE, **lossless)
    picture = read_bytes(data)
    values = array / (65535 if deep else 255)
    linear = values[..., :3] ** (563 / 256) @ (np.linalg.inv(SRGB_TO_XYZ) @ ADOBE_TO_XYZ).T
    same(picture.pixels, encoded(linear), 1.5e-3)
    same(picture.alpha, values[..., 3] if channels == 4 else np.ones((12, 12)))
    assert np.abs(picture.pixels - values[..., :3]).max() > 0.05


def test_profile_that_is_nearly_srgb_is_converted_all_the_same() -> None:
    """The primaries of sRGB, but a plain power of 2.2: a step or two of 8 bits, but in shadows."""
    array = noise(3, "u1", 12, 12)
    data = saved(Image.fromarray(array), "PNG", icc_profile=matrix_profile(SRGB_TO_XYZ, 2.19921875))
    picture = read_bytes(data)
    same(picture.pixels, encoded((array / 255) ** 2.19921875), 2e-3)
    assert np.abs(picture.pixels - array / 255).max() > 5e-3


def test_adobe_rgb_as_pillow_converts_it() -> None:
    original = Image.fromarray(noise(3, "u1", 30, 30))
    pillow = ImageCms.profileToProfile(original, io.BytesIO(ADOBE), io.BytesIO(SRGB))
    assert pillow is not None
    picture = read_bytes(saved(original, "PNG", icc_profile=ADOBE))
    same(picture.pixels, np.asarray(pillow) / 255, 1.5 / 255)


def swapped_primaries() -> bytes:
    return (
        SRGB.replace(b"rXYZ", b"----", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"----", b"gXYZ", 1)
    )


@pytest.mark.parametrize("make", ["png", "tiff", "jpeg"])
def test_swapped_primaries_to_the_last_of_16_bits(make: str) -> None:
    """A profile that calls green what sRGB calls red leaves nothing to tolerate."""
    array = noise(3, "u2", 20, 20)
    whole = 65535
    if make == "png":
        data = png(array, chunk(b"iCCP", b"swapped\0\0" + zlib.compress(swapped_primaries())))
    elif make == "tiff":
        data = tiff(array, iccprofile=swapped_primaries())
    else:
        data = saved(
            Image.fromarray((array >> 8).astype("u1")), "JPEG", icc_profile=swapped_primaries()
        )
        array, whole = np.asarray(Image.open(io.BytesIO(data))), 255
    same(read_bytes(data).pixels, array[..., [1, 0, 2]] / whole, 0.4 / 65535)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("channels", [1, 2])
def test_grey_profile(dtype: str, channels: int) -> None:
    array = noise(channels, dtype)
    picture = read_bytes(png(array, chunk(b"iCCP", b"grey\0\0" + zlib.compress(GREY_LINEAR))))
    values = array / np.iinfo(dtype).max
    same(picture.pixels, np.repeat(encoded(values[..., :1]), 3, axis=2), 1e-4)
    same(picture.alpha, values[..., 1] if channels == 2 else np.ones((HEIGHT, WIDTH)))


def test_grey_picture_with_a_colour_profile() -> None:
    array = noise(1, "u1", 12, 12)
    picture = read_bytes(
        saved(Image.fromarray(array[..., 0]), "JPEG", quality=100, icc_profile=ADOBE)
    )
    same(picture.pixels, np.repeat(encoded((array / 255) ** (563 / 256)), 3, axis=2), 0.02)
    assert np.abs(picture.pixels - array / 255).max() > 0.01


def test_palette_with_a_colour_profile() -> None:
    picture = read_bytes(saved(palette(), "PNG", icc_profile=swapped_primaries(), transparency=3))
    same(picture.pixels[0, :3], [[0, 1, 0], [1, 0, 0], [0, 0, 1]], 1e-5)
    same(picture.alpha, [[1, 1, 1, 0]])


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "TIFF 16"])
@pytest.mark.parametrize("ink", INKS, ids=str)
def test_cmyk_with_a_profile(kind: str, ink: tuple[int, ...]) -> None:
    if kind == "TIFF 16":
        array = np.broadcast_to(np.array(ink, "u2") * 257, (8, 8, 4))
        data = tiff(array, photometric="separated", extrasamples=[], iccprofile=press_profile())
    else:
        best = {"quality": 100} if kind == "JPEG" else {}
        data = saved(Image.new("CMYK", (8, 8), ink), kind, icc_profile=press_profile(), **best)
    picture = read_bytes(data)
    same(picture.pixels, np.broadcast_to(from_lab(INKS[ink]), (8, 8, 3)), 0.015)


BROKEN = {
    "empty": b"",
    "text": b"this is no profile" * 20,
    "header only": SRGB[:128],
    "half": SRGB[: len(SRGB) // 2],
    "grey": GREY_LINEAR,
    "cmyk": press_profile(),
    "no tags": icc(b"mntr", b"RGB ", b"XYZ ", {}),
}


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("profile", BROKEN)
def test_unsuitable_profile_is_ignored(profile: str, dtype: str) -> None:
    array = noise(3, dtype)
    data = png(array, chunk(b"iCCP", b"bad\0\0" + zlib.compress(BROKEN[profile])))
    same(read_bytes(data).pixels, array / np.iinfo(dtype).max)
    same(
        read_bytes(tiff(array, iccprofile=BROKEN[profile] or b"\0")).pixels,
        array / np.iinfo(dtype).max,
    )


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_profile_that_is_a_number_is_ignored(dtype: str) -> None:
    array = noise(3, dtype)
    data = tiff(array, extratags=[(0x8773, 3, 1, 5, True)])
    same(read_bytes(data).pixels, array / np.iinfo(dtype).max)


def test_profile_chunk_that_cannot_be_unpacked_is_ignored() -> None:
    array = noise()
    same(read_bytes(png(array, chunk(b"iCCP", b"bad\0\0not zlib"))).pixels, array / 255)


def test_large_profile_and_text_are_no_reason_to_refuse() -> None:
    large = SRGB + bytes(3 << 20)
    text = b"comment\0\0" + zlib.compress(bytes(5 << 20))
    array = noise()
    data = png(array, chunk(b"iCCP", b"big\0\0" + zlib.compress(large)), chunk(b"zTXt", text))
    same(read_bytes(data).pixels, array / 255, 1e-5)


# -- what cannot be read -----------------------------------------------------------------------


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


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("part", [0.01, 0.1, 0.5, 0.9])
def test_truncated_file(tmp_path: Path, kind: str, part: float) -> None:
    data = sample(kind)
    path = tmp_path / "cut.png"
    path.write_bytes(data[: max(12, int(len(data) * part))])
    assert refusal("image_damaged", read_picture, path) == f"{path} is damaged or incomplete"


@cache
def astronaut() -> Image.Image:
    with Image.open(Path(skimage.__file__).parent / "data" / "astronaut.png") as photo:
        return photo.convert("RGB").resize((300, 400))


CUT: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: saved(astronaut(), "JPEG", quality=90),
    "JPEG turned": lambda: saved(astronaut(), "JPEG", quality=90, exif=exif(6)),
    "JPEG progressive": lambda: saved(astronaut(), "JPEG", quality=90, progressive=True),
    "JPEG restarts": lambda: saved(astronaut(), "JPEG", quality=90, restart_marker_rows=1),
    "JPEG more restarts": lambda: saved(astronaut(), "JPEG", quality=90, restart_marker_blocks=5),
    "JPEG progressive restarts": lambda: saved(
        astronaut(), "JPEG", quality=90, progressive=True, restart_marker_rows=1
    ),
    "JPEG grey": lambda: saved(astronaut().convert("L"), "JPEG", quality=90),
    "JPEG CMYK": lambda: saved(astronaut().convert("CMYK"), "JPEG", quality=90),
    "PNG": lambda: saved(astronaut(), "PNG"),
    "PNG 16": lambda: png(np.asarray(astronaut()).astype("u2") * 257),
    "PNG palette": lambda: saved(astronaut().convert("P"), "PNG", transparency=7),
    "PNG interlaced": lambda: bytes(interlaced(np.asarray(astronaut()))),
}


def interlaced(array: NDArray[Any]) -> bytes:
    """An interlaced PNG by hand: nothing here writes one."""
    rows = b""
    for x, y, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                         (1, 0, 2, 2), (0, 1, 1, 2)):  # fmt: skip
        rows += b"".join(b"\0" + row.tobytes() for row in array[y::dy, x::dx])
    height, width = array.shape[:2]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("lost", [1, 2, 3, 12, 20, 100])
@pytest.mark.parametrize("kind", CUT)
def test_lost_end_is_filled(recwarn: pytest.WarningsRecorder, kind: str, lost: int) -> None:
    """What every viewer shows is read, with a warning, and looks like the whole picture."""
    whole, picture = read_bytes(CUT[kind]()), read_bytes(CUT[kind]()[:-lost])
    assert picture.pixels.shape == whole.pixels.shape
    assert picture.depth == whole.depth
    different = np.abs(picture.pixels - whole.pixels).max(axis=2) > 0.02
    assert different.mean() < 0.01
    assert np.abs(picture.pixels - whole.pixels).mean() < 0.002
    if "PNG" not in kind or recwarn.list:  # of the end of a PNG file, pixels may need nothing
        warning = recwarn.pop(NeuralStyleWarning).message
        assert isinstance(warning, NeuralStyleWarning)
        assert warning.code == "image_truncated"


@pytest.mark.parametrize("part", [0.05, 0.3, 0.6, 0.9, 0.95])
@pytest.mark.parametrize("kind", CUT)
def test_too_much_is_lost(kind: str, part: float) -> None:
    data = CUT[kind]()
    refusal("image_damaged", read_bytes, data[: int(len(data) * part)])


def test_progressive_jpeg_cut_between_scans_is_refused() -> None:
    """All rows are there, but none sharp."""
    data = CUT["JPEG progressive"]()
    starts = [place for place in range(len(data)) if data.startswith(b"\xff\xda", place)]
    assert len(starts) > 5
    for start in starts[1:]:
        for place in (start, start + 2, start + 8):
            refusal("image_damaged", read_bytes, data[:place])


@pytest.mark.parametrize("kind", ["PNG", "PNG 16"])
def test_changed_byte(kind: str) -> None:
    data = bytearray(sample(kind))
    data[len(data) // 2] ^= 0xFF
    refusal("image_damaged", read_bytes, bytes(data))


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(ALL_KINDS), data=st.data())
def test_any_damage_is_reported_as_such(kind: str, data: st.DataObject) -> None:
    """Whatever is wrong with a file, it is a picture or one of these errors."""
    content = bytearray(sample(kind))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.one_of(st.integers(0, 200), st.integers(0, len(content) - 1)))
        content[place % len(content)] = data.draw(st.integers(0, 255))
    code = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NeuralStyleWarning)
            picture = read_bytes(bytes(content))
        assert 0 <= picture.pixels.min() <= picture.pixels.max() <= 1  # which NaN is not
    except NeuralStyleError as error:
        code = error.code
    assert code in ("", "image_damaged", "not_an_image", "image_too_large")


@pytest.mark.parametrize(
    "content", [b"Dear diary\n" * 50, b"\0" * 100, b"<svg xmlns='x'/>", b"%PDF-1.7\n", b"GI"]
)
def test_other_files_are_no_pictures(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.png"
    path.write_bytes(content)
    sentence = refusal("not_an_image", read_picture, path)
    assert sentence == f"{path} is not a picture in any known format"


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.jpg"
    path.touch()
    assert refusal("not_an_image", read_picture, path) == f"{path} is empty"


def test_postscript_starts_no_other_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("Ghostscript was started")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", forbidden)
    data = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"
    assert "EPS" in refusal("not_an_image", read_bytes, data)


def test_format_that_pillow_knows_by_name_only() -> None:
    assert "HDF5" in refusal("not_an_image", read_bytes, b"\x89HDF\r\n\x1a\n" + bytes(100))


def test_tiff_of_an_unknown_kind() -> None:
    sentence = refusal("not_an_image", read_bytes, tiff(noise(3, "u2"), photometric="cielab"))
    assert "CIELAB" in sentence


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 9), (9, 0)])
def test_picture_without_pixels(width: int, height: int) -> None:
    refusal("image_damaged", read_bytes, empty_png(width, height))


@pytest.mark.parametrize(
    "function",
    [read_picture, lambda path: read_raw(PictureFile(file=str(path), width=1, height=1))],
)
def test_missing_file(tmp_path: Path, function: Callable[..., Any]) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "none.png", tmp_path / "file" / "x.png"):
        assert refusal("file_missing", function, path) == f"There is no file {path}"
    assert refusal("file_missing", function, tmp_path) == f"{tmp_path} is a folder"
    refusal("file_missing", function, "nul\0byte.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert "not an ordinary file" in refusal("file_missing", read_picture, tmp_path / "pipe.png")


def test_name_may_be_text(tmp_path: Path) -> None:
    path = tmp_path / "größe ☃.png"
    path.write_bytes(png(noise()))
    assert read_picture(str(path)).pixels.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.skipif(os.name != "posix", reason="names are Unicode there")
def test_name_that_is_not_unicode_can_be_reported(tmp_path: Path) -> None:
    sentence = refusal(
        "file_missing", read_picture, os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")
    )
    assert sentence.encode("utf-8").decode().endswith("caf\N{REPLACEMENT CHARACTER}.png")


@pytest.mark.parametrize(
    ("number", "code"), [(errno.EIO, "cannot_read"), (errno.EINVAL, "image_damaged")]
)
def test_failing_disk(monkeypatch: pytest.MonkeyPatch, number: int, code: str) -> None:
    """A wrong offset in a file, too, is an error of the system's: of seeking."""

    def broken(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Image, "open", broken)
    sentence = refusal(code, read_bytes, png(noise()))
    assert (os.strerror(number) in sentence) == (code == "cannot_read")


# -- the limit ---------------------------------------------------------------------------------


def test_decompression_bomb(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(empty_png(50_000, 50_000))
    sentence = refusal("image_too_large", read_picture, path)
    assert sentence == f"{path} has more than 200 million pixels"
    assert MAX_PIXELS == 200_000_000


def test_header_decides_between_too_large_and_damaged() -> None:
    """At the limit the decoder is asked (there are no pixels in these files); above it is not."""
    refusal("image_damaged", read_bytes, empty_png(MAX_PIXELS // 1000 + 1, 999))
    refusal("image_too_large", read_bytes, empty_png(MAX_PIXELS // 1000 + 1, 1000))


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("width", [64, 65])
def test_limit_in_every_format(monkeypatch: pytest.MonkeyPatch, kind: str, width: int) -> None:
    monkeypatch.setattr(image, "MAX_PIXELS", 64 * width - 2 * (width - 64))
    if width == 64:
        assert read_bytes(sample(kind)).pixels.shape == (64, 64, 3)
    monkeypatch.setattr(image, "MAX_PIXELS", 64 * 64 - 2)
    refusal("image_too_large", read_bytes, sample(kind))


def test_pillows_own_limit_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow would warn of the one and refuse the other."""
    for limit in (64 * 64 - 1, 10):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for kind in ALL_KINDS:
                assert read_bytes(sample(kind)).pixels.shape == (64, 64, 3)
        assert limit == Image.MAX_IMAGE_PIXELS


def test_several_threads_leave_pillow_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second thread would otherwise keep, and bring back, the limit of the first."""
    opened, waits = Image.open, iter([0.05, 0.1])

    def slow(*arguments: Any) -> Any:
        time.sleep(next(waits))
        return opened(*arguments)

    monkeypatch.setattr(Image, "open", slow)
    with ThreadPoolExecutor(2) as pool:
        assert all(picture.opaque for picture in pool.map(read_bytes, [sample("PNG")] * 2))
    # The limits are compared by `nothing_leaks`.


def test_more_samples_than_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(imagecodecs, "png_decode", greedy)
    assert "memory" in refusal("image_too_large", read_bytes, sample("PNG 16"))


# -- writing -----------------------------------------------------------------------------------

ENDINGS = ["png", "tif", "tiff", "jpg", "jpeg", "webp", "PNG", "Tif"]


def picture_of(array: NDArray[Any], alpha: NDArray[Any] | None = None) -> Picture:
    """A picture of integers, of the depth they have."""
    top = np.iinfo(array.dtype).max
    pixels = (array / top).astype(np.float32)
    opacity = np.ones(array.shape[:2]) if alpha is None else alpha / top
    return Picture(pixels, opacity.astype(np.float32), 8 if top == 255 else 16)


def smooth(height: int = 32, width: int = 48) -> Picture:
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x / width, y / height, (x + y) / (height + width)], -1)
    return Picture(pixels.astype(np.float32), np.ones((height, width), np.float32), 8)


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    dtype=st.sampled_from(["u1", "u2"]),
    ending=st.sampled_from(["png", "tif"]),
    shape=arrays.array_shapes(min_dims=2, max_dims=2, max_side=6),
    alpha=st.booleans(),
)
def test_round_trip_is_exact(
    shared_folder: Path,
    data: st.DataObject,
    dtype: str,
    ending: str,
    shape: tuple[int, int],
    alpha: bool,
) -> None:
    values = data.draw(arrays.arrays(dtype, (*shape, 4)))
    picture = picture_of(values[..., :3], values[..., 3] if alpha else None)
    path = shared_folder / f"trip.{ending}"
    write_picture(path, picture)
    again = read_picture(path)
    np.testing.assert_array_equal(again.pixels, picture.pixels)
    np.testing.assert_array_equal(again.alpha, picture.alpha)
    assert again.depth == picture.depth


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_every_value_survives_the_round_trip(tmp_path: Path, ending: str) -> None:
    for dtype in ("u1", "u2"):
        count = np.iinfo(dtype).max + 1
        array = np.stack([np.arange(count, dtype=dtype).reshape(16, -1)] * 3, -1)
        write_picture(tmp_path / f"x.{ending}", picture_of(array))
        raw = (
            imagecodecs.png_decode((tmp_path / "x.png").read_bytes())
            if ending == "png"
            else tifffile.imread(tmp_path / "x.tif")
        )
        assert raw.dtype == dtype
        np.testing.assert_array_equal(raw, array)
        same(read_picture(tmp_path / f"x.{ending}").pixels, array / (count - 1))


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_values_are_rounded_to_the_nearest(tmp_path: Path, ending: str, depth: int) -> None:
    top = 2**depth - 1
    steps = np.array([[[0, 1, 2], [top // 2, top // 3, top]]], np.float64)
    for shift, expected in ((0.4, steps), (-0.4, steps), (0.6, np.minimum(steps + 1, top))):
        pixels = ((steps + shift) / top).astype(np.float32)  # beyond 0 and 1, too
        write_picture(tmp_path / f"x.{ending}", Picture(pixels, np.ones((1, 2), np.float32), depth))
        same(read_picture(tmp_path / f"x.{ending}").pixels, expected / top)


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "china"])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_photos_survive_the_round_trip(
    tmp_path: Path, photo_files: dict[str, Path], name: str, ending: str
) -> None:
    photo = read_picture(photo_files[name])
    write_picture(tmp_path / f"x.{ending}", photo)
    np.testing.assert_array_equal(read_picture(tmp_path / f"x.{ending}").pixels, photo.pixels)


@pytest.mark.parametrize("ending", ["jpg", "webp"])
def test_lossy_formats_lose_little(
    tmp_path: Path, photo_files: dict[str, Path], ending: str
) -> None:
    photo = read_picture(photo_files["chelsea"])
    write_picture(tmp_path / f"x.{ending}", photo)
    error = read_picture(tmp_path / f"x.{ending}").pixels - photo.pixels
    assert 0 < np.abs(error).mean() < 0.012


def test_jpeg_has_quality_95_and_full_colour_resolution(tmp_path: Path) -> None:
    write_picture(tmp_path / "x.jpg", smooth())
    with Image.open(tmp_path / "x.jpg") as written:
        assert isinstance(written, JpegImagePlugin.JpegImageFile)
        assert JpegImagePlugin.get_sampling(written) == 0  # 4:4:4
        reference = saved(Image.new("RGB", (8, 8)), "JPEG", quality=95)
        with Image.open(io.BytesIO(reference)) as expected:
            assert isinstance(expected, JpegImagePlugin.JpegImageFile)
            assert written.quantization == expected.quantization


@pytest.mark.parametrize(
    ("ending", "own", "asked", "depth"),
    [
        ("png", 8, None, 8), ("png", 16, None, 16), ("png", 8, 16, 16), ("png", 16, 8, 8),
        ("tif", 8, None, 8), ("tif", 16, None, 16), ("tif", 8, 16, 16), ("tif", 16, 8, 8),
        ("jpg", 16, None, 8), ("webp", 16, None, 8), ("jpg", 16, 8, 8),
    ],
)  # fmt: skip
def test_depth(tmp_path: Path, ending: str, own: int, asked: int | None, depth: int) -> None:
    original = smooth()
    picture = Picture(original.pixels, original.alpha, own)
    write_picture(tmp_path / f"x.{ending}", picture, depth=asked)
    again = read_picture(tmp_path / f"x.{ending}")
    assert again.depth == depth
    if ending in ("png", "tif"):
        same(again.pixels, picture.pixels, 0.5001 / (2**depth - 1))


@pytest.mark.parametrize("ending", ["jpg", "webp"])
def test_16_bits_asked_of_a_format_without_them(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x.{ending}"
    sentence = refusal("unsupported_format", check_writable, path, depth=16)
    assert sentence == refusal("unsupported_format", write_picture, path, smooth(), depth=16)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("ending", ["png", "tif", "webp"])
@pytest.mark.parametrize("depth", [8, 16])
def test_alpha_is_written_unless_opaque(tmp_path: Path, ending: str, depth: int) -> None:
    original = smooth()
    alpha = np.tile(np.linspace(0, 1, 48, dtype=np.float32), (32, 1))
    path = tmp_path / f"x.{ending}"
    write_picture(path, Picture(original.pixels, alpha, depth))
    deep = depth == 16 and ending != "webp"
    same(read_picture(path).alpha, alpha, 0.5001 / (65535 if deep else 255))
    write_picture(path, Picture(original.pixels, original.alpha, depth))
    with Image.open(path) as written:
        assert written.mode == "RGB"


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_colours_under_transparency_are_kept(tmp_path: Path, ending: str) -> None:
    original = smooth()
    write_picture(tmp_path / f"x.{ending}", Picture(original.pixels, 0 * original.alpha, 16))
    again = read_picture(tmp_path / f"x.{ending}")
    assert again.alpha.max() == 0
    same(again.pixels, original.pixels, 0.5001 / 65535)


def test_jpeg_lays_the_picture_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((16, 32, 3), np.float32)
    alpha = np.repeat(np.array([[0.0, 0.25]], np.float32), 16, axis=1).repeat(16, axis=0)
    write_picture(tmp_path / "x.jpg", Picture(pixels, alpha, 8))
    again = read_picture(tmp_path / "x.jpg")
    assert again.opaque
    same(again.pixels, np.repeat(1 - alpha[..., None], 3, axis=2), 2 / 255)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("depth", [8, 16])
def test_metadata(tmp_path: Path, ending: str, depth: int) -> None:
    path, original = tmp_path / f"x.{ending}", smooth()
    text = json.dumps({"preset": "draft", "note": "Größe ☃"})
    assert text.isascii()
    write_picture(path, Picture(original.pixels, original.alpha, depth), description=text)
    with Image.open(path) as written:
        tags = written.getexif()
        assert tags[DESCRIPTION] == text
        assert tags[SOFTWARE] == f"neural-style {__version__}"
        assert tags.get(ORIENTATION, 1) == 1
        profile = ImageCms.ImageCmsProfile(io.BytesIO(written.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)
        written.load()

    write_picture(path, original)
    with Image.open(path) as written:
        assert DESCRIPTION not in written.getexif()
        assert written.getexif()[SOFTWARE] == f"neural-style {__version__}"


TEXTS = {
    "none": None,
    "empty": "",
    "Korean": '{"network": "/집/그물.pth"}',
    "umlaut": "Größe",
    "beyond 16 bits": "🎨",
    "not Unicode": "caf\udce9",
    "zero": "one\0two",
    "lines": "one\r\ntwo\n",
    "long": "Größe " * 16_667,
}


@pytest.mark.parametrize("ending", ["png", "tif", "jpg", "webp"])
@pytest.mark.parametrize("text", TEXTS)
def test_any_description_is_written_or_left_out(
    tmp_path: Path, recwarn: pytest.WarningsRecorder, ending: str, text: str
) -> None:
    """In UTF-8, as most programs expect it though EXIF once said ASCII; the picture is safe."""
    path, description = tmp_path / f"x.{ending}", TEXTS[text]
    write_picture(path, smooth(), description=description)
    plain = tmp_path / f"plain.{ending}"
    write_picture(plain, smooth())
    np.testing.assert_array_equal(read_picture(path).pixels, read_picture(plain).pixels)
    with Image.open(path) as written:
        found = written.getexif().get(DESCRIPTION, "").encode("latin-1").decode("utf-8")
        assert written.getexif()[SOFTWARE] == f"neural-style {__version__}"
        assert written.info["icc_profile"]
    if (ending, text) == ("jpg", "long"):
        assert found == ""
        warning = recwarn.pop(NeuralStyleWarning).message
        assert isinstance(warning, NeuralStyleWarning)
        assert warning.code == "metadata_left_out"
        assert str(path) in warning.message
    else:
        expected = (description or "").replace("\0", " ").replace("\udce9", "?")
        assert found == expected


def test_no_failure_of_metadata_loses_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    def fail(description: bytes | None) -> bytes:
        if description:
            raise ValueError("no room")
        return b"Exif\0\0" + Image.Exif().tobytes()

    monkeypatch.setattr(image, "_exif", fail)
    write_picture(tmp_path / "x.png", smooth(), description="text")
    assert read_picture(tmp_path / "x.png").pixels.shape == (32, 48, 3)
    assert len(recwarn) == 1
    recwarn.clear()


@pytest.mark.parametrize("depth", [8, 16])
def test_png_is_well_formed(tmp_path: Path, depth: int) -> None:
    write_picture(tmp_path / "x.png", smooth(), depth=depth, description="{}")
    data, names = (tmp_path / "x.png").read_bytes(), []
    place = 8
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        whole = data[place : place + 12 + length]
        names.append(whole[4:8])
        assert whole == chunk(whole[4:8], whole[8 : 8 + length])
        place += len(whole)
        if names[-1] == b"eXIf":
            assert whole[8:12] in (b"II*\0", b"MM\0*")
    assert names[:3] == [b"IHDR", b"iCCP", b"eXIf"]
    assert set(names[3:-1]) == {b"IDAT"}
    assert names[-1] == b"IEND"


@pytest.mark.parametrize("ending", ["png", "tif", "jpg", "webp"])
def test_same_picture_makes_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    path = tmp_path / f"x.{ending}"
    write_picture(path, smooth(), description="x")
    first = path.read_bytes()
    older = SRGB[:24] + struct.pack(">6H", 1999, 12, 31, 23, 59, 59) + SRGB[36:]
    monkeypatch.setattr(imagecodecs, "cms_profile", lambda _: older)
    image._srgb_profile.cache_clear()
    write_picture(path, smooth(), description="x")
    assert path.read_bytes() == first


@pytest.mark.parametrize(("ending", "longest"), [("webp", 16_383), ("jpg", 65_500)])
def test_longest_side_of_a_format(tmp_path: Path, ending: str, longest: int) -> None:
    path = tmp_path / f"x.{ending}"
    write_picture(path, smooth(1, longest))
    before = path.read_bytes()
    sentence = refusal("unsupported_format", write_picture, path, smooth(longest + 1, 1))
    assert f"1 × {longest + 1}" in sentence
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


# -- where to write ----------------------------------------------------------------------------


def check(path: Any) -> None:
    check_writable(path)


def write(path: Any) -> None:
    write_picture(path, smooth())


both = pytest.mark.parametrize("function", [check, write])


@pytest.mark.parametrize("ending", ENDINGS)
def test_check_creates_nothing(tmp_path: Path, ending: str) -> None:
    check_writable(tmp_path / f"x.{ending}")
    check_writable(str(tmp_path / f"x.{ending}"))
    assert os.listdir(tmp_path) == []


@both
@pytest.mark.parametrize("name", ["x", "x.", "x.gif", "x.bmp", "x.png.exe", ".png", "png"])
def test_unknown_ending(tmp_path: Path, function: Callable[[Any], None], name: str) -> None:
    assert str(tmp_path / name) in refusal("unsupported_format", function, tmp_path / name)
    assert os.listdir(tmp_path) == []


@both
def test_folder_is_missing(tmp_path: Path, function: Callable[[Any], None]) -> None:
    path = tmp_path / "none" / "x.png"
    assert refusal("cannot_write", function, path) == f"There is no folder {tmp_path / 'none'}"
    (tmp_path / "file").touch()
    refusal("cannot_write", function, tmp_path / "file" / "x.png")
    assert os.listdir(tmp_path) == ["file"]


@both
def test_output_is_a_folder(tmp_path: Path, function: Callable[[Any], None]) -> None:
    (tmp_path / "x.png").mkdir()
    assert (
        refusal("cannot_write", function, tmp_path / "x.png") == f"{tmp_path / 'x.png'} is a folder"
    )
    refusal("cannot_write", function, tmp_path)
    assert os.listdir(tmp_path) == ["x.png"]


@both
def test_name_without_folder_is_in_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: Callable[[Any], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    function("x.png")
    assert os.listdir(tmp_path) == (["x.png"] if function is write else [])


@both
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipe_is_not_replaced(tmp_path: Path, function: Callable[[Any], None]) -> None:
    os.mkfifo(tmp_path / "x.png")
    refusal("cannot_write", function, tmp_path / "x.png")
    assert os.listdir(tmp_path) == ["x.png"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder below which only its own permissions matter (pytest's own are root's alone)."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in folder.rglob("*"):
        path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def nobody(open_folder: Path) -> Iterator[Callable[[], None]]:
    """A function that gives up root's right to everything, until the test is over."""
    if os.name != "posix":
        pytest.skip("permissions work otherwise here")
    real, effective, _ = os.getresuid()
    read_bytes(png(noise()))  # so that all modules are loaded that nobody may perhaps not read
    write_picture(open_folder / "x.webp", smooth())

    def become() -> None:
        if effective == 0:
            os.setresuid(65534, 65534, 0)

    yield become
    if effective == 0:
        os.setresuid(real, effective, 0)


def test_reading_without_permission(open_folder: Path, nobody: Callable[[], None]) -> None:
    path = open_folder / "secret.png"
    path.write_bytes(png(noise()))
    path.chmod(0)
    nobody()
    sentence = refusal("cannot_read", read_picture, path)
    assert sentence == f"{path} cannot be read: {os.strerror(errno.EACCES)}"


@both
def test_writing_without_permission(
    open_folder: Path, nobody: Callable[[], None], function: Callable[[Any], None]
) -> None:
    (open_folder / "closed").mkdir(mode=0o555)
    (open_folder / "old").mkdir()
    (open_folder / "old").chmod(0o777)
    old = open_folder / "old" / "x.png"
    old.touch()
    old.chmod(0o444)
    nobody()
    sentence = refusal("cannot_write", function, open_folder / "closed" / "x.png")
    assert sentence == f"You may not write to {open_folder / 'closed'}"
    assert "overwritten" in refusal("cannot_write", function, old)
    assert os.listdir(open_folder / "closed") == []


@pytest.mark.skipif(os.name != "posix", reason="permissions work otherwise here")
@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_permissions(tmp_path: Path, mask: int) -> None:
    path, raw = tmp_path / "x.png", tmp_path / "x.raw"
    before = os.umask(mask)
    try:
        write_picture(path, smooth())
        write_raw(raw, smooth())
        assert path.stat().st_mode & 0o777 == 0o666 & ~mask
        assert raw.stat().st_mode & 0o777 == 0o666 & ~mask
        path.chmod(0o604)
        write_picture(path, smooth())
        assert path.stat().st_mode & 0o777 == 0o604
    finally:
        os.umask(before)


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege there")
def test_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "x.png").symlink_to(tmp_path / "real" / "y.png")
    for _ in range(2):  # at first it leads nowhere
        write_picture(tmp_path / "x.png", smooth())
        assert (tmp_path / "x.png").is_symlink()
        assert os.listdir(tmp_path / "real") == ["y.png"]
    assert sorted(os.listdir(tmp_path)) == ["real", "x.png"]


# -- failures on the way -----------------------------------------------------------------------


def raw(path: Path) -> None:
    write_raw(path, smooth(200, 200))


def small_raw(path: Path) -> None:
    write_raw(path, smooth(1, 1))


writers = pytest.mark.parametrize("function", [write, raw, small_raw])


@writers
@pytest.mark.parametrize("existing", [True, False])
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_full_disk(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: Callable[[Path], None],
    existing: bool,
) -> None:
    """The temporary file is made, but its bytes go to a device without room."""
    made = []

    def open_full(path: str, mode: str) -> Any:
        builtins.open(path, mode).close()
        made.append(path)
        return builtins.open("/dev/full", "wb")

    path = tmp_path / "x.png"
    if existing:
        path.write_bytes(b"old")
    monkeypatch.setattr(image, "open", open_full, raising=False)
    sentence = refusal("disk_full", function, path)
    assert sentence == f"There is no room left on the disk for {path}"
    assert os.path.dirname(made[0]) == str(tmp_path)
    assert made[0].endswith(".part")
    assert os.listdir(tmp_path) == (["x.png"] if existing else [])
    assert not existing or path.read_bytes() == b"old"


@writers
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EIO, "cannot_write"),
        (errno.EROFS, "cannot_write"),
    ],
)
def test_failure_at_the_last_step(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: Callable[[Path], None],
    number: int,
    code: str,
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    path = tmp_path / "x.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", fail)
    sentence = refusal(code, function, path)
    assert str(path) in sentence
    assert (os.strerror(number) in sentence) == (code == "cannot_write")
    assert os.listdir(tmp_path) == ["x.png"]
    assert path.read_bytes() == b"old"


@writers
def test_interruption_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: Callable[[Path], None]
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        function(tmp_path / "x.png")
    assert os.listdir(tmp_path) == []


def test_failing_encoder_leaves_the_old_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> bytes:
        raise MemoryError

    path = tmp_path / "x.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(cv2, "imencodeWithMetadata", fail)
    with pytest.raises(MemoryError):
        write(path)
    assert os.listdir(tmp_path) == ["x.png"]
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder that holds no files")
def test_folder_that_takes_no_files() -> None:
    refusal("cannot_write", raw, Path("/proc/self/x.raw"))
    refusal("cannot_write", write, Path("/proc/self/x.png"))


def test_raw_file_in_a_missing_folder(tmp_path: Path) -> None:
    refusal("cannot_write", raw, tmp_path / "none" / "x.raw")


def test_longest_possible_name(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 251 + ".png")
    write(path)
    assert os.listdir(tmp_path) == [path.name]


# -- raw files ---------------------------------------------------------------------------------


def raw_file(folder: Path, values: Any, width: int, height: int) -> PictureFile:
    path = folder / "raw"
    path.write_bytes(np.asarray(values, "<f4").tobytes())
    return PictureFile(file=str(path), width=width, height=height)


def test_raw_layout(tmp_path: Path) -> None:
    """Two pixels beside each other, one pair below: the bytes as the protocol describes them."""
    first = [0.5, 0.25, 0.125, 1.0, 1.0, 0.0, 0.75, 0.5]
    second = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    content = struct.pack("<16f", *first, *second)
    (tmp_path / "raw").write_bytes(content)
    picture = read_raw(PictureFile(file=str(tmp_path / "raw"), width=2, height=2))
    same(picture.pixels[0], [[0.5, 0.25, 0.125], [1, 0, 0.75]])
    same(picture.pixels[1], [[0, 0.1, 0.2], [0.4, 0.5, 0.6]])
    same(picture.alpha, [[1, 0.5], [0.3, 0.7]])
    assert picture.depth == 16
    write_raw(tmp_path / "again", picture)
    assert (tmp_path / "again").read_bytes() == content
    assert sorted(os.listdir(tmp_path)) == ["again", "raw"]


@settings(max_examples=30, deadline=None)
@given(
    arrays.arrays(
        "f4",
        st.tuples(st.integers(1, 5), st.integers(1, 5), st.just(4)),
        elements=st.floats(0, 1, width=32),
    )
)
def test_raw_round_trip(shared_folder: Path, values: NDArray[Any]) -> None:
    path = shared_folder / "trip.raw"
    picture = read_raw(write_raw(path, Picture(values[..., :3], values[..., 3], 16)))
    np.testing.assert_array_equal(np.dstack([picture.pixels, picture.alpha]), values)
    assert picture.pixels.flags.c_contiguous
    assert picture.alpha.flags.c_contiguous


def test_raw_values_outside_the_range_are_clipped(tmp_path: Path) -> None:
    picture = read_raw(raw_file(tmp_path, [-0.5, 1.5, 0.5, 1.25], 1, 1))
    same(picture.pixels, [[[0, 1, 0.5]]])
    same(picture.alpha, [[1]])
    assert picture.opaque


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 3, 7])
def test_raw_values_that_are_no_numbers(tmp_path: Path, bad: float, place: int) -> None:
    values = np.full(8, 0.5)
    values[place] = bad
    refusal("bad_message", read_raw, raw_file(tmp_path, values, 2, 1))


@pytest.mark.parametrize("count", [0, 1, 8, 15, 17, 32])
def test_raw_length(tmp_path: Path, count: int) -> None:
    sentence = refusal("bad_message", read_raw, raw_file(tmp_path, np.zeros(count), 2, 2))
    assert sentence == f"{tmp_path / 'raw'} has {4 * count} bytes, where 2 × 2 pixels take 64"


def test_raw_limit(tmp_path: Path) -> None:
    refusal("image_too_large", read_raw, raw_file(tmp_path, [], 20_001, 10_000))
    refusal("bad_message", read_raw, raw_file(tmp_path, [], 20_000, 10_000))


# -- Picture -----------------------------------------------------------------------------------


def test_opaque() -> None:
    picture = smooth()
    assert picture.opaque
    alpha = picture.alpha.copy()
    alpha[3, 5] = 0.999
    assert not Picture(picture.pixels, alpha, 8).opaque
