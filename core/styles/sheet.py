"""A sheet of all styles, each with one photo painted in it, for the README.

    python3 core/styles/sheet.py PHOTO --output FILE

It takes the pictures that are in the package, and the settings that anybody has who sets none.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file, from anywhere
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from PIL import Image, ImageDraw, ImageFont, ImageOps
from tqdm import tqdm

from neural_style import stylize
from neural_style.styles import descriptions, path_of

COLUMNS = 4
CELL = 296
"""Width of a cell, and height of the painted photo in it."""
STYLE = 74
"""Height of the style picture, in a corner of the painted photo."""
GAP, TITLE = 5, 22


def main(words: list[str] | None = None) -> int:
    """Paint the sheet; returns the exit status."""
    given = _parser().parse_args(words)
    names = list(descriptions())
    rows = -(-len(names) // COLUMNS)
    size = COLUMNS * (CELL + GAP) - GAP, rows * (CELL + TITLE) - GAP
    sheet = Image.new("RGB", size, "white")
    for number, name in enumerate(tqdm(names, "Painting")):
        place = (number % COLUMNS * (CELL + GAP), number // COLUMNS * (CELL + TITLE))
        sheet.paste(_cell(given.photo, name), place)
    sheet.save(given.output, quality=84, optimize=True, progressive=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 core/styles/sheet.py",
        description="Paint a photo in every style that comes with the program, on one sheet.",
    )
    parser.add_argument("photo", type=Path, help="the photo, best a square one")
    parser.add_argument("--output", type=Path, required=True, help="file for the sheet")
    return parser


def _cell(photo: Path, name: str) -> Image.Image:
    """The photo in one style, that style in its corner and its name below."""
    cell = Image.new("RGB", (CELL, CELL + TITLE - GAP), "white")
    painted = stylize(photo, name, size=512).convert("RGB")
    cell.paste(ImageOps.fit(painted, (CELL, CELL), Image.Resampling.LANCZOS))
    with Image.open(path_of(name)) as picture:
        style = ImageOps.fit(picture, (STYLE * 4 // 3, STYLE), Image.Resampling.LANCZOS)
    framed = ImageOps.expand(style, 3, "white")
    cell.paste(framed, (CELL - framed.width, CELL - framed.height))
    ImageDraw.Draw(cell).text((2, CELL - 1), name, "black", ImageFont.load_default(14))
    return cell


if __name__ == "__main__":
    sys.exit(main())
