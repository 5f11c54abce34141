"""Optimisers and schedule."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neural_style.optimise import LARGE, LBFGS, Adam, Loss, Optimiser, TorchAdam
from neural_style.resampling import resize
from neural_style.schedule import MIN_SIDE, fit, stages
from neural_style.settings import parse_settings

GOAL = torch.rand(1, 3, 12, 10, generator=torch.Generator().manual_seed(1))


def with_gradient(function: Callable[[Tensor], Tensor]) -> Loss:
    """A loss as the optimisers want it, of a function that autograd can differentiate."""

    def loss(image: Tensor) -> tuple[Tensor, Tensor]:
        image = image.detach().requires_grad_()
        with torch.enable_grad():
            value = function(image)
        return value.detach(), torch.autograd.grad(value, image)[0].contiguous()

    return loss


def distance(image: Tensor) -> Tensor:
    return (image - GOAL.to(image.device)).square().mean()


to_goal, total, mean = (with_gradient(f) for f in (distance, torch.sum, torch.mean))


def start(device: torch.device | str = "cpu") -> Tensor:
    return torch.full((1, 3, 12, 10), 0.5, device=device)


MAKE: dict[str, Callable[[Tensor], Optimiser]] = {
    "adam": lambda image: Adam(image, 0.02, 0.9),
    "torch-adam": lambda image: TorchAdam(image, 0.05, (4.0, 4.0, 4.0)),
    "lbfgs": lambda image: LBFGS(image, 1.0),
}


@pytest.fixture(params=MAKE)
def optimiser(request: pytest.FixtureRequest, device: torch.device) -> Optimiser:
    return MAKE[request.param](start(device))


def test_reaches_the_goal(optimiser: Optimiser) -> None:
    before = distance(optimiser.picture)
    for _ in range(100):
        optimiser.step(to_goal)
    assert float(distance(optimiser.picture)) < 1e-3 * float(before)


def test_step_returns_the_loss_before_it(optimiser: Optimiser) -> None:
    first = float(distance(start()))
    assert float(optimiser.step(to_goal)) == pytest.approx(first)
    assert float(optimiser.step(to_goal)) < first


def test_picture_stays_in_range(optimiser: Optimiser) -> None:
    for _ in range(60):
        optimiser.step(
            with_gradient(lambda image: (image - 3 * GOAL.to(image.device)).square().mean())
        )
    assert float(optimiser.picture.min()) >= 0
    assert float(optimiser.picture.max()) <= 1


def test_broken_gradient_shows_in_the_picture(optimiser: Optimiser) -> None:
    """So that a look at the picture every few steps is enough, even if the loss is a number."""
    optimiser.step(to_goal)
    optimiser.step(lambda image: (image.sum() * 0, image * torch.nan))
    optimiser.step(to_goal)
    assert not optimiser.picture.isfinite().all()


def test_optimisers_leave_the_picture_they_were_given_alone() -> None:
    image = start()
    for make in MAKE.values():
        optimiser = make(image)
        optimiser.step(to_goal)
        kept = optimiser.picture
        before = kept.clone()
        optimiser.step(to_goal)
        assert torch.equal(image, start())
        assert torch.equal(kept, before)


def test_adams_first_step_has_the_learning_rate() -> None:
    optimiser = Adam(start(), 0.02, 0.0)
    optimiser.step(total)
    torch.testing.assert_close(optimiser.picture, start() - 0.02, rtol=0, atol=1e-3)


def test_adam_without_additions_is_torchs() -> None:
    """Away from 0 and 1, at one size, without averaging and epsilon."""
    own, theirs = Adam(start(), 0.01, 0.0), start().requires_grad_()
    own.epsilon = 0.0
    optimiser = torch.optim.Adam([theirs], lr=0.01, betas=(0.9, 0.99))
    for _ in range(10):
        own.step(to_goal)
        optimiser.zero_grad()
        distance(theirs).backward()
        optimiser.step()
    torch.testing.assert_close(own.picture, theirs.detach(), rtol=0, atol=5e-5)


def test_torchs_adam_steps_on_what_the_network_sees() -> None:
    """The walk-through: Adam with 0.003 on a picture that has ImageNet's mean and deviation."""
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    own = TorchAdam(GOAL.flip(3), 0.003, (1 / 0.229, 1 / 0.224, 1 / 0.225))
    seen = ((GOAL.flip(3) - mean) / deviation).requires_grad_()
    optimiser = torch.optim.Adam([seen], lr=0.003)

    def far(image: Tensor) -> Tensor:
        return (image - 3 * GOAL + 1).square().mean()

    for _ in range(400):
        own.step(with_gradient(far))
        optimiser.zero_grad()
        far(seen * deviation + mean).backward()
        optimiser.step()
    expected = seen.detach() * deviation + mean
    assert expected.min() < 0 < 1 < expected.max()
    torch.testing.assert_close(own.picture, expected.clamp(0, 1), rtol=0, atol=1e-4)


def test_average_is_corrected_for_its_start() -> None:
    """With a loss of constant slope the average lies on the way, not near zero."""
    optimiser = Adam(start(), 0.001, 0.9)
    for _ in range(3):
        optimiser.step(total)
    assert 0.495 < float(optimiser.picture.mean()) < 0.5


