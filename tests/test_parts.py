"""Going on with a picture, and a look at a part of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from conftest import drawn, studio_of
from neural_style.errors import NeuralStyleError
from neural_style.image import Picture, read_picture
from neural_style.job import Finished, Progress, Started, paint
from neural_style.pictures import Whole, prepare
from neural_style.plan import plan_job
from neural_style.settings import Settings, parse_settings
from neural_style.studio import ENOUGH, Studio

Make = Callable[..., Settings]


def cut(picture: Picture, rows: slice, columns: slice) -> Picture:
    pixels = np.ascontiguousarray(picture.pixels[rows, columns])
    return Picture(pixels, np.ascontiguousarray(picture.alpha[rows, columns]), picture.depth)


def test_going_on_begins_where_the_picture_was(small_settings: Make) -> None:
    """At the full size only, and nearer to it than to the photo."""
    photo, style, begun = drawn(48, 64, "photo"), drawn(50, 50, "painting"), drawn(48, 64, "begun")
    settings = small_settings(size=0, final_steps=1, colours="free")
    events = list(paint(photo, [style], settings, initial=begun))
    started, result = events[0], events[-1]
    assert isinstance(started, Started)
    assert isinstance(result, Finished)
    assert [(one.width, one.height, one.steps) for one in started.plan.stages] == [(64, 48, 1)]
    assert {event.stage for event in events if isinstance(event, Progress)} == {"64 x 48"}
    away = [np.abs(result.picture.pixels - one.pixels).mean() for one in (begun, photo)]
    assert away[0] < 0.04 < 0.2 < away[1]


def test_going_on_at_a_larger_size(small_settings: Make) -> None:
    photo, style, begun = drawn(60, 80, "photo"), drawn(50, 50, "painting"), drawn(30, 40, "begun")
    settings = small_settings(size=0, final_steps=1)
    result = list(paint(photo, [style], settings, initial=begun))[-1]
    assert isinstance(result, Finished)
    assert result.picture.pixels.shape == (60, 80, 3)


def test_nothing_is_stretched(small_settings: Make) -> None:
    photo, style = drawn(48, 64, "photo"), drawn(50, 50, "painting")
    settings = small_settings(size=0)
    for height, width in ((24, 32), (23, 32), (25, 33), (96, 127)):  # rounded in either direction
        next(paint(photo, [style], settings, initial=drawn(height, width)))
    for height, width in ((64, 48), (30, 32), (48, 60)):
        with pytest.raises(NeuralStyleError, match=f"{width} x {height} pixels") as caught:
            next(paint(photo, [style], settings, initial=drawn(height, width)))
        assert caught.value.code == "bad_settings"


def test_what_goes_on_in_grey_begins_in_grey() -> None:
    settings = parse_settings({"colours": "luminance", "faces": 0})
    photo, style, begun = drawn(48, 64, "photo"), drawn(50, 50, "painting"), drawn(48, 64, "begun")
    initial = prepare(photo, [style], settings, initial=begun).initial
    assert initial is not None
    assert float((initial.pixels[:, 0] - initial.pixels[:, 2]).abs().max()) < 1e-6


def test_going_on_takes_less_time() -> None:
    settings = parse_settings({})
    whole, rest = (plan_job(200, 300, settings, enlarge=False, begun=one) for one in (False, True))
    assert rest.stages == whole.stages[-1:]
    assert rest.seconds < 0.8 * whole.seconds


@pytest.mark.parametrize("colours", ["painting", "photo", "luminance"])
def test_a_part_has_the_colours_that_it_has_in_the_whole(colours: str) -> None:
    settings = parse_settings({"colours": colours, "faces": 0})
    photo, style = drawn(60, 80, "photo"), drawn(50, 50, "painting")
    rows, columns = slice(10, 40), slice(20, 60)
    part = prepare(
        cut(photo, rows, columns),
        [style],
        settings,
        whole=Whole(picture=photo, longest=80),
    )
    whole = prepare(photo, [style], settings)
    assert part.enlarged == 2
    expected = whole.content.pixels[..., rows, columns]
    torch.testing.assert_close(part.content.pixels, expected, atol=1e-5, rtol=0)
    (one,), (other,) = part.regions[0].styles, whole.regions[0].styles
    torch.testing.assert_close(one.canvas.pixels, other.canvas.pixels, atol=1e-5, rtol=0)


@pytest.mark.parametrize("longest", [80, 400])
def test_a_parts_strokes_are_as_large_as_in_the_whole(longest: int) -> None:
    """The painting has the size that the whole picture gives it, and no more of it is looked at
    than is needed."""
    settings = parse_settings({"faces": 0})
    part, style = drawn(30, 40, "photo"), drawn(200, 200, "painting")
    whole = Whole(picture=drawn(60, 80, "photo"), longest=longest)
    pictures = prepare(part, [style], settings, whole=whole)
    plan = plan_job(40, 30, settings, enlarge=False)
    studio = Studio(pictures, settings, plan)
    ((canvas, _),) = studio._styles(pictures.regions[0], plan.stages[-1])
    painting = pictures.regions[0].styles[0].canvas.pixels.shape[3]
    shown = min(longest, ENOUGH * 40)
    assert max(canvas.pixels.shape) == pytest.approx(shown, abs=2)
    # Pixels of the painting to one of the picture: as many as in the whole.
    kept = min(1.0, shown / longest) * painting
    assert shown / kept == pytest.approx(longest / painting, rel=0.05)


def test_a_part_shows_the_whole_pictures_faces_only(photo_files: dict[str, Path]) -> None:
    """One that is too small to be found in the whole is not to be found in the part either."""
    settings, style = parse_settings({}), drawn(40, 40)
    photo = read_picture(photo_files["astronaut"])
    part = cut(photo, slice(0, 256), slice(100, 356))
    for longest, found in ((512, True), (8000, False)):
        whole = Whole(picture=photo, longest=longest)
        faces = prepare(part, [style], settings, whole=whole).faces
        assert (faces is not None) == found


def test_faces_are_told(photo_files: dict[str, Path], small_settings: Make) -> None:
    photo = read_picture(photo_files["astronaut"])
    event = next(paint(photo, [drawn(40, 40)], small_settings(steps=1, final_steps=1)))
    assert isinstance(event, Started)
    ((left, top, side),) = event.faces
    assert 150 < left < 200
    assert 50 < top < 110
    assert 80 < side < 150
    assert studio_of(photo, [drawn(40, 40)], small_settings(faces=0)).pictures.faces is None
