"""The terms of the loss: each measures one thing, and knows its own gradient.

A term sees a picture in parts, twice, as tiles need it (the update and compute of torchmetrics,
and a second look):

    learn, finish    once: what the style, or the photo, is like
    begin            once a step
    update           with each part: gathers what only the whole picture can tell
    compute          once a step: from that, what the gradient of a point depends on
    gradient         with each part: its points' gradient; afterwards `value` is the term's value

A part is a cloud of points (N, C) in float32, one for each position of a layer, and how much each
counts, (N,), summing to one over the whole picture. Values and gradients are multiplied by the
term's `weight`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import torch
from torch import Tensor

from neural_style import statistics
from neural_style.tiles import Box

DIRECTIONS = 12
"""Random directions compared in each step and layer; with 24 the pictures looked the same."""

POOL = 128
"""Directions that these are drawn from, for which the style's quantiles are known."""

AT_A_TIME = 8
"""Directions whose quantiles are taken together: all of them would be 128 pictures."""

SAMPLES = 65_536
"""Points of a large picture that quantiles and histograms are taken of, about."""

Draw = Callable[[], Tensor]
"""Indices of the directions of a pool to compare in this step, shape (K,)."""


class StyleTerm(Protocol):
    """A term that compares distributions."""

    @property
    def value(self) -> Tensor: ...

    def learn(self, points: Tensor, weight: Tensor) -> None: ...

    def finish(self) -> None: ...

    def begin(self) -> None: ...

    def update(self, points: Tensor, weight: Tensor) -> None: ...

    def compute(self) -> None: ...

    def gradient(self, points: Tensor, weight: Tensor) -> Tensor: ...


class ContentTerm:
    """Squared difference to the photo's features, position by position; nothing to gather.

    Args:
        weight: of the term.
        formula: see `objective`.
        target: room for the photo's features, shape (1, C, h, w).
        emphasis: what the loss of each position is multiplied by, shape (1, 1, h, w); None for 1.
    """

    def __init__(
        self, weight: float, formula: str, target: Tensor, emphasis: Tensor | None = None
    ) -> None:
        self.target, self.emphasis = target, emphasis
        channels, positions = target.shape[1], target[0, 0].numel()
        factor = {"gatys2015": positions / 2, "tutorial": 1 / channels}.get(formula, 1.0)
        self.factor = torch.tensor(weight * factor, device=target.device)
        self.relative = formula == "relative"
        self.size = torch.zeros_like(self.factor)
        self.value = torch.zeros_like(self.factor)

    def learn(self, points: Tensor, weight: Tensor, box: Box) -> None:
        """Take the photo's features of a part of the layer."""
        box.of(self.target)[0].copy_(points.T.unflatten(1, (box.bottom - box.top, -1)))
        self.size += weight @ points.square().sum(1)

    def finish(self) -> None:
        if self.relative:
            self.factor = self.factor / self.size.clamp_min(1e-12)

    def begin(self) -> None:
        self.value = torch.zeros_like(self.value)

    def gradient(self, points: Tensor, weight: Tensor, box: Box) -> Tensor:
        target = box.of(self.target)[0].flatten(1).T
        difference = points - target
        if self.emphasis is not None:
            # Not in `learn`: the photo's own size stays as it is, and so does the rest of it.
            weight = weight * box.of(self.emphasis).flatten()
        pull = difference * (self.factor * weight)[:, None]
        self.value += torch.linalg.vecdot(difference.flatten(), pull.flatten())
        return pull.mul_(2)


class GramTerm:
    """Squared distance of Gram matrices, scaled as `formula` says (see `objective`).

    Args:
        weight: of the term.
        formula: relative, gatys2015 or tutorial.
        positions: of the layer.
    """

    def __init__(self, weight: float, formula: str, positions: int) -> None:
        self.weight, self.formula, self.positions = weight, formula, positions
        self.target = self.sum = self.slope = self.value = torch.zeros(())

    def learn(self, points: Tensor, weight: Tensor) -> None:
        self.target = self.target.to(points) + statistics.gram(points, weight)

    def finish(self) -> None:
        channels = len(self.target)
        self.factor = {
            "gatys2015": self.weight / (4 * channels**2),
            "tutorial": self.weight * self.positions / channels**3,
            "relative": self.weight / self.target.square().sum().clamp_min(1e-12),
        }[self.formula]

    def begin(self) -> None:
        self.sum = torch.zeros_like(self.target)

    def update(self, points: Tensor, weight: Tensor) -> None:
        self.sum += statistics.gram(points, weight)

    def compute(self) -> None:
        difference = self.sum - self.target
        self.value = self.factor * difference.square().sum()
        self.slope = 4 * self.factor * difference

    def gradient(self, points: Tensor, weight: Tensor) -> Tensor:
        return (points @ self.slope).mul_(weight[:, None])


