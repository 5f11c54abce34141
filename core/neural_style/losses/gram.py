"""The style loss of the paper: Gatys et al. 2015, equations 3 to 5."""

from __future__ import annotations

import torch
from torch import Tensor

from neural_style import statistics
from neural_style.losses.base import FeatureLoss
from neural_style.settings import Formula
from neural_style.tiles import Features


class GramLoss(FeatureLoss):
    """Squared distance of Gram matrices.

    With G = F F^T the image's Gram matrix, A the style's (equation 3, sums over positions), N
    channels and M positions:

        relative     sum (G - A)^2 / sum A^2
        gatys2015    sum (G - A)^2 / (4 N^2 M^2)     (equation 4)
        tutorial     sum (G - A)^2 / (N^2 * N M)

    A is brought to the image's number of positions, which leaves it as it is wherever both pictures
    have the same size.

    Args:
        layer, weight: see `FeatureLoss`.
        formula: which of these.
    """

    def __init__(self, *, layer: str, weight: float, formula: Formula = "relative") -> None:
        super().__init__(layer=layer, weight=weight)
        self.formula: Formula = formula
        # Of means over positions, here and below, so G = M * self.gram.
        self.target = self.gram = torch.zeros(())
        self.count = 0

    def update_style(self, features: Features, share: float) -> None:
        gram = statistics.gram(features.values, share * features.weight)
        self.target = self.target.to(gram) + gram

    def update_content(self, features: Features) -> None:
        self.count = features.height * features.width

    def compute_targets(self) -> None:
        channels = len(self.target)
        self.factor = {
            "relative": self.weight / self.target.square().sum().clamp_min(1e-12),
            "gatys2015": self.weight / (4 * channels**2),
            "tutorial": self.weight * self.count / channels**3,
        }[self.formula]

    def reset(self) -> None:
        self.gram = torch.zeros_like(self.target)

    def update(self, features: Features) -> None:
        self.gram += statistics.gram(features.values, features.weight)

    def compute(self) -> None:
        difference = self.gram - self.target
        self.value = self.factor * difference.square().sum()
        self.slope = 4 * self.factor * difference

    def gradient(self, features: Features) -> Tensor:
        return (features.values @ self.slope).mul_(features.weight[:, None])
