"""Pictures on their way from photo to painting, which the network will look at most."""

from __future__ import annotations

import torch
from torch import Tensor

from neural_style.canvas import Canvas
from neural_style.network import VGG, Weights
from neural_style.objective import StyleTarget, objective_from
from neural_style.optimise import Adam
from neural_style.settings import parse_settings
from training.batches import middle
from training.pictures import STORED_SIDE, Pictures

SETTINGS = {
    "statistic": "gaussian",
    "style_layers": "conv1_1:1,conv2_1:1,conv3_1:1,conv4_1:1,conv5_1:1",
    "content_layers": "conv3_2:2,conv4_2:1",
    "tv_weight": 0.02,
    "learning_rate": 0.02,
}
"""Pinned, so that the same seed makes the same pictures when defaults change."""

MOST_CONTENT, LEAST_CONTENT = 0.5, 0.005
"""Content weights, drawn evenly in their logarithm: from a photo with some paint to no photo."""

LONGEST = 60
"""Steps after which a picture has arrived, about."""


def paint_halfway(
    pictures: Pictures, weights: Weights, device: torch.device, count: int, seed: int
) -> list[Tensor]:
    """Paint some pictures after others and stop on the way; each (3, h, w), uint8.

    Args:
        pictures: photo and painting are any two of them.
        weights: of the network that looks at them, with max pooling.
        device: where to compute.
        count: of pictures.
        seed: of the choice of pictures, weights and numbers of steps.
    """
    generator = torch.Generator().manual_seed(seed)
    layers = {*parse_settings(SETTINGS).style_layers, *parse_settings(SETTINGS).content_layers}
    network = VGG(weights, layers, "max", device)
    painted = []
    for number in range(count):
        one, two = torch.randint(len(pictures.images), (2,), generator=generator).tolist()
        part, way, noise = torch.rand(3, generator=generator).tolist()
        photo, painting = (
            Canvas(middle(pictures.images[i], STORED_SIDE)[None].to(device), _visible(device))
            for i in (one, two)
        )
        content_weight = MOST_CONTENT * (LEAST_CONTENT / MOST_CONTENT) ** part
        settings = parse_settings({**SETTINGS, "content_weight": content_weight})
        objective = objective_from(
            settings,
            network=network,
            content=photo,
            targets=[StyleTarget(styles=[(painting, 1.0)])],
            seed=seed + number,
        )
        start = photo.pixels
        if noise < 0.25:
            start = torch.rand(start.shape, generator=generator).to(start)
        optimiser = Adam(start, settings.learning_rate, 0.0)
        for _ in range(1 + int(LONGEST * way)):
            optimiser.step(objective)
        painted.append(optimiser.picture[0].mul(255).round().byte().cpu())
    return painted


def _visible(device: torch.device) -> Tensor:
    return torch.ones(1, 1, STORED_SIDE, STORED_SIDE, device=device)
