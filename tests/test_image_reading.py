"""Files of 8 bits, in every format and mode; transparency and orientation at any depth."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageOps

from neural_style.image import read_picture, reading
from picture_files import (
    HEIGHT,
    ORIENTATION,
    WIDTH,
    chunk,
    exif,
    noise,
    palette,
    png,
    read_bytes,
    same,
    saved,
    tiff,
)

pytestmark = pytest.mark.usefixtures("nothing_leaks")


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
    picture = reading.decode_with_pillow(original)
    expected = np.asarray(original.convert("LA" if mode == "La" else "RGBA")) / 255
    same(picture.pixels, np.broadcast_to(expected[..., :-1], (HEIGHT, WIDTH, 3)))
    same(picture.alpha, expected[..., -1] if mode[-1] in "aA" else np.ones((HEIGHT, WIDTH)))


@pytest.mark.parametrize("mode", ["I", "I;16", "I;16L", "I;16B", "I;16N"])
def test_grey_of_16_bits_in_any_order_of_bytes(mode: str) -> None:
    original = Image.new(mode, (3, 2), 13107)
    same(reading.decode_with_pillow(original).pixels, np.full((2, 3, 3), 0.2))


def test_grey_of_8_bits_in_integers_of_32() -> None:
    """As Pillow's `convert` makes it."""
    original = Image.new("L", (3, 2), 51).convert("I")
    picture = reading.decode_with_pillow(original)
    same(picture.pixels, np.full((2, 3, 3), 0.2))
    assert picture.depth == 8


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
