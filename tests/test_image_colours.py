"""Colour profiles: everything becomes sRGB."""

from __future__ import annotations

import io
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from picture_files import (
    ADOBE,
    ADOBE_TO_XYZ,
    D50,
    HEIGHT,
    SRGB,
    SRGB_TO_XYZ,
    WIDTH,
    chunk,
    encoded,
    fixed,
    icc,
    matrix_profile,
    noise,
    palette,
    png,
    read_bytes,
    same,
    saved,
    tiff,
)

pytestmark = pytest.mark.usefixtures("nothing_leaks")

GREY_LINEAR = icc(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": b"curv" + bytes(8)})

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
