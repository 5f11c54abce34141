"""From the network in training to convolutions alone."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from neural_style.network import VGG, Weights
from neural_style.network.weights import PREPROCESSINGS
from training.batches import middle
from training.network import COMPACT_LAYERS, Student
from training.pictures import STORED_SIDE, Pictures

Convolutions = dict[str, tuple[Tensor, Tensor]]
"""By layer name: weight (C, C', 3, 3) and bias (C,), as in `neural_style.network.Weights`."""

MEASURED = 300
"""Pictures over which the mean activations are taken."""


@torch.no_grad()
def fold(student: Student) -> Convolutions:
    """Convolutions alone that do what those with batch norm do in use."""
    folded = {}
    for name in COMPACT_LAYERS:
        convolution, norm = student.layer(name)
        factor = norm.weight / (norm.running_var + norm.eps).sqrt()
        weight = convolution.weight * factor.view(-1, 1, 1, 1)
        folded[name] = (weight.cpu(), (norm.bias - norm.running_mean * factor).cpu())
    return folded


@torch.no_grad()
def mean_activations(convolutions: Convolutions, pictures: Pictures) -> dict[str, Tensor]:
    """Each layer's mean activation by channel (C,), over some of the pictures."""
    chance = torch.Generator().manual_seed(0)
    chosen = torch.randperm(len(pictures.images), generator=chance)[:MEASURED].tolist()
    weights = Weights("training", convolutions, PREPROCESSINGS["torchvision"])
    network = VGG(weights, COMPACT_LAYERS)
    means = {name: torch.zeros(len(bias)) for name, (_, bias) in convolutions.items()}
    for i in chosen:
        image = middle(pictures.images[i], STORED_SIDE)[None]
        for name, layer in network.features(image).items():
            means[name] += layer.mean((0, 2, 3)) / len(chosen)
    return means


@torch.no_grad()
def normalise(convolutions: Convolutions, means: dict[str, Tensor]) -> Convolutions:
    """Scale every channel to a mean activation of one, as Gatys et al. did with VGG-19.

    Gatys, Ecker and Bethge 2016 (CVPR), section 2.

    Args:
        convolutions: with ReLU between them.
        means: what `mean_activations` found.
    """
    normalised, before = {}, torch.ones(3)
    for name, (weight, bias) in convolutions.items():
        # A channel that hardly ever fires would drown all others.
        after = means[name].clamp_min(0.1 * means[name].mean())
        new = weight * before.view(1, -1, 1, 1) / after.view(-1, 1, 1, 1)
        normalised[name] = (new, bias / after)
        before = after
    return normalised


def export(student: Student, pictures: Pictures, path: Path) -> None:
    """Fold, normalise over some of `pictures`, write 16-bit safetensors, whole or not at all."""
    convolutions = fold(student)
    convolutions = normalise(convolutions, mean_activations(convolutions, pictures))
    tensors = {}
    for name, (weight, bias) in convolutions.items():
        tensors |= {f"{name}.weight": weight.half().contiguous(), f"{name}.bias": bias.half()}
    part = path.with_suffix(".part")
    save_file(tensors, part, metadata={"preprocessing": "torchvision", "pooling": "average"})
    part.replace(path)
