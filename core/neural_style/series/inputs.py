"""Which photos are meant, and what their results are called."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from neural_style.errors import NeuralStyleError
from neural_style.image import can_write, opened
from neural_style.image.files import missing

MAGIC = "*?["
"""What makes a pattern of a path."""

BESIDES_PILLOW = {".heic", ".heif", ".avif", ".jxl"}
NO_PICTURES = {"EPS", "MPEG"}
"""Formats that Pillow lists but the program does not read."""


@dataclass(frozen=True)
class Photo:
    """A file, and its path below the folder that was named, with `/`."""

    path: Path
    name: str


def find_photos(sources: Iterable[str | os.PathLike[str]], *, besides: Path) -> list[Photo]:
    """All photos that are meant, each once, in a fixed order.

    Args:
        sources: files, which are taken whatever they are; folders, of which all picture files are
            taken, by their endings, also those in folders below; patterns such as
            `shots/**/*.jpg`, for shells that do not know them.
        besides: a folder whose files are no photos: that of the results.

    Raises:
        NeuralStyleError: `file_missing` for what is not there, and a folder or pattern with no
            picture.
    """
    found: dict[str, Photo] = {}
    for source in sources:
        for photo in _found(source, besides):
            found.setdefault(os.path.realpath(photo.path), photo)
    return list(found.values())


def find_frames(folder: Path, *, besides: Path) -> list[Photo]:
    """All pictures in a folder, as `find_photos` finds them; a link is one more, as a frame that
    stays longer may be a link to the one before.

    Raises:
        NeuralStyleError: `file_missing`.
    """
    return _found(folder, besides)


def _found(source: str | os.PathLike[str], besides: Path) -> list[Photo]:
    photos = list(_photos(os.fspath(source), Path(os.path.realpath(besides))))
    if not photos:
        hint = f"Pictures end in .jpg, .png and the like; those in {besides} are results."
        raise NeuralStyleError("file_missing", f"There are no pictures in {source}", hint)
    return photos


def read_list(path: str | os.PathLike[str]) -> list[str]:
    """The paths in a text file, one in each line.

    Raises:
        NeuralStyleError: `file_missing`, `cannot_read`, or `bad_settings` for no text.
    """
    with opened(path) as file:
        try:
            lines = file.read().decode("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            message = f"{os.fspath(path)} is no list of files"
            hint = "Give a text file in UTF-8 with one path in each line."
            raise NeuralStyleError("bad_settings", message, hint) from None
    return [line for line in lines if line.strip()]


def name_results(photos: Iterable[Photo], depth: int | None) -> Iterator[str]:
    """What each photo's result is called: as the photo, but with an ending that can be written.

    Two that would be the same, such as those of a.heic and a.png, are told apart by the photo's
    ending.

    Args:
        photos: all that go into a folder.
        depth: bits per channel that the files must be able to hold, if that matters.
    """
    taken: set[str] = set()
    for photo in photos:
        stem, ending = os.path.splitext(photo.name)
        written = ending if can_write(ending, depth) else ".png"
        name, number = stem + written, 1
        if name.lower() in taken:  # some file systems know no capitals
            name = f"{stem}{ending.replace('.', '-')}{written}"
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}{written}"
        taken.add(name.lower())
        yield name


def _photos(source: str, besides: Path) -> Iterator[Photo]:
    if os.path.isdir(source):
        yield from _below(Path(source), besides)
    elif any(sign in source for sign in MAGIC) and not os.path.lexists(source):
        fixed = Path(source)
        while any(sign in str(fixed) for sign in MAGIC):
            fixed = fixed.parent
        for match in sorted(glob.glob(source, recursive=True)):
            path = Path(match)
            # Photos below the folder of the results are photos, as those of a folder are.
            result = besides.is_relative_to(_real(fixed)) and _real(path).is_relative_to(besides)
            if path.is_file() and not result:
                yield Photo(path, path.relative_to(fixed).as_posix())
    elif os.path.lexists(source):
        yield Photo(Path(source), os.path.basename(source))
    else:
        raise missing("file or folder", source)


def _below(folder: Path, besides: Path) -> Iterator[Photo]:
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and _real(Path(here, name)) != besides
        )
        if _real(Path(here)) == besides:
            continue
        for name in sorted(files):
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in _endings():
                path = Path(here, name)
                yield Photo(path, path.relative_to(folder).as_posix())


def _real(path: Path) -> Path:
    """Without `..` and links."""
    return Path(os.path.realpath(path))


@cache
def _endings() -> frozenset[str]:
    Image.init()
    known = {
        ending
        for ending, kind in Image.registered_extensions().items()
        if kind in Image.OPEN and kind not in NO_PICTURES
    }
    return frozenset(known | BESIDES_PILLOW)
