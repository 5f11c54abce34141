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

BLOCK = 4096
"""Positions of which the products are added up at a time: the rounding of a longer sum in float32
would exceed NOISE."""

NOISE = 1e-5
"""Variance that is added to every direction, as a part of the features' mean square. Float32 knows
a covariance to a tenth of that."""

FLOOR = 2e-3
"""Smallest eigenvalue of a root, as a part of the root's largest: float32 knows a matrix to about
this number's square."""

SETTLED, STABLE = 1e-3, 1.69770248525577
"""How near to 1 an eigenvalue must be for one more round to suffice, and Chen and Chow's largest
factor."""


def gram(points: Tensor, weight: Tensor) -> Tensor:
    """Gram matrix per position: the mean of f f^T over the cloud.

    Gatys et al. 2015, equation 3, divided by the number of positions.

    Shape: points (N, C), weight (N,); returns (C, C).
    """
    weighted = points * weight[:, None]
    whole = len(points) - len(points) % BLOCK
    rest = points[whole:].T @ weighted[whole:]
    if not whole:
        return rest
    blocks = (cloud[:whole].unflatten(0, (-1, BLOCK)) for cloud in (points, weighted))
    return torch.bmm(next(blocks).transpose(1, 2), next(blocks)).sum(0).add_(rest)


def mean(points: Tensor, weight: Tensor) -> Tensor:
    """Mean (C,) of a cloud (N, C)."""
    return weight @ points


def mean_covariance(points: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (C,) and covariance (C, C) of a cloud (N, C)."""
    centre = mean(points, weight)
    return centre, gram(points - centre, weight)


def regularised(covariance: Tensor, size: Tensor) -> Tensor:
    """A covariance that has an inverse: symmetric, with a little noise added to every direction.

    A flat photo, a small region or a shallow stage has fewer positions than channels, so that its
    covariance is singular. Rounding then gives it small eigenvalues of either sign.

    Args:
        covariance: shape (C, C).
        size: mean square of the features, a scalar. NOISE times this is the noise's variance.
    """
    noise = torch.diag_embed((NOISE * size).expand(len(covariance)))
    return (covariance + covariance.T) / 2 + noise


def square_root(matrix: Tensor) -> Tensor:
    """Square root of a symmetric matrix (C, C) without negative eigenvalues.

    In double precision on the CPU, as Apple's graphics cards have none.
    """
    values, vectors = torch.linalg.eigh(matrix.cpu().double())
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    return root.to(matrix.dtype).to(matrix.device)


def bures(covariance: Tensor, target_root: Tensor) -> tuple[Tensor, Tensor]:
    """Squared Bures distance of two covariances, tr(C + D - 2 (D^1/2 C D^1/2)^1/2), and its
    derivative with respect to C.

    With the squared distance of the means this is the Wasserstein-2 distance between two
    Gaussians. The derivative is I - T, where T = D^1/2 M^-1/2 D^1/2 with M = D^1/2 C D^1/2 is the
    matrix that carries one Gaussian to the other; so no root needs to be differentiated.

    On the CPU by eigenvalues, in double precision. On graphics cards by products of matrices
    alone, in single precision: a step must not wait for the CPU, Apple's cards have no doubles,
    and NVIDIA's cards for artists multiply doubles at 1/64 of the speed.

    Args:
        covariance: C, shape (C, C), as `regularised` returns it.
        target_root: D^1/2, shape (C, C).

    Returns:
        The distance, a scalar, and the derivative, (C, C), symmetric.
    """
    on_host = covariance.device.type == "cpu"
    # What is not finite shows in the picture itself; here it would only stop the program.
    given = covariance.nan_to_num().double() if on_host else covariance
    root = target_root.to(given)
    middle = root @ given @ root
    inverse = (inverse_root_by_eigenvalues if on_host else inverse_root_by_products)(middle)
    transport = root @ inverse @ root
    # The root's trace from its inverse, to which what FLOOR adds does not count.
    distance = given.trace() + root.square().sum() - 2 * (middle * inverse).sum()
    one = torch.eye(len(root), dtype=given.dtype, device=given.device)
    slope = one - (transport + transport.T) / 2
    return distance.to(covariance), slope.to(covariance)


def inverse_root_by_eigenvalues(matrix: Tensor) -> Tensor:
    """Inverse of the square root of a symmetric matrix (C, C) without negative eigenvalues.

    FLOOR squared of the matrix's Frobenius norm is added to all eigenvalues.
    """
    values, vectors = torch.linalg.eigh(matrix)
    values = values.clamp_min(0) + FLOOR**2 * _frobenius_norm(matrix)
    return (vectors / values.sqrt()) @ vectors.T


def inverse_root_by_products(matrix: Tensor) -> Tensor:
    """The same as `inverse_root_by_eigenvalues`, without a number that the CPU has to know.

    Newton and Schulz's coupled iteration (Higham 2008, "Functions of Matrices", section 6.7). Its
    scaling is that of Chen and Chow 2014 ("A Stable Scaling of Newton-Schulz for Improving the
    Sign Function Computation of a Hermitian Matrix"), which needs half as many rounds.
    """
    scale = _frobenius_norm(matrix)
    one = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    root, inverse = matrix / scale + FLOOR**2 * one, one
    for factor in SCALING:
        half = 1.5 * factor * one - 0.5 * factor**3 * (inverse @ root)
        root, inverse = root @ half, half @ inverse
    return inverse / scale.sqrt()


def _frobenius_norm(matrix: Tensor) -> Tensor:
    """Never zero."""
    return matrix.square().sum().sqrt().clamp_min(1e-24)


def _scaling(smallest: float) -> tuple[float, ...]:
    """Factors of the rounds of `inverse_root_by_products` for roots of `smallest` to 1."""
    factors: list[float] = []
    while 1 - smallest > SETTLED:
        factor = min((3 / (1 + smallest + smallest**2)) ** 0.5, STABLE)
        smallest = min(factor * smallest * (3 - (factor * smallest) ** 2) / 2, 1.0)
        factors.append(factor)
    return (*factors, 1.0)


SCALING = _scaling(FLOOR)


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
    place = ((wanted - low) / (high - low).clamp_min(1e-300)).clamp(0, 1)
    place = place.to(values.dtype).to(values.device)
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
