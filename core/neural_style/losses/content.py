"""The content loss: Gatys et al. 2015, equation 1."""

from __future__ import annotations

import torch
from torch import Tensor

from neural_style.losses.base import FeatureLoss
from neural_style.settings import Formula
from neural_style.tiles import Features, level, pooled


class ContentLoss(FeatureLoss):
    """Squared difference to the content's features P, position by position.

    With F the image's features, N channels and M positions:

        relative     sum (F - P)^2 / sum P^2
        gatys2015    1/2 sum (F - P)^2               (equation 1)
        tutorial     1/(N M) sum (F - P)^2

    Args:
        layer, weight: see `FeatureLoss`.
        formula: which of these.
        emphasis: what the loss at each pixel is multiplied by, shape (1, 1, H, W), as in the
            spatial control of Gatys et al. 2017 (arXiv 1611.07865); None for 1 everywhere.
    """

    positions = 0  # nothing depends on the whole image

    def __init__(
        self,
        *,
        layer: str,
        weight: float,
        formula: Formula = "relative",
        emphasis: Tensor | None = None,
    ) -> None:
        super().__init__(layer=layer, weight=weight)
        self.formula: Formula = formula
        self.emphasis = None if emphasis is None else pooled(emphasis, level(layer))
        self.target, self.size = torch.empty(0), torch.zeros(())

    def update_content(self, features: Features) -> None:
        if not len(self.target):
            self.target = features.empty_layer()
            self.size = self.value = features.weight.new_zeros(())
        features.box.of(self.target)[0].copy_(features.as_map())
        self.size = self.size + features.weight @ features.values.square().sum(1)

    def compute_targets(self) -> None:
        channels, height, width = self.target.shape[1:]
        # The positions' weights sum to one: all three are a mean over positions times something.
        times = {"relative": 1.0, "gatys2015": height * width / 2, "tutorial": 1 / channels}
        self.factor = torch.full_like(self.size, self.weight * times[self.formula])
        if self.formula == "relative":
            self.factor = self.factor / self.size.clamp_min(1e-12)

    def reset(self) -> None:
        self.value = torch.zeros_like(self.value)

    def gradient(self, features: Features) -> Tensor:
        difference = features.values - features.box.of(self.target)[0].flatten(1).T
        weight = features.weight
        if self.emphasis is not None:
            # Not in the targets: the content's own size stays as it is.
            weight = weight * features.box.of(self.emphasis).flatten()
        weighted = difference * (self.factor * weight)[:, None]
        self.value += torch.linalg.vecdot(difference.flatten(), weighted.flatten())
        return weighted.mul_(2)
