"""Statistics against definitions written down independently."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from neural_style import statistics
from plain import error


def cloud(
    channels: int, count: int, seed: int = 0, device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor]:
    """Correlated, skewed points as features after a ReLU are, and uneven weights."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(channels, channels, generator=generator)
    points = (mixing @ torch.randn(channels, count, generator=generator) + 0.3).relu().T
    weight = torch.rand(count, generator=generator)
    return points.to(device), (weight / weight.sum()).to(device)


def test_gram_is_the_sum_of_outer_products(device: torch.device) -> None:
    points, weight = cloud(5, 40, device=device)
    expected = sum(w * torch.outer(f, f) for f, w in zip(points, weight, strict=True))
    torch.testing.assert_close(statistics.gram(points, weight), expected)


def test_mean_and_covariance_of_equal_weights(device: torch.device) -> None:
    points, _ = cloud(4, 50, device=device)
    mean, covariance = statistics.mean_covariance(points, equal(50, device))
    torch.testing.assert_close(mean, points.mean(0))
    torch.testing.assert_close(covariance, torch.cov(points.T, correction=0))


def test_points_without_weight_do_not_exist(device: torch.device) -> None:
    points, weight = cloud(4, 30, device=device)
    weight[10:] = 0
    weight /= weight.sum()
    moved = points.clone()
    moved[10:] = 1e3
    for statistic in (
        lambda p: statistics.gram(p, weight),
        lambda p: statistics.mean_covariance(p, weight)[1],
        lambda p: statistics.quantile_table(p.T, weight),
        lambda p: statistics.histogram(statistics.cells(p.T.contiguous()), weight),
    ):
        torch.testing.assert_close(statistic(points), statistic(moved))


def test_square_root(device: torch.device) -> None:
    covariance = statistics.mean_covariance(*cloud(6, 100, device=device))[1]
    root = statistics.square_root(covariance)
    torch.testing.assert_close(root @ root, covariance)
    torch.testing.assert_close(root, root.T)


def test_square_root_of_a_singular_matrix_is_finite() -> None:
    assert torch.equal(statistics.square_root(torch.zeros(3, 3)), torch.zeros(3, 3))


def exact_bures(one: Tensor, two: Tensor) -> float:
    one, two = one.cpu().double(), two.cpu().double()
    root = np.real(scipy.linalg.sqrtm(two.numpy()))
    inner = np.real(scipy.linalg.sqrtm(root @ one.numpy() @ root))
    return float(one.trace() + two.trace() - 2 * inner.trace())


def test_bures_value(device: torch.device) -> None:
    one = statistics.mean_covariance(*cloud(6, 100, 1, device))[1]
    two = statistics.mean_covariance(*cloud(6, 100, 2, device))[1]
    found, _ = statistics.bures(one, statistics.square_root(two))
    assert float(found) == pytest.approx(exact_bures(one, two), rel=1e-4)


def test_bures_gradient_is_that_of_the_value() -> None:
    one = statistics.mean_covariance(*cloud(4, 100, 1))[1].double()
    two = statistics.mean_covariance(*cloud(4, 100, 2))[1].double()
    root = statistics.square_root(two)
    _, gradient = statistics.bures(one, root)
    direction = torch.randn(4, 4, dtype=torch.double)
    direction = direction + direction.T
    step = 1e-5
    difference = exact_bures(one + step * direction, two) - exact_bures(one - step * direction, two)
    assert float((gradient * direction).sum()) == pytest.approx(difference / (2 * step), rel=5e-3)


def test_bures_of_a_colourless_style_is_finite(device: torch.device) -> None:
    covariance = torch.eye(3, device=device)
    value, slope = statistics.bures(covariance, torch.zeros(3, 3, device=device))
    assert value.item() == pytest.approx(3)
    assert slope.isfinite().all()


