"""What is minimised: how far a picture is from the photo's content and the painting's style.

Gatys, Ecker and Bethge 2015, equation 7: total = content_weight * content + style_weight * style,
plus total variation. `formula` says how the two terms are scaled:

relative
    Each layer's term is divided by what it measures on the target itself, and all are means over
    positions. The weights then mean the same at every size of picture and with every network.
gatys2015
    The paper's equations 1 to 5, literally: content is half the sum of squared differences
    (equation 1), style the weighted sum of squared differences of the Gram sums over positions
    divided by 4 N^2 M^2 (equation 4), N channels, M positions.
tutorial
    A widely copied PyTorch walk-through of the paper: content is the mean of squared differences,
    style for each layer weight * mean((G - A)^2) / (N * M), G and A Gram sums over positions.

In both literal formulas the painting's Gram sums are brought to the picture's number of
positions, so that they are the originals' wherever both pictures have the same size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from neural_style import statistics
from neural_style.network import VGG
from neural_style.settings import Settings

DIRECTIONS = 12
"""Random directions compared in each step and layer; with 24 the pictures looked the same."""

POOL = 128
"""Directions that these are drawn from, for which the style's quantiles are known."""

PATCH = 7
"""Side of the colour patches, in pixels."""


@dataclass(frozen=True)
class Canvas:
    """A picture as the engine sees it.

    Attributes:
        pixels: shape (1, 3, H, W), sRGB 0..1.
        visible: how much each pixel counts, 0 where it is transparent, shape (1, 1, H, W).
    """

    pixels: Tensor
    visible: Tensor


@dataclass(frozen=True)
class Cloud:
    """Features of the style pictures together: points (C, N), weights (N,) that sum to one."""

    points: Tensor
    weight: Tensor


class Objective:
    """The loss of a picture of one size.

    Args:
        network: gives all layers that `settings` names.
        content: the photo at the size that is painted.
        styles: the paintings, each at its own size, with how much each counts (sums to one).
        settings: weights, layers, statistic and formula.
        seed: of the random directions.
    """

    def __init__(
        self,
        network: VGG,
        content: Canvas,
        styles: list[tuple[Canvas, float]],
        settings: Settings,
        seed: int,
    ) -> None:
        self.network = network
        self.settings = settings
        self.generator = torch.Generator().manual_seed(seed)
        dial = 10 ** ((50 - settings.strength) / 25)
        relative = settings.formula == "relative"
        self.content_weights = _layer_weights(
            settings.content_layers, settings.content_weight * dial, relative
        )
        self.style_weights = _layer_weights(settings.style_layers, settings.style_weight, relative)
        self.visible = content.visible
        self._weights: dict[tuple[int, ...], Tensor] = {}
        with torch.no_grad():
            features = network(content.pixels)
            self.content = {name: features[name] for name in settings.content_layers}
            clouds = self._style_clouds(styles)
            self.style = {
                name: _TERMS[settings.statistic](cloud, self) for name, cloud in clouds.items()
            }
            self.patches = None
            if settings.statistic == "sliced" and settings.patch_weight:
                self.patches = PatchTerm(styles, self)

    def __call__(self, image: Tensor) -> Tensor:
        """The loss of `image`, shape (1, 3, H, W); a scalar."""
        settings = self.settings
        features = self.network(image)
        loss = image.new_zeros(())
        for name, weight in self.content_weights.items():
            loss = loss + weight * self._content_term(features[name], self.content[name])
        for name, weight in self.style_weights.items():
            layer = features[name]
            loss = loss + weight * self.style[name](layer.flatten(2)[0], self.weight(layer))
        if self.patches is not None:
            loss = loss + settings.patch_weight * self.patches(image)
        if settings.tv_weight:
            loss = loss + settings.tv_weight * total_variation(image, self.visible)
        return loss

    def weight(self, features: Tensor) -> Tensor:
        """How much each position of a layer counts, shape (N,), sums to one."""
        size = features.shape[2:]
        if size not in self._weights:
            self._weights[size] = position_weight(self.visible, size)
        return self._weights[size]

    def _content_term(self, features: Tensor, target: Tensor) -> Tensor:
        weight = self.weight(features)
        squares = ((features - target).square().sum(1).flatten() * weight).sum()
        if self.settings.formula == "gatys2015":
            return squares * positions(features) / 2
        if self.settings.formula == "tutorial":
            return squares / features.shape[1]
        scale = (target.square().sum(1).flatten() * weight).sum()
        return squares / scale.clamp_min(1e-12)

    def _style_clouds(self, styles: list[tuple[Canvas, float]]) -> dict[str, Cloud]:
        """Features of all style pictures in each style layer, as one cloud per layer."""
        points: dict[str, list[Tensor]] = {name: [] for name in self.settings.style_layers}
        weights: dict[str, list[Tensor]] = {name: [] for name in self.settings.style_layers}
        for canvas, share in styles:
            features = self.network(canvas.pixels)
            for name in points:
                layer = features[name]
                points[name].append(layer.flatten(2)[0])
                weights[name].append(share * position_weight(canvas.visible, layer.shape[2:]))
        return {
            name: Cloud(torch.cat(points[name], 1), torch.cat(weights[name])) for name in points
        }

    def draw(self) -> Tensor:
        """Which directions of a pool to compare in this step.

        L-BFGS compares gradients of successive steps, so for it they stay the same.
        """
        if self.settings.optimiser == "lbfgs":
            return torch.arange(DIRECTIONS)
        return torch.randperm(POOL, generator=self.generator)[:DIRECTIONS]


