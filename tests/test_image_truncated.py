"""Files that are cut off or damaged: filled where little is missing, refused otherwise."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.image import read_picture
from picture_files import ALL_KINDS, chunk, exif, png, read_bytes, refusal, sample, saved

pytestmark = pytest.mark.usefixtures("nothing_leaks")


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
