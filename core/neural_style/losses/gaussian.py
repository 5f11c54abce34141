"""The style loss that the presets draft, standard and fine use: the distance of two Gaussians."""

from __future__ import annotations

import torch
from torch import Tensor

from neural_style import statistics
from neural_style.losses.base import FeatureLoss
from neural_style.tiles import Features


class GaussianLoss(FeatureLoss):
    """Squared Wasserstein-2 distance of the Gaussians with the features' mean and covariance.

    With mean m and covariance C of the image's features, n and D those of the style's:

        (|m - n|^2 + tr(C + D - 2 (D^1/2 C D^1/2)^1/2)) / tr(D + n n^T)

    Dowson and Landau 1982 ("The Fréchet distance between multivariate normal distributions"). The
    divisor, the style's mean square, makes it mean the same with every network. To C and D a little
    noise is added, as their smallest eigenvalues are known to rounding only.
    """

    def __init__(self, *, layer: str, weight: float) -> None:
        super().__init__(layer=layer, weight=weight)
        self.target_mean = self.target_gram = self.mean = self.gram = torch.zeros(())

    def update_style(self, features: Features, share: float) -> None:
        weight = share * features.weight
        mean = statistics.mean(features.values, weight)
        self.target_mean = self.target_mean.to(mean) + mean
        self.target_gram = self.target_gram.to(mean) + statistics.gram(features.values, weight)

    def compute_targets(self) -> None:
        mean, self.size = self.target_mean, self.target_gram.trace()
        covariance = self.target_gram - torch.outer(mean, mean)
        covariance = statistics.regularised(covariance, self.size)
        self.root = statistics.square_root(covariance)
        # What rounding's floor leaves of no distance at all.
        self.least, _ = statistics.bures(covariance, self.root)
        self.factor = self.weight / self.size.clamp_min(1e-12)

    def reset(self) -> None:
        self.mean = torch.zeros_like(self.target_mean)
        self.gram = torch.zeros_like(self.target_gram)

    def update(self, features: Features) -> None:
        self.mean += statistics.mean(features.values, features.weight)
        self.gram += statistics.gram(features.values, features.weight)

    def compute(self) -> None:
        apart = self.mean - self.target_mean
        covariance = self.gram - torch.outer(self.mean, self.mean)
        # As much noise as the target has, so that equal clouds are at no distance.
        size = torch.maximum(self.gram.trace(), self.size)
        distance, slope = statistics.bures(statistics.regularised(covariance, size), self.root)
        self.value = self.factor * (apart.square().sum() + distance - self.least)
        # Of what a position adds to mean and Gram matrix; the covariance depends on both.
        self.gram_slope = 2 * self.factor * slope
        self.mean_slope = 2 * self.factor * (apart - slope @ self.mean)

    def gradient(self, features: Features) -> Tensor:
        gradient = torch.addmm(self.mean_slope, features.values, self.gram_slope)
        return gradient.mul_(features.weight[:, None])
