"""From the network in training to convolutions alone, and back."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from neural_style.errors import NeuralStyleError
from neural_style.network import VGG, Weights
from neural_style.network.weights import PREPROCESSINGS
from training.network import COMPACT_LAYERS, Trainee, begins_block
from training.pictures import Pictures

Convolutions = dict[str, tuple[Tensor, Tensor]]
"""By layer name: weight (C, C', 3, 3) and bias (C,), as in `neural_style.network.Weights`."""

MEASURED = 300
"""Pictures over which the mean activations are taken."""

DEAD = 0.1
"""A channel's mean activation is taken for at least this part of its layer's mean. Scaled by
less than that, a channel that hardly ever fires would drown all others."""

LEAST_DEVIATION = 1e-3
"""Least deviation to divide by when batch norm is put in again: some channels are constant."""


@torch.no_grad()
def fold(trainee: Trainee) -> Convolutions:
    """Convolutions alone that do what those with batch norm do in use."""
    folded = {}
    for name in COMPACT_LAYERS:
        convolution, norm = trainee.layer(name)
        factor = norm.weight / (norm.running_var + norm.eps).sqrt()
        weight = convolution.weight * factor.view(-1, 1, 1, 1)
        folded[name] = (weight, norm.bias - norm.running_mean * factor)
    return folded


@torch.no_grad()
def unfold(trainee: Trainee, convolutions: Convolutions, images: Tensor) -> None:
    """Give `trainee` the function of trained convolutions, up to the channels' scales.

    Batch norm is put in again: its statistics are those on `images` (N, 3, H, W), and each
    channel is scaled so that its pre-activations deviate by one, which is where training with
    batch norm is at ease. ReLU lets positive scales through, so the next layer undoes them.

    Raises:
        NeuralStyleError: `weights_unknown` if the convolutions are of another shape.
    """
    scale, x = torch.ones(3), images * trainee.scale - trainee.mean
    for name in COMPACT_LAYERS:
        convolution, norm = trainee.layer(name)
        weight, bias = convolutions.get(name, (torch.empty(0), torch.empty(0)))
        if weight.shape != convolution.weight.shape:
            shape = tuple(convolution.weight.shape)
            message = f"The weights to start from have no {name} of the shape {shape}"
            raise NeuralStyleError("weights_unknown", message, "Start from a compact network.")
        convolution.weight.copy_(weight * scale.view(1, -1, 1, 1))
        if begins_block(name):
            x = F.avg_pool2d(x, 2)
        variance, mean = torch.var_mean(convolution(x), (0, 2, 3), correction=0)
        scale = variance.sqrt().clamp_min(LEAST_DEVIATION)
        convolution.weight.div_(scale.view(-1, 1, 1, 1))
        norm.running_mean.copy_(mean / scale)
        norm.running_var.fill_(1.0)
        norm.weight.fill_((1.0 + norm.eps) ** 0.5)
        norm.bias.copy_((mean + bias) / scale)
        x = F.relu(norm.eval()(convolution(x)))
    trainee.train()


@torch.no_grad()
def mean_activations(convolutions: Convolutions, images: list[Tensor]) -> dict[str, Tensor]:
    """Each layer's mean activation by channel (C,), over images (3, h, w), uint8."""
    weights = Weights("training", convolutions, PREPROCESSINGS["torchvision"])
    network = VGG(weights, COMPACT_LAYERS)
    means = {name: torch.zeros(len(bias)) for name, (_, bias) in convolutions.items()}
    for image in images:
        for name, layer in network.features(image[None].float().div(255)).items():
            means[name] += layer.mean((0, 2, 3)) / len(images)
    return means


@torch.no_grad()
def normalise(convolutions: Convolutions, means: dict[str, Tensor]) -> Convolutions:
    """Scale every channel to a mean activation of one, as Gatys et al. did with VGG-19.

    Gatys, Ecker and Bethge 2016 (CVPR), section 2. Dead channels excepted; see `DEAD`.

    Args:
        convolutions: with ReLU between them.
        means: what `mean_activations` found.
    """
    normalised, before = {}, torch.ones(3)
    for name, (weight, bias) in convolutions.items():
        after = means[name].clamp_min(DEAD * means[name].mean())
        new = weight * before.view(1, -1, 1, 1) / after.view(-1, 1, 1, 1)
        normalised[name] = (new, bias / after)
        before = after
    return normalised


def mean_of(one: Convolutions, two: Convolutions) -> Convolutions:
    """The mean of two networks' weights, of which one was trained from the other.

    Wortsman et al. 2022 (arXiv 2109.01903) found such a mean to have the strengths of both. Here
    the pictures had the calmer surfaces of the weights begun with, and the strokes of the others.
    """
    return {
        name: ((weight + two[name][0]) / 2, (bias + two[name][1]) / 2)
        for name, (weight, bias) in one.items()
    }


def export(trainee: Trainee, pictures: Pictures, path: Path, start: Convolutions | None) -> None:
    """Fold, scale by some of `pictures`, and write 16-bit safetensors, whole or not at all.

    Args:
        trainee: what was trained.
        pictures: some of them are looked at.
        path: of the file.
        start: the weights that training began with, also scaled; the file gets the mean of both.
    """
    chance = torch.Generator().manual_seed(0)
    chosen = torch.randperm(len(pictures.images), generator=chance)[:MEASURED]
    images = [pictures.images[i] for i in chosen.tolist()]

    def scaled(convolutions: Convolutions) -> Convolutions:
        return normalise(convolutions, mean_activations(convolutions, images))

    convolutions = scaled({n: (w.cpu(), b.cpu()) for n, (w, b) in fold(trainee).items()})
    if start is not None:
        convolutions = scaled(mean_of(scaled(start), convolutions))
    tensors = {}
    for name, (weight, bias) in convolutions.items():
        tensors |= {f"{name}.weight": weight.half().contiguous(), f"{name}.bias": bias.half()}
    part = path.with_suffix(".part")
    save_file(tensors, part, metadata={"preprocessing": "torchvision", "pooling": "average"})
    part.replace(path)
