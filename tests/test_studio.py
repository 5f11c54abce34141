"""The plan before the start, and what happens when memory runs out all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from conftest import drawn, studio_of
from neural_style import budget
from neural_style import plan as room
from neural_style.canvas import margin_of
from neural_style.errors import NeuralStyleError
from neural_style.image import Picture
from neural_style.job import Finished, Started, Warned, paint
from neural_style.network import VGG, load_weights
from neural_style.objective import Objective
from neural_style.pictures import prepare
from neural_style.plan import Plan, plan_job
from neural_style.settings import Settings, parse_settings

Make = Callable[..., Settings]

WHOLE = budget.TILES[-1] * 3
"""Side of a picture that has room for two smaller sizes of tiles."""


@pytest.fixture(scope="module")
def network() -> VGG:
    settings = parse_settings({})
    layers = {*settings.content_layers, *settings.style_layers}
    return VGG(load_weights("compact"), layers)


def planned(width: int, height: int, **values: Any) -> Plan:
    return plan_job(width, height, parse_settings(values), enlarge=True)


def test_a_picture_that_fits_is_painted_whole() -> None:
    plan = planned(60, 40, memory=8)
    assert plan.tile == 0
    assert (plan.width, plan.height) == (60, 40)
    assert plan.seconds > 0


@pytest.mark.parametrize(
    ("preset", "size"),
    [("standard", (88, 108)), ("gatys2015", (100, 120)), ("tutorial", (100, 120))],
)
def test_the_border_of_a_scan_counts_only_in_the_literal_presets(
    preset: str, size: tuple[int, int]
) -> None:
    scan = drawn(100, 120, "painting")
    scan.pixels[:5] = scan.pixels[-5:] = scan.pixels[:, :5] = scan.pixels[:, -5:] = 1
    settings = parse_settings({"preset": preset})
    pictures = prepare(drawn(40, 60, "photo"), [scan], settings)
    ((style,),) = (region.styles for region in pictures.regions)
    assert style.canvas.pixels.shape[2:] == size


def test_with_less_memory_tiles_get_smaller(network: VGG) -> None:
    settings = parse_settings({})
    budgets = [
        budget.choose(6000, 4000, network, settings, gib * 2**30) for gib in (64, 6, 5, 4.5, 4.2)
    ]
    tiles = [chosen.tile or 6000 for chosen in budgets]
    assert tiles == sorted(tiles, reverse=True)
    assert len(set(tiles)) > 2
    assert budgets[0].tile == 0


@given(st.integers(16, 20_000), st.integers(16, 20_000), st.floats(0.2, 100))
def test_what_is_chosen_fits_or_is_the_smallest(width: int, height: int, gib: float) -> None:
    settings = parse_settings({})
    vgg = VGG(load_weights("compact"), ["conv1_1", "conv4_2"])
    chosen = budget.choose(width, height, vgg, settings, gib * 2**30)
    assert chosen.memory == budget.needed(width, height, vgg, settings, chosen.tile)
    if chosen.memory > gib * 2**30:
        assert budget.smaller(chosen.tile, width, height) is None


@pytest.mark.parametrize("optimiser", ["adam", "torch-adam", "lbfgs"])
def test_largest_size_is_the_largest_that_fits(network: VGG, optimiser: str) -> None:
    settings = parse_settings({"optimiser": optimiser, "statistic": "gram"})
    size = budget.largest_size(9000, 6000, network, settings, 2**30, 0.0)
    width, height = size, round(size * 2 / 3)
    assert budget.needed(width, height, network, settings, budget.TILES[-1]) <= 2**30
    wider = round(size * 1.01)
    height = round(wider * 2 / 3)
    assert budget.needed(wider, height, network, settings, budget.TILES[-1]) > 2**30


def test_the_size_in_the_hint_fits_into_what_is_planned_with(
    network: VGG, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not into all that is free, of which other programs need some."""
    settings, free = parse_settings({"statistic": "gram"}), 2**30
    monkeypatch.setattr(budget, "free_memory", lambda _: free)

    def hinted(side: int) -> int:
        hint = budget.out_of_memory(side, side, network, settings, 0.0).hint
        return int(hint.split("size to ")[1].split()[0])

    size = hinted(20_000)
    assert budget.needed(size, size, network, settings, budget.TILES[-1]) <= budget.SHARE * free
    assert hinted(size) < size, "it has just been too large"


