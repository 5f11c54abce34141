"""The style pictures that come with the program, each under a name.

The pictures lie beside this file, and `styles.json` says what each is: in their order, its name and
one line about it. `core/styles` draws them.
"""

from __future__ import annotations

import json
import os
from difflib import get_close_matches
from pathlib import Path

from neural_style.errors import NeuralStyleError

FOLDER = Path(__file__).parent


def descriptions() -> dict[str, str]:
    """One line about each style, by its name."""
    return json.loads((FOLDER / "styles.json").read_text(encoding="utf-8"))


def path_of(name: str) -> Path:
    """The picture of the style of that name."""
    return FOLDER / f"{name}.jpg"


def find(style: str | os.PathLike[str]) -> str:
    """The file of a style picture: the one of that name, or else the style's that is called so.

    Raises:
        NeuralStyleError: `file_missing` for a mere word that is neither. Whether any other file is
            there, its reader will see.
    """
    name = os.fsdecode(style)
    if not os.path.isfile(style):
        names, word = descriptions(), name.lower()
        if word in names:
            return str(path_of(word))
        if name.replace("-", "").isidentifier() and not os.path.lexists(style):
            hint = "Check the name; `neural-style styles` lists the styles that have one."
            if meant := get_close_matches(word, names, 1):
                hint = f"Did you mean {meant[0]}?"
            raise NeuralStyleError("file_missing", f"There is no file or style {name}", hint)
    return name
