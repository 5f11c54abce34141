"""The network that looks at the pictures: VGG-19's convolutions, by the paper's layer names."""

from neural_style.network.vgg import VGG
from neural_style.network.weights import Weights, installed_networks, load_weights

__all__ = ["VGG", "Weights", "installed_networks", "load_weights"]
