"""The compact network in training: batch norm, heads that read statistics, and views."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neural_style.network.weights import PREPROCESSINGS
from neural_style.settings import LAYERS

COMPACT_LAYERS = LAYERS[:13]
"""conv1_1 to conv5_1, the layers that style transfer uses."""

WIDTHS = {"1": 16, "2": 32, "3": 64, "4": 128, "5": 128}
"""Channels by block: a quarter of VGG-19's."""

HEADS = ("conv2_1", "conv3_1", "conv4_1", "conv5_1")
"""Layers whose statistics must tell the classes apart."""

VIEWS = ("conv3_2", "conv4_2")
"""Layers from which the picture must be seen: those that keep a photo's content."""


class Norm(nn.BatchNorm2d):
    """Batch norm that always keeps its running statistics."""

    running_mean: Tensor  # type: ignore[reportIncompatibleVariableOverride]
    running_var: Tensor  # type: ignore[reportIncompatibleVariableOverride]


class Trainee(nn.Module):
    """The layers of `neural_style.network.VGG` with batch norm, average pooling and heads.

    Max pooling in training gave hatching and checkerboards in pictures.

    Args:
        classes: number of classes of all sources together.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.convolutions, self.norms = nn.ModuleDict(), nn.ModuleDict()
        before = 3
        for name in COMPACT_LAYERS:
            after = width(name)
            # The first layer repeats the border, as the engine's does.
            mode = "replicate" if name == LAYERS[0] else "zeros"
            convolution = nn.Conv2d(before, after, 3, padding=1, padding_mode=mode, bias=False)
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            self.convolutions[name], self.norms[name] = convolution, Norm(after)
            before = after
        self.heads = nn.ModuleDict({name: StatisticsHead(width(name), classes) for name in HEADS})
        self.views = nn.ModuleDict({name: View(width(name)) for name in VIEWS})
        preprocessing = PREPROCESSINGS["torchvision"]
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(preprocessing.scale).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """What the heads make of images (N, 3, H, W), sRGB 0..1.

        Returns:
            Logits (N, classes) of each statistics head; each view's picture (N, 3, h, w).
        """
        features = self.features(images)
        logits = [head(features[name]) for name, head in self.heads.items()]
        return logits, [view(features[name]) for name, view in self.views.items()]

    def features(self, images: Tensor) -> dict[str, Tensor]:
        """Every layer after its ReLU, (N, C, h, w), by name."""
        features: dict[str, Tensor] = {}
        x = images * self.scale - self.mean
        for name in COMPACT_LAYERS:
            if begins_block(name):
                x = F.avg_pool2d(x, 2)
            convolution, norm = self.layer(name)
            x = F.relu(norm(convolution(x)), inplace=True)
            features[name] = x
        return features

    def layer(self, name: str) -> tuple[nn.Conv2d, Norm]:
        """A layer's convolution and batch norm."""
        return cast(nn.Conv2d, self.convolutions[name]), cast(Norm, self.norms[name])


class StatisticsHead(nn.Module):
    """Classes from what style transfer compares: the features' statistics, not their places.

    Means of the channels, and root mean squares along as many learned directions: the diagonal of
    a Gram matrix, seen from directions of the head's own choice.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.directions = nn.Conv2d(channels, channels, 1, bias=False)
        nn.init.dirac_(self.directions.weight)
        self.norm = nn.BatchNorm1d(2 * channels)
        self.classify = nn.Linear(2 * channels, classes)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (N, classes) of features (N, C, h, w)."""
        means = features.mean((2, 3))
        roots = (self.directions(features).square().mean((2, 3)) + 1e-6).sqrt()
        return self.classify(self.norm(torch.cat([means, roots], 1)))


class View(nn.Module):
    """The picture again, from what each position of a layer knows.

    Classes alone teach a network to forget where things are, and photos painted with it dissolve.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.colours = nn.Conv2d(channels, 12, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Pictures (N, 3, 2h, 2w) of features (N, C, h, w)."""
        return F.pixel_shuffle(self.colours(features), 2)


def width(layer: str) -> int:
    """Number of channels of a layer such as `conv4_2`."""
    return WIDTHS[layer[4]]


def begins_block(layer: str) -> bool:
    """Whether the picture is halved before this layer."""
    return layer.endswith("_1") and layer != LAYERS[0]
