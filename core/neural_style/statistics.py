"""Statistics of features and distances between them: what "style" means.

Features are a cloud of N points with C coordinates each, a tensor (N, C); `weight` (N,) says how
much each point counts and sums to one over the whole cloud. All statistics are those of the
weighted cloud, so that transparent pixels, several style pictures and pictures of different sizes
need no special case. What is taken of a cloud (`gram`, `mean`, `histogram`) is a sum over its
points, so that a cloud may come in parts: take each part's, and add.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

BINS = 1024
"""Cells of a histogram, and steps of a table of quantiles; see `destinations`."""


def gram(points: Tensor, weight: Tensor) -> Tensor:
    """Gram matrix per position: the mean of f f^T over the cloud.

    Gatys et al. 2015, equation 3, divided by the number of positions.

    Shape: points (N, C), weight (N,); returns (C, C).
    """
    return points.T @ (points * weight[:, None])


def mean(points: Tensor, weight: Tensor) -> Tensor:
    """Mean (C,) of a cloud (N, C)."""
    return weight @ points


def mean_covariance(points: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (C,) and covariance (C, C) of a cloud (N, C)."""
    centre = mean(points, weight)
    return centre, gram(points - centre, weight)


def square_root(matrix: Tensor) -> Tensor:
    """Square root of a symmetric matrix (C, C) without negative eigenvalues.

    In double precision on the CPU: no graphics card is faster at matrices this small, and some
    (Apple's) cannot do it at all.
    """
    return _roots_by_eigenvalues(matrix.cpu().double())[0].to(matrix)


def bures(covariance: Tensor, target_root: Tensor) -> tuple[Tensor, Tensor]:
    """Squared Bures distance of two covariances, tr(C + D - 2 (D^1/2 C D^1/2)^1/2), and its
    derivative with respect to C.

    With the squared distance of the means this is the Wasserstein-2 distance between two
    Gaussians. The derivative is I - T, where T = D^1/2 M^-1/2 D^1/2 with M = D^1/2 C D^1/2 is the
    matrix that carries one Gaussian to the other; so no root needs to be differentiated.

    In double precision: on NVIDIA's and AMD's cards by products of matrices alone, as a step must
    not wait for the CPU there; elsewhere on the CPU, as Apple's and Intel's cards have no doubles.

    Args:
        covariance: C, shape (C, C).
        target_root: D^1/2, shape (C, C).

    Returns:
        The distance, a scalar, and the derivative, (C, C), symmetric.
    """
    on_host = covariance.device.type in ("cpu", "mps", "xpu")
    device = torch.device("cpu") if on_host else covariance.device
    # What is not finite shows in the picture itself; here it would only stop the program.
    finite = covariance.nan_to_num().to(device, torch.double)
    root = target_root.to(device, torch.double)
    middle, inverse = (_roots_by_eigenvalues if on_host else roots_by_products)(
        root @ finite @ root
    )
    transport = root @ inverse @ root
    distance = finite.trace() + root.square().sum() - 2 * middle.trace()
    slope = torch.eye(len(root), dtype=torch.double, device=device) - transport
    return distance.to(covariance), slope.to(covariance)


FLOOR = 1e-4
"""Smallest eigenvalue of a root, relative to the largest, that is inverted: directions without
variance have no defined transport."""