@pytest.mark.slow
def test_too_little_memory_names_the_size_that_fits() -> None:
    with pytest.raises(NeuralStyleError, match=r"0\.3 GiB does not hold 2000 x 1500") as caught:
        planned(2000, 1500, memory=0.3)
    assert caught.value.code == "out_of_memory"
    size = int(caught.value.hint.split("size to ")[1].split()[0])
    assert 128 < size < 2000
    assert planned(2000, 1500, memory=0.3, size=size).memory <= 0.3 * 2**30


@pytest.mark.slow
def test_an_enlarged_picture_is_finished_at_the_photos_size_only_if_it_fits() -> None:
    large, small = (planned(2000, 1500, size=200, memory=gib) for gib in (4, 0.3))
    assert large.stages[-1].width == 2000
    assert small.stages[-1].width == 200


PACE = [side + 2 * margin_of(side, side, parse_settings({})) for side in room.PACE_SIDES]


class Full:
    """An objective that runs out of memory at its first `times` calls in a job."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.call = Objective.__call__

    def __call__(self, objective: Objective, image: Tensor) -> tuple[Tensor, Tensor]:
        if image.shape[2] not in PACE and self.times:
            self.times -= 1
            raise torch.OutOfMemoryError
        return self.call(objective, image)


def painted(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, times: int, side: int = WHOLE
) -> tuple[Picture, list[str]]:
    with monkeypatch.context() as patch:
        full = Full(times)
        patch.setattr(Objective, "__call__", lambda *args: full(*args))
        events = list(paint(drawn(side, side, "photo"), [drawn(64, 64, "p")], settings))
    assert isinstance(events[-1], Finished)
    warnings = [event.message for event in events if isinstance(event, Warned)]
    return events[-1].picture, warnings


@pytest.mark.slow
def test_out_of_memory_goes_on_in_smaller_tiles_to_the_same_picture(
    monkeypatch: pytest.MonkeyPatch, small_settings: Make
) -> None:
    settings = small_settings(size=0, coarsest=4000, final_steps=2, precision="float32")
    whole, nothing = painted(monkeypatch, settings, 0)
    tiled, warnings = painted(monkeypatch, settings, 2)
    assert nothing == []
    assert [warning.split()[-2] for warning in warnings] == ["512", "256"]
    # Adam's first steps have full length whatever the gradient, so rounding can show.
    assert np.abs(whole.pixels - tiled.pixels).mean() < 1e-3


def test_out_of_memory_on_a_card_goes_on_on_the_cpu(small_settings: Make) -> None:
    job = studio_of(drawn(40, 60), [drawn(50, 50)], small_settings())
    job.device = torch.device("meta")  # as if it had been painted on a card so far
    assert job.retreat() == "The memory of meta ran out; the picture is now painted on the CPU"
    assert job.device.type == "cpu"
    stage = job.plan.stages[0]
    image = torch.rand_like(job.content_at(stage).pixels)
    value, gradient = job.objective(0, stage)(image)
    assert value.isfinite()
    assert gradient.isfinite().all()
    with pytest.raises(NeuralStyleError, match="does not hold 48 x 32"):
        job.retreat()


@pytest.mark.parametrize(("formula", "margin"), [("standard", 3), ("tutorial", 0)])
def test_the_photo_is_painted_with_a_margin(formula: str, margin: int) -> None:
    """Its mirror image, at every size; the literal presets have none."""
    settings = parse_settings({"preset": formula, "coarsest": 64})
    job = studio_of(drawn(128, 192), [drawn(50, 50)], settings)
    content = job.content_at(job.plan.stages[-1])
    inside = slice(margin, 128 + margin), slice(margin, 192 + margin)
    assert content.pixels.shape[2:] == (128 + 2 * margin, 192 + 2 * margin)
    photo = job.pictures.content
    assert torch.equal(content.pixels[..., inside[0], inside[1]], photo.pixels)
    if margin:
        assert torch.equal(content.pixels[..., margin - 1, :], content.pixels[..., margin + 1, :])


@pytest.mark.slow
def test_both_precisions_paint_nearly_the_same_picture(small_settings: Make) -> None:
    pictures = []
    for precision in ("float32", "bfloat16"):
        settings = small_settings(precision=precision, steps=20, final_steps=20)
        events = list(paint(drawn(40, 60, "photo"), [drawn(50, 50, "p")], settings))
        assert isinstance(events[0], Started)
        assert events[0].plan.precision == precision
        assert isinstance(events[-1], Finished)
        pictures.append(events[-1].picture.pixels)
    assert 0 < np.abs(pictures[0] - pictures[1]).mean() < 0.03


def test_a_card_gets_tiles_where_a_tensor_would_be_too_large() -> None:
    settings, layers = parse_settings({}), ["conv1_1", "conv4_2"]
    for device, whole in (("cpu", True), ("meta", False)):  # the latter stands for any card
        vgg = VGG(load_weights("compact"), layers, device=device)
        chosen = budget.choose(14_000, 10_000, vgg, settings, float("inf"))
        assert (chosen.tile == 0) == whole
        assert budget.widest(14_000, 10_000, vgg, chosen.tile) <= budget.LARGEST_ON_CARDS


PEAK = """
import torch
from benchmarks.machine import Memory
from conftest import drawn, studio_of
from neural_style import devices, plan
from neural_style.optimise import Adam
from neural_style.settings import parse_settings

