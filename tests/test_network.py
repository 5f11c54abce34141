"""The network: torchvision's VGG-19 is the oracle; weights from files of every layout."""

from __future__ import annotations

import hashlib
import importlib
import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from neural_style.errors import NeuralStyleError
from neural_style.network import VGG, load_weights, vgg, weights
from neural_style.settings import LAYERS, parse_settings
from training.network import WIDER


@pytest.fixture(scope="module")
def torchvision_vgg19() -> Any:
    """torchvision's VGG-19 with random weights.

    torchvision's compiled operators do not load beside a CPU build of torch; its models need only
    the schemas of these two.
    """
    library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float threshold) -> Tensor")
    models = importlib.import_module("torchvision.models")  # after the schemas
    torch.manual_seed(0)
    with torch.device("meta"):
        whole = models.vgg19()
    features = whole.features.to_empty(device="cpu")
    for module in features:
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            assert module.bias is not None
            nn.init.normal_(module.bias, std=0.1)
            # The one intended difference: borders are repeated, not zero.
            module.padding_mode = "replicate"
            module._reversed_padding_repeated_twice = [1, 1, 1, 1]
    return features.eval()


@pytest.fixture(scope="module")
def torchvision_file(torchvision_vgg19: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of torchvision's layout, with a stub of its classifier."""
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    state = {f"features.{key}": value for key, value in torchvision_vgg19.state_dict().items()}
    state |= {f"classifier.{i}.weight": torch.zeros(2, 2) for i in (0, 3, 6)}
    torch.save(state, path)
    return path


def oracle(features: Any, image: Tensor, pooling: str) -> dict[str, Tensor]:
    """torchvision's features after each ReLU, by the paper's names."""
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    x, outputs = (image - mean) / deviation, []
    for module in features:
        if isinstance(module, nn.MaxPool2d) and pooling == "average":
            module = nn.AvgPool2d(2)
        x = torch.relu(x) if isinstance(module, nn.ReLU) else module(x)
        if isinstance(module, nn.ReLU):
            outputs.append(x)
    return dict(zip(LAYERS, outputs, strict=True))


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_every_layer_equals_torchvision(
    torchvision_vgg19: Any, torchvision_file: Path, pooling: str
) -> None:
    image = torch.rand(1, 3, 53, 70)
    with torch.no_grad():
        expected = oracle(torchvision_vgg19, image, pooling)
        features = VGG(load_weights(str(torchvision_file)), LAYERS, pooling).features(image)
    assert list(features) == list(LAYERS)
    for name in LAYERS:
        torch.testing.assert_close(features[name], expected[name], rtol=1e-4, atol=1e-4)


def test_caffe_layout_gets_blue_first_and_its_own_mean(torchvision_file: Path) -> None:
    state = torch.load(torchvision_file, weights_only=True)
    for i, j in ((0, 1), (3, 4)):
        state[f"classifier.{j}.weight"] = state.pop(f"classifier.{i}.weight")
    caffe_file = torchvision_file.with_name("caffe.pth")
    torch.save(state, caffe_file)
    image = torch.rand(1, 3, 20, 20)
    weight, bias = state["features.0.weight"], state["features.0.bias"]
    blue_first = 255 * image[:, [2, 1, 0]] - torch.tensor([103.939, 116.779, 123.68]).view(
        1, 3, 1, 1
    )
    padded = nn.functional.pad(blue_first, (1, 1, 1, 1), mode="replicate")
    expected = torch.relu(nn.functional.conv2d(padded, weight, bias))
    found = VGG(load_weights(str(caffe_file)), ["conv1_1"]).features(image)["conv1_1"]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-2)


def test_safetensors_of_both_layouts(torchvision_file: Path) -> None:
    state = torch.load(torchvision_file, weights_only=True)
    converted = torchvision_file.with_name("converted.safetensors")
    original = load_weights(str(torchvision_file))
    own = {}
    for name, (weight, bias) in original.convolutions.items():
        own |= {f"{name}.weight": weight, f"{name}.bias": bias}
    save_file(own, converted, metadata={"preprocessing": "caffe"})
    assert load_weights(str(converted)).preprocessing.bgr
    again = torchvision_file.with_name("again.safetensors")
    save_file(state, again)
    for file in (converted, again):
        loaded = load_weights(str(file)).convolutions
        for name in LAYERS:
            assert torch.equal(loaded[name][0], original.convolutions[name][0])
    assert not load_weights(str(again)).preprocessing.bgr


def test_compact_has_a_quarter_of_the_width_at_most_where_it_is_compared() -> None:
    compact = load_weights("compact")
    assert list(compact.convolutions) == list(LAYERS[:13])
    quarter = {"1": 16, "2": 32, "3": 64, "4": 128, "5": 128}
    for name, (weight, _) in compact.convolutions.items():
        most = max(quarter[name[4]], WIDER.get(name, 0))
        assert quarter[name[4]] // 3 < weight.shape[0] <= most, name
    settings = parse_settings({})
    assert not {*settings.content_layers, *settings.style_layers} & {*WIDER}
    features = VGG(compact, ["conv2_1", "conv4_2"]).features(torch.rand(1, 3, 40, 65))
    widths = {name: len(compact.convolutions[name][1]) for name in features}
    assert {name: tuple(f.shape) for name, f in features.items()} == {
        "conv2_1": (1, widths["conv2_1"], 20, 32),
        "conv4_2": (1, widths["conv4_2"], 5, 8),
    }


def test_network_ends_at_the_deepest_layer_in_use() -> None:
    assert VGG(load_weights("compact"), ["conv1_1", "conv3_2"]).layers == LAYERS[:6]


