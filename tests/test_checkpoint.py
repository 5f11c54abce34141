"""A painting that is interrupted and goes on is the painting that was not interrupted."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from conftest import drawn
from neural_style import job, keeper
from neural_style.checkpoint import Checkpoint, read_checkpoint, read_fraction, write_checkpoint
from neural_style.errors import NeuralStyleError
from neural_style.image import Picture
from neural_style.job import Event, Finished, Progress, Started, Warned, paint
from neural_style.keeper import Keeper, Kept
from neural_style.masks import Guidance, Region, mask_of
from neural_style.objective import Objective
from neural_style.settings import Settings, parse_settings
from neural_style.studio import Studio

Make = Callable[..., Settings]

EACH = {"size": 96, "coarsest": 32, "steps": 4, "final_steps": 3}
"""Three sizes, and eight steps at the photo's own after them."""

PHOTO, PAINTING = drawn(88, 132, "photo"), drawn(50, 50, "painting")


def painted(settings: Settings, resume: Checkpoint | None = None, **options: Any) -> Picture:
    *_, last = paint(PHOTO, [PAINTING], settings, resume=resume, enlarge=True, **options)
    assert isinstance(last, Finished)
    return last.picture


def interrupted(settings: Settings, path: Path, step: int, **options: Any) -> Checkpoint:
    """Paint so many steps, and read what was kept then from the file."""
    for event in paint(PHOTO, [PAINTING], settings, every=1, enlarge=True, **options):
        if isinstance(event, Progress) and event.step == step:
            checkpoint = event.checkpoint()
            assert checkpoint
            write_checkpoint(path, checkpoint, "key")
            break
    return read_checkpoint(path, "key")


def steps_of(settings: Settings) -> list[int]:
    """The last step of each stage, and one before and after it."""
    started = next(paint(PHOTO, [PAINTING], settings, enlarge=True))
    assert isinstance(started, Started)
    ends = np.cumsum([stage.steps for stage in started.plan.stages])
    assert len(ends) == 4
    # All of them with the default settings; what else there is, is the same at each border.
    ends = ends if settings == parse_settings(EACH) else ends[1:2]
    near = {int(end) + more for end in ends for more in (-1, 0, 1)}
    return sorted(step for step in near if step <= sum(one.steps for one in started.plan.stages))