photo, painting = drawn(*PHOTO, "photo"), drawn(*PAINTING, "p")
devices.keep_memory()
plan._pace = lambda *_: (0.0, 0.0)  # the memory that measuring it took is kept
settings = parse_settings({"size": 512, "device": "cpu", "faces": 0, **SETTINGS})
memory = Memory(torch.device("cpu"))
studio = studio_of(photo, [painting], settings)
stage = studio.plan.stages[-1]
optimiser = Adam(studio.content_at(stage).pixels, 0.02, 0.9)
optimiser.step(studio.objective(0, stage))
print(memory.peak(), studio.plan.memory)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's own counts")
@pytest.mark.parametrize(
    ("photo", "painting", "settings"),
    [
        ((384, 512), (200, 200), {"style_scale": 1}),
        ((384, 512), (200, 200), {"style_scale": 4}),
        ((2700, 3600), (3000, 3000), {}),
        ((2700, 3600), (3000, 3000), {"colours": "photo"}),
        ((2700, 3600), (3000, 3000), {"colours": "luminance", "style_scale": 0.25}),
    ],
)
def test_no_more_memory_is_taken_than_planned(
    photo: tuple[int, int], painting: tuple[int, int], settings: dict[str, Any]
) -> None:
    """Large paintings, and sources much larger than what is painted."""
    program = PEAK.replace("SETTINGS", repr(settings))
    program = program.replace("PHOTO", repr(photo)).replace("PAINTING", repr(painting))
    tests = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": f"{tests.parent / 'core'}{os.pathsep}{tests}"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    peak, needed = map(int, done.stdout.split())
    assert needed / 5 < peak < needed


def test_a_small_picture_keeps_little_in_reserve_on_a_card() -> None:
    """Chunks are large there, but never larger than the picture."""
    settings = parse_settings({})
    needed = [
        budget.needed(
            256, 256, VGG(load_weights("compact"), ["conv4_2"], device=device), settings, 0
        )
        for device in ("cpu", "meta")
    ]
    assert needed[1] < 1.1 * needed[0]
