"""What the engine is compared with: the network once more, the slow and plain way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from neural_style.canvas import Canvas
from neural_style.network import VGG, load_weights
from neural_style.network.weights import PREPROCESSINGS, Weights
from neural_style.objective import Objective, StyleTarget, objective_from
from neural_style.settings import LAYERS, Settings, Statistic

STATISTICS = get_args(Statistic)
"""Each is a loss of style."""


def random_weights(kind: str = "torchvision", width: int = 6, seed: int = 0) -> Weights:
    """A narrow VGG-19 whose features neither die nor explode."""
    generator = torch.Generator().manual_seed(seed)
    scale = PREPROCESSINGS[kind].scale[0] / 4
    convolutions, before = {}, 3
    for name in LAYERS:
        weight = torch.randn(width, before, 3, 3, generator=generator) * (2 / 9 / before) ** 0.5
        bias = 0.1 * torch.randn(width, generator=generator) + 0.1
        convolutions[name] = (weight / (scale if before == 3 else 1), bias)
        before = width
    return Weights("random", convolutions, PREPROCESSINGS[kind])


def features(
    weights: Weights, image: Tensor, layers: Iterable[str], pooling: str = "average"
) -> dict[str, Tensor]:
    """Features in double precision, for autograd."""
    wanted, found = set(layers), {}
    mean, scale = (
        torch.tensor(numbers, dtype=torch.double).view(1, 3, 1, 1)
        for numbers in (weights.preprocessing.mean, weights.preprocessing.scale)
    )
    x = image.double()
    x = (x[:, [2, 1, 0]] if weights.preprocessing.bgr else x) * scale - mean
    for name in LAYERS:
        if name != "conv1_1" and name.endswith("_1"):
            x = F.avg_pool2d(x, 2) if pooling == "average" else F.max_pool2d(x, 2)
        x = F.pad(x, (1, 1, 1, 1), mode="replicate")
        weight, bias = weights.convolutions[name]
        x = F.conv2d(x, weight.double(), bias.double()).relu()
        if name in wanted:
            found[name] = x
        if len(found) == len(wanted):
            break
    return found


def network(settings: Settings, device: torch.device | str = "cpu") -> VGG:
    """The compact network as deep as `settings` need it."""
    layers = {*settings.content_layers, *settings.style_layers}
    return VGG(load_weights("compact"), layers, settings.pooling, device)


def canvas(
    height: int,
    width: int,
    seed: int,
    visible: Tensor | None = None,
    device: torch.device | str = "cpu",
) -> Canvas:
    """A picture of smooth colours; opaque unless `visible` says otherwise."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, -(-height // 4), -(-width // 4), generator=generator)
    pixels = F.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    visible = torch.ones(1, 1, height, width) if visible is None else visible
    return Canvas(pixels.to(device), visible.to(device))


def objective(
    network: VGG,
    content: Canvas,
    styles: list[tuple[Canvas, float]],
    settings: Settings,
    *,
    seed: int = 0,
    tile: int = 0,
    emphasis: Tensor | None = None,
) -> Objective:
    """The loss of a picture as a studio makes it."""
    return objective_from(
        settings,
        network=network,
        content=content,
        targets=[StyleTarget(styles=styles)],
        seed=seed,
        tile=tile,
        emphasis=emphasis,
    )


def error(found: Tensor, expected: Tensor) -> float:
    """How far one tensor is from another, relative to the latter."""
    found, expected = found.cpu().double(), expected.cpu().double()
    return float((found - expected).norm() / expected.norm().clamp_min(1e-30))