def _roots_by_eigenvalues(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Square root of a symmetric matrix (C, C) without negative eigenvalues, and its inverse."""
    values, vectors = torch.linalg.eigh(matrix)
    values = values.clamp_min(0).sqrt()
    inverse = 1 / values.clamp_min(FLOOR * values.max().clamp_min(1e-12))
    return (vectors * values) @ vectors.T, (vectors * inverse) @ vectors.T


def roots_by_products(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The same by Newton and Schulz's coupled iteration (Higham 2008, "Functions of Matrices",
    section 6.7), with FLOOR squared of the largest eigenvalue added to all.

    Shape: matrix (C, C), double; returns two (C, C).
    """
    scale = torch.linalg.matrix_norm(matrix).clamp_min(1e-24)
    one = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    root, inverse = matrix / scale + FLOOR**2 * one, one
    # The smallest grows by 3/2 each time, from FLOOR to 1: 23 times; then digits double.
    for _ in range(28):
        half = 1.5 * one - 0.5 * inverse @ root
        root, inverse = root @ half, half @ inverse
    return root * scale.sqrt(), inverse / scale.sqrt()


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


def quantile_table(values: Tensor, weight: Tensor) -> Tensor:
    """Quantiles of each row of `values` at the levels (1 - cos(pi j / BINS)) / 2, j = 0..BINS.

    These levels are dense near 0 and 1, where the quantiles of heavy-tailed features rise fast.

    Shape: values (K, N), weight (N,); returns (K, BINS + 1).
    """
    counted = weight > 0
    ordered, order = values[:, counted].sort(dim=1)
    # Double precision, as millions of small weights are added; on the CPU, as Apple's graphics
    # cards have none.
    share = weight[counted].cpu().double()[order.cpu()]
    # The quantile of a point of the sample stands at the middle of its weight.
    level = (share.cumsum(1) - share / 2) / share.sum(1, keepdim=True)
    steps = torch.arange(BINS + 1, dtype=torch.double) * (math.pi / BINS)
    wanted = ((1 - steps.cos()) / 2).repeat(len(values), 1)
    above = torch.searchsorted(level, wanted).clamp(1, max(level.shape[1] - 1, 1))
    above = above.clamp_max(level.shape[1] - 1)
    below = (above - 1).clamp_min(0)
    low, high = level.gather(1, below), level.gather(1, above)
    place = ((wanted - low) / (high - low).clamp_min(1e-300)).clamp(0, 1).to(values)
    below, above = below.to(values.device), above.to(values.device)
    return torch.lerp(ordered.gather(1, below), ordered.gather(1, above), place)


def cells(values: Tensor) -> Tensor:
    """Which of the BINS cells of a histogram each value belongs to, int64.

    The cells cover all numbers, narrow around 0 and ever wider outwards, so that no range needs
    to be known beforehand; values should be of a size around 1.
    """
    # Clamped as integers: a NaN must not become an index, however it is rounded.
    return values.atan().add_(math.pi / 2).mul_(BINS / math.pi).long().clamp_(0, BINS - 1)


def histogram(cell: Tensor, weight: Tensor) -> Tensor:
    """Weight in each cell: cell (K, N) and weight (N,) to (K, BINS)."""
    mass = weight.new_zeros(len(cell), BINS)
    return mass.scatter_add_(1, cell, weight.expand(cell.shape))


def destinations(mass: Tensor, table: Tensor) -> Tensor:
    """Where the values of each cell go when they are carried to the distribution of `table`.

    The optimal transport between two distributions on a line keeps the order: the value with
    cumulative weight u goes to the target's quantile at u. The cumulative weight comes from a
    histogram instead of from sorting, which is several times faster and can be added up over
    parts of a picture; all values of one cell go to the mean of the quantiles that belong to it.

    Args:
        mass: weight in each cell, shape (K, BINS), from `histogram`.
        table: shape (K, BINS + 1), from `quantile_table`.

    Returns:
        Shape (K, BINS).
    """
    # Gauss-Legendre quadrature with three points: exact for the narrow cells of a spread
    # distribution, good for the wide ones where many values are equal.
    middle, reach = mass.cumsum(1) - mass / 2, 0.6**0.5 * mass / 2
    lower, centre, upper = (_quantile(table, middle + k * reach) for k in (-1, 0, 1))
    return (5 * lower + 8 * centre + 5 * upper) / 18


def _quantile(table: Tensor, level: Tensor) -> Tensor:
    """Quantiles of each row of `table` at levels 0..1: (K, BINS + 1), (K, M) to (K, M)."""
    place = (1 - 2 * level.clamp(0, 1)).acos() * (BINS / math.pi)
    below = place.long().clamp_max(BINS - 1)
    return torch.lerp(table.gather(1, below), table.gather(1, below + 1), place - below)