class GaussianTerm:
    """Squared Wasserstein-2 distance of the Gaussians with the features' mean and covariance."""

    def __init__(self, weight: float) -> None:
        self.weight = weight
        self.target_mean = self.target_gram = self.mean = self.gram = torch.zeros(())
        self.value = torch.zeros(())

    def learn(self, points: Tensor, weight: Tensor) -> None:
        self.target_mean = self.target_mean.to(points) + statistics.mean(points, weight)
        self.target_gram = self.target_gram.to(points) + statistics.gram(points, weight)

    def finish(self) -> None:
        mean = self.target_mean
        self.root = statistics.square_root(self.target_gram - torch.outer(mean, mean))
        self.factor = self.weight / self.target_gram.trace().clamp_min(1e-12)

    def begin(self) -> None:
        self.mean = torch.zeros_like(self.target_mean)
        self.gram = torch.zeros_like(self.target_gram)

    def update(self, points: Tensor, weight: Tensor) -> None:
        self.mean += statistics.mean(points, weight)
        self.gram += statistics.gram(points, weight)

    def compute(self) -> None:
        with torch.enable_grad():
            mean, gram = self.mean.requires_grad_(), self.gram.requires_grad_()
            distance = (mean - self.target_mean).square().sum()
            distance = distance + statistics.bures(gram - torch.outer(mean, mean), self.root)
            value = self.factor * distance
            self.mean_slope, gram_slope = torch.autograd.grad(value, (mean, gram))
        self.value = value.detach()
        self.gram_slope = gram_slope + gram_slope.T

    def gradient(self, points: Tensor, weight: Tensor) -> Tensor:
        return torch.addmm(self.mean_slope, points, self.gram_slope).mul_(weight[:, None])


class Slices:
    """Sliced Wasserstein-2 distance, squared, along directions drawn from a pool in each step.

    Heitz et al. 2021 (arXiv 2006.07229), equation 3, with `statistics.destinations` in place of
    sorting. As an optimal plan is a minimum, it counts as constant in the gradient.

    Args:
        values: the style's projections on the pool's directions, a few directions at a time, each
            of shape (K, N).
        weight: shape (N,).
        draw: which of them to compare.
    """

    def __init__(self, values: Iterable[Tensor], weight: Tensor, draw: Draw) -> None:
        self.draw = draw
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

    def begin(self) -> None:
        self.drawn = self.draw()
        self.mass = torch.zeros_like(self.table[: len(self.drawn), 1:])
        self.value = torch.zeros_like(self.scale[0])

    def update(self, values: Tensor, weight: Tensor) -> None:
        """Values: projections, centred and scaled, shape (DIRECTIONS, N)."""
        self.mass += statistics.histogram(statistics.cells(values), weight)

    def compute(self) -> None:
        mass = self.mass / self.mass.sum(1, keepdim=True).clamp_min(1e-12)
        self.goal = statistics.destinations(mass, self.table[self.drawn])

    def gradient(self, values: Tensor, weight: Tensor) -> Tensor:
        """Half the gradient with respect to the values, shape (DIRECTIONS, N); overwrites them."""
        way = values.sub_(self.goal.gather(1, statistics.cells(values)))
        pull = way * weight
        square = self.scale[self.drawn].square() / len(way)
        self.value += square @ torch.linalg.vecdot(way, pull)
        return pull


class SlicedTerm:
    """Sliced Wasserstein distance of the features, relative to their size.

    Args:
        weight: of the term.
        draw: which directions of the pool to compare in this step.
        pool: directions of length one, shape (POOL, C).
    """

    def __init__(self, weight: float, draw: Draw, pool: Tensor) -> None:
        self.weight, self.draw, self.pool = weight, draw, pool
        self.samples: list[tuple[Tensor, Tensor]] = []

    def learn(self, points: Tensor, weight: Tensor) -> None:
        self.samples.append((points, weight))

    def finish(self) -> None:
        points, weight = (torch.cat(parts) for parts in zip(*self.samples, strict=True))
        self.samples.clear()
        values = (some @ points.T for some in self.pool.split(AT_A_TIME))
        self.slices = Slices(values, weight, self.draw)
        size = (weight @ points.square()).mean() / weight.sum()
        self.factor = self.weight / size.clamp_min(1e-12)
        self.pool /= self.slices.scale[:, None]
        self.offset = -self.slices.centre / self.slices.scale

    def begin(self) -> None:
        self.slices.begin()
        drawn = self.slices.drawn
        self.directions, self.shift = self.pool[drawn], self.offset[drawn][:, None]
        square = self.slices.scale[drawn].square()[:, None]
        self.back = self.directions * square * (self.factor * 2 / len(drawn))

    def update(self, points: Tensor, weight: Tensor) -> None:
        self.slices.update(torch.addmm(self.shift, self.directions, points.T), weight)

    def compute(self) -> None:
        self.slices.compute()

    def gradient(self, points: Tensor, weight: Tensor) -> Tensor:
        values = torch.addmm(self.shift, self.directions, points.T)
        return self.slices.gradient(values, weight).T @ self.back

    @property
    def value(self) -> Tensor:
        return self.factor * self.slices.value