def test_layer_beyond_the_weights_is_named() -> None:
    with pytest.raises(NeuralStyleError, match="compact has no layer conv5_4") as caught:
        VGG(load_weights("compact"), ["conv5_4"])
    assert "conv5_1" in caught.value.hint


def test_plain_picture_has_plain_features_up_to_the_border() -> None:
    """No black frame: the first layer sees the same at the border as in the middle."""
    features = VGG(load_weights("compact"), ["conv1_1"]).features(torch.full((1, 3, 24, 24), 0.6))
    layer = features["conv1_1"]
    assert torch.allclose(layer, layer[..., 12:13, 12:13].expand_as(layer), atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (5, 8)])
def test_the_border_of_cards_is_that_of_cpus(size: tuple[int, int]) -> None:
    picture = torch.rand(1, 4, *size).contiguous(memory_format=torch.channels_last)
    expected = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    found = vgg.bordered(picture)
    assert torch.equal(found, expected)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_weights_are_kept_in_memory(torchvision_file: Path) -> None:
    assert load_weights(str(torchvision_file)) is load_weights(str(torchvision_file))


class TestFindingVgg19:
    @pytest.fixture(autouse=True)
    def _folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(weights, "weights_folder", lambda: tmp_path / "own")
        monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
        (tmp_path / "own").mkdir()
        (tmp_path / "hub" / "checkpoints").mkdir(parents=True)

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(NeuralStyleError, match="vgg19 are not installed") as caught:
            load_weights("vgg19")
        assert caught.value.code == "weights_missing"
        assert str(tmp_path / "own") in caught.value.message

    def test_a_known_name_must_have_its_hash(
        self, tmp_path: Path, torchvision_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place = tmp_path / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth"
        place.write_bytes(torchvision_file.read_bytes())
        digest = hashlib.sha256(place.read_bytes()).hexdigest()
        with pytest.raises(NeuralStyleError, match=f"begins with {digest[:8]}") as caught:
            load_weights("vgg19")
        assert caught.value.code == "weights_damaged"
        monkeypatch.setitem(weights.KNOWN_FILES, place.name, digest[:8])
        assert len(load_weights("vgg19").convolutions) == 16

    def test_own_folder_comes_first(self, tmp_path: Path, torchvision_file: Path) -> None:
        own = tmp_path / "own" / "vgg19.safetensors"
        save_file(torch.load(torchvision_file, weights_only=True), own)
        assert weights.find_weights("vgg19") == own

    def test_what_is_installed(self, tmp_path: Path) -> None:
        assert weights.installed_networks() == ["compact"]
        (tmp_path / "own" / "vgg19.safetensors").touch()
        assert weights.installed_networks() == ["compact", "vgg19"]


class Harmful:
    """What an attacker would put into a pickle."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("harmful"),))


def damaged_files(good: bytes) -> dict[str, bytes]:
    return {
        "empty.pth": b"",
        "half.pth": good[: len(good) // 2],
        "page.pth": b"<!DOCTYPE html><html>404</html>",
        "half.safetensors": b"\x10\0\0\0\0\0\0\0{",
        "page.safetensors": b"<!DOCTYPE html><html>404</html>",
    }


@pytest.mark.parametrize("name", damaged_files(b""))
def test_damaged_file(name: str, tmp_path: Path, torchvision_file: Path) -> None:
    with torchvision_file.open("rb") as file:
        start = file.read(2_000_000)
    path = tmp_path / name
    path.write_bytes(damaged_files(start)[name])
    with pytest.raises(NeuralStyleError, match="no complete weights file") as caught:
        load_weights(str(path))
    assert caught.value.code == "weights_damaged"


def test_a_pickle_with_code_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"features.0.weight": Harmful()}, "evil.pth")
    with pytest.raises(NeuralStyleError) as caught:
        load_weights("evil.pth")
    assert caught.value.code == "weights_damaged"
    assert not Path("harmful").exists()


def convolutions(**changes: Tensor | None) -> dict[str, Tensor]:
    """A tiny network of this project's layout with some tensors changed or left out."""
    tensors: dict[str, Tensor] = {}
    for name, (before, after) in zip(LAYERS, itertools.pairwise([3, *range(2, 18)]), strict=True):
        tensors[f"{name}.weight"] = torch.ones(after, before, 3, 3)
        tensors[f"{name}.bias"] = torch.zeros(after)
    for key, value in changes.items():
        del tensors[key]
        if value is not None:
            tensors[key] = value
    return tensors


@pytest.mark.parametrize(
    ("tensors", "code", "words"),
    [
        ({"a": torch.ones(1)}, "weights_unknown", "no VGG-19 convolutions"),
        (convolutions(**{"conv2_1.bias": None}), "weights_unknown", r"lacks conv2_1\.bias"),
        (
            convolutions(**{"conv1_2.weight": torch.ones(3, 9, 3, 3)}),
            "weights_unknown",
            r"conv1_2 has the shape \(3, 9, 3, 3\)",
        ),
        (
            convolutions(**{"conv1_1.bias": torch.tensor([1.0, float("nan")])}),
            "weights_damaged",
            "conv1_1 holds values out of range",
        ),
    ],
)
def test_wrong_tensors(tensors: dict[str, Tensor], code: str, words: str, tmp_path: Path) -> None:
    save_file(tensors, tmp_path / "w.safetensors")
    with pytest.raises(NeuralStyleError, match=words) as caught:
        load_weights(str(tmp_path / "w.safetensors"))
    assert caught.value.code == code
