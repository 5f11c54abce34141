"""Two settings, each with several values: the rows and the columns of a matrix of pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from neural_style.errors import NeuralStyleError
from neural_style.settings import Settings, as_text, parse_settings

CELL_SIZE = 256
"""The setting `size` of a matrix's pictures, unless another one is given."""

MOST_CELLS = 400
"""Pictures of a matrix at most."""

FIGURES = {
    "depth": (
        "style_layers=conv1_1; conv1_1,conv2_1; conv1_1,conv2_1,conv3_1;"
        "conv1_1,conv2_1,conv3_1,conv4_1; conv1_1,conv2_1,conv3_1,conv4_1,conv5_1",
        "content_weight=0.002,0.01,0.05,0.25",
    )
}
"""Rows and columns that are known by a name. `depth` is figure 3 of Gatys, Ecker and Bethge 2015:
down, the style of more and more layers; across, a content that counts more and more. The paper's
ratios belong to its own formula; these are as many of ours."""


@dataclass(frozen=True)
class Axis:
    """A setting's values, one for each row or column."""

    setting: str
    values: tuple[Any, ...]

    @property
    def title(self) -> str:
        """The setting's label."""
        return Settings.model_fields[self.setting].title or self.setting

    @property
    def labels(self) -> list[str]:
        """The values as they are typed."""
        return [as_text(value) for value in self.values]


@dataclass(frozen=True)
class Grid:
    """A matrix: what differs in its rows and columns, and the settings of each of its pictures."""

    rows: Axis
    columns: Axis
    settings: list[list[Settings]]


def parse_axis(text: str, what: str) -> Axis:
    """Make an axis of "strength=25,50,75" or "blend=2,1; 1,2".

    Raises:
        NeuralStyleError: `bad_settings`; `what` is the axis' name in its sentence.
    """
    name, sign, values = text.partition("=")
    if not sign:
        message = f"{what} are {text!r} but should be a setting and its values"
        raise NeuralStyleError("bad_settings", message, "Write them as in strength=25,50,75.")
    return axis(name, values, what)


def axis(name: str, values: str | Iterable[Any], what: str) -> Axis:
    """The values of the setting `name`.

    Args:
        name: as in `Settings`, or as an option of the command line without its dashes.
        values: one or more; as text, separated by semicolons if there is one, else by commas.
        what: the axis' name in messages.

    Raises:
        NeuralStyleError: `bad_settings`: no such setting, no value, or one out of range.
    """
    setting = name.strip().replace("-", "_")
    if setting not in Settings.model_fields:
        setting = setting.replace("color", "colour")
    if isinstance(values, str):
        parts = values.split(";" if ";" in values else ",")
        values = [part.strip() for part in parts if part.strip()]
    found = tuple(values)
    if setting not in Settings.model_fields:
        raise NeuralStyleError("bad_settings", f"There is no setting named {name.strip()}")
    if not found:
        hint = f"Write them as in {setting}=VALUE,VALUE."
        raise NeuralStyleError("bad_settings", f"{what} have no values of {setting}", hint)
    return Axis(setting, found)


def grid_of(
    rows: Axis, columns: Axis, given: Mapping[str, Any], *, longest: int = CELL_SIZE
) -> Grid:
    """The matrix of all pairs of a row's value and a column's.

    Args:
        rows, columns: what differs.
        given: what is the same everywhere.
        longest: the `size` in pixels, if it is neither given nor differs.

    Raises:
        NeuralStyleError: `bad_settings`: rows and columns of the same setting, one that is given
            as well, a value out of range, or too many pictures.
    """
    if rows.setting == columns.setting:
        message = f"Rows and columns are both {rows.setting}"
        raise NeuralStyleError("bad_settings", message, "Choose another setting for one of them.")
    for one in (rows, columns):
        if one.setting in given:
            message = (
                f"{one.setting} is given once for all pictures and once with values of its own"
            )
            raise NeuralStyleError("bad_settings", message, "Leave out one of them.")
    high, wide = len(rows.values), len(columns.values)
    if high * wide > MOST_CELLS:
        message = f"{high} rows and {wide} columns are {high * wide} pictures"
        hint = f"{MOST_CELLS} are the most: give fewer values."
        raise NeuralStyleError("bad_settings", message, hint)
    common = {"size": longest, **given}
    settings = [
        [
            parse_settings({**common, rows.setting: down, columns.setting: across})
            for across in columns.values
        ]
        for down in rows.values
    ]
    return Grid(rows, columns, settings)