def covariance_of_rank(rank: int, channels: int, seed: int) -> tuple[Tensor, Tensor]:
    """Of features as an engine has them, in float32, and their mean square."""
    generator = torch.Generator().manual_seed(seed)
    fading = torch.arange(1, rank + 1) ** -1.5
    mixing = torch.randn(rank, channels, generator=generator) * fading[:, None]
    points = torch.randn(max(2 * rank, 3), rank, generator=generator) @ mixing + 0.3
    weight = equal(len(points))
    gram, mean = statistics.gram(points, weight), statistics.mean(points, weight)
    return gram - torch.outer(mean, mean), gram.trace()


@pytest.mark.parametrize("channels", [16, 64, 128, 512])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 1.0])
def test_products_find_the_roots_that_eigenvalues_find(channels: int, part: float) -> None:
    """From rank 1 to full rank, in single against double precision: value and derivative."""
    covariance, size = covariance_of_rank(max(round(part * channels), 1), channels, 1)
    target, target_size = covariance_of_rank(channels, channels, 2)
    assert part == 1 or float(torch.linalg.eigvalsh(covariance).min()) < 0  # as rounding has it
    one = statistics.regularised(covariance, torch.maximum(size, target_size))
    root = statistics.square_root(statistics.regularised(target, target_size))
    distance, slope = statistics.bures(one, root)
    middle = root @ one @ root
    inverse = statistics.inverse_root_by_products(middle)
    found = one.trace() + root.square().sum() - 2 * (middle * inverse).sum()
    assert float(found) == pytest.approx(float(distance), rel=1e-4)
    assert error(torch.eye(channels) - root @ inverse @ root, slope) < 2e-3


@pytest.mark.parametrize(
    "inverse_root", [statistics.inverse_root_by_eigenvalues, statistics.inverse_root_by_products]
)
def test_the_root_of_what_rounding_has_made_indefinite_is_finite(
    inverse_root: Callable[[Tensor], Tensor],
) -> None:
    matrix = torch.diag(torch.tensor([1.0, 1e-3, 0.0, -3e-7]))
    for scale in (1e-12, 1.0, 1e6):
        inverse = inverse_root(scale * matrix)
        assert inverse.isfinite().all()
        assert float(inverse.abs().max()) <= 1.1 / statistics.FLOOR / scale**0.5
    assert inverse_root(torch.zeros(3, 3)).isfinite().all()


def test_equal_clouds_are_at_no_distance() -> None:
    covariance, size = covariance_of_rank(3, 32, 1)
    one = statistics.regularised(covariance, size)
    distance, slope = statistics.bures(one, statistics.square_root(one))
    assert abs(float(distance)) < 2e-3 * float(one.trace())
    assert float((slope @ one).norm()) < 1e-3 * float(one.norm())


def test_a_long_sum_is_as_exact_as_a_short_one(device: torch.device) -> None:
    """A card may add a million products one after the other."""
    points, weight = torch.rand(300_001, 3).to(device), equal(300_001, device)
    exact = points.double().T @ (points.double() * weight[:, None]).double()
    assert error(statistics.gram(points, weight), exact) < statistics.NOISE / 20


@pytest.mark.parametrize(("count", "channels"), [(24, 16), (128, 64), (5, 40)])
def test_directions_have_length_one_and_each_set_is_orthogonal(count: int, channels: int) -> None:
    directions = statistics.random_directions(count, channels, torch.Generator().manual_seed(0))
    assert directions.shape == (count, channels)
    block = directions[:channels]
    torch.testing.assert_close(block @ block.T, torch.eye(len(block)), atol=1e-5, rtol=0)


def equal(count: int, device: torch.device | str = "cpu") -> Tensor:
    """Weights of points that all count the same."""
    return torch.full((count,), 1 / count, device=device)


def transport(values: Tensor, targets: Tensor) -> Tensor:
    """Where each value goes."""
    cell = statistics.cells(values.clone())
    mass = statistics.histogram(cell, equal(values.shape[1], values.device))
    table = statistics.quantile_table(targets, equal(targets.shape[1], targets.device))
    return statistics.destinations(mass, table).gather(1, cell)


