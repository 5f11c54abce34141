"""Neural style transfer as textbooks and well-known programs write it, to measure against.

Gatys, Ecker and Bethge 2015 with what they and their followers use: the network as one
`nn.Sequential` with in-place ReLUs, Gram matrices, mean squared errors, autograd, L-BFGS or Adam
from `torch.optim`; float32, channels first, the whole picture at once. Where programs differ, the
leaner way is taken: frozen weights, targets without a graph, nothing computed twice.

Three things are the engine's, so that both minimise the same function: the first convolution
repeats the picture's border, pooling is average, and each layer's error is divided by the mean
square of its target (the formula `relative`), which is but a constant for each layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neural_style.network import Weights

Look = Callable[[Tensor], None]
"""Called with the picture (1, 3, H, W) before each evaluation of the loss, and with the result."""


class Normalise(nn.Module):
    """From sRGB 0..1 to what the network was trained on."""

    scale: Tensor
    mean: Tensor

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        preprocessing = weights.preprocessing
        self.register_buffer("scale", torch.tensor(preprocessing.scale).view(1, 3, 1, 1))
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        return image * self.scale - self.mean


def build(weights: Weights, last: str) -> nn.Sequential:
    """The network up to and with the layer `last`; each ReLU has its convolution's name."""
    network = nn.Sequential()
    network.add_module("normalise", Normalise(weights))
    block = "1"
    for name, (weight, bias) in weights.convolutions.items():
        if name[4] != block:
            network.add_module(f"pool{block}", nn.AvgPool2d(2))
            block = name[4]
        # Borders are repeated as in the engine, so that both have the same loss.
        convolution = nn.Conv2d(
            weight.shape[1], len(weight), 3, padding=1, padding_mode="replicate"
        )
        convolution.load_state_dict({"weight": weight, "bias": bias})
        network.add_module(f"{name}_linear", convolution)
        network.add_module(name, nn.ReLU(inplace=True))
        if name == last:
            break
    return network.requires_grad_(False).eval()


def gram(features: Tensor) -> Tensor:
    """Gram matrix (C, C) of features (1, C, H, W), per channel and position."""
    _, channels, height, width = features.shape
    rows = features.view(channels, height * width)
    return rows @ rows.T / (channels * height * width)


class Loss(nn.Module):
    """How far a picture is from a photo's content and a painting's style; a scalar.

    Args:
        network: from `build`.
        content: the photo, shape (1, 3, H, W), sRGB 0..1.
        style: the painting, likewise, of any size.
        content_weights: of the layers whose features are compared.
        style_weights: of the layers whose Gram matrices are compared.
    """

    def __init__(
        self,
        network: nn.Sequential,
        content: Tensor,
        style: Tensor,
        content_weights: Mapping[str, float],
        style_weights: Mapping[str, float],
    ) -> None:
        super().__init__()
        self.network = network
        self.content_weights, self.style_weights = content_weights, style_weights
        with torch.no_grad():
            features = self.features(content)
            self.contents = {name: features[name] for name in content_weights}
            features = self.features(style)
            self.grams = {name: gram(features[name]) for name in style_weights}

    def features(self, image: Tensor) -> dict[str, Tensor]:
        """Of the layers with weights, after the ReLU."""
        found: dict[str, Tensor] = {}
        for name, layer in self.network.named_children():
            image = layer(image)
            if name in self.content_weights or name in self.style_weights:
                found[name] = image
        return found

    def forward(self, image: Tensor) -> Tensor:
        features = self.features(image)
        loss = torch.zeros((), device=image.device)
        for name, weight in self.content_weights.items():
            target = self.contents[name]
            loss = loss + weight * F.mse_loss(features[name], target) / target.square().mean()
        for name, weight in self.style_weights.items():
            target = self.grams[name]
            loss = loss + weight * F.mse_loss(gram(features[name]), target) / target.square().mean()
        return loss


def minimise_lbfgs(loss: Loss, image: Tensor, steps: int, look: Look) -> None:
    """`steps` evaluations of L-BFGS without a line search, as in the authors' program."""
    image = image.clone().requires_grad_()
    # The tolerances would end the run when it has slowed down.
    optimiser = torch.optim.LBFGS([image], max_iter=steps, tolerance_grad=-1, tolerance_change=-1)

    def closure() -> Tensor:
        look(image.detach())
        optimiser.zero_grad()
        value = loss(image)
        value.backward()
        return value

    optimiser.step(closure)
    look(image.detach())


def adam(loss: Loss, image: Tensor, learning_rate: float) -> Callable[[], None]:
    """A function that takes one step of Adam at each call."""
    image = image.clone().requires_grad_()
    optimiser = torch.optim.Adam([image], lr=learning_rate)

    def step() -> None:
        optimiser.zero_grad()
        loss(image).backward()
        optimiser.step()

    return step
