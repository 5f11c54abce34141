"""What a loss has to offer: `FeatureLoss` for what sees the network's features, `PixelLoss` for
what sees the pixels."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor

from neural_style.canvas import Canvas
from neural_style.tiles import Features


class FeatureLoss(ABC):
    """A loss of one layer's features. It sees a picture in parts, twice, as tiles need it.

    Before the first step, in this order:

        update_style      with each part of each style
        update_content    with each part of the content
        compute_targets   once

    and in each step, for the image that is optimised (`update` and `compute` as in torchmetrics):

        reset             once
        update            with each part: gathers what only the whole image can tell
        compute           once: from that, what a position's gradient depends on
        gradient          with each part; afterwards `value` is the loss

    Features are lent: a loss must not change them, nor hold on to them.

    Args:
        layer: whose features it compares, such as `conv4_2`.
        weight: what value and gradient are multiplied by.

    Attributes:
        value: the loss, weighted; a scalar.
        positions: how many positions of its layer `update_style` and `update` are shown, about.
    """

    positions: float = math.inf

    def __init__(self, *, layer: str, weight: float) -> None:
        self.layer, self.weight = layer, weight
        self.value = torch.zeros(())

    def update_style(self, features: Features, share: float) -> None:
        """See a part of a style that counts as much as `share`; all shares sum to one."""

    def update_content(self, features: Features) -> None:
        """See a part of the content."""

    def compute_targets(self) -> None:
        """All parts of content and styles have been seen."""

    def reset(self) -> None:
        """A new step begins."""

    def update(self, features: Features) -> None:
        """See a part of the image."""

    def compute(self) -> None:
        """All parts of the image have been seen."""

    @abstractmethod
    def gradient(self, features: Features) -> Tensor:
        """Gradient of the loss with respect to a part's features, shape (N, C); a new tensor."""


class PixelLoss(ABC):
    """A loss that needs no network. It sees whole pictures.

    Args:
        weight: what value and gradient are multiplied by.
    """

    def __init__(self, *, weight: float) -> None:
        self.weight = weight

    def update_style(self, style: Canvas, share: float) -> None:
        """See a style that counts as much as `share`; all shares sum to one."""

    def update_content(self, content: Canvas) -> None:
        """See the content."""

    def compute_targets(self) -> None:
        """Content and styles have been seen."""

    @abstractmethod
    def loss_and_gradient(self, image: Tensor, gradient: Tensor) -> Tensor:
        """The loss of `image`, (1, 3, H, W), a scalar; adds its gradient to `gradient`."""
