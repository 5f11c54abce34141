"""From the network in training to convolutions alone."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from neural_style.network import Weights, mean_activations, normalise
from neural_style.network.weights import PREPROCESSINGS, Convolutions
from training.batches import middle
from training.network import COMPACT_LAYERS, Student
from training.pictures import STORED_SIDE, Pictures

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


def export(student: Student, pictures: Pictures, path: Path) -> None:
    """Fold, normalise over some of `pictures`, write 16-bit safetensors, whole or not at all."""
    convolutions = fold(student)
    chance = torch.Generator().manual_seed(0)
    chosen = torch.randperm(len(pictures.images), generator=chance)[:MEASURED].tolist()
    images = (middle(pictures.images[i], STORED_SIDE)[None] for i in chosen)
    weights = Weights("training", convolutions, PREPROCESSINGS["torchvision"])
    convolutions = normalise(convolutions, mean_activations(weights, images))
    tensors = {}
    for name, (weight, bias) in convolutions.items():
        tensors |= {f"{name}.weight": weight.half().contiguous(), f"{name}.bias": bias.half()}
    part = path.with_suffix(".part")
    save_file(tensors, part, metadata={"preprocessing": "torchvision", "pooling": "average"})
    part.replace(path)
