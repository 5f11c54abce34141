"""A contact sheet: every photo after every painting, to judge a network by eye.

    python3 core/training/sheet.py PHOTOS PAINTINGS --network FILE --output FOLDER

The same settings for every pair and every network, so that sheets can be laid side by side. Each
picture is also a file of its own in the output folder, where those that exist are not painted
again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

if __package__ in (None, ""):  # run as a file, from anywhere
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from PIL import Image
from tqdm import tqdm

from neural_style.errors import NeuralStyleError
from neural_style.image import read_picture, write_picture
from neural_style.job import Finished, paint
from neural_style.settings import Settings, parse_settings
from training.pictures import ENDINGS

GAP = 8
"""White pixels between pictures."""


def main(words: list[str] | None = None) -> int:
    """Paint the sheet; returns the exit status."""
    given = _parser().parse_args(words)
    try:
        settings = parse_settings(
            {"preset": given.preset, "size": given.size, "network": given.network}
        )
        photos, paintings = _pictures(given.photos), _pictures(given.paintings)
        given.output.mkdir(parents=True, exist_ok=True)
        pairs = [(photo, painting) for photo in photos for painting in paintings]
        for photo, painting in tqdm(pairs, "Painting"):
            _paint(photo, painting, settings, _place(given.output, photo, painting))
        _sheet(photos, paintings, given.output, given.size).save(given.output / "sheet.png")
    except NeuralStyleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 core/training/sheet.py",
        description="Paint every photo after every painting, on one contact sheet.",
    )
    parser.add_argument("photos", type=Path, help="folder of photos, one row each")
    parser.add_argument("paintings", type=Path, help="folder of paintings, one column each")
    parser.add_argument("--network", default="compact", help="weights file; default: compact")
    parser.add_argument("--output", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--preset", default="draft", help="default: %(default)s")
    parser.add_argument("--size", type=int, default=384, help="longest side; default: %(default)s")
    return parser


def _pictures(folder: Path) -> list[Path]:
    files = folder.iterdir() if folder.is_dir() else []
    found = sorted(path for path in files if path.suffix.lower() in ENDINGS)
    if not found:
        raise NeuralStyleError("file_missing", f"There are no pictures in {folder}")
    return found


def _place(folder: Path, photo: Path, painting: Path) -> Path:
    return folder / f"{photo.stem}--{painting.stem}.png"


def _paint(photo: Path, painting: Path, settings: Settings, place: Path) -> None:
    if place.exists():
        return
    for event in paint(read_picture(photo), [read_picture(painting)], settings):
        if isinstance(event, Finished):
            write_picture(place, event.picture)


def _sheet(photos: list[Path], paintings: list[Path], folder: Path, size: int) -> Image.Image:
    """Photos down the left side, paintings along the top, the results where they cross."""
    cell = size + GAP
    wide, high = (len(paintings) + 1) * cell, (len(photos) + 1) * cell
    sheet = Image.new("RGB", (wide, high), "white")
    for row, column, path in _cells(photos, paintings, folder):
        with Image.open(path) as image:
            picture = image.convert("RGB")
        picture.thumbnail((size, size), Image.Resampling.LANCZOS)
        left, top = (size - picture.width) // 2, (size - picture.height) // 2
        sheet.paste(picture, (column * cell + left, row * cell + top))
    return sheet


def _cells(
    photos: list[Path], paintings: list[Path], folder: Path
) -> Iterator[tuple[int, int, Path]]:
    """Row, column and file of everything on the sheet."""
    yield from ((0, column, path) for column, path in enumerate(paintings, 1))
    for row, photo in enumerate(photos, 1):
        yield row, 0, photo
        for column, painting in enumerate(paintings, 1):
            yield row, column, _place(folder, photo, painting)


if __name__ == "__main__":
    sys.exit(main())
