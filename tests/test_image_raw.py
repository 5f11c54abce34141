"""Raw files between host and worker."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from neural_style.image import Picture, read_raw, write_raw
from neural_style.protocol import PictureFile
from picture_files import refusal, same

pytestmark = pytest.mark.usefixtures("nothing_leaks")


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
