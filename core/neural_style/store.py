"""Pictures on disk from one run to the next, each found by what it was made of.

Any number of processes may use the folder at once: a file appears there complete, and one that is
gone, damaged or another's is as good as none.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from PIL import Image

from neural_style.errors import NeuralStyleError
from neural_style.folders import cells_folder
from neural_style.image import Picture, write_picture, writing_failed

MOST = 500_000_000
"""Bytes of all files; beyond, those go first that were not used for longest."""

_DESCRIPTION = 0x010E


def load(made_of: str) -> Image.Image | None:
    """The picture made of this, RGB or RGBA with 8 bits a channel, or None."""
    try:
        path = _file(made_of)
        with Image.open(path, formats=["PNG"]) as image:
            image.load()
            ours = image.getexif().get(_DESCRIPTION) == made_of
            picture = Image.frombytes(image.mode, image.size, image.tobytes()) if ours else None
    except Exception:  # decoders raise whatever they come across
        return None
    with suppress(OSError):
        os.utime(path)
    return picture


def save(made_of: str, picture: Picture) -> None:
    """Keep a picture, in 8 bits a channel; `made_of` is a text in ASCII.

    Raises:
        NeuralStyleError: `cannot_write` or `disk_full`.
    """
    try:
        path = _file(made_of)
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise writing_failed("The folder for cells", error) from error
    except RuntimeError as error:
        raise NeuralStyleError("cannot_write", "The user has no home folder") from error
    write_picture(path, picture, depth=8, description=made_of)
    _make_room(path.parent)


def _file(made_of: str) -> Path:
    name = hashlib.blake2b(made_of.encode(), digest_size=32).hexdigest()
    return cells_folder() / f"{name}.png"


def _make_room(folder: Path) -> None:
    """Remove the oldest files; also what a killed process left half written."""
    files: list[tuple[float, int, Path]] = []
    for path in [*folder.glob("?" * 64 + ".png"), *folder.glob(".*.part")]:
        with suppress(OSError):  # another process has removed it
            state = path.lstat()
            files.append((state.st_mtime, state.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= MOST:
            break
        with suppress(OSError):
            path.unlink()
        total -= size
