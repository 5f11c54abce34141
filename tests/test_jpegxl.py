"""JPEG XL: libjxl decodes, and the header says what the pixels are."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from neural_style.errors import NeuralStyleWarning
from neural_style.image import Picture, jpegxl
from picture_files import ADOBE, encoded, exif, noise, read_bytes, refusal, same, saved
from test_heif import P3_TO_SRGB, light


def jxl(array: NDArray[Any], **options: Any) -> bytes:
    return bytes(imagecodecs.jpegxl_encode(array, **{"lossless": True, **options}))


def read_quietly(data: bytes) -> Picture:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_bytes(data)


@pytest.mark.parametrize("container", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_integers(bits: int, channels: int, container: bool) -> None:
    array = noise(channels, "u1" if bits == 8 else "u2", 40, 60)
    array = array >> (16 - bits) if bits > 8 else array
    values = array[..., 0] if channels == 1 else array
    picture = read_quietly(jxl(values, bitspersample=bits, usecontainer=container))
    assert picture.depth == (8 if bits == 8 else 16)
    top = 2**bits - 1
    colours = array[..., : channels - (channels + 1) % 2] / top
    if bits > 8:  # imagecodecs writes these as linear light
        colours = encoded(colours)
    same(picture.pixels, np.broadcast_to(colours, (40, 60, 3)), 1e-7 if bits == 8 else 3e-3)
    same(picture.alpha, array[..., -1] / top if channels in (2, 4) else np.ones((40, 60)))


def test_floats() -> None:
    array = (noise(3, "u2", 40, 60) / 65535).astype("f4")
    picture = read_quietly(jxl(array))
    assert picture.depth == 16
    same(picture.pixels, encoded(array), 3e-3)  # linear light, as imagecodecs writes it


@pytest.mark.parametrize(("height", "width"), [(1, 1), (8, 8), (64, 256), (7, 700), (300, 400)])
@pytest.mark.parametrize("lossless", [False, True])
def test_size_and_lossy(height: int, width: int, lossless: bool) -> None:
    array = np.full((height, width, 3), (20, 120, 220), "u1")
    data = jxl(array, lossless=lossless)
    header = jpegxl.read_header(data)
    assert (header.width, header.height, header.bits) == (width, height, 8)
    same(read_quietly(data).pixels, array / 255, 0.02)


def test_first_frame() -> None:
    frames = noise(3, "u1", 40, 60)[None].repeat(3, 0)
    frames[1:] = 0
    same(read_quietly(jxl(frames)).pixels, frames[0] / 255)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_packed_jpeg_is_that_jpeg(orientation: int) -> None:
    """With its profile, which could not be had otherwise, and turned once."""
    photo = Image.fromarray(np.kron(noise(3, "u1", 4, 6), np.ones((16, 16, 1), "u1")))
    jpeg = saved(photo, "JPEG", exif=exif(orientation), icc_profile=ADOBE)
    packed = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg))
    assert packed != jpeg
    same(read_quietly(packed).pixels, read_bytes(jpeg).pixels)


# -- headers that no encoder here writes ---------------------------------------------------------


class Writer:
    """Bits of a header, the lowest first."""

    def __init__(self) -> None:
        self.bits = ""

    def put(self, *fields: tuple[int, int]) -> Writer:
        """Each a number of bits and a value."""
        for count, value in fields:
            self.bits += f"{value:0{count}b}"[::-1] if count else ""
        return self

    def enumeration(self, value: int) -> Writer:
        if value < 2:
            return self.put((2, value))
        return self.put((2, 2), (4, value - 2)) if value < 18 else self.put((2, 3), (6, value - 18))


def with_header(
    array: NDArray[Any], primaries: int = 1, transfer: int = 13, turn: int = 1, **other: Any
) -> bytes:
    """A file of 8 bits whose header names other colours, and an orientation."""
    height, width = array.shape[:2]
    writer = Writer().put((1, 0), (2, 0), (9, height - 1), (3, 0), (2, 0), (9, width - 1))
    writer.put((1, 0))
    if turn == 1:
        writer.put((1, 0))
    else:
        writer.put((1, 1), (3, turn - 1), (1, 0), (1, 0), (1, 0))
    writer.put((1, 0), (2, 0))  # 8 bits, integers
    writer.put((1, 1), (2, 0))  # 16 bits suffice for computing; no more channels
    writer.put((1, 0))  # not transformed
    writer.put((1, 0), (1, 0)).enumeration(other.get("space", 0)).enumeration(1)
    writer.enumeration(primaries)
    if "gamma" in other:
        writer.put((1, 1), (24, round(other["gamma"] * 1e7)))
    else:
        writer.put((1, 0)).enumeration(transfer)
    writer.enumeration(1)  # intent
    writer.put(*([(1, 1)] if turn > 1 else []), (2, 0), (1, 1))  # all else as usual
    bits = writer.bits + "0" * (-len(writer.bits) % 8)
    head = b"\xff\x0a" + int(bits[::-1], 2).to_bytes(len(bits) // 8, "little")
    return head + frame_of(array, head)


def frame_of(array: NDArray[Any], head: bytes) -> bytes:
    """The pixels of a file without its own header, whose length nothing tells."""
    data = jxl(array)
    for start in range(2, 60):
        with suppress(imagecodecs.JpegxlError, RuntimeError):
            if imagecodecs.jpegxl_decode(head + data[start:], keeporientation=True).shape:
                return data[start:]
    raise AssertionError("libjxl does not take the header")


ARRAY = np.kron(noise(3, "u1", 4, 6), np.ones((8, 8, 1), "u1"))


def test_header_made_here_is_read_as_libjxl_reads_it() -> None:
    same(read_quietly(with_header(ARRAY)).pixels, ARRAY / 255)


def test_wide_gamut() -> None:
    picture = read_quietly(with_header(ARRAY, primaries=11))
    same(picture.pixels, encoded(light(ARRAY / 255) @ P3_TO_SRGB.T), 3e-3)
    assert picture.depth == 8


def test_linear_light_and_powers() -> None:
    same(read_quietly(with_header(ARRAY, transfer=8)).pixels, encoded(ARRAY / 255), 3e-3)
    power = read_quietly(with_header(ARRAY, gamma=1 / 2.2)).pixels
    same(power, encoded((ARRAY / 255) ** 2.2), 3e-3)


@pytest.mark.parametrize("turn", range(2, 9))
def test_orientation(turn: int) -> None:
    data = with_header(ARRAY, turn=turn)
    expected = read_bytes(saved(Image.fromarray(ARRAY), "PNG", exif=exif(turn)))
    same(read_quietly(data).pixels, expected.pixels)


@pytest.mark.parametrize("colours", [{"primaries": 9, "transfer": 16}, {"gamma": 0.7}], ids=str)
def test_unknown_colours_are_a_warning(
    recwarn: pytest.WarningsRecorder, colours: dict[str, Any]
) -> None:
    same(read_bytes(with_header(ARRAY, **colours)).pixels, ARRAY / 255)
    warning = recwarn.pop(NeuralStyleWarning).message
    assert isinstance(warning, NeuralStyleWarning)
    assert warning.code == "colours_guessed"


@pytest.mark.parametrize("part", [0.0, 0.02, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("container", [False, True])
def test_truncated(part: float, container: bool) -> None:
    data = jxl(noise(3, "u1", 40, 60), usecontainer=container)
    refusal("image_damaged", read_bytes, data[: max(13 if container else 3, int(len(data) * part))])
