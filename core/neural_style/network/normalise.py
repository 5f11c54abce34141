"""Every channel at a mean activation of one, so that weights of a loss fit every network.

Gatys, Ecker and Bethge 2016 (CVPR), section 2. A ReLU lets a channel be scaled without changing
what the network computes, if the next layer's weights take the scale back. torchvision's VGG-19,
the Caffe one and `compact` differ in the scale of their activations; a content loss grows with
its square and a Gram loss with its fourth power, so that constants that fit one would fit no other.

Gatys et al. averaged over ImageNet, which is not here. Dead leaves are, wherever there is a
generator of random numbers: pictures of overlapping shapes of all sizes have the edges and
spectra of photos (Lee, Mumford and Huang 2001, "Occlusion models for natural images"). For
`compact`, the channels' means over such pictures and over ten photos differ by a factor of 1.2 to
2.1 (one standard deviation) beside one that a layer's channels share, those over five photos and
over five others by 1.2 to 1.7.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import pi

import torch
from torch import Tensor

from neural_style.network.vgg import VGG
from neural_style.network.weights import Activations, Convolutions, Weights

LEAST = 0.1
"""Smallest mean activation, relative to that of the layer: a channel that hardly ever fires would
drown all others."""

PICTURES, SIDE, LEAVES = 8, 128, 1000
"""Number of pictures of dead leaves, their side in pixels, and leaves in each."""

SMALLEST = 2.0
"""Radius of the smallest leaf, in pixels."""


@lru_cache(maxsize=2)
def normalised(weights: Weights) -> Weights:
    """The same network with a mean activation of one in each channel.

    Our own files hold what to divide by, or are normalised already; for original ones it is
    measured here, which takes some seconds.
    """
    activations = weights.activations
    if activations is None:
        activations = mean_activations(weights, dead_leaves())
    if not activations:
        return weights
    convolutions = normalise(weights.convolutions, activations)
    return Weights(weights.name, convolutions, weights.preprocessing, {})


@torch.no_grad()
def mean_activations(weights: Weights, pictures: Iterable[Tensor]) -> Activations:
    """Each channel's mean activation over positions and pictures, by layer name (C,).

    Args:
        weights: of the network, not normalised.
        pictures: each (1, 3, H, W), sRGB 0..1.
    """
    network = VGG(weights, weights.convolutions)
    means = {name: torch.zeros(len(bias)) for name, (_, bias) in weights.convolutions.items()}
    count = 0

    def add(name: str, layer: Tensor) -> None:
        means[name] += layer.mean((0, 2, 3))

    for picture in pictures:
        network.forward(picture, add)
        count += 1
    return {name: mean / count for name, mean in means.items()}


@torch.no_grad()
def normalise(convolutions: Convolutions, activations: Activations) -> Convolutions:
    """Divide every channel by its mean activation, and take that back in the next layer.

    Args:
        convolutions: with ReLU between them.
        activations: what `mean_activations` found.
    """
    result, before = {}, torch.ones(3)
    for name, (weight, bias) in convolutions.items():
        after = activations[name].clamp_min(LEAST * activations[name].mean())
        scaled = weight * before.view(1, -1, 1, 1) / after.view(-1, 1, 1, 1)
        result[name] = (scaled, bias / after)
        before = after
    return result


def dead_leaves(count: int = PICTURES, side: int = SIDE, seed: int = 0) -> list[Tensor]:
    """Pictures of shaded ellipses, each of one colour, that cover each other.

    Radii have a density of r^-3, which makes the pictures look alike at every size.

    Returns:
        `count` pictures (1, 3, side, side), sRGB 0..1, the same for the same seed.
    """
    chance = torch.Generator().manual_seed(seed)
    return [_leaves(side, chance) for _ in range(count)]


def _leaves(side: int, chance: torch.Generator) -> Tensor:
    picture = torch.full((3, side, side), 0.5)
    places = torch.arange(side) + 0.5
    low, high = SMALLEST**-2, (side / 2) ** -2
    for _ in range(LEAVES):
        size, x, y, turn, slim, grey, *light = torch.rand(8, generator=chance).tolist()
        colour = (grey + 0.35 * (torch.rand(3, generator=chance) - 0.5)).clamp_(0, 1)
        radius = (low + (high - low) * size) ** -0.5
        # Only the rows and columns that the leaf can reach: most leaves are small.
        reach = 1.5 * radius + 2
        rows, columns = (
            slice(max(0, int(middle * side - reach)), int(middle * side + reach) + 1)
            for middle in (y, x)
        )
        angle, wide = torch.tensor(pi * turn), 0.7 + 0.7 * slim
        down, across = places[rows, None] - y * side, places[columns] - x * side
        along = (across * angle.cos() + down * angle.sin()) / wide
        beside = (down * angle.cos() - across * angle.sin()) * wide
        cover = (radius + 0.5 - torch.hypot(along, beside)).clamp_(0, 1)
        shade = 1 + (0.4 * (light[0] - 0.5) * along + 0.4 * (light[1] - 0.5) * beside) / radius
        picture[:, rows, columns] = torch.lerp(
            picture[:, rows, columns], colour[:, None, None] * shade, cover
        )
    return picture.clamp_(0, 1)[None]
