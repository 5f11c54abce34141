"""The teacher: a network of VGG-19's layers whose features another one learns to predict."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from neural_style.network import VGG, load_weights
from training.batches import middle
from training.network import COMPACT_LAYERS
from training.pictures import STORED_SIDE, Pictures

MEASURED = 300
"""Pictures over which the teacher's channels are measured."""

DEAD = 0.05
"""A channel that deviates by less than this part of its layer's mean deviation says nothing, and
the student has no such channel."""


class Teacher:
    """What the student shall say of a picture.

    Its channels that say something, each divided by its deviation. Where there are heads, 1x1
    convolutions to the channels of the network that taught the teacher, errors also count as they
    are seen there.

    Args:
        path: weights; max pooling, as VGG-19 was trained. Heads are in the file beside it whose
            name ends in `_heads`, as `conv3_1.head.weight` (K, C) and so on.
        pictures: of which some are looked at to measure the channels.
        device: where to compute.
        dtype: of the features.

    Attributes:
        weights: of the network.
        channels: by layer, the channels that say something.
        deviations: by layer, of these.
        metrics: by layer with a head, (C, C): the square of a difference as it is behind the head,
            relative to the mean variance there.
    """

    def __init__(
        self, path: Path, pictures: Pictures, device: torch.device, dtype: torch.dtype
    ) -> None:
        self.weights = load_weights(str(path))
        self.network = VGG(self.weights, COMPACT_LAYERS, "max", device, dtype)
        tensors = {}
        beside = path.with_name(f"{path.stem}_heads{path.suffix}")
        if beside.is_file():
            tensors = load_file(beside)
        points = self._points(pictures)
        self.channels: dict[str, Tensor] = {}
        self.deviations: dict[str, Tensor] = {}
        self.metrics: dict[str, Tensor] = {}
        for name, cloud in points.items():
            deviations = cloud.std(0)
            alive = (deviations > DEAD * deviations.mean()).nonzero().flatten()
            self.channels[name], self.deviations[name] = alive, deviations[alive]
            head = tensors.get(f"{name}.head.weight")
            if head is not None:
                head = head.to(cloud)
                variance = (cloud @ head.T).var(0).sum()
                head = head[:, alive] * deviations[alive]
                self.metrics[name] = head.T @ head / variance

    @property
    def widths(self) -> dict[str, int]:
        """Channels of each layer that the student needs."""
        return {name: len(alive) for name, alive in self.channels.items()}

    def features(self, images: Tensor) -> dict[str, Tensor]:
        """By layer (N, C, h, w), float32, each channel's deviation about one."""
        return {
            name: layer[:, self.channels[name]].float() / self.deviations[name].view(-1, 1, 1)
            for name, layer in self.network.features(images).items()
        }

    def errors(self, features: dict[str, Tensor], targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Mean squared error by layer, relative to the target's variance, which is about one.

        Where there is a head, the mean of that and of the error behind the head.
        """
        errors = {}
        for name, target in targets.items():
            difference = features[name][:, : target.shape[1]].float() - target
            error = difference.square().mean()
            if name in self.metrics:
                seen = F.conv2d(difference, self.metrics[name][:, :, None, None])
                error = (error + (seen * difference).sum(1).mean()) / 2
            errors[name] = error
        return errors

    def _points(self, pictures: Pictures) -> dict[str, Tensor]:
        """Features of some of the pictures by layer, (N, C)."""
        chance = torch.Generator().manual_seed(0)
        chosen = torch.randperm(len(pictures.images), generator=chance)[:MEASURED].tolist()
        device = next(iter(self.network.bias.values())).device
        images = torch.stack([middle(pictures.images[i], STORED_SIDE) for i in chosen])
        parts: dict[str, list[Tensor]] = {name: [] for name in COMPACT_LAYERS}
        for some in images.split(20):
            for name, layer in self.network.features(some.to(device)).items():
                # One position of nine of the large layers is plenty.
                stride = 3 if layer.shape[3] > 32 else 1
                some_points = layer[..., ::stride, ::stride].movedim(1, 3).flatten(0, 2)
                parts[name].append(some_points.float())
        return {name: torch.cat(clouds) for name, clouds in parts.items()}
