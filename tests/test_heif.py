"""HEIC, AVIF and JPEGs with a gain map: what phones write."""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image

from neural_style.errors import NeuralStyleWarning
from neural_style.image import Picture, heif
from picture_files import (
    ADOBE,
    ADOBE_TO_XYZ,
    SRGB_TO_XYZ,
    encoded,
    exif,
    noise,
    read_bytes,
    refusal,
    same,
    saved,
)

P3_TO_SRGB = np.array(
    [[1.22494, -0.22494, 0], [-0.04206, 1.04206, 0], [-0.01964, -0.07864, 1.09828]]
)
"""Linear light, from the primaries' chromaticities."""


def light(values: Any) -> NDArray[Any]:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def heic(array: NDArray[Any], **options: Any) -> bytes:
    """A HEIC file without loss; uint16 is written with 10 bits."""
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[array.shape[2]]
    mode += ";16" if array.dtype == np.uint16 else ""
    height, width = array.shape[:2]
    file, buffer = pillow_heif.from_bytes(mode, (width, height), array.tobytes()), io.BytesIO()
    lossless = {"quality": -1, "chroma": 444, "matrix_coefficients": 0}
    file.save(buffer, **{**lossless, **options})
    return buffer.getvalue()


def avif(array: NDArray[Any], **options: Any) -> bytes:
    return bytes(imagecodecs.avif_encode(array, 100, **options))


def read_quietly(data: bytes) -> Picture:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_bytes(data)


@pytest.mark.parametrize("make", [heic, avif])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_8_bits(make: Any, channels: int) -> None:
    array = noise(channels, "u1", 64, 96)
    picture = read_quietly(make(array if make is heic or channels > 1 else array[..., 0]))
    assert picture.depth == 8
    colours = array[..., : min(channels, 3)] / 255
    same(picture.pixels, np.broadcast_to(colours, (64, 96, 3)), 1.01 / 255)
    same(picture.alpha, array[..., 3] / 255 if channels == 4 else np.ones((64, 96)))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", ["HEIC 10", "AVIF 10", "AVIF 12"])
def test_more_than_8_bits(kind: str, channels: int) -> None:
    bits = int(kind[-2:])
    array = noise(channels, "u2", 64, 96) >> (16 - bits)
    data = heic(array << 6) if "HEIC" in kind else avif(array, bitspersample=bits)
    picture = read_quietly(data)
    assert picture.depth == 16
    same(picture.pixels, array[..., :3] / (2**bits - 1))
    same(picture.alpha, array[..., 3] / (2**bits - 1) if channels == 4 else np.ones((64, 96)))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_orientation_is_applied_once(kind: str, orientation: int) -> None:
    """Against a JPEG with the same orientation."""
    pillow_heif.register_heif_opener()
    array = np.kron(np.arange(6).reshape(2, 3, 1), np.full((32, 32, 3), 40)).astype("u1")
    options: dict[str, Any] = {"exif": exif(orientation), "quality": 100}
    picture = read_quietly(saved(Image.fromarray(array), kind, **options))
    expected = read_quietly(saved(Image.fromarray(array), "JPEG", **options))
    same(picture.pixels, expected.pixels, 3 / 255)


def test_orientation_of_exif_alone_does_not_count() -> None:
    """Programs that turn the pixels often leave it."""
    array = noise(3, "u1", 64, 96)
    pillow_heif.register_heif_opener()
    lossless = {"quality": -1, "chroma": 444, "matrix_coefficients": 0}
    data = saved(Image.fromarray(array), "HEIF", exif=exif(6), **lossless)
    assert data.count(b"irot\3") == 1
    data = data.replace(b"irot\3", b"irot\0")
    same(read_quietly(data).pixels, array / 255)


@pytest.mark.parametrize("kind", ["HEIC", "HEIC 10", "AVIF"])
def test_profile(kind: str) -> None:
    array = noise(3, "u1", 64, 96)
    if kind == "AVIF":
        data = saved(
            Image.fromarray(array), "AVIF", quality=100, subsampling="4:4:4", icc_profile=ADOBE
        )
        tolerance = 0.1
    else:
        array = array.astype("u2") * 257 if "10" in kind else array
        data, tolerance = heic(array, icc_profile=ADOBE, icc_profile_type="prof"), 5e-3
    picture = read_quietly(data)
    values = array / np.iinfo(array.dtype).max
    linear = values ** (563 / 256) @ (np.linalg.inv(SRGB_TO_XYZ) @ ADOBE_TO_XYZ).T
    error = np.abs(picture.pixels - encoded(linear))
    assert np.median(error) < tolerance / 5
    assert np.abs(picture.pixels - values).mean() > 0.02


