"""What is not read: no pictures, nothing there, or too large."""

from __future__ import annotations

import errno
import os
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import imagecodecs
import pytest
from PIL import EpsImagePlugin, Image

from neural_style.image import MAX_PIXELS, read_picture, read_raw, reading
from neural_style.protocol import PictureFile
from picture_files import (
    ALL_KINDS,
    HEIGHT,
    WIDTH,
    empty_png,
    noise,
    png,
    read_bytes,
    refusal,
    sample,
    tiff,
)

pytestmark = pytest.mark.usefixtures("nothing_leaks")


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
    monkeypatch.setattr(reading, "MAX_PIXELS", 64 * width - 2 * (width - 64))
    if width == 64:
        assert read_bytes(sample(kind)).pixels.shape == (64, 64, 3)
    monkeypatch.setattr(reading, "MAX_PIXELS", 64 * 64 - 2)
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