@pytest.mark.parametrize(
    "values",
    [
        {},
        pytest.param({"statistic": "sliced"}, marks=pytest.mark.slow),
        pytest.param({"optimiser": "torch-adam"}, marks=pytest.mark.slow),
        pytest.param({"preset": "gatys2015", "optimiser": "adam"}, marks=pytest.mark.slow),
        pytest.param({"start": "noise", "colours": "luminance"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_the_same_picture_to_the_last_bit(
    small_settings: Make, tmp_path: Path, values: dict[str, Any]
) -> None:
    """Wherever it was interrupted: in a stage, at its last step, or at the next one's first."""
    settings = small_settings(**{**EACH, **values})
    whole = painted(settings)
    for step in steps_of(settings):
        kept = interrupted(settings, tmp_path / "kept", step)
        assert np.array_equal(painted(settings, kept).pixels, whole.pixels), step


@pytest.fixture
def tiled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Studios begin with small tiles, as where memory is short; the tiles of each."""
    tiles: list[int] = []
    begin = Studio.__init__

    def with_tiles(studio: Studio, pictures: Any, settings: Any, plan: Any) -> None:
        begin(studio, pictures, settings, replace(plan, tile=plan.tile or 64))
        tiles.append(studio.tile)

    monkeypatch.setattr(Studio, "__init__", with_tiles)
    return tiles


def test_in_tiles_it_is_the_same_picture(
    small_settings: Make, tmp_path: Path, tiled: list[int]
) -> None:
    settings = small_settings(**EACH)
    whole = painted(settings)
    kept = interrupted(settings, tmp_path / "kept", 9)
    assert np.array_equal(painted(settings, kept).pixels, whole.pixels)
    assert tiled == [64, 64, 64]


def test_with_masks_it_is_the_same_picture(small_settings: Make, tmp_path: Path) -> None:
    settings = small_settings(**EACH, statistic="sliced")
    guidance = guided()
    whole = painted(settings, guidance=guidance)
    kept = interrupted(settings, tmp_path / "kept", 9, guidance=guidance)
    assert np.array_equal(painted(settings, kept, guidance=guidance).pixels, whole.pixels)


def guided(strength: float = 70.0) -> Guidance:
    left = np.zeros((88, 132), np.float32)
    left[:, :60] = 1
    region = Region(mask=mask_of(left, "mask"), style=drawn(40, 40, "other"), strength=strength)
    return Guidance(protect=mask_of(left[:, ::-1], "protected"), regions=[region])


def test_lbfgs_goes_on_with_another_history(small_settings: Make, tmp_path: Path) -> None:
    settings = small_settings(**EACH, optimiser="lbfgs", learning_rate=1.0)
    whole = painted(settings).pixels
    distances = []
    for step in (3, 9, 15):
        kept = interrupted(settings, tmp_path / "kept", step)
        distances.append(float(np.abs(painted(settings, kept).pixels - whole).mean()))
    assert max(distances) < 0.05


def test_going_on_it_counts_from_there(small_settings: Make, tmp_path: Path) -> None:
    settings = small_settings(**EACH)
    kept = interrupted(settings, tmp_path / "kept", 9)
    events = list(paint(PHOTO, [PAINTING], settings, every=1, enlarge=True, resume=kept))
    started, first, last = events[0], events[1], events[-2]
    assert isinstance(started, Started)
    assert isinstance(first, Progress)
    assert isinstance(last, Progress)
    assert started.fraction == kept.fraction
    assert 0.1 < started.fraction < first.fraction
    assert (first.step, last.step) == (10, last.total)
    assert last.fraction == pytest.approx(1)
    assert last.eta_s == pytest.approx(0, abs=1e-6)


def test_time_left_is_that_of_what_is_left(
    small_settings: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not of all, divided by what was done before an interruption."""
    settings = small_settings(**EACH)
    kept = interrupted(settings, tmp_path / "kept", 9)
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 1.0
        return now

    monkeypatch.setattr(job.time, "monotonic", clock)
    events = paint(PHOTO, [PAINTING], settings, every=1, enlarge=True, resume=kept)
    first = next(event for event in events if isinstance(event, Progress))
    done = first.fraction - kept.fraction
    assert first.eta_s == pytest.approx((1 - first.fraction) / done, rel=1e-6)


def test_smaller_tiles_stay_small(
    small_settings: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where memory ran out once, it would again."""
    evaluate, calls = Objective.__call__, 0

    def short(objective: Objective, image: torch.Tensor) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise MemoryError
        return evaluate(objective, image)

    monkeypatch.setattr("neural_style.budget.smaller", lambda *_: 64)
    monkeypatch.setattr(Objective, "__call__", short)
    settings = small_settings(**EACH)
    kept = interrupted(settings, tmp_path / "kept", 3)
    assert kept.tile == 64
    started = next(paint(PHOTO, [PAINTING], settings, enlarge=True, resume=kept))
    assert isinstance(started, Started)
    assert started.plan.tile == 64


@pytest.mark.slow
@pytest.mark.parametrize("optimiser", ["adam", "torch-adam"])
def test_interrupted_anywhere_it_is_the_state_of_one_step(
    small_settings: Make, monkeypatch: pytest.MonkeyPatch, optimiser: str
) -> None:
    """Ctrl+C comes between any two lines: either what goes on is exact, or there is nothing."""
    monkeypatch.setattr(job, "REPORT_SECONDS", 0.0)
    settings = small_settings(
        size=32, steps=3, final_steps=3, optimiser=optimiser, statistic="sliced"
    )
    whole = painted(settings).pixels
    told = []
    for line in range(40, 1200, 61):
        checkpoint = interrupted_at_line(settings, line)
        told.append(checkpoint is not None)
        if checkpoint:
            assert np.array_equal(painted(settings, checkpoint).pixels, whole), line
    assert any(told)


def interrupted_at_line(settings: Settings, number: int) -> Checkpoint | None:
    """The checkpoint after an interruption at the so manieth line of job, optimiser and losses
    that is run once the first step is done."""
    progress: Progress | None = None
    left = number

    def on_line(frame: Any, what: str, _: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.endswith(("job.py", "optimise.py", "objective.py")):
            return None
        if what == "line" and progress:
            left -= 1
            if not left:
                sys.settrace(None)
                raise KeyboardInterrupt
        return on_line

    before = sys.gettrace()
    sys.settrace(on_line)
    try:
        for event in paint(PHOTO, [PAINTING], settings, enlarge=True):
            if isinstance(event, Progress):
                progress = event
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    assert progress
    return progress.checkpoint()


def test_nothing_is_kept_of_a_picture_that_broke(
    small_settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate, calls = Objective.__call__, 0

    def broken(objective: Objective, image: torch.Tensor) -> Any:
        nonlocal calls
        calls += 1
        value, gradient = evaluate(objective, image)
        return value, gradient * torch.nan if calls == 3 else gradient

    monkeypatch.setattr(Objective, "__call__", broken)
    told = [
        event.checkpoint() is not None
        for event in paint(PHOTO, [PAINTING], small_settings(**EACH), every=1)
        if isinstance(event, Progress)
    ]
    assert told[:3] == [True, True, False]
    assert told[-1]


# -- the file ------------------------------------------------------------------------------------


@pytest.fixture
def checkpoint(small_settings: Make, tmp_path: Path) -> Checkpoint:
    return interrupted(small_settings(), tmp_path / "first", 2)


def test_what_is_written_is_read(checkpoint: Checkpoint, tmp_path: Path) -> None:
    path = tmp_path / "kept"
    write_checkpoint(path, checkpoint, "key")
    same = read_checkpoint(path, "key")
    assert read_fraction(path, "key") == checkpoint.fraction
    for name, value in vars(checkpoint).items():
        if name not in ("optimiser", "sampling"):
            assert getattr(same, name) == value
    assert same.optimiser.numbers == checkpoint.optimiser.numbers
    for one, other in (
        (same.sampling, checkpoint.sampling),
        (same.optimiser.tensors, checkpoint.optimiser.tensors),
    ):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "first", path]


def test_it_is_a_file_that_others_can_read(checkpoint: Checkpoint, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "kept", checkpoint, "key")
    tensors = safetensors.torch.load_file(tmp_path / "kept")
    assert torch.equal(tensors["optimiser.image"], checkpoint.optimiser.tensors["image"])


def test_another_key(checkpoint: Checkpoint, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "kept", checkpoint, "key")
    with pytest.raises(NeuralStyleError, match="other pictures or settings") as caught:
        read_checkpoint(tmp_path / "kept", "other")
    assert caught.value.code == "checkpoint_other"


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "header", "zeros"])
def test_damaged_files(checkpoint: Checkpoint, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "kept"
    write_checkpoint(path, checkpoint, "key")
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    damaged = {
        "empty": b"",
        "cut": whole[:-1],
        "text": b"Not a checkpoint, but a letter to a friend.",
        "header": whole[:8] + whole[8 : 8 + length].replace(b"stages", b"stagef") + whole[8:],
        "zeros": bytes(len(whole)),
    }
    path.write_bytes(damaged[damage])
    with pytest.raises(NeuralStyleError, match="kept is damaged") as caught:
        read_checkpoint(path, "key")
    assert caught.value.code == "checkpoint_damaged"


def test_a_header_of_nonsense(checkpoint: Checkpoint, tmp_path: Path) -> None:
    path = tmp_path / "kept"
    for about in ("{}", "[]", "7", '{"stages": 7}', '{"stages": [], "numbers": {}}'):
        metadata = {"key": "key", "checkpoint": about}
        safetensors.torch.save_file({"optimiser.image": torch.zeros(1)}, path, metadata)
        with pytest.raises(NeuralStyleError, match="kept is damaged"):
            read_checkpoint(path, "key")


def test_a_failure_leaves_the_old_one(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept"
    write_checkpoint(path, checkpoint, "key")
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NeuralStyleError, match="no room left") as caught:
        write_checkpoint(path, replace(checkpoint, left=0), "key")
    assert caught.value.code == "disk_full"
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [tmp_path / "first", path]


# -- the keeper ----------------------------------------------------------------------------------


def keeper_of(path: Path, settings: Settings, **options: Any) -> Keeper:
    return Keeper(path, PHOTO, [PAINTING], settings, **options)


def watched(one: Keeper, settings: Settings, **options: Any) -> list[Event | Kept]:
    return list(one.watch(paint(PHOTO, [PAINTING], settings, every=1, **options)))


def test_short_paintings_keep_nothing(small_settings: Make, tmp_path: Path) -> None:
    settings = small_settings()
    one = keeper_of(tmp_path / "kept", settings)
    assert one.load() is None
    assert not any(isinstance(event, Kept) for event in watched(one, settings))
    one.interrupt()
    one.remove()
    assert list(tmp_path.iterdir()) == []
    assert "key" not in vars(one)  # whose making takes a second for a large picture


def test_it_is_kept_every_so_often(
    small_settings: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "SECONDS", 0.0)
    monkeypatch.setattr(keeper, "SHARE", 1e9)
    settings = small_settings()
    one = keeper_of(tmp_path / "kept", settings)
    events = watched(one, settings)
    kept = [event.fraction for event in events if isinstance(event, Kept)]
    assert kept == [event.fraction for event in events if isinstance(event, Progress)]
    assert read_fraction(tmp_path / "kept", one.key) == kept[-1]
    one.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_slow_disk_is_asked_less_often(
    small_settings: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing takes a minute: then there are twenty without."""
    now = 0.0

    def write(*_: Any) -> None:
        nonlocal now
        now += 60.0

    monkeypatch.setattr(keeper, "write_checkpoint", write)
    monkeypatch.setattr(keeper.time, "monotonic", lambda: now)
    settings = small_settings(steps=60, final_steps=60, size=32)
    one, kept = keeper_of(tmp_path / "kept", settings), []
    for event in one.watch(paint(PHOTO, [PAINTING], settings, every=1)):
        now += 30.0 if isinstance(event, Progress) else 0.0
        kept += [now] if isinstance(event, Kept) else []
    assert kept[0] == keeper.SECONDS + 60
    assert kept[1] - kept[0] == 60 / keeper.SHARE + 60


def test_interrupted_after_a_while_it_is_kept(
    small_settings: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "WORTH_SECONDS", 0.0)
    settings = small_settings()
    one = keeper_of(tmp_path / "kept", settings)
    for event in one.watch(paint(PHOTO, [PAINTING], settings, every=1)):
        if isinstance(event, Progress) and event.step == 2:
            break
    one.interrupt()
    assert read_checkpoint(tmp_path / "kept", one.key).steps == 2


def test_a_full_disk_is_a_warning_once(
    small_settings: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: Any) -> None:
        raise NeuralStyleError("disk_full", f"There is no room left on the disk for {path}")

    monkeypatch.setattr(keeper, "SECONDS", 0.0)
    monkeypatch.setattr(keeper, "write_checkpoint", full)
    settings = small_settings()
    events = watched(keeper_of(tmp_path / "kept", settings), settings)
    warnings = [event for event in events if isinstance(event, Warned)]
    assert [warning.code for warning in warnings] == ["disk_full"]
    assert isinstance(events[-1], Finished)


def test_too_little_memory_to_keep_it_is_a_warning(
    small_settings: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*_: Any) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(keeper, "SECONDS", 0.0)
    monkeypatch.setattr(keeper, "write_checkpoint", short)
    settings = small_settings()
    events = watched(keeper_of(tmp_path / "kept", settings), settings)
    assert [event.code for event in events if isinstance(event, Warned)] == ["out_of_memory"]
    assert isinstance(events[-1], Finished)


def test_all_that_is_painted_is_in_the_key(small_settings: Make, tmp_path: Path) -> None:
    path, settings = tmp_path / "kept", small_settings()
    brighter = replace(PHOTO, pixels=PHOTO.pixels**0.99)
    keys = [
        keeper_of(path, settings).key,
        Keeper(path, brighter, [PAINTING], settings).key,
        Keeper(path, PHOTO, [brighter], settings).key,
        Keeper(path, PHOTO, [PAINTING, PAINTING], settings).key,
        keeper_of(path, small_settings(strength=51)).key,
        keeper_of(path, small_settings(seed=1)).key,
        keeper_of(path, settings, guidance=guided()).key,
        keeper_of(path, settings, guidance=guided(71.0)).key,
        keeper_of(path, settings, guidance=Guidance(protect=guided().protect)).key,
        keeper_of(path, settings, initial=PHOTO).key,
        keeper_of(path, settings, enlarge=True).key,
    ]
    assert len(set(keys)) == len(keys)
    near = small_settings(device="cpu", precision="float32", memory=4)
    assert keeper_of(path, near).key == keys[0]


def test_what_is_another_paintings_is_left_alone(
    checkpoint: Checkpoint, small_settings: Make, tmp_path: Path
) -> None:
    one = keeper_of(tmp_path / "kept", small_settings())
    write_checkpoint(one.path, checkpoint, "of another")
    for look in (one.load, one.look):
        with pytest.raises(NeuralStyleError) as caught:
            look()
        assert caught.value.code == "checkpoint_other"
    one.remove()
    assert one.path.exists()
    one.path.write_bytes(b"damaged")
    assert one.look() is None
    one.remove()
    assert not one.path.exists()
