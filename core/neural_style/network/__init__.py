"""The network that looks at the pictures: VGG-19's convolutions, by the paper's layer names."""

from neural_style.network.build import network_for
from neural_style.network.normalise import dead_leaves, mean_activations, normalise, normalised
from neural_style.network.vgg import VGG
from neural_style.network.weights import Weights, installed_networks, load_weights, weights_digest

__all__ = [
    "VGG",
    "Weights",
    "dead_leaves",
    "installed_networks",
    "load_weights",
    "mean_activations",
    "network_for",
    "normalise",
    "normalised",
    "weights_digest",
]