@pytest.mark.parametrize("kind", ["HEIC", "HEIC 10", "AVIF", "AVIF 10"])
def test_colours_that_are_named_by_numbers(kind: str) -> None:
    array = noise(3, "u1", 64, 96)
    bits = 10 if "10" in kind else 8
    array = array.astype("u2") << 2 if bits == 10 else array
    if "HEIC" in kind:
        data = heic(array << 6 if bits == 10 else array)
        named = b"nclx" + struct.pack(">HH", 1, 13)
        assert data.count(named) == 1
        data = data.replace(named, b"nclx" + struct.pack(">HH", 12, 13))
    else:
        data = avif(array, bitspersample=bits, primaries=12, transfer=13)
    linear = light(array / (2**bits - 1)) @ P3_TO_SRGB.T
    picture = read_quietly(data)
    same(picture.pixels, encoded(linear), 6e-3)
    assert picture.depth == (16 if bits == 10 else 8)


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_taken_for_srgb_with_a_warning(
    recwarn: pytest.WarningsRecorder, transfer: int
) -> None:
    array = noise(3, "u2", 64, 96) >> 6
    data = heic(array << 6).replace(
        b"nclx" + struct.pack(">HH", 1, 13), b"nclx" + struct.pack(">HH", 9, transfer)
    )
    for file in (data, avif(array, bitspersample=10, primaries=9, transfer=transfer)):
        same(read_bytes(file).pixels, array / 1023, 2e-3)
        warning = recwarn.pop(NeuralStyleWarning).message
        assert isinstance(warning, NeuralStyleWarning)
        assert warning.code == "colours_guessed"
        assert not recwarn.list


def test_brands() -> None:
    def head(major: bytes, *others: bytes) -> bytes:
        brands = b"".join(others)
        return struct.pack(">I", 16 + len(brands)) + b"ftyp" + major + bytes(4) + brands + bytes(40)

    assert heif.brand(head(b"mif1", b"heic")) == "HEIC"
    assert heif.brand(head(b"heix", b"mif1")) == "HEIC"
    assert heif.brand(head(b"mif1", b"avif", b"miaf")) == "AVIF"
    assert heif.brand(head(b"isom", b"mp42")) == ""
    assert heif.brand(b"") == ""
    assert heif.brand(b"\xff\xff\xff\xffftypmif1" + bytes(52)) == "HEIC"  # does not go on for ever


def test_video_is_no_picture() -> None:
    refusal("not_an_image", read_bytes, b"\0\0\0\x18ftypisom\0\0\2\0isommp42" + bytes(100))


def test_ultra_hdr_jpeg_is_its_ordinary_picture() -> None:
    """A JPEG, and behind its end a second one, the gain map, to which only metadata point."""
    photo = Image.fromarray(np.kron(noise(3, "u1", 4, 6), np.ones((16, 16, 1), "u1")))
    gain = Image.new("L", (24, 16), 99)
    plain = saved(photo, "JPEG", quality=95)
    expected = read_bytes(plain).pixels
    for data in (
        saved(photo, "MPO", quality=95, save_all=True, append_images=[gain]),
        plain + saved(gain, "JPEG"),
        ultra_hdr(np.asarray(photo)),
    ):
        picture = read_quietly(data)
        assert picture.depth == 8
        assert picture.pixels.shape == (64, 96, 3)
        # The last one's ordinary picture is darker, to leave room for lights.
        assert np.corrcoef(picture.pixels.ravel(), expected.ravel())[0, 1] > 0.95


def ultra_hdr(array: NDArray[Any]) -> bytes:
    """Made by the library that phones use."""
    linear = np.dstack([light(array / 255), np.ones(array.shape[:2])]).astype(np.float16)
    return bytes(imagecodecs.ultrahdr_encode(linear))
