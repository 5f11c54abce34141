"""What is written is what comes back: values, alpha, depth, metadata."""

from __future__ import annotations

import io
import json
import os
import struct
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image, ImageCms, JpegImagePlugin

from neural_style import __version__
from neural_style.errors import NeuralStyleWarning
from neural_style.image import (
    Picture,
    check_writable,
    profiles,
    read_picture,
    write_picture,
    writing,
)
from picture_files import (
    DESCRIPTION,
    ENDINGS,
    ORIENTATION,
    SOFTWARE,
    SRGB,
    chunk,
    refusal,
    same,
    saved,
    smooth,
)

pytestmark = pytest.mark.usefixtures("nothing_leaks")


def picture_of(array: NDArray[Any], alpha: NDArray[Any] | None = None) -> Picture:
    """A picture of integers, of the depth they have."""
    top = np.iinfo(array.dtype).max
    pixels = (array / top).astype(np.float32)
    opacity = np.ones(array.shape[:2]) if alpha is None else alpha / top
    return Picture(pixels, opacity.astype(np.float32), 8 if top == 255 else 16)


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

    monkeypatch.setattr(writing, "_exif", fail)
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
    profiles.srgb_profile.cache_clear()
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


def test_opaque() -> None:
    picture = smooth()
    assert picture.opaque
    alpha = picture.alpha.copy()
    alpha[3, 5] = 0.999
