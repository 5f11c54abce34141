"""The network that settings name, on the device and ready to run."""

from __future__ import annotations

from functools import lru_cache

import torch

from neural_style.network.normalise import normalised
from neural_style.network.vgg import VGG
from neural_style.network.weights import Weights, load_weights
from neural_style.precision import choose_precision
from neural_style.settings import Settings


def network_for(settings: Settings, device: torch.device) -> VGG:
    """The network that the settings name, on the device; the last one is kept.

    Raises:
        NeuralStyleError: for weights that cannot be used, and layers that they do not have.
    """
    precision = settings.precision
    if precision == "auto" and settings.optimiser == "lbfgs":
        precision = "float32"  # its curvature is made of small differences of gradients
    weights = load_weights(settings.network)
    if settings.formula != "tutorial":
        weights = normalised(weights)
    layers = frozenset((*settings.content_layers, *settings.style_layers))
    return _network(weights, layers, settings.pooling, device, choose_precision(device, precision))


@lru_cache(maxsize=1)
def _network(
    weights: Weights,
    layers: frozenset[str],
    pooling: str,
    device: torch.device,
    dtype: torch.dtype,
) -> VGG:
    return VGG(weights, layers, pooling, device, dtype)
