"""The compact network in training: VGG's layers with batch norm."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neural_style.network.weights import PREPROCESSINGS
from neural_style.settings import LAYERS

COMPACT_LAYERS = LAYERS[:13]
"""conv1_1 to conv5_1, the layers that style transfer uses."""

WIDER = {"conv2_2": 48, "conv3_3": 64, "conv3_4": 64, "conv4_3": 128}
"""Least channels of some layers that style transfer does not compare: those that the teacher does
not have say what the student likes."""


class Norm(nn.BatchNorm2d):
    """Batch norm that always keeps its running statistics."""

    running_mean: Tensor  # type: ignore[reportIncompatibleVariableOverride]
    running_var: Tensor  # type: ignore[reportIncompatibleVariableOverride]


class Student(nn.Module):
    """The layers of `neural_style.network.VGG` with batch norm and average pooling.

    Args:
        widths: channels of each layer that shall predict the teacher's; they come first.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, widths: dict[str, int]) -> None:
        super().__init__()
        self.convolutions, self.norms = nn.ModuleDict(), nn.ModuleDict()
        before = 3
        for name in COMPACT_LAYERS:
            width = max(widths[name], WIDER.get(name, 0))
            # The border is repeated, as in the engine.
            convolution = nn.Conv2d(
                before, width, 3, padding=1, padding_mode="replicate", bias=False
            )
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            self.convolutions[name], self.norms[name] = convolution, Norm(width)
            before = width
        preprocessing = PREPROCESSINGS["torchvision"]
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(preprocessing.scale).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Every layer after its ReLU, (N, C, h, w), of images (N, 3, H, W), sRGB 0..1."""
        features: dict[str, Tensor] = {}
        x = images * self.scale - self.mean
        for name in COMPACT_LAYERS:
            if name.endswith("_1") and name != LAYERS[0]:
                x = F.avg_pool2d(x, 2)
            convolution, norm = self.layer(name)
            x = F.relu(norm(convolution(x)), inplace=True)
            features[name] = x
        return features

    def layer(self, name: str) -> tuple[nn.Conv2d, Norm]:
        """A layer's convolution and batch norm."""
        return cast(nn.Conv2d, self.convolutions[name]), cast(Norm, self.norms[name])
