"""Weights from files: this project's layout, torchvision's and the Caffe one.

Never a pickle that could run code: safetensors, or `torch.load(weights_only=True)`.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from neural_style.errors import NeuralStyleError
from neural_style.folders import weights_folder
from neural_style.settings import LAYERS

KNOWN_FILES = {
    # torchvision's VGG19_Weights.IMAGENET1K_V1 and J. Johnson's conversion of the original Caffe
    # model; the name carries the first digits of the file's SHA-256.
    "vgg19-dcbb9e9d.pth": "dcbb9e9d",
    "vgg19-d01eb7cb.pth": "d01eb7cb",
}


@dataclass(frozen=True)
class Preprocessing:
    """How the network wants its input: `x * scale - mean` of sRGB 0..1, channels per `bgr`."""

    scale: tuple[float, float, float]
    mean: tuple[float, float, float]
    bgr: bool = False


_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PREPROCESSINGS = {
    "torchvision": Preprocessing(
        scale=(1 / _DEVIATION[0], 1 / _DEVIATION[1], 1 / _DEVIATION[2]),
        mean=(_MEAN[0] / _DEVIATION[0], _MEAN[1] / _DEVIATION[1], _MEAN[2] / _DEVIATION[2]),
    ),
    # The original VGG: blue first, 0..255, mean of ImageNet taken off.
    "caffe": Preprocessing(scale=(255.0, 255.0, 255.0), mean=(103.939, 116.779, 123.68), bgr=True),
}


Convolutions = dict[str, tuple[Tensor, Tensor]]
"""By layer name, shallow to deep: weight (C, C', 3, 3) and bias (C,)."""

Activations = dict[str, Tensor]
"""By layer name, each channel's mean activation (C,)."""


@dataclass(frozen=True, eq=False)
class Weights:
    """A network as it lies in its file.

    Attributes:
        name: what the person calls it.
        convolutions: weights and biases.
        preprocessing: what it does to a picture first.
        activations: what `normalised` divides by, empty for a network of this project's that is
            normalised already; None where it has to be measured.
    """

    name: str
    convolutions: Convolutions
    preprocessing: Preprocessing
    activations: Activations | None = None


def find_weights(network: str) -> Path:
    """The file of `compact`, of `vgg19`, or the file that `network` names.

    Raises:
        NeuralStyleError: `weights_missing`, naming the places that were looked at.
    """
    if network == "compact":
        return Path(__file__).with_name("compact.safetensors")
    if network != "vgg19":
        path = Path(os.path.expanduser(network))  # which never raises, as its twin does
        if path.is_file():
            return path
        raise NeuralStyleError(
            "weights_missing",
            f"{network} is neither compact nor vgg19, and there is no such weights file",
        )
    hub = Path(torch.hub.get_dir()) / "checkpoints"
    names = ("vgg19.safetensors", "vgg19-caffe.safetensors", *KNOWN_FILES)
    places = [weights_folder() / name for name in names] + [hub / name for name in KNOWN_FILES]
    for place in places:
        if place.is_file():
            return place
    raise NeuralStyleError(
        "weights_missing",
        f"The weights of the network vgg19 are not installed: none of {', '.join(names)} is in "
        f"{weights_folder()}",
    )


def installed_networks() -> list[str]:
    """The names of those networks whose files are there."""
    names = ["compact"]
    with suppress(NeuralStyleError):
        find_weights("vgg19")
        names.append("vgg19")
    return names


def load_weights(network: str) -> Weights:
    """Read, check and name a network's weights; the last two are kept in memory.

    Args:
        network: `compact`, `vgg19` or a file's path.

    Raises:
        NeuralStyleError: `weights_missing`, `weights_damaged` or `weights_unknown`.
    """
    path = find_weights(network)
    return _load(network, path, os.stat(path).st_mtime_ns)


@lru_cache(maxsize=2)
def _load(network: str, path: Path, _modified: int) -> Weights:
    _check_hash(path)
    tensors, metadata = _read(path)
    activations: Activations | None = None
    if "conv1_1.weight" in tensors:
        keys = {name: name for name in LAYERS if f"{name}.weight" in tensors}
        activations = {
            name: tensors[f"{name}.activation"].float()
            for name in LAYERS
            if f"{name}.activation" in tensors
        }
    elif "features.0.weight" in tensors:
        indices = _torchvision_indices()
        keys = {name: f"features.{i}" for name, i in zip(LAYERS, indices, strict=True)}
    else:
        raise NeuralStyleError("weights_unknown", f"{path} holds no VGG-19 convolutions")
    # Both files number the convolutions alike; the Caffe conversion's classifier begins one later.
    caffe = metadata.get("preprocessing") == "caffe" or "classifier.1.weight" in tensors
    try:
        convolutions = {
            name: (tensors[f"{key}.weight"].float(), tensors[f"{key}.bias"].float())
            for name, key in keys.items()
        }
    except KeyError as error:
        raise NeuralStyleError("weights_unknown", f"{path} lacks {error.args[0]}") from None
    _check_shapes(path, convolutions)
    kind = "caffe" if caffe else "torchvision"
    return Weights(network, convolutions, PREPROCESSINGS[kind], activations)


def _torchvision_indices() -> list[int]:
    """Places of the convolutions in torchvision's `features`: conv, ReLU, ..., pool, conv, ..."""
    indices, index, block = [], 0, "1"
    for name in LAYERS:
        if name[4] != block:
            index, block = index + 1, name[4]
        indices.append(index)
        index += 2
    return indices


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
        # The published VGG-19 files are older than PyTorch's zip archives and cannot be mapped:
        # such a file is held in memory once, until its classifier is dropped.
        mapped = zipfile.is_zipfile(path)
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise NeuralStyleError("weights_missing", f"{path}: {reason}") from None
    except (SafetensorError, RuntimeError, ValueError, EOFError, KeyError):
        pass
    except Exception as error:
        # torch.load raises pickle.UnpicklingError for whatever is more than plain tensors.
        if type(error).__name__ != "UnpicklingError":
            raise
    else:
        if isinstance(loaded, dict):
            return {str(k): v for k, v in loaded.items() if isinstance(v, Tensor)}, {}
    raise NeuralStyleError("weights_damaged", f"{path} is no complete weights file")


def weights_digest(network: str) -> str:
    """The same for the same weights file, whatever it is called.

    Raises:
        NeuralStyleError: `weights_missing`.
    """
    path = find_weights(network)
    try:
        return _sha256(path)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise NeuralStyleError("weights_missing", f"{path}: {reason}") from None


def _sha256(path: Path) -> str:
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            hasher.update(block)
    return hasher.hexdigest()


def _check_hash(path: Path) -> None:
    expected = KNOWN_FILES.get(path.name)
    if expected is None:
        return
    digest = _sha256(path)
    if not digest.startswith(expected):
        raise NeuralStyleError(
            "weights_damaged",
            f"{path} is not the file it should be: its SHA-256 begins with {digest[:8]}",
        )


def _check_shapes(path: Path, convolutions: Convolutions) -> None:
    """Each convolution 3x3 and fed by the one before; all values finite."""
    channels = 3
    for name, (weight, bias) in convolutions.items():
        if weight.shape[1:] != (channels, 3, 3) or bias.shape != weight.shape[:1]:
            raise NeuralStyleError(
                "weights_unknown", f"{path}: {name} has the shape {tuple(weight.shape)}"
            )
        if not (weight.isfinite().all() and bias.isfinite().all()):
            raise NeuralStyleError("weights_damaged", f"{path}: {name} holds values out of range")
        channels = weight.shape[0]
