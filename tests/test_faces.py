"""Faces are found where they are, and hold the photo there and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from conftest import drawn, studio_of
from neural_style import cache, pictures
from neural_style.faces import face_map, find_faces
from neural_style.image import Picture, read_picture
from neural_style.job import Finished, paint
from neural_style.losses import ContentLoss
from neural_style.pictures import prepare
from neural_style.settings import Settings

Make = Callable[..., Settings]


def pixels(path: Path, scale: float = 1.0) -> Tensor:
    picture = Image.open(path).convert("RGB")
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)))
    return torch.from_numpy(np.asarray(picture) / np.float32(255)).permute(2, 0, 1)[None]


def map_of(photo: Tensor) -> Tensor:
    return face_map(find_faces(photo), *photo.shape[2:])


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5])
def test_a_face_is_found_where_it_is(photo_files: dict[str, Path], scale: float) -> None:
    """The astronaut's is at x 170 to 280, y 70 to 190 of 512 x 512."""
    photo = pixels(photo_files["astronaut"], scale)
    found = map_of(photo)
    assert found.shape == (1, 1, *photo.shape[2:])
    assert found.min() == 0
    assert found.max() == 1
    rows, columns = (found[0, 0] > 0.5).nonzero().T / scale
    assert 145 < columns.min() < 185
    assert 265 < columns.max() < 300
    assert 25 < rows.min() < 70
    assert 175 < rows.max() < 215
    assert float(found.mean()) < 0.12


def test_the_map_fades_softly(photo_files: dict[str, Path]) -> None:
    """Over about 30 pixels here: no step of more than a tenth between neighbours."""
    found = map_of(pixels(photo_files["astronaut"]))
    assert found.diff(dim=2).abs().max() < 0.1
    assert found.diff(dim=3).abs().max() < 0.1


def test_the_map_is_the_same_every_time(photo_files: dict[str, Path]) -> None:
    photo = pixels(photo_files["astronaut"])
    assert torch.equal(map_of(photo), map_of(photo))


@pytest.mark.parametrize("name", ["coffee", "chelsea", "china"])
def test_things_and_cats_have_no_face(photo_files: dict[str, Path], name: str) -> None:
    photo = pixels(photo_files[name])
    for seen in (photo, photo.flip(3)):
        assert find_faces(seen) == []


@pytest.mark.parametrize("size", [(16, 16), (16, 900), (1100, 20)])
def test_pictures_of_any_size(size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(1)
    for photo in (torch.rand(1, 3, *size, generator=generator), torch.full((1, 3, *size), 0.5)):
        assert map_of(photo).eq(0).all()


def test_two_faces_and_their_overlap() -> None:
    """Where two are, the nearer one counts, not their sum."""
    squares = [(10.0, 10.0, 20.0), (25.0, 10.0, 20.0)]
    maps = [face_map(chosen, 60, 70) for chosen in ([squares[0]], [squares[1]], squares)]
    assert torch.equal(maps[2], torch.maximum(maps[0], maps[1]))


# -- in a job ------------------------------------------------------------------------------------


def painted(content: Picture, settings: Settings) -> np.ndarray:
    events = list(paint(content, [drawn(50, 60, "painting")], settings))
    assert isinstance(events[-1], Finished)
    return events[-1].picture.pixels


def test_a_photo_without_faces_is_painted_as_with_faces_0(small_settings: Make) -> None:
    photo = drawn(60, 70, "photo")
    assert prepare(photo, [photo], small_settings(faces=50)).faces is None
    assert np.array_equal(
        painted(photo, small_settings(faces=50)), painted(photo, small_settings(faces=0))
    )


def test_faces_are_not_looked_for_in_vain(
    small_settings: Make, photo_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 0, and in the literal formulas whatever is asked for."""

    def fail(_: Tensor) -> Tensor:
        raise AssertionError

    cache.forget()
    monkeypatch.setattr(pictures, "find_faces", fail)
    photo = read_picture(photo_files["astronaut"])
    jobs = ({"faces": 0}, {"preset": "gatys2015"}, {"preset": "tutorial", "faces": 50})
    for values in jobs:
        assert prepare(photo, [photo], small_settings(**values)).faces is None


def test_a_face_counts_as_much_more_as_the_setting_says(
    small_settings: Make, photo_files: dict[str, Path]
) -> None:
    """At every size, and once beside it; the photo is looked at before it is recoloured."""
    photo, painting = read_picture(photo_files["astronaut"]), drawn(50, 60, "painting")
    for value, times in ((25, 2), (50, 4), (100, 16)):
        job = studio_of(photo, [painting], small_settings(faces=value, size=200))
        for number, stage in enumerate(job.plan.stages):
            losses = job.objective(number, stage).feature_losses
            for loss in [loss for loss in losses if isinstance(loss, ContentLoss)]:
                emphasis = loss.emphasis
                assert emphasis is not None
                assert emphasis.shape[2:] == loss.target.shape[2:]
                assert emphasis.min() == 1
                # conv4_2 of the coarsest sizes has hardly a position that is all face.
                if stage.width == 200 and loss.layer == "conv3_2":
                    assert float(emphasis.max()) == pytest.approx(times, rel=1e-3)


def test_more_of_a_face_is_kept(small_settings: Make, photo_files: dict[str, Path]) -> None:
    """And about as much as before of everything else."""
    photo = read_picture(photo_files["astronaut"])
    values = {"size": 128, "coarsest": 64, "steps": 30, "final_steps": 15, "colours": "photo"}
    plain, held = (painted(photo, small_settings(**values, faces=value)) for value in (0, 100))
    small = read_picture(photo_files["astronaut"]).pixels.reshape(128, 4, 128, 4, 3).mean((1, 3))
    away, away_held = (np.abs(picture - small).mean(2) for picture in (plain, held))
    face, rest = (slice(20, 45), slice(44, 68)), (slice(70, 128), slice(0, 128))
    assert away_held[face].mean() < 0.9 * away[face].mean()
    assert away_held[rest].mean() == pytest.approx(away[rest].mean(), rel=0.1)
