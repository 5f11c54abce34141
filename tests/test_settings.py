"""Settings: one place for ranges and defaults, clear sentences for wrong values."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neural_style.errors import HINTS, NeuralStyleError
from neural_style.settings import LAYERS, PRESETS, Settings, describe, parse_settings


def test_layers_are_those_of_the_paper() -> None:
    assert LAYERS[0] == "conv1_1"
    assert LAYERS[-1] == "conv5_4"
    assert len(LAYERS) == 16
    assert LAYERS[8:10] == ("conv4_1", "conv4_2")


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_changes_the_defaults(preset: str) -> None:
    settings = parse_settings({"preset": preset})
    for name, value in PRESETS[preset].items():
        assert getattr(settings, name) == getattr(
            parse_settings({name: value, "statistic": settings.statistic}), name
        )


def test_given_value_wins_over_the_preset() -> None:
    assert parse_settings({"preset": "gatys2015", "steps": 3}).steps == 3
    assert parse_settings({"preset": "gatys2015", "steps": 3}).optimiser == "lbfgs"


def test_strings_are_accepted_for_everything() -> None:
    settings = parse_settings(
        {"size": "640", "strength": "33.5", "style_layers": "conv1_1:2, conv2_1", "blend": "2,1"}
    )
    assert settings.size == 640
    assert settings.strength == 33.5
    assert settings.style_layers == {"conv1_1": 2.0, "conv2_1": 1.0}
    assert settings.blend == (2.0, 1.0)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"strength": 120}, ["strength", "120", "0 to 100"]),
        ({"strength": "a"}, ["strength", "'a'", "0 to 100"]),
        ({"strength": float("nan")}, ["strength", "nan", "0 to 100"]),
        ({"learning_rate": 0}, ["learning_rate", "1e-06 to 10"]),
        ({"averaging": 1}, ["averaging", "0 to 0.999"]),
        ({"seed": 1.5}, ["seed", "whole number"]),
        ({"preset": "best"}, ["preset", "'best'", "'draft'"]),
        ({"preset": 3}, ["preset", "3", "'draft'"]),
        ({"colour": 1}, ["no setting named colour"]),
        ({"style_layers": "conv9_1"}, ["style_layers", "conv9_1 is no layer", "conv5_4"]),
        ({"device": "gpu"}, ["device", "'gpu'", "cuda:1"]),
        ({"device": "cuda:256"}, ["device", "'cuda:256'", "cuda:1"]),  # to PyTorch that is cuda:0
        ({"device": "cuda:01"}, ["device", "'cuda:01'", "cuda:1"]),
        ({"device": "xpu:١"}, ["device", "cuda:1"]),
        ({"style_layers": ""}, ["style_layers", "layers and weights"]),
        ({"style_layers": "conv1_1:x"}, ["style_layers", "conv1_1:x", "layers and weights"]),
        ({"blend": "a"}, ["blend", "'a'", "should be numbers of 0 or more"]),
        ({"blend": "-1"}, ["blend", "-1", "should be numbers of 0 or more"]),
        ({"formula": "gatys2015"}, ["formula gatys2015 needs statistic gram"]),
    ],
)
def test_wrong_value_gets_one_clear_sentence(values: dict[str, object], words: list[str]) -> None:
    with pytest.raises(NeuralStyleError) as caught:
        parse_settings(values)
    assert caught.value.code == "bad_settings"
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in caught.value.message


@given(
    st.dictionaries(
        st.sampled_from(list(Settings.model_fields)),
        st.text() | st.floats() | st.none() | st.lists(st.integers()),
    )
)
def test_nonsense_never_raises_anything_else(values: dict[str, object]) -> None:
    with suppress(NeuralStyleError):
        parse_settings(values)


@pytest.mark.parametrize("name", ["cuda:0", "cuda:9", "xpu:10", "cuda:99"])
def test_a_card_is_the_one_that_is_named(name: str) -> None:
    assert str(torch.device(parse_settings({"device": name}).device)) == name


def test_describe_is_json_and_complete() -> None:
    about = json.loads(json.dumps(describe()))
    assert [entry["name"] for entry in about["settings"]] == list(Settings.model_fields)
    assert set(about["presets"]) == set(PRESETS)
    for entry in about["settings"]:
        assert entry["label"]
        assert entry["help"].endswith(".")
        assert parse_settings({entry["name"]: entry["default"]}) == parse_settings({})
        if entry["type"] in ("integer", "number"):
            assert entry["minimum"] <= entry["default"] <= entry["maximum"]
    for preset, values in about["presets"].items():
        assert parse_settings({"preset": preset, **values}) == parse_settings({"preset": preset})


def test_every_hint_is_a_sentence() -> None:
    for code, hint in HINTS.items():
        assert code.isidentifier()
        assert hint[0].isupper()
        assert hint.endswith(".")
