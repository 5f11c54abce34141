"""The style loss that compares whole distributions, along random directions."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from neural_style import statistics
from neural_style.losses.base import FeatureLoss
from neural_style.sampling import Sampling
from neural_style.tiles import Features

DIRECTIONS = 12
"""Random directions compared in each step and layer; with 24 the pictures looked the same."""

POOL = 128
"""Directions that these are drawn from, for which the style's quantiles are known."""

AT_A_TIME = 8
"""Directions whose quantiles are taken together: all of them would be 128 pictures."""

SAMPLES = 65_536
"""Positions of a large picture that quantiles and histograms are taken of, about."""


class SlicedWassersteinLoss(FeatureLoss):
    """Sliced Wasserstein-2 distance, squared, relative to the style's mean square.

    With K directions v of length one and W_2 the distance of two distributions on a line:

        1/K sum_v W_2(v F, v S)^2 / (mean |S|^2 / N)

    Heitz et al. 2021 (arXiv 2006.07229), equation 3, with `statistics.destinations` in place of
    sorting. As an optimal plan is a minimum, it counts as constant in the gradient.

    Args:
        layer, weight: see `FeatureLoss`.
        sampling: draws the directions.
    """

    def __init__(self, *, layer: str, weight: float, sampling: Sampling) -> None:
        super().__init__(layer=layer, weight=weight)
        self.positions = SAMPLES
        self.sampling = sampling
        self.samples: list[tuple[Tensor, Tensor]] = []

    def update_style(self, features: Features, share: float) -> None:
        self.samples.append((features.values.clone(), share * features.weight))

    def compute_targets(self) -> None:
        values, weight = (torch.cat(parts) for parts in zip(*self.samples, strict=True))
        self.samples.clear()
        generator = self.sampling.generator(self.layer)
        pool = statistics.random_directions(POOL, values.shape[1], generator).to(values)
        self.slices = Slices((some @ values.T for some in pool.split(AT_A_TIME)), weight)
        size = (weight @ values.square()).mean() / weight.sum()
        self.factor = self.weight / size.clamp_min(1e-12)
        self.pool = pool / self.slices.scale[:, None]
        self.offset = -self.slices.centre / self.slices.scale

    def reset(self) -> None:
        drawn = self.sampling.choice(DIRECTIONS, POOL)
        self.slices.reset(drawn)
        self.directions, self.shift = self.pool[drawn], self.offset[drawn][:, None]
        square = self.slices.scale[drawn].square()[:, None]
        self.back = self.directions * square * (self.factor * 2 / len(drawn))
        self.value = torch.zeros_like(self.factor)

    def update(self, features: Features) -> None:
        self.slices.update(self._projected(features), features.weight)

    def compute(self) -> None:
        self.slices.compute()

    def gradient(self, features: Features) -> Tensor:
        values = self._projected(features)
        value, slope = self.slices.loss_and_gradient(values, features.weight)
        self.value += self.factor * value
        return slope.T @ self.back

    def _projected(self, features: Features) -> Tensor:
        """On the directions drawn, centred and scaled, shape (DIRECTIONS, N)."""
        return torch.addmm(self.shift, self.directions, features.values.T)


class Slices:
    """Squared Wasserstein-2 distances of distributions on lines; which, is drawn in each step.

    Args:
        values: the style's projections on all lines, a few lines at a time, each of shape (K, N).
        weight: how much each counts, shape (N,).

    Attributes:
        centre, scale: of the style's projections on each line, by which those of the image are
            centred and scaled.
    """

    def __init__(self, values: Iterable[Tensor], weight: Tensor) -> None:
        share = weight / weight.sum()
        tables, centres, scales = [], [], []
        for some in values:
            centre = some @ share
            scale = ((some - centre[:, None]).square() @ share).sqrt().clamp_min(1e-6)
            table = statistics.quantile_table(some, weight)
            tables.append((table - centre[:, None]) / scale[:, None])
            centres.append(centre)
            scales.append(scale)
        self.table, self.centre, self.scale = map(torch.cat, (tables, centres, scales))

    def reset(self, drawn: Tensor) -> None:
        """Begin anew, with the lines of these indices, shape (K,)."""
        self.drawn = drawn
        self.mass = torch.zeros_like(self.table[: len(drawn), 1:])

    def update(self, values: Tensor, weight: Tensor) -> None:
        """Values: the image's projections, centred and scaled, shape (K, N)."""
        self.mass += statistics.histogram(statistics.cells(values), weight)

    def compute(self) -> None:
        mass = self.mass / self.mass.sum(1, keepdim=True).clamp_min(1e-12)
        self.goal = statistics.destinations(mass, self.table[self.drawn])

    def loss_and_gradient(self, values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """A part's share of the mean over lines, a scalar, and half the gradient with respect to
        the scaled values, shape (K, N); overwrites the values."""
        difference = values.sub_(self.goal.gather(1, statistics.cells(values)))
        weighted = difference * weight
        square = self.scale[self.drawn].square() / len(difference)
        return square @ torch.linalg.vecdot(difference, weighted), weighted
