"""Statistics against definitions written down independently."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from neural_style import statistics


def cloud(channels: int, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Correlated, skewed points as features after a ReLU are, and uneven weights."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(channels, channels, generator=generator)
    points = (mixing @ torch.randn(channels, count, generator=generator) + 0.3).relu()
    weight = torch.rand(count, generator=generator)
    return points, weight / weight.sum()


def test_gram_is_the_sum_of_outer_products() -> None:
    points, weight = cloud(5, 40)
    expected = sum(w * torch.outer(f, f) for f, w in zip(points.T, weight, strict=True))
    torch.testing.assert_close(statistics.gram(points, weight), expected)


def test_mean_and_covariance_of_equal_weights() -> None:
    points, _ = cloud(4, 50)
    mean, covariance = statistics.mean_covariance(points, torch.full((50,), 1 / 50))
    torch.testing.assert_close(mean, points.mean(1))
    torch.testing.assert_close(covariance, torch.cov(points, correction=0))


def test_points_without_weight_do_not_exist() -> None:
    points, weight = cloud(4, 30)
    weight[10:] = 0
    weight /= weight.sum()
    moved = points.clone()
    moved[:, 10:] = 1e3
    table = statistics.quantile_table(points)
    for statistic in (
        lambda p: statistics.gram(p, weight),
        lambda p: statistics.mean_covariance(p, weight)[1],
        lambda p: statistics.sliced(p, weight, table),
        lambda p: statistics.resample(p, weight, 20),
    ):
        torch.testing.assert_close(statistic(points), statistic(moved))


def test_square_root() -> None:
    covariance = statistics.mean_covariance(*cloud(6, 100))[1]
    root = statistics.square_root(covariance)
    torch.testing.assert_close(root @ root, covariance)
    torch.testing.assert_close(root, root.T)


def test_square_root_of_a_singular_matrix_is_finite() -> None:
    assert torch.equal(statistics.square_root(torch.zeros(3, 3)), torch.zeros(3, 3))


def exact_bures(one: Tensor, two: Tensor) -> float:
    root = np.real(scipy.linalg.sqrtm(two.double().numpy()))
    inner = np.real(scipy.linalg.sqrtm(root @ one.double().numpy() @ root))
    return float(one.trace() + two.trace() - 2 * inner.trace())


def test_bures_value() -> None:
    one = statistics.mean_covariance(*cloud(6, 100, 1))[1]
    two = statistics.mean_covariance(*cloud(6, 100, 2))[1]
    found = statistics.bures(one, statistics.square_root(two))
    assert float(found) == pytest.approx(exact_bures(one, two), rel=1e-4)


def test_bures_gradient_is_that_of_the_value() -> None:
    one = statistics.mean_covariance(*cloud(4, 100, 1))[1].double().requires_grad_()
    two = statistics.mean_covariance(*cloud(4, 100, 2))[1].double()
    root = statistics.square_root(two)
    (gradient,) = torch.autograd.grad(statistics.bures(one, root), one)
    direction = torch.randn(4, 4, dtype=torch.double)
    direction = direction + direction.T
    step = 1e-5
    difference = exact_bures(one.detach() + step * direction, two) - exact_bures(
        one.detach() - step * direction, two
    )
    assert float((gradient * direction).sum()) == pytest.approx(difference / (2 * step), rel=1e-3)


def test_bures_of_a_colourless_style_is_finite() -> None:
    covariance = torch.eye(3).requires_grad_()
    value = statistics.bures(covariance, torch.zeros(3, 3))
    value.backward()
    assert value.item() == pytest.approx(3)
    assert covariance.grad is not None
    assert covariance.grad.isfinite().all()


@pytest.mark.parametrize(("count", "channels"), [(24, 16), (128, 64), (5, 40)])
def test_directions_have_length_one_and_each_set_is_orthogonal(count: int, channels: int) -> None:
    directions = statistics.random_directions(count, channels, torch.Generator().manual_seed(0))
    assert directions.shape == (count, channels)
    block = directions[:channels]
    torch.testing.assert_close(block @ block.T, torch.eye(len(block)), atol=1e-5, rtol=0)


def test_resample_takes_each_point_as_often_as_it_counts() -> None:
    points = torch.arange(4.0)[None]
    picked = statistics.resample(
        points.repeat(1, 100), torch.tensor([0.5, 0.25, 0.25, 0]).repeat(100), 400
    )
    counts = torch.stack([(picked == value).sum() for value in range(4)])
    assert counts.tolist() == [200, 100, 100, 0]


def test_quantile_table_has_minimum_median_and_maximum() -> None:
    values = torch.randn(3, 1001)
    table = statistics.quantile_table(values)
    torch.testing.assert_close(table[:, 0], values.min(1).values)
    torch.testing.assert_close(table[:, -1], values.max(1).values)
    torch.testing.assert_close(table[:, statistics.BINS // 2], values.median(1).values)


def exact_sliced(values: Tensor, targets: Tensor) -> Tensor:
    """Sliced Wasserstein by sorting, for as many values as targets."""
    return (values.sort(1).values - targets.sort(1).values).square().mean()


@pytest.mark.parametrize("kind", ["gaussian", "skewed", "heavy tails"])
def test_sliced_is_within_one_percent_of_sorting(kind: str) -> None:
    torch.manual_seed(0)
    values, targets = torch.randn(8, 20_000), 0.7 * torch.randn(8, 20_000) + 0.5
    if kind == "skewed":
        values, targets = values.exp(), targets.exp()
    elif kind == "heavy tails":
        values, targets = values**3, targets**3
    found = statistics.sliced(
        values, torch.full((20_000,), 1 / 20_000), statistics.quantile_table(targets)
    )
    assert float(found) == pytest.approx(float(exact_sliced(values, targets)), rel=0.01)


def test_sliced_gradient_is_that_of_sorting() -> None:
    torch.manual_seed(0)
    values, targets = torch.randn(4, 5000), 0.7 * torch.randn(4, 5000) + 0.5
    values.requires_grad_()
    weight = torch.full((5000,), 1 / 5000)
    (found,) = torch.autograd.grad(
        statistics.sliced(values, weight, statistics.quantile_table(targets)), values
    )
    (expected,) = torch.autograd.grad(exact_sliced(values, targets), values)
    assert float((found - expected).norm() / expected.norm()) < 0.01


def test_equal_values_get_the_mean_of_what_sorting_would_give_them() -> None:
    torch.manual_seed(0)
    values, targets = torch.randn(4, 20_000).relu(), torch.randn(4, 20_000)
    weight = torch.full((20_000,), 1 / 20_000)
    moved = statistics.transport(values, weight, statistics.quantile_table(targets))
    for row in range(4):
        zero = values[row] == 0
        expected = targets[row].sort().values[: int(zero.sum())].mean()
        assert float(moved[row][zero].mean()) == pytest.approx(float(expected), abs=0.1)


def test_sliced_to_itself_is_nothing() -> None:
    values = torch.randn(4, 3000)
    distance = statistics.sliced(
        values, torch.full((3000,), 1 / 3000), statistics.quantile_table(values)
    )
    assert float(distance) < 1e-4 * float(values.var())


@settings(max_examples=30)
@given(st.integers(1, 400), st.integers(1, 400), st.floats(-1e3, 1e3), st.floats(0, 1e3))
def test_transport_stays_in_the_targets_range(n: int, m: int, shift: float, scale: float) -> None:
    generator = torch.Generator().manual_seed(n * 1000 + m)
    targets = torch.randn(2, m, generator=generator) * scale + shift
    values = torch.randn(2, n, generator=generator)
    moved = statistics.transport(
        values, torch.full((n,), 1 / n), statistics.quantile_table(targets)
    )
    slack = 1e-5 * (abs(shift) + scale + 1)
    assert moved.isfinite().all()
    assert (moved >= targets.min(1, keepdim=True).values - slack).all()
    assert (moved <= targets.max(1, keepdim=True).values + slack).all()
