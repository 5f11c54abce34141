"""Statistics of features and distances between them: what "style" means.

Features are a cloud of N points with C coordinates each, a tensor (C, N); `weight` (N,) says how
much each point counts and sums to one. All statistics are those of the weighted cloud, so that
transparent pixels, several style pictures and pictures of different sizes need no special case.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

BINS = 1024
"""Cells of a histogram, and steps of a table of quantiles; see `transport`."""

SAMPLES = 65_536
"""Points of a style that enter its quantile tables, at most."""


def gram(features: Tensor, weight: Tensor) -> Tensor:
    """Gram matrix per position: the mean of f f^T over the cloud.

    Gatys et al. 2015, equation 3, divided by the number of positions.

    Shape: features (C, N), weight (N,); returns (C, C).
    """
    return (features * weight) @ features.T


def mean_covariance(features: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (C,) and covariance (C, C) of a cloud (C, N)."""
    mean = features @ weight
    centred = features - mean[:, None]
    return mean, gram(centred, weight)


def square_root(matrix: Tensor) -> Tensor:
    """Square root of a symmetric matrix (C, C) without negative eigenvalues.

    In double precision on the CPU: no graphics card is faster at matrices this small, and some
    (Apple's) cannot do it at all.
    """
    values, vectors = torch.linalg.eigh(matrix.detach().cpu().double())
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    return root.to(matrix)


def bures(covariance: Tensor, target_root: Tensor) -> Tensor:
    """Squared Bures distance of two covariances, tr(C + D - 2 (D^1/2 C D^1/2)^1/2).

    With the squared distance of the means this is the Wasserstein-2 distance between two
    Gaussians. Its derivative with respect to C is I - T, where T = D^1/2 M^-1/2 D^1/2 with
    M = D^1/2 C D^1/2 is the matrix that carries one Gaussian to the other; so no root needs to be
    differentiated.

    Args:
        covariance: C, shape (C, C), where gradients go.
        target_root: D^1/2, shape (C, C), constant.

    Returns:
        A scalar.
    """
    with torch.no_grad():
        root = target_root.cpu().double()
        values, vectors = torch.linalg.eigh(root @ covariance.cpu().double() @ root)
        values = values.clamp_min(0).sqrt()
        # Directions without variance have no defined transport: a small floor keeps T finite.
        inverse = 1 / values.clamp_min(1e-4 * values.max().clamp_min(1e-12))
        transport = root @ (vectors * inverse) @ vectors.T @ root
        value = covariance.trace().cpu().double() + (root * root).sum() - 2 * values.sum()
    slope = torch.eye(len(covariance)).to(covariance) - transport.to(covariance)
    surrogate = (slope * covariance).sum()
    return surrogate + (value.to(covariance) - surrogate).detach()


def random_directions(count: int, channels: int, generator: torch.Generator) -> Tensor:
    """Directions on the unit sphere, shape (count, channels).

    In sets of `channels` orthogonal ones, which cover the sphere more evenly than independent
    ones.
    """
    sets = [
        torch.linalg.qr(torch.randn(channels, channels, generator=generator))[0]
        for _ in range(-(-count // channels))
    ]
    return torch.cat(sets)[:count]


def resample(features: Tensor, weight: Tensor, count: int = SAMPLES) -> Tensor:
    """At most `count` points of a cloud (C, N), evenly by weight, all counting the same."""
    count = min(count, features.shape[1])
    # Double precision, as a picture has millions of small weights; on the CPU, as Apple's
    # graphics cards have none.
    cumulative = weight.cpu().double().cumsum(0)
    levels = (torch.arange(count, dtype=torch.double) + 0.5) / count * cumulative[-1]
    picked = torch.searchsorted(cumulative, levels).clamp_max(features.shape[1] - 1)
    return features[:, picked.to(features.device)]


def quantile_table(values: Tensor) -> Tensor:
    """Quantiles of each row of `values` at the levels (1 - cos(pi j / BINS)) / 2, j = 0..BINS.

    These levels are dense near 0 and 1, where the quantiles of heavy-tailed features rise fast.

    Shape: (K, N) to (K, BINS + 1).
    """
    ordered = values.sort(dim=1).values
    count = ordered.shape[1]
    steps = torch.arange(BINS + 1, device=values.device) * (math.pi / BINS)
    # Quantiles of the sample's own points: the i-th of N stands at the level (i + 1/2) / N.
    place = ((1 - steps.cos()) / 2 * count - 0.5).clamp(0, count - 1)
    below = place.long()
    above = (below + 1).clamp_max(count - 1)
    return torch.lerp(ordered[:, below], ordered[:, above], place - below)


def transport(values: Tensor, weight: Tensor, table: Tensor) -> Tensor:
    """Where each value goes when its row is carried to the distribution that `table` describes.

    The optimal transport between two distributions on a line keeps the order: the value with
    cumulative weight u goes to the target's quantile at u. The cumulative weight comes from a
    histogram instead of from sorting, which was five times faster on two CPU cores; all values
    of one cell go to the mean of the quantiles that belong to it.

    Args:
        values: shape (K, N).
        weight: shape (N,), sums to one.
        table: shape (K, BINS + 1), from `quantile_table`.

    Returns:
        Shape (K, N), constant (no gradient).
    """
    # Points without weight must not widen the cells.
    counted = torch.where(weight > 0, values, values[:, weight.argmax(), None])
    low, high = torch.aminmax(counted, dim=1, keepdim=True)
    # Clamped as integers: a NaN must not become an index, however it is rounded.
    cell = ((values - low) * (BINS / (high - low).clamp_min(1e-20))).long().clamp_(0, BINS - 1)
    mass = values.new_zeros(len(values), BINS).scatter_add_(1, cell, weight.expand_as(values))
    # Gauss-Legendre quadrature with three points: exact for the narrow cells of a spread
    # distribution, good for the wide ones where many values are equal.
    middle, reach = mass.cumsum(1) - mass / 2, 0.6**0.5 * mass / 2
    lower, centre, upper = (_quantile(table, middle + k * reach) for k in (-1, 0, 1))
    mean = (5 * lower + 8 * centre + 5 * upper) / 18
    return mean.gather(1, cell)


def _quantile(table: Tensor, level: Tensor) -> Tensor:
    """Quantiles of each row of `table` at levels 0..1: (K, BINS + 1), (K, M) to (K, M)."""
    place = (1 - 2 * level.clamp(0, 1)).acos() * (BINS / math.pi)
    below = place.long().clamp_max(BINS - 1)
    return torch.lerp(table.gather(1, below), table.gather(1, below + 1), place - below)


def sliced(values: Tensor, weight: Tensor, table: Tensor) -> Tensor:
    """Sliced Wasserstein-2 distance, squared: the mean over directions of that on each line.

    Heitz et al. 2021 (arXiv 2006.07229), equation 3, with `transport` in place of sorting.

    Args:
        values: projections of the features on K directions, shape (K, N), where gradients go.
        weight: shape (N,), sums to one.
        table: the style's quantiles along the same directions, shape (K, BINS + 1).

    Returns:
        A scalar.
    """
    return _Sliced.apply(values, weight, table)


class _Sliced(torch.autograd.Function):
    """The gradient by hand: as an optimal plan is a minimum, it may be treated as constant."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, table: Tensor) -> Tensor:
        way = values - transport(values, weight, table)
        ctx.save_for_backward(way, weight)
        return (way.square() @ weight).mean()

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None]:  # pyright: ignore
        way, weight = ctx.saved_tensors
        return way * (slope * weight * (2 / len(way))), None, None