def test_quantile_table_has_minimum_median_and_maximum(device: torch.device) -> None:
    values = torch.randn(3, 1001, device=device)
    table = statistics.quantile_table(values, equal(1001, device))
    torch.testing.assert_close(table[:, 0], values.min(1).values)
    torch.testing.assert_close(table[:, -1], values.max(1).values)
    torch.testing.assert_close(table[:, statistics.BINS // 2], values.median(1).values)


def test_quantiles_take_each_point_as_often_as_it_counts() -> None:
    """As if it stood there several times, but for the way from one point to the next."""
    torch.manual_seed(0)
    values = torch.randn(3, 5000)
    counts = 3 * (values[0] > 0) + torch.randint(0, 3, (5000,))
    table = statistics.quantile_table(values, counts / counts.sum())
    repeated = values.repeat_interleave(counts, 1)
    expected = statistics.quantile_table(repeated, equal(repeated.shape[1]))
    # From the first per cent of the points to the last.
    middle = slice(65, -65)
    torch.testing.assert_close(table[:, middle], expected[:, middle], rtol=0, atol=0.02)
    torch.testing.assert_close(table[:, [0, -1]], expected[:, [0, -1]])


def test_quantiles_do_not_depend_on_the_weights_sum_or_the_points_order() -> None:
    values, weight = torch.randn(3, 400), torch.rand(400)
    order = torch.randperm(400)
    torch.testing.assert_close(
        statistics.quantile_table(values, weight),
        statistics.quantile_table(values[:, order], 7 * weight[order]),
    )


@pytest.mark.parametrize("count", [1, 2, 3])
def test_quantiles_of_a_few_points(count: int) -> None:
    values = torch.arange(float(count))[None]
    table = statistics.quantile_table(values, equal(count))
    assert table[0, 0] == 0
    assert table[0, -1] == count - 1
    assert float(table[0, statistics.BINS // 2]) == pytest.approx((count - 1) / 2, abs=1e-3)


def test_statistics_of_parts_add_up_to_those_of_the_whole(device: torch.device) -> None:
    points, weight = cloud(5, 90, device=device)
    for statistic in (
        statistics.gram,
        statistics.mean,
        lambda p, w: statistics.histogram(statistics.cells(p.T.contiguous()), w),
    ):
        parts = zip(points.split((50, 1, 39)), weight.split((50, 1, 39)), strict=True)
        torch.testing.assert_close(
            sum(statistic(*part) for part in parts), statistic(points, weight)
        )


@given(st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), min_size=1))
def test_every_number_has_a_cell_and_larger_ones_no_lower_cell(numbers: list[float]) -> None:
    """NaN too, whichever."""
    cells = statistics.cells(torch.tensor([numbers]))
    assert int(cells.min()) >= 0
    assert int(cells.max()) < statistics.BINS
    pairs = sorted((x, int(c)) for x, c in zip(numbers, cells[0], strict=True) if x == x)
    assert [cell for _, cell in pairs] == sorted(cell for _, cell in pairs)


def test_equal_values_get_the_mean_of_what_sorting_would_give_them(device: torch.device) -> None:
    torch.manual_seed(0)
    values, targets = torch.randn(4, 20_000).relu().to(device), torch.randn(4, 20_000).to(device)
    moved = transport(values, targets)
    for row in range(4):
        zero = values[row] == 0
        expected = targets[row].sort().values[: int(zero.sum())].mean()
        assert float(moved[row][zero].mean()) == pytest.approx(float(expected), abs=0.1)


@settings(max_examples=30)
@given(st.integers(1, 400), st.integers(1, 400), st.floats(-1e3, 1e3), st.floats(0, 1e3))
def test_transport_stays_in_the_targets_range(n: int, m: int, shift: float, scale: float) -> None:
    generator = torch.Generator().manual_seed(n * 1000 + m)
    targets = torch.randn(2, m, generator=generator) * scale + shift
    values = torch.randn(2, n, generator=generator)
    moved = transport(values, targets)
    slack = 1e-5 * (abs(shift) + scale + 1)
    assert moved.isfinite().all()
    assert (moved >= targets.min(1, keepdim=True).values - slack).all()
    assert (moved <= targets.max(1, keepdim=True).values + slack).all()