class GramTerm:
    """Squared distance of Gram matrices, scaled as `formula` says."""

    def __init__(self, style: Cloud, objective: Objective) -> None:
        self.formula = objective.settings.formula
        self.target = statistics.gram(style.points, style.weight)

    def __call__(self, features: Tensor, weight: Tensor) -> Tensor:
        channels, count = features.shape
        squares = (statistics.gram(features, weight) - self.target).square().sum()
        if self.formula == "gatys2015":
            return squares / (4 * channels**2)
        if self.formula == "tutorial":
            return squares * count / channels**3
        return squares / self.target.square().sum().clamp_min(1e-12)


class GaussianTerm:
    """Squared Wasserstein-2 distance of the Gaussians with the features' mean and covariance."""

    def __init__(self, style: Cloud, objective: Objective) -> None:
        self.mean, covariance = statistics.mean_covariance(style.points, style.weight)
        self.root = statistics.square_root(covariance)
        self.scale = statistics.gram(style.points, style.weight).trace().clamp_min(1e-12)

    def __call__(self, features: Tensor, weight: Tensor) -> Tensor:
        mean, covariance = statistics.mean_covariance(features, weight)
        distance = (mean - self.mean).square().sum() + statistics.bures(covariance, self.root)
        return distance / self.scale


class SlicedTerm:
    """Sliced Wasserstein distance of the features along random directions."""

    def __init__(self, style: Cloud, objective: Objective) -> None:
        self.draw = objective.draw
        channels = len(style.points)
        self.directions = statistics.random_directions(POOL, channels, objective.generator)
        self.directions = self.directions.to(style.points)
        points = statistics.resample(style.points, style.weight)
        self.tables = statistics.quantile_table(self.directions @ points)
        self.scale = points.square().mean().clamp_min(1e-12)

    def __call__(self, features: Tensor, weight: Tensor) -> Tensor:
        drawn = self.draw().to(features.device)
        values = self.directions[drawn] @ features
        return statistics.sliced(values, weight, self.tables[drawn]) / self.scale


class PatchTerm:
    """Sliced Wasserstein distance of the colours of small patches, without a network.

    Elnekave and Weiss 2022 (arXiv 2203.12414). A projection of all patches on a direction is a
    convolution of the picture with it.
    """

    def __init__(self, styles: list[tuple[Canvas, float]], objective: Objective) -> None:
        self.draw = objective.draw
        self.visible = objective.visible
        directions = torch.randn(POOL, 3 * PATCH**2, generator=objective.generator)
        directions = F.normalize(directions, dim=1).view(POOL, 3, PATCH, PATCH)
        self.directions = directions.to(objective.visible)
        weight = torch.cat([share * self._weight(canvas.visible) for canvas, share in styles])
        tables = []
        # A few directions at a time: all of them together are 128 pictures.
        for some in self.directions.split(8):
            values = [self._project(canvas.pixels, some) for canvas, _ in styles]
            points = statistics.resample(torch.cat(values, 1), weight)
            tables.append(statistics.quantile_table(points))
        self.tables = torch.cat(tables)
        self.weight = self._weight(self.visible)

    def __call__(self, image: Tensor) -> Tensor:
        drawn = self.draw().to(image.device)
        values = self._project(image, self.directions[drawn])
        return statistics.sliced(values, self.weight, self.tables[drawn])

    @staticmethod
    def _project(image: Tensor, directions: Tensor) -> Tensor:
        return F.conv2d(image, directions).flatten(2)[0]

    @staticmethod
    def _weight(visible: Tensor) -> Tensor:
        """A patch counts as much as its least visible pixel."""
        least = -F.max_pool2d(-visible, PATCH, stride=1)
        return _normalised(least.flatten())


_TERMS = {"gram": GramTerm, "gaussian": GaussianTerm, "sliced": SlicedTerm}


def _layer_weights(layers: dict[str, float], whole: float, relative: bool) -> dict[str, float]:
    """Each layer's part of a term's weight; the literal formulas do not divide by the sum."""
    total = sum(layers.values()) if relative else 1.0
    return {name: whole * weight / max(total, 1e-12) for name, weight in layers.items()}


def positions(features: Tensor) -> int:
    """Number of positions M of a layer (1, C, H, W)."""
    return features.shape[2] * features.shape[3]


def position_weight(visible: Tensor, size: torch.Size) -> Tensor:
    """How much each position of a layer of `size` (h, w) counts, shape (h * w,), sums to one."""
    return _normalised(F.adaptive_avg_pool2d(visible, (size[0], size[1])).flatten())


def _normalised(weight: Tensor) -> Tensor:
    return weight / weight.sum().clamp_min(1e-12)


def total_variation(image: Tensor, visible: Tensor) -> Tensor:
    """Mean squared difference between neighbouring pixels; pairs count if both are visible.

    Shape: image (1, 3, H, W), visible (1, 1, H, W); returns a scalar.
    """
    down = (image[..., 1:, :] - image[..., :-1, :]).square()
    right = (image[..., :, 1:] - image[..., :, :-1]).square()
    down = down * torch.minimum(visible[..., 1:, :], visible[..., :-1, :])
    right = right * torch.minimum(visible[..., :, 1:], visible[..., :, :-1])
    return (down.sum() + right.sum()) / (3 * visible.sum().clamp_min(1))
