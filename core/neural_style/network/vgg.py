"""VGG-19's convolutions as a feature extractor."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neural_style.errors import NeuralStyleError
from neural_style.network.weights import Weights
from neural_style.settings import LAYERS

POOLS = {"average": F.avg_pool2d, "max": F.max_pool2d}


class VGG(nn.Module):
    """Features of a picture, by layer name, after each layer's ReLU.

    Simonyan and Zisserman 2015 (arXiv 1409.1556), table 1, column E, without the classifier:
    3x3 convolutions with padding 1, a 2x2 pooling between blocks. The first convolution repeats
    the picture's border instead of adding black, so that no frame is painted; the network ends
    at the deepest layer asked for.

    Args:
        weights: what `load_weights` returns.
        layers: names of the layers wanted, such as `conv4_2`.
        pooling: `average` (Gatys et al.: better gradients, smoother pictures) or `max`.

    Raises:
        NeuralStyleError: `bad_settings` if the weights do not reach a layer.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, weights: Weights, layers: Iterable[str], pooling: str = "average") -> None:
        super().__init__()
        self.wanted = frozenset(layers)
        deepest = max(self.wanted, key=LAYERS.index)
        if deepest not in weights.convolutions:
            raise NeuralStyleError(
                "bad_settings",
                f"The network {weights.name} has no layer {deepest}",
                f"Its last layer is {list(weights.convolutions)[-1]}.",
            )
        self.layers = LAYERS[: LAYERS.index(deepest) + 1]
        self.pool = POOLS[pooling]
        self.bgr = weights.preprocessing.bgr
        for name in self.layers:
            for part, tensor in zip(("weight", "bias"), weights.convolutions[name], strict=True):
                self.register_buffer(f"{name}_{part}", tensor.float())
        shape = (1, 3, 1, 1)
        self.register_buffer("mean", torch.tensor(weights.preprocessing.mean).view(shape))
        self.register_buffer("scale", torch.tensor(weights.preprocessing.scale).view(shape))
        # Channels-last convolutions were 1.2 times faster on two CPU cores at 1024 px.
        for name in self.layers:
            weight = self.get_buffer(f"{name}_weight")
            setattr(self, f"{name}_weight", weight.contiguous(memory_format=torch.channels_last))

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Features of `image`.

        Args:
            image: shape (1, 3, H, W), sRGB 0..1.

        Returns:
            For each wanted layer a tensor (1, C, h, w), h and w halved (rounded down) at each
            new block.
        """
        features: dict[str, Tensor] = {}
        x = (image.flip(1) if self.bgr else image) * self.scale - self.mean
        block = 1
        for name in self.layers:
            if int(name[4]) > block:
                block += 1
                x = self.pool(x, 2)
            if name == LAYERS[0]:
                x = F.pad(x, (1, 1, 1, 1), mode="replicate")
            weight, bias = self.get_buffer(f"{name}_weight"), self.get_buffer(f"{name}_bias")
            x = F.relu(F.conv2d(x, weight, bias, padding=0 if name == LAYERS[0] else 1))
            if name in self.wanted:
                features[name] = x
        return features
