"""The network that looks at the pictures: VGG-19's convolutions, by the paper's layer names."""

from neural_style.network.vgg import VGG
from neural_style.network.weights import Weights, load_weights

__all__ = ["VGG", "Weights", "load_weights"]
