"""Every setting once: its type, range, default, label, help and short form.

The command line, the worker and the plug-in's dialog are all derived from `Settings`. A preset
is a set of other defaults: what is given explicitly always wins over it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from neural_style.errors import NeuralStyleError

LAYERS: tuple[str, ...] = tuple(
    f"conv{block}_{index}"
    for block, depth in enumerate((2, 2, 4, 4, 4), start=1)
    for index in range(1, depth + 1)
)
"""The convolutions of VGG-19 under the paper's names, shallow to deep."""

MAX_SIDE = 30_000
"""Longest side of a picture in pixels, for sizes to paint at."""


def _parse_numbers(value: Any) -> Any:
    """Accept "2,1" for (2.0, 1.0)."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _parse_layers(value: Any) -> Any:
    """Accept "conv3_1:2,conv4_1" for {"conv3_1": 2.0, "conv4_1": 1.0}; check the names."""
    if isinstance(value, str):
        pairs = (part.strip().partition(":") for part in value.split(",") if part.strip())
        value = {name.strip(): weight.strip() or 1.0 for name, _, weight in pairs}
    if isinstance(value, Mapping):
        for name in value:
            if name not in LAYERS:
                raise ValueError(f"{name} is no layer; the layers are {LAYERS[0]} to {LAYERS[-1]}")
    return value


DEVICES = ("auto", "cpu", "cuda", "mps", "xpu")
"""Kinds of devices."""


def _check_device(value: str) -> str:
    """Let a kind of device through, or one of several cards by its number."""
    # PyTorch takes more digits for another card, or raises.
    if not re.fullmatch(rf"{'|'.join(DEVICES)}|(cuda|xpu):(0|[1-9][0-9]?)", value):
        raise ValueError(f"should be {', '.join(DEVICES)}, or one of several cards, such as cuda:1")
    return value


Weight = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
LayerWeights = Annotated[dict[str, Weight], BeforeValidator(_parse_layers), Field(min_length=1)]
Numbers = Annotated[tuple[Weight, ...], BeforeValidator(_parse_numbers)]

Preset = Literal["draft", "standard", "fine", "gatys2015", "tutorial"]
Colours = Literal["painting", "photo", "luminance", "free"]
Device = Annotated[str, AfterValidator(_check_device)]
Precision = Literal["auto", "float32", "bfloat16"]
Start = Literal["content", "noise", "colours"]
Statistic = Literal["gaussian", "sliced", "gram"]
Formula = Literal["relative", "gatys2015", "tutorial"]
Pooling = Literal["average", "max"]
Optimiser = Literal["adam", "torch-adam", "lbfgs"]

PRESETS: dict[str, dict[str, Any]] = {
    "draft": {"steps": 80, "final_steps": 16, "size_ratio": 2.0},
    "standard": {},
    "fine": {"steps": 250, "final_steps": 100},
    # Gatys, Ecker and Bethge 2015 (arXiv 1508.06576), section "Methods".
    "gatys2015": {
        "formula": "gatys2015",
        "statistic": "gram",
        "content_layers": "conv4_2",
        "style_layers": "conv1_1:0.2,conv2_1:0.2,conv3_1:0.2,conv4_1:0.2,conv5_1:0.2",
        "content_weight": 3e-6,
        "style_weight": 1.0,
        "faces": 0.0,
        "tv_weight": 0.0,
        "pooling": "average",
        "colours": "free",
        "start": "noise",
        "optimiser": "lbfgs",
        "learning_rate": 1.0,
        "averaging": 0.0,
        "coarsest": MAX_SIDE,
        "steps": 500,
        "final_steps": 500,
    },
    # To the letter, PyTorch's own Adam and its learning rate included.
    "tutorial": {
        "formula": "tutorial",
        "statistic": "gram",
        "content_layers": "conv5_1",
        "style_layers": "conv1_1:0.75,conv2_1:0.5,conv3_1:0.25,conv4_1:0.25,conv5_1:0.25",
        "content_weight": 1.0,
        "style_weight": 1e6,
        "faces": 0.0,
        "tv_weight": 0.0,
        "pooling": "max",
        "colours": "free",
        "start": "content",
        "optimiser": "torch-adam",
        "learning_rate": 0.003,
        "averaging": 0.0,
        "coarsest": MAX_SIDE,
        "steps": 2000,
        "final_steps": 2000,
    },
}
"""What each preset changes in the defaults below."""


class Settings(BaseModel):
    """All that can be chosen for one picture; see the fields' own help."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: Preset = Field(
        "standard",
        title="Preset",
        description="A set of values for all other settings: draft, standard and fine differ in "
        "time; gatys2015 is the paper's own method, tutorial a widely copied walk-through of it.",
    )
    strength: float = Field(
        50.0,
        ge=0,
        le=100,
        title="Strength",
        description="How far the picture goes from the photo (0) to the painting (100): 25 is a "
        "photo with paint on it, 50 a painting in which everything is still itself, 75 a bold one. "
        "Each 25 divide the weight of the content by five.",
    )
    faces: float = Field(
        50.0,
        ge=0,
        le=100,
        title="Faces",
        description="How much more of the photo is kept where it shows faces: 0 is no more than "
        "elsewhere, 100 most (50 is 4 times the weight of the content, 100 is 16 times).",
    )
    network: str = Field(
        "compact",
        min_length=1,
        title="Network",
        description="The network that looks at the pictures: compact (fast, comes with the "
        "program), vgg19 (the paper's, downloaded separately) or a weights file.",
        json_schema_extra={"examples": ["compact", "vgg19"]},
    )
    size: int = Field(
        0,
        ge=0,
        le=MAX_SIDE,
        title="Size",
        description="Longest side, in pixels, at which the picture is painted; 0 is the photo's "
        "own size. Brush strokes are as large as in the painting at this size.",
    )
    colours: Colours = Field(
        "painting",
        title="Colours",
        description="Whose colours the picture has: the photo is recoloured with the painting's "
        "palette first (painting), the painting with the photo's (photo), only the brightness is "
        "painted and the photo's colours stay as they are (luminance), or photo and painting are "
        "left as they are and their colours mix (free, as in the paper).",
    )
    palette: float = Field(
        100.0,
        ge=0,
        le=100,
        title="Palette",
        description="How much of the painting's palette the picture gets, where colours is "
        "painting: 0 for the photo's own palette, 100 for all of the painting's.",
    )
    style_scale: float = Field(
        1.0,
        ge=0.1,
        le=4.0,
        title="Stroke size",
        description="Size of the painting relative to the picture: below 1 for finer strokes, "
        "above 1 for broader ones.",
    )
    blend: Numbers = Field(
        (),
        title="Blend",
        description="How much each of several style pictures counts, such as 2,1; empty for "
        "equal parts.",
    )
    seed: int = Field(
        0,
        ge=0,
        le=2**31 - 1,
        title="Seed",
        description="Start of the random numbers: the same seed gives the same picture again on "
        "the same processor, and nearly the same one on a graphics card, or beside busy programs.",
    )
    device: Device = Field(
        "auto",
        title="Device",
        description="What to compute on: cuda is an NVIDIA or AMD graphics card, mps Apple's, "
        "xpu Intel's; auto takes the fastest there is.",
        json_schema_extra={"enum": [*DEVICES]},
    )
    precision: Precision = Field(
        "auto",
        title="Precision",
        description="Number format of the network's features: auto takes bfloat16 where this "
        "computer is clearly faster with it, and float32 for L-BFGS. Pictures, statistics and "
        "losses are always float32.",
    )
    memory: float = Field(
        0.0,
        ge=0,
        le=10_000,
        title="Memory",
        description="Memory that painting may take, in GiB; 0 is most of what is free. With less, "
        "the picture is painted in tiles, which takes longer and gives the same picture.",
    )
    start: Start = Field(
        "content",
        title="Start",
        description="What the optimiser starts from: the photo, white noise, or noise in the "
        "painting's colours.",
    )
    statistic: Statistic = Field(
        "gaussian",
        title="Statistic",
        description="What is compared of the style's features: their mean and covariance "
        "(gaussian), their whole distribution along random directions (sliced), or their Gram "
        "matrix.",
    )
    formula: Formula = Field(
        "relative",
        title="Formula",
        description="How the terms of the loss are scaled: relative to the targets, so that "
        "weights mean the same at every size and with every network; or literally as in the "
        "paper or the walk-through, which both need the Gram statistic.",
    )
    content_layers: LayerWeights = Field(
        {"conv3_2": 2.0, "conv4_2": 1.0},
        title="Content layers",
        description="Layers whose features keep the photo recognisable, with their weights.",
    )
    style_layers: LayerWeights = Field(
        {"conv1_1": 1.0, "conv2_1": 1.0, "conv3_1": 1.0, "conv4_1": 1.0, "conv5_1": 1.0},
        title="Style layers",
        description="Layers whose statistics carry the style, with their weights.",
    )
    content_weight: Weight = Field(
        0.05,
        title="Content weight",
        description="Weight of the content loss at strength 50.",
    )
    style_weight: Weight = Field(1.0, title="Style weight", description="Weight of the style loss.")
    tv_weight: Weight = Field(
        0.02,
        title="Smoothness",
        description="Weight of the total variation, which calms noise between neighbouring pixels; "
        "relative to the painting's own.",
    )
    pooling: Pooling = Field(
        "average",
        title="Pooling",
        description="How the network shrinks its maps: average, as in the paper, or max, as it "
        "was trained.",
    )
    optimiser: Optimiser = Field(
        "adam",
        title="Optimiser",
        description="Adam made for pictures (clamped, averaged); PyTorch's own, as in the "
        "walk-through (torch-adam); or L-BFGS as in the paper (more memory).",
    )
    learning_rate: float = Field(
        0.02,
        ge=1e-6,
        le=10,
        title="Learning rate",
        description="Length of a step: for adam on colours from 0 to 1, for torch-adam on colours "
        "divided by ImageNet's deviation, for lbfgs relative.",
    )
    averaging: float = Field(
        0.9,
        ge=0,
        le=0.999,
        title="Averaging",
        description="Decay of the running average of the iterates that becomes the picture; 0 "
        "takes the last one. Only adam knows it.",
    )
    steps: int = Field(
        150,
        ge=1,
        le=100_000,
        title="Steps",
        description="Optimiser steps at the coarsest size.",
    )
    final_steps: int = Field(
        50,
        ge=1,
        le=100_000,
        title="Final steps",
        description="Optimiser steps at the full size; the sizes between get numbers between.",
    )
    coarsest: int = Field(
        128,
        ge=32,
        le=MAX_SIDE,
        title="Coarsest size",
        description="Longest side at which painting begins; a size above the picture's own "
        "paints at one size only.",
    )
    size_ratio: float = Field(
        2**0.5,
        ge=1.1,
        le=4.0,
        title="Size ratio",
        description="From each size to the next larger one.",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        preset = values.get("preset", cls.model_fields["preset"].default)
        return {**PRESETS.get(preset, {}), **values} if isinstance(preset, str) else values

    @model_validator(mode="after")
    def _agree(self) -> Settings:
        if self.formula != "relative" and self.statistic != "gram":
            raise ValueError(f"formula {self.formula} needs statistic gram, not {self.statistic}")
        return self


class Keywords(TypedDict, total=False):
    """The settings as keywords of a call, with the types that a caller may give."""

    preset: Preset
    strength: float
    faces: float
    network: str
    size: int
    colours: Colours
    palette: float
    style_scale: float
    blend: Sequence[float] | str
    seed: int
    device: Device
    precision: Precision
    memory: float
    start: Start
    statistic: Statistic
    formula: Formula
    content_layers: Mapping[str, float] | str
    style_layers: Mapping[str, float] | str
    content_weight: float
    style_weight: float
    tv_weight: float
    pooling: Pooling
    optimiser: Optimiser
    learning_rate: float
    averaging: float
    steps: int
    final_steps: int
    coarsest: int
    size_ratio: float


def parse_settings(values: dict[str, Any]) -> Settings:
    """Make `Settings` of names and values, strings accepted for everything.

    Raises:
        NeuralStyleError: `bad_settings`, one sentence that names the setting and its range.
    """
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise NeuralStyleError("bad_settings", _sentence(error, values)) from None


def _sentence(error: ValidationError, values: dict[str, Any]) -> str:
    """The first complaint of pydantic's, in the words of the person who typed the value."""
    first = error.errors()[0]
    if first["type"] == "extra_forbidden":
        return f"There is no setting named {first['loc'][0]}"
    reason = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if not first["loc"]:
        return reason
    name = str(first["loc"][0])
    given = values.get(name, first["input"])
    low, high = _range(Settings.model_fields[name])
    if first["type"] == "value_error":
        pass  # that is one of our own, and clear
    elif low is not None and high is not None:
        kind = {"integer": "whole number", "number": "number"}[field_type(name)]
        reason = f"should be a {kind} from {as_text(low)} to {as_text(high)}"
    elif field_type(name) == "numbers":
        reason = "should be numbers of 0 or more, such as 2,1"
    elif field_type(name) == "layers":
        reason = "should be layers and weights of 0 or more, such as conv3_1:2,conv4_1:1"
    return f"{name} is {given!r} but {reason}" if "should" in reason else f"{name}: {reason}"


def _range(field: Any) -> tuple[float | None, float | None]:
    """Lowest and highest value of a number; None where there is no bound."""
    low = high = None
    for bound in field.metadata:
        low = getattr(bound, "ge", low)
        high = getattr(bound, "le", high)
    return low, high


def describe() -> dict[str, Any]:
    """Every setting and preset as plain data, for hosts that build their dialog from it.

    Returns:
        `settings`: a list of {name, type, default, minimum, maximum, choices, suggestions,
        label, help}, where `type` is choice, string, integer, number, numbers or layers, and
        keys that do not apply are left out; `presets`: each preset's complete values.
    """
    return {
        "settings": [_describe_field(name) for name in Settings.model_fields],
        "presets": {
            name: parse_settings({"preset": name}).model_dump(mode="json", exclude={"preset"})
            for name in get_args(Preset)
        },
    }


def _describe_field(name: str) -> dict[str, Any]:
    field = Settings.model_fields[name]
    low, high = _range(field)
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    entry = {
        "name": name,
        "type": field_type(name),
        "default": field.default,
        "minimum": low,
        "maximum": high,
        "choices": extra.get("enum") or list(get_args(field.annotation))
        if field_type(name) == "choice"
        else None,
        "suggestions": extra.get("examples"),
        "label": field.title,
        "help": field.description,
    }
    return {key: value for key, value in entry.items() if value is not None}


def as_text(value: Any) -> str:
    """A setting's value as it is typed on the command line."""
    if isinstance(value, dict):
        return ",".join(f"{key}:{as_text(weight)}" for key, weight in value.items())
    if isinstance(value, (tuple, list)):
        return ",".join(as_text(number) for number in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def field_type(name: str) -> str:
    """A setting's type in `describe`'s words."""
    field = Settings.model_fields[name]
    kind, extra = field.annotation, field.json_schema_extra
    if get_origin(kind) is Literal or (isinstance(extra, dict) and "enum" in extra):
        return "choice"
    if get_origin(kind) is dict:
        return "layers"
    if get_origin(kind) is tuple:
        return "numbers"
    return {int: "integer", float: "number", str: "string"}[kind]  # type: ignore[index]
