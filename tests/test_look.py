"""What the program paints, and that it says so when it paints something else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

import neural_style as ns
from conftest import drawn
from neural_style.image import to_pillow
from neural_style.recipe import LOOK

SETTINGS: list[dict[str, Any]] = [
    {},
    {"colours": "photo", "strength": 80},
    {"preset": "gatys2015", "steps": 3, "final_steps": 3},
]

SHARED: dict[str, Any] = {
    "size": 96,
    "coarsest": 48,
    "steps": 12,
    "final_steps": 8,
    "faces": 0,
    "device": "cpu",
    "precision": "float32",
    "network": "compact",
}


PAINTED = [
    "7b404bd77a9aa6bac248c74b508237a130bdd3933a8cb9a13ca1a7697c32b54a669d3fcf"
    "76c344529eba8f738bc7543c8746904881c55cbb7a9f67d0bf48666c50433e829b97ca97",
    "a43d40bf548479b2c742dd7c559866a332b7b3533672aba92ed2c6847248c9324eac5ab5"
    "5ba85d49c2d08d749ad627279a5b7744c7dd49cd979a75abc32b477d4f4043b7bb64bbb4",
    "6e8e8a726e978159a282609c4dab85826b99935b89777d8eac4f8b6c9b808c65868e6d8b"
    "807a88816a9678579e8063a388619b7760a5906f86915f8da559827d7685975988816c90",
]
"""What `cells` gives for each of these with the present `LOOK`, as hexadecimal digits."""

NEAR = 2
"""Levels by which they may differ, as other processors and versions of PyTorch round otherwise.
Strokes a tenth larger make 3, another seed 4."""


def cells(picture: Image.Image) -> bytes:
    """Mean colour of each of 6 x 4 parts of a picture, row by row."""
    return picture.convert("RGB").resize((6, 4), Image.Resampling.BOX).tobytes()


@pytest.mark.parametrize("number", range(len(SETTINGS)))
def test_another_look_has_another_number(number: int) -> None:
    """By it, results of earlier versions are known: see `LOOK`."""
    photo, painting = (to_pillow(drawn(64, 96, name)) for name in ("photo", "painting"))
    found = cells(ns.stylize(photo, painting, **{**SHARED, **SETTINGS[number]}))
    difference = np.subtract([*found], [*bytes.fromhex(PAINTED[number])])
    assert np.abs(difference).max() <= NEAR, (
        f"The program paints another picture than before. If that is meant, make LOOK in recipe.py "
        f"{LOOK + 1}, and put this into PAINTED: {found.hex()}"
    )
