"""The network's own backward pass: autograd through plain double precision is the oracle."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from conftest import drawn
from neural_style.network import VGG, Weights, load_weights
from neural_style.network.vgg import Tape, bits
from neural_style.settings import LAYERS
from plain import error, features, random_weights

CHOICES = [
    ["conv1_1"],
    ["conv1_2"],
    ["conv1_2", "conv2_1"],
    ["conv2_2", "conv3_1"],
    ["conv3_4", "conv4_4"],
    ["conv1_1", "conv4_2", "conv5_1"],
    ["conv5_4"],
    list(LAYERS),
]
"""Layers wanted: right before a pooling and right after it, alone, together, and all."""


def picture(height: int, width: int, seed: int = 1) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def slope(name: str, layer: Tensor) -> Tensor:
    """Some gradient at a layer that depends on its features and differs from layer to layer."""
    generator = torch.Generator().manual_seed(LAYERS.index(name))
    noise = torch.randn(layer.shape, generator=generator).to(layer)
    return noise * layer / layer.norm().clamp_min(1e-6)


def add(name: str, layer: Tensor, gradient: Tensor) -> None:
    gradient.add_(slope(name, layer))


def expected_gradient(weights: Weights, image: Tensor, layers: list[str], pooling: str) -> Tensor:
    image = image.cpu().double().requires_grad_()
    found = features(weights, image, layers, pooling)
    slopes = [slope(name, layer.detach()) for name, layer in found.items()]
    return torch.autograd.grad(list(found.values()), image, slopes)[0]


def own_gradient(network: VGG, image: Tensor) -> Tensor:
    return network.backward(network.forward(image, lambda *_: None, keep=True), add)


@pytest.mark.parametrize("pooling", ["average", "max"])
@pytest.mark.parametrize("kind", ["torchvision", "caffe"])
@pytest.mark.parametrize("layers", CHOICES, ids=lambda layers: "+".join(layers[:3]))
def test_gradient_is_autograds(
    layers: list[str], kind: str, pooling: str, device: torch.device
) -> None:
    weights, image = random_weights(kind), picture(53, 38).to(device)
    found = own_gradient(VGG(weights, layers, pooling, device), image)
    assert found.dtype == torch.float32
    assert error(found, expected_gradient(weights, image, layers, pooling)) < 2e-5


@settings(max_examples=40)
@given(
    st.integers(16, 40),
    st.integers(16, 40),
    st.sets(st.sampled_from(LAYERS), min_size=1),
    st.sampled_from(["average", "max"]),
)
def test_gradient_is_autograds_at_every_size(
    height: int, width: int, layers: set[str], pooling: str
) -> None:
    weights, image = random_weights(), picture(height, width)
    wanted = sorted(layers)
    found = own_gradient(VGG(weights, wanted, pooling), image)
    assert error(found, expected_gradient(weights, image, wanted, pooling)) < 2e-5


@pytest.mark.parametrize("pooling", ["average", "max"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("layers", CHOICES, ids=lambda layers: "+".join(layers[:3]))
def test_tape_holds_the_wanted_features_and_a_byte_for_every_other_value(
    layers: list[str], dtype: torch.dtype, pooling: str
) -> None:
    """Max pooling's places aside. And the backward pass uses the tape up."""
    image = picture(53, 38)
    network = VGG(random_weights(), layers, pooling, dtype=dtype)
    values = {
        name: layer.numel() for name, layer in VGG(random_weights(), LAYERS).features(image).items()
    }
    allowed = sum(
        values[name] * (dtype.itemsize if name in layers else 1) for name in network.layers
    )
    tape = network.forward(image, lambda *_: None, keep=True)
    held = [*tape.features.values(), *tape.positive.values()]
    storages = {x.untyped_storage().data_ptr(): x.untyped_storage().nbytes() for x in held}
    assert sum(storages.values()) <= allowed
    assert bool(tape.places) == (pooling == "max" and network.layers[-1] > "conv2")
    network.backward(tape, add)
    assert tape == Tape()


def test_without_keeping_nothing_is_kept() -> None:
    assert VGG(random_weights(), ["conv3_1"]).forward(picture(20, 20), lambda *_: None) == Tape()


def test_layers_are_shown_from_shallow_to_deep_and_back() -> None:
    layers = ["conv4_1", "conv1_2", "conv2_1"]
    network, seen = VGG(random_weights(), layers), []
    tape = network.forward(picture(20, 20), lambda name, _: seen.append(name), keep=True)
    network.backward(tape, lambda name, *_: seen.append(name))
    assert seen == [*sorted(layers), *sorted(layers, reverse=True)]


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_bfloat16_is_close_to_float32(pooling: str, device: torch.device) -> None:
    """Features within 2 %, the gradient within 10 % (max pooling chooses others: 20 %)."""
    image = torch.from_numpy(drawn(75, 90).pixels).permute(2, 0, 1)[None].contiguous().to(device)
    layers = ["conv1_1", "conv2_1", "conv3_1", "conv4_2"]
    exact, rough = (
        VGG(load_weights("compact"), layers, pooling, device, dtype)
        for dtype in (torch.float32, torch.bfloat16)
    )
    for name, layer in rough.features(image).items():
        assert layer.dtype == torch.bfloat16
        assert error(layer, exact.features(image)[name]) < 0.02
    found = own_gradient(rough, image)
    assert found.dtype == torch.float32
    assert error(found, own_gradient(exact, image)) < (0.1 if pooling == "average" else 0.2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_bits_have_the_sign_of_the_float(dtype: torch.dtype) -> None:
    """Infinities too; a NaN has that of its sign bit, so that a ReLU lets pass only half of them.

    So the network does not promise to pass a NaN on: who wants to know looks at the picture.
    """
    inf, nan = float("inf"), torch.tensor([float("nan")], dtype=dtype)
    x = torch.tensor([-inf, -2.0, -1e-30, -0.0, 0.0, 1e-30, 3.0, inf], dtype=dtype)
    assert bits(x).clamp_min(0).sign().tolist() == [0, 0, 0, 0, 0, 1, 1, 1]
    assert bits(nan.copysign(torch.ones(1, dtype=dtype))).sign().item() == 1
    assert bits(nan.copysign(-torch.ones(1, dtype=dtype))).sign().item() == -1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e38])
def test_broken_pixel_breaks_nothing_outside_its_window(value: float) -> None:
    network, image = VGG(random_weights(), ["conv1_2"]), picture(24, 40)
    broken = image.clone()
    broken[..., 2, 2] = value
    clean, dirty = (network.features(x)["conv1_2"] for x in (image, broken))
    assert torch.equal(dirty[..., 5:], clean[..., 5:])
    assert torch.equal(dirty[..., 5:, :], clean[..., 5:, :])
    assert not torch.equal(dirty, clean)