def test_adams_moments_survive_a_resize() -> None:
    optimiser = Adam(start(), 0.02, 0.9)
    for _ in range(5):
        optimiser.step(total)
    picture = optimiser.picture
    optimiser.resize(24, 20)
    assert optimiser.picture.shape == (1, 3, 24, 20)
    assert float(optimiser.picture.mean()) == pytest.approx(float(picture.mean()), abs=1e-3)
    assert float(optimiser.second.min()) > 0


def test_adam_goes_on_at_full_speed_after_a_resize() -> None:
    """The gradients of a mean are four times smaller at twice the size; the steps are not."""
    optimiser = Adam(start(), 0.01, 0.0)
    for _ in range(20):
        optimiser.step(mean)
    before = optimiser.picture.mean()
    optimiser.resize(24, 20)
    optimiser.step(mean)
    assert float(before - optimiser.picture.mean()) == pytest.approx(0.01, rel=0.1)


def test_lbfgs_keeps_a_short_history_of_large_pictures() -> None:
    small, large = LBFGS(start(), 1.0), LBFGS(torch.zeros(1, 1, 1001, LARGE // 1000), 1.0)
    assert small.optimiser.param_groups[0]["history_size"] == 100
    assert large.optimiser.param_groups[0]["history_size"] == 10


def test_resize_to_the_same_size_is_exact() -> None:
    image = torch.rand(1, 3, 7, 9)
    assert torch.equal(resize(image, 7, 9), image)


def test_resize_averages_where_it_shrinks() -> None:
    checkerboard = (torch.arange(64)[:, None] + torch.arange(64)) % 2
    small = resize(checkerboard.float()[None, None], 8, 8)
    torch.testing.assert_close(small, torch.full((1, 1, 8, 8), 0.5), rtol=0, atol=0.02)


# -- schedule ----------------------------------------------------------------------------------


def test_sizes_grow_by_the_ratio_and_steps_fall() -> None:
    planned = stages(512, 384, parse_settings({"steps": 400, "final_steps": 100}))
    assert [stage.width for stage in planned] == [128, 181, 256, 362, 512]
    assert [stage.height for stage in planned] == [96, 136, 192, 272, 384]
    assert [stage.steps for stage in planned] == [400, 283, 200, 141, 100]


def test_one_size_has_the_final_steps() -> None:
    planned = stages(512, 384, parse_settings({"coarsest": 600, "steps": 9, "final_steps": 5}))
    assert [(stage.width, stage.height, stage.steps) for stage in planned] == [(512, 384, 5)]


@given(st.integers(16, 6000), st.integers(16, 6000), st.floats(1.1, 4), st.integers(32, 500))
def test_every_plan_ends_at_the_full_size(w: int, h: int, ratio: float, coarsest: int) -> None:
    planned = stages(w, h, parse_settings({"size_ratio": ratio, "coarsest": coarsest}))
    assert (planned[-1].width, planned[-1].height) == (w, h)
    sizes = [(stage.width, stage.height) for stage in planned]
    assert sizes == sorted(sizes)
    for stage in planned:
        assert stage.steps >= 1
        assert min(stage.width, stage.height) >= min(w, h, MIN_SIDE) - 1


def test_fit_keeps_the_proportions() -> None:
    assert fit(4000, 3000, 400) == (400, 300)
    assert fit(10_000, 3, 100) == (100, 1)


def test_lbfgs_evaluates_about_once_a_step() -> None:
    """And goes the way of PyTorch's own, which evaluates each step's beginning anew."""
    generator = torch.Generator().manual_seed(0)
    goal = torch.rand(1, 3, 8, 8, generator=generator)
    curvature = torch.rand(1, 3, 8, 8, generator=generator) * 50 + 0.5
    evaluations = 0

    def loss(image: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal evaluations
        evaluations += 1
        way = image - goal
        quartic = curvature * way**3
        return (quartic * way).sum() / 4 + way.square().sum(), quartic + 2 * way

    start = torch.rand(1, 3, 8, 8, generator=generator)
    optimiser, theirs = LBFGS(start, 1.0), start.clone().requires_grad_()
    original = torch.optim.LBFGS(
        [theirs],
        max_iter=1,
        max_eval=20,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        value, theirs.grad = loss(theirs.detach())
        return value

    values = [optimiser.step(loss).item() for _ in range(15)]
    assert evaluations < 15 * 1.5
    evaluations = 0
    assert values == [original.step(closure).item() for _ in range(15)]
    assert evaluations >= 15 * 2
    assert torch.equal(optimiser.image, theirs)


def test_lbfgs_holds_on_to_no_loss() -> None:
    """All features of a size hang on it, and those of the next size come beside them."""

    def loss(image: Tensor) -> tuple[Tensor, Tensor]:
        return image.square().sum(), 2 * image

    lbfgs = LBFGS(torch.full((1, 3, 4, 4), 0.5), 1.0)
    lbfgs.step(loss)
    kept = weakref.ref(loss)
    del loss
    gc.collect()
    assert kept() is None


def test_on_the_same_device_an_optimiser_stays_as_it_is() -> None:
    """When memory runs out, tiles get smaller first: nothing has to be forgotten for that."""
    goal = torch.rand(1, 3, 8, 8)
    for one in (TorchAdam(torch.rand(1, 3, 8, 8), 0.1, (1.0, 1.0, 1.0)), LBFGS(goal / 2, 1.0)):
        for _ in range(3):
            one.step(lambda image: ((image - goal).square().sum(), 2 * (image - goal)))
        state = {id(value) for value in one.optimiser.state.values()}
        one.to(torch.device("cpu"))
        assert {id(value) for value in one.optimiser.state.values()} == state
        assert state
