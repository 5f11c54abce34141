"""One job from pictures to a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from conftest import drawn
from neural_style import job as room
from neural_style import optimise
from neural_style.errors import NeuralStyleError
from neural_style.image import Picture
from neural_style.job import (
    Event,
    Finished,
    Progress,
    Started,
    Warned,
    paint,
)
from neural_style.objective import Objective
from neural_style.pictures import Pictures
from neural_style.settings import PRESETS, Settings

Make = Callable[..., Settings]


def run(content: Picture, styles: list[Picture], settings: Settings, **options: Any) -> list[Event]:
    return list(paint(content, styles, settings, **options))


def result(content: Picture, style: Picture, settings: Settings) -> Picture:
    last = run(content, [style], settings)[-1]
    assert isinstance(last, Finished)
    return last.picture


@pytest.fixture(scope="module")
def photo() -> Picture:
    return drawn(40, 60, "photo")


@pytest.fixture(scope="module")
def painting() -> Picture:
    return drawn(50, 50, "painting")


def test_order_of_events(photo: Picture, painting: Picture, small_settings: Make) -> None:
    events = run(photo, [painting], small_settings())
    assert isinstance(events[0], Started)
    assert (events[0].plan.width, events[0].plan.height) == (48, 32)
    assert isinstance(events[-1], Finished)
    progress = events[1:-1]
    assert all(isinstance(event, Progress) for event in progress)
    fractions = [event.fraction for event in progress if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1)


@pytest.mark.slow
def test_result_has_the_size_asked_for(
    photo: Picture, painting: Picture, small_settings: Make
) -> None:
    assert result(photo, painting, small_settings(size=0)).pixels.shape == (40, 60, 3)
    assert result(photo, painting, small_settings(size=30)).pixels.shape == (20, 30, 3)
    assert result(photo, painting, small_settings(size=90)).pixels.shape == (60, 90, 3)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_paints(
    photo: Picture, painting: Picture, small_settings: Make, preset: str
) -> None:
    picture = result(photo, painting, small_settings(preset=preset))
    assert np.isfinite(picture.pixels).all()
    assert 0 <= picture.pixels.min() <= picture.pixels.max() <= 1
    assert picture.pixels.std() > 0.02


@pytest.mark.slow
@pytest.mark.parametrize("start", ["content", "noise", "colours"])
def test_a_seed_repeats_a_picture(
    photo: Picture, painting: Picture, small_settings: Make, start: str
) -> None:
    one, same, other = (
        result(photo, painting, small_settings(start=start, seed=seed)).pixels for seed in (3, 3, 4)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.slow
def test_painting_comes_nearer_in_colour(
    photo: Picture, painting: Picture, small_settings: Make
) -> None:
    """The palette of the result is the painting's, or the photo's own if that is wanted."""
    red = replace(painting, pixels=painting.pixels * np.array([1, 0.3, 0.1], np.float32))

    def mean(colours: str) -> Any:
        return result(photo, red, small_settings(colours=colours)).pixels.mean((0, 1))

    to_painting, to_photo = red.pixels.mean((0, 1)), photo.pixels.mean((0, 1))
    assert np.abs(mean("painting") - to_painting).max() < 0.1
    assert np.abs(mean("photo") - to_photo).max() < 0.1


@pytest.mark.slow
def test_strength_goes_from_photo_to_painting(
    photo: Picture, painting: Picture, small_settings: Make
) -> None:
    """With more strength the picture moves further from the photo."""
    distances = [
        np.abs(
            result(
                photo,
                painting,
                small_settings(strength=s, colours="free", steps=20, final_steps=20),
            ).pixels
            - result(
                photo, painting, small_settings(strength=0, colours="free", steps=1, final_steps=1)
            ).pixels
        ).mean()
        for s in (0, 50, 100)
    ]
    assert distances[0] < distances[1] < distances[2]


def transparent(picture: Picture) -> Picture:
    alpha = picture.alpha.copy()
    alpha[:, :20] = 0
    alpha[:, 20:25] = 0.5
    return replace(picture, alpha=alpha)


def test_transparent_pixels_are_returned_untouched(
    photo: Picture, painting: Picture, small_settings: Make
) -> None:
    content = transparent(photo)
    picture = result(content, painting, small_settings(size=0))
    assert np.array_equal(picture.alpha, content.alpha)
    assert np.array_equal(picture.pixels[:, :20], content.pixels[:, :20])
    assert not np.array_equal(picture.pixels[:, 25:], content.pixels[:, 25:])


def test_under_transparency_a_smaller_picture_has_the_photo_smaller(
    photo: Picture, painting: Picture, small_settings: Make
) -> None:
    hidden = np.where(transparent(photo).alpha[..., None] > 0, photo.pixels, [0.2, 0.4, 0.6])
    content = replace(transparent(photo), pixels=hidden.astype(np.float32))
    picture = result(content, painting, small_settings(size=40))
    clear = picture.pixels[picture.alpha == 0]
    assert picture.pixels.shape[1] == 40
    assert len(clear)
    np.testing.assert_allclose(np.median(clear, axis=0), [0.2, 0.4, 0.6], atol=1e-5)


def test_what_is_under_transparency_does_not_matter(
    photo: Picture, painting: Picture, small_settings: Make
) -> None:
    """Neither in the photo nor in the painting, at any size."""
    results = []
    for hidden in (0.0, 1.0):
        content, style = (
            replace(picture, pixels=np.where(picture.alpha[..., None] > 0, picture.pixels, hidden))
            for picture in (transparent(photo), transparent(painting))
        )
        results.append(result(content, style, small_settings()).pixels[:, 18:])
    assert np.array_equal(results[0], results[1])


def test_16_bits_stay_16_bits(photo: Picture, painting: Picture, small_settings: Make) -> None:
    assert result(replace(photo, depth=16), painting, small_settings()).depth == 16


@pytest.mark.slow
def test_several_paintings_blend(photo: Picture, painting: Picture, small_settings: Make) -> None:
    other = drawn(50, 50, "other painting")
    alone = result(photo, painting, small_settings()).pixels

    def difference(blend: str) -> float:
        last = run(photo, [painting, other], small_settings(blend=blend))[-1]
        assert isinstance(last, Finished)
        return float(np.abs(last.picture.pixels - alone).mean())

    assert difference("1,0") == 0
    assert 0 < difference("1,1") < 0.75 * difference("0,1")


@pytest.mark.parametrize(
    ("blend", "words"), [("1", "1 weights, and there are 2 style pictures"), ("0,0", "not be zero")]
)
def test_wrong_blend(
    photo: Picture, painting: Picture, small_settings: Make, blend: str, words: str
) -> None:
    with pytest.raises(NeuralStyleError, match=words):
        run(photo, [painting, painting], small_settings(blend=blend))


def test_finish_keeps_the_picture_so_far(
    photo: Picture, painting: Picture, small_settings: Make
) -> None:
    asked = 0

    def finish() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5

    events = run(photo, [painting], small_settings(steps=500, size=0), finish=finish)
    assert asked < 20
    assert isinstance(events[-1], Finished)
    assert events[-1].picture.pixels.shape == (40, 60, 3)


def test_every_reports_exactly_those_steps(
    photo: Picture, painting: Picture, small_settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "REPORT_SECONDS", 1e9)
    events = run(photo, [painting], small_settings(steps=9, final_steps=9), every=3)
    steps = [event.step for event in events if isinstance(event, Progress)]
    assert set(range(3, steps[-1] + 1, 3)) <= set(steps)


def test_progress_shows_the_picture_at_any_size(
    photo: Picture, painting: Picture, small_settings: Make
) -> None:
    for event in run(photo, [painting], small_settings(), every=1):
        if isinstance(event, Progress):
            assert event.picture().pixels.shape == (32, 48, 3)
            assert event.picture(24).pixels.shape == (16, 24, 3)


def test_broken_steps_go_back_to_the_last_good_picture(
    photo: Picture, painting: Picture, small_settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NaN in the middle of a run: a warning and a good picture, never a black one."""
    evaluate, calls = Objective.__call__, 0

    def sometimes_broken(loss: Objective, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        nonlocal calls
        calls += 1
        value, gradient = evaluate(loss, image)
        return (value * torch.nan, gradient * torch.nan) if calls == 15 else (value, gradient)

    monkeypatch.setattr(Objective, "__call__", sometimes_broken)
    settings = small_settings(steps=30, final_steps=30, size=40)
    events = run(photo, [painting], settings)
    warnings = [event for event in events if isinstance(event, Warned)]
    assert [warning.code for warning in warnings] == ["diverged"]
    assert isinstance(events[-1], Finished)
    pixels = events[-1].picture.pixels
    assert np.isfinite(pixels).all()
    assert pixels.std() > 0.05


@pytest.mark.parametrize("good", [0, 12])
def test_what_breaks_again_and_again_is_an_error(
    photo: Picture,
    painting: Picture,
    small_settings: Make,
    monkeypatch: pytest.MonkeyPatch,
    good: int,
) -> None:
    """From the first step, or later; then the last good image can still be kept."""
    evaluate, calls = Objective.__call__, 0

    def broken(loss: Objective, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        nonlocal calls
        calls += 1
        value, gradient = evaluate(loss, image)
        return (value, gradient) if calls <= good else (value * torch.nan, gradient * torch.nan)

    monkeypatch.setattr(Objective, "__call__", broken)
    settings = small_settings(steps=60, final_steps=60, size=40)
    last: Progress | None = None
    events = paint(photo, [painting], settings, every=1)

    def exhaust() -> None:
        nonlocal last
        for event in events:
            last = event if isinstance(event, Progress) else last

    with pytest.raises(NeuralStyleError, match="became invalid numbers on the cpu") as caught:
        exhaust()
    assert caught.value.code == "not_painted"
    assert bool(last) == bool(good)
    if last:
        checkpoint = last.checkpoint()
        assert checkpoint
        assert checkpoint.optimiser.tensors["image"].isfinite().all()


@pytest.mark.parametrize("colours", ["painting", "photo", "luminance"])
def test_large_sources_are_reduced_to_what_is_painted(
    small_settings: Make, monkeypatch: pytest.MonkeyPatch, colours: str
) -> None:
    """And the picture is nearly that of sources which had that size."""
    photo, painting = drawn(600, 900, "photo"), drawn(700, 500, "painting")
    seen: list[Pictures] = []
    studio = room.Studio
    monkeypatch.setattr(
        room, "Studio", lambda pictures, *rest: (seen.append(pictures), studio(pictures, *rest))[1]
    )
    picture = result(photo, painting, small_settings(size=48, colours=colours, style_scale=0.5))
    assert picture.pixels.shape == (32, 48, 3)
    assert seen[0].content.pixels.shape[2:] == (32, 48)
    assert max(seen[0].regions[0].styles[0].canvas.pixels.shape[2:]) <= 48


def test_memory_that_runs_out_before_and_after_the_steps_is_made_do_with(
    photo: Picture, painting: Picture, small_settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does in the steps: where the first image is made, and where the last one is."""
    retreats: list[str] = []
    monkeypatch.setattr(
        room.Studio, "retreat", lambda _: retreats.append("retreat") or "with less memory"
    )
    for name in ("optimiser", "finished"):
        original = getattr(room.Studio, name)

        def once(*args: Any, name: str = name, original: Any = original) -> Any:
            if name not in retreats:
                retreats.append(name)
                raise torch.OutOfMemoryError
            return original(*args)

        monkeypatch.setattr(room.Studio, name, once)
    monkeypatch.setattr(room, "REPORT_SECONDS", 1e9)
    assert isinstance(run(photo, [painting], small_settings())[-1], Finished)
    assert retreats == ["optimiser", "retreat", "finished", "retreat"]


def test_out_of_memory_is_one_sentence(
    photo: Picture, painting: Picture, small_settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(Objective, "__call__", full)
    with pytest.raises(NeuralStyleError, match="48 x 32 pixels") as caught:
        run(photo, [painting], small_settings())
    assert caught.value.code == "out_of_memory"


def test_real_lack_of_memory_on_the_cpu_is_recognised(
    photo: Picture, painting: Picture, small_settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Objective, "__call__", lambda *_: torch.empty(2**60))
    with pytest.raises(NeuralStyleError) as caught:
        run(photo, [painting], small_settings())
    assert caught.value.code == "out_of_memory"


@pytest.mark.parametrize(
    ("height", "width", "alpha", "code"),
    [
        (15, 100, 1, "image_too_small"),
        (1, 1, 1, "image_too_small"),
        (40, 40, 0, "image_transparent"),
    ],
)
def test_pictures_that_cannot_be_painted(
    painting: Picture, small_settings: Make, height: int, width: int, alpha: int, code: str
) -> None:
    bad = replace(drawn(height, width), alpha=np.full((height, width), alpha, np.float32))
    for content, style, what in ((bad, painting, "photo"), (painting, bad, "style picture")):
        with pytest.raises(NeuralStyleError, match=what) as caught:
            run(content, [style], small_settings())
        assert caught.value.code == code


def test_size_that_leaves_too_few_pixels(painting: Picture, small_settings: Make) -> None:
    with pytest.raises(NeuralStyleError, match="at size 64 has 64 x 6 pixels") as caught:
        run(drawn(30, 300), [painting], small_settings(size=64))
    assert caught.value.code == "image_too_small"


def test_a_photo_in_its_own_style_does_not_diverge(photo: Picture, small_settings: Make) -> None:
    """The loss starts near nothing, so that any step multiplies it."""
    events = run(photo, [photo], small_settings(steps=60, final_steps=60))
    assert not [event for event in events if isinstance(event, Warned)]


@pytest.mark.slow
def test_smallest_and_thinnest_pictures_are_painted(
    painting: Picture, small_settings: Make
) -> None:
    for height, width in ((16, 16), (16, 300), (300, 17)):
        picture = result(drawn(height, width), painting, small_settings(size=0))
        assert picture.pixels.shape == (height, width, 3)


def test_device_that_is_not_there(photo: Picture, painting: Picture, small_settings: Make) -> None:
    missing = next(
        kind
        for kind, module in (("mps", torch.backends.mps), ("xpu", torch.xpu), ("cuda", torch.cuda))
        if not module.is_available()
    )
    with pytest.raises(NeuralStyleError, match=f"no {missing} device") as caught:
        run(photo, [painting], small_settings(device=missing))
    assert caught.value.code == "device_unavailable"


@pytest.mark.slow
def test_a_picture_painted_small_is_finished_at_the_photos_size(
    painting: Picture, small_settings: Make
) -> None:
    """With its alpha and hidden colours, and with more detail than an enlargement has."""
    content = transparent(drawn(120, 180, "photo"))
    *_, last = run(content, [painting], small_settings(size=60), enlarge=True)
    assert isinstance(last, Finished)
    assert np.array_equal(last.picture.alpha, content.alpha)
    assert np.array_equal(last.picture.pixels[:, :20], content.pixels[:, :20])
    small = result(content, painting, small_settings(size=60))
    enlarged = optimise.resize(torch.from_numpy(small.pixels).permute(2, 0, 1)[None], 120, 180)
    detail = [
        np.abs(np.diff(pixels[:, 20:], axis=1)).mean()
        for pixels in (last.picture.pixels, enlarged[0].permute(1, 2, 0).numpy())
    ]
    assert detail[0] > 1.2 * detail[1]


def test_stopped_early_it_still_has_the_photos_size(
    photo: Picture, painting: Picture, small_settings: Make
) -> None:
    settings = small_settings(size=40)
    *_, last = run(photo, [painting], settings, enlarge=True, finish=lambda: True)
    assert isinstance(last, Finished)
    assert last.picture.pixels.shape == photo.pixels.shape


def test_painted_larger_than_the_photo_it_is_brought_back(
    photo: Picture, painting: Picture, small_settings: Make
) -> None:
    events = run(photo, [painting], small_settings(size=90), enlarge=True)
    assert isinstance(events[0], Started)
    assert events[0].plan.stages[-1].width == 90
    assert isinstance(events[-1], Finished)
    assert events[-1].picture.pixels.shape == photo.pixels.shape
