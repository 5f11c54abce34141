"""What a job will take is known from sizes and settings alone, and quickly the second time."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch

from neural_style import budget, plan
from neural_style.errors import NeuralStyleError
from neural_style.network import network_for
from neural_style.objective import Objective
from neural_style.plan import plan_job
from neural_style.settings import parse_settings


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Widths of the images whose loss is computed from now on; no pace is known yet."""
    seen: list[int] = []
    evaluate = Objective.__call__

    def count(objective: Objective, image: torch.Tensor) -> Any:
        seen.append(image.shape[3])
        return evaluate(objective, image)

    monkeypatch.setattr(Objective, "__call__", count)
    plan._pace.cache_clear()
    return seen


def seconds(width: int, height: int, **values: Any) -> float:
    return plan_job(width, height, parse_settings(values), enlarge=True).seconds


def test_the_second_plan_computes_no_loss(steps: list[int]) -> None:
    """Whatever changes that does not change the time of a step."""
    first = seconds(600, 400)
    assert steps
    assert max(steps) < 300, "nothing large is painted to know how long it takes"
    steps.clear()
    assert seconds(600, 400, strength=20, seed=3, colours="free", faces=0) == first
    assert seconds(6000, 4000, preset="draft", size=576) != first
    assert steps == []


def test_a_slow_step_is_not_measured_again(
    steps: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "PACE_SECONDS", 0.0)
    seconds(60, 40)
    assert len(steps) == len(plan.PACE_SIDES)


@pytest.mark.parametrize(
    "values",
    [
        {"statistic": "gram"},
        {"optimiser": "lbfgs"},
        {"style_layers": "conv1_1"},
        {"pooling": "max"},
    ],
)
def test_what_changes_a_step_is_measured_anew(steps: list[int], values: dict[str, Any]) -> None:
    seconds(60, 40, precision="float32")
    steps.clear()
    seconds(60, 40, precision="float32", **values)
    assert steps


def test_more_work_takes_longer() -> None:
    ordered = [
        seconds(600, 400, preset="draft"),
        seconds(600, 400),
        seconds(600, 400, preset="fine"),
        seconds(1200, 800, preset="fine"),
    ]
    assert ordered == sorted(set(ordered))


def test_time_is_the_pace_times_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_pace", lambda *_: (0.01, 1e-6))
    values = {"coarsest": 4000, "final_steps": 20 - plan.SETUP_STEPS, "memory": 64}
    # 20 steps of .24 million pixels, setting up included.
    assert seconds(600, 400, **values) == pytest.approx(20 * 0.25)
    # 8 more at the content's own size.
    more = (8 + plan.SETUP_STEPS) * 0.97
    assert seconds(1200, 800, size=600, **values) == pytest.approx(20 * 0.25 + more)


def test_regions_take_time() -> None:
    settings = parse_settings({})
    none, four, eight = (
        plan_job(600, 400, settings, enlarge=True, regions=regions, guided=2.0).seconds
        for regions in (0, 4, 8)
    )
    assert 1.3 * none < four < 1.8 * none < eight < 2.5 * none


def test_the_pace_is_found_again_from_two_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the smaller one took longer, as another program was busy."""
    for step, small in ((0.02, 0.02 + 96**2 * 1e-6), (0.5, 0.5)):
        took = {96: small, 256: 0.02 + 256**2 * 1e-6}
        monkeypatch.setattr(plan, "_step", lambda side, *_, took=took: (side * side, took[side]))
        plan._pace.cache_clear()
        found, pixel = plan._pace(torch.device("cpu"), parse_settings({}).model_dump_json())
        assert found == pytest.approx(step)
        assert pixel == pytest.approx(1e-6 if step < 0.5 else 0)
    plan._pace.cache_clear()


def test_in_tiles_it_takes_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_pace", lambda *_: (0.0, 1e-6))
    whole, tiled = (
        plan_job(3000, 2000, parse_settings({"memory": gib}), enlarge=True) for gib in (64, 1.5)
    )
    assert (whole.tile, whole.stages) == (0, tiled.stages)
    assert tiled.tile
    assert tiled.seconds > 1.1 * whole.seconds
    assert tiled.memory < 1.5 * 2**30 < whole.memory


@pytest.mark.parametrize(
    ("size", "values", "code"),
    [
        ((15, 100), {}, "image_too_small"),
        ((300, 30), {"size": 64}, "image_too_small"),
        ((300, 300), {"network": "nowhere.pth"}, "weights_missing"),
        ((3000, 3000), {"memory": 0.2}, "out_of_memory"),
    ],
)
def test_what_cannot_be_painted_has_no_plan(
    size: tuple[int, int], values: dict[str, Any], code: str
) -> None:
    with pytest.raises(NeuralStyleError) as caught:
        plan_job(*size, parse_settings(values), enlarge=True)
    assert caught.value.code == code


def test_memory_that_runs_out_while_planning_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: Any) -> float:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(plan, "_pace", full)
    with pytest.raises(NeuralStyleError, match="does not hold 60 x 40 pixels") as caught:
        _ = plan_job(60, 40, parse_settings({}), enlarge=True).seconds
    assert caught.value.code == "out_of_memory"


def test_the_network_is_kept_for_the_next_job() -> None:
    cpu = torch.device("cpu")
    one, same, other = (
        network_for(parse_settings({"precision": "float32", **values}), cpu)
        for values in ({}, {"seed": 1}, {"pooling": "max"})
    )
    assert one is same
    assert other is not one


def test_what_is_kept_between_jobs_counts_in_the_memory() -> None:
    settings = parse_settings({})
    network = network_for(settings, torch.device("cpu"))
    assert budget.needed(16, 16, network, settings, 0) > budget.SPARE + budget.cache.MOST


def test_a_plan_reads_no_picture() -> None:
    """No decoder is loaded for it."""
    program = (
        "import sys\n"
        "from neural_style.plan import plan_job\n"
        "from neural_style.settings import parse_settings\n"
        "plan_job(60, 40, parse_settings({}), enlarge=True)\n"
        "assert 'cv2' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
