"""Run by the engine's Python: `convert.py ORIGINAL OUT` keeps the convolutions, as safetensors.

Beside them it writes each channel's mean activation, so that it is measured once.
"""

import sys
from pathlib import Path

from safetensors.torch import save_file

from neural_style.network import dead_leaves, load_weights, mean_activations
from neural_style.network.weights import PREPROCESSINGS


def main(original: str, output: str) -> None:
    weights = load_weights(str(Path(original).resolve()))
    tensors = {}
    for name, (weight, bias) in weights.convolutions.items():
        tensors[f"{name}.weight"] = weight.contiguous()
        tensors[f"{name}.bias"] = bias.contiguous()
    for name, means in mean_activations(weights, dead_leaves()).items():
        tensors[f"{name}.activation"] = means
    kinds = {preprocessing: kind for kind, preprocessing in PREPROCESSINGS.items()}
    save_file(tensors, output, {"preprocessing": kinds[weights.preprocessing]})


if __name__ == "__main__":
    main(*sys.argv[1:])
