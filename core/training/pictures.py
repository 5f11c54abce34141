"""Pictures from a folder, decoded once and kept in memory."""

from __future__ import annotations

import csv
import io
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from neural_style.errors import NeuralStyleError

INDEX = "index.csv"
COLUMNS = {"path", "source"}
ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}

STORED_SIDE = 128
"""Shorter side that pictures are kept at; the longer one is cut to one and a half times this."""

HELD_BACK = 20
"""One picture of so many, of every source, is kept for measuring and never trained on."""


@dataclass(frozen=True)
class Entry:
    """A picture to read: `archive` is the tar file that holds `path`, None for a plain file."""

    path: str
    source: str
    archive: Path | None = None


@dataclass(frozen=True)
class Pictures:
    """Decoded pictures.

    Attributes:
        images: uint8, each (3, h, w).
        sources: of each picture, the collection that it comes from.
    """

    images: list[Tensor]
    sources: list[str]

    def split(self) -> tuple[Pictures, Pictures]:
        """Pictures to train on, and those held back."""
        seen: Counter[str] = Counter()
        parts = Pictures([], []), Pictures([], [])
        for image, source in zip(self.images, self.sources, strict=True):
            seen[source] += 1
            part = parts[seen[source] % HELD_BACK == 0]
            part.images.append(image)
            part.sources.append(source)
        return parts

    def counts(self) -> dict[str, int]:
        """Number of pictures by source."""
        return dict(sorted(Counter(self.sources).items()))


def read_pictures(folder: Path) -> Pictures:
    """Read every picture of a folder.

    Either the folder has an `index.csv` with columns path and source, whose paths lie in the
    folder or in tar files there; or the pictures lie in it, and the folders in which they are are
    their sources.

    Raises:
        NeuralStyleError: `file_missing` if there is nothing to learn from, `image_damaged`.
    """
    if not folder.is_dir():
        raise NeuralStyleError("file_missing", f"There is no folder {folder}")
    entries = _listed(folder) if (folder / INDEX).is_file() else _found(folder)
    if not entries:
        message = f"There are no pictures in {folder}"
        raise NeuralStyleError("file_missing", message, "CONTRIBUTING.md tells how they must lie.")
    images = dict(_decoded(folder, entries))
    return Pictures([images[entry.path] for entry in entries], [entry.source for entry in entries])


def _listed(folder: Path) -> list[Entry]:
    """What `index.csv` lists, and which tar file each picture is in."""
    inside: dict[str, Path] = {}
    for archive in sorted(folder.glob("*.tar")):
        with tarfile.open(archive) as tar:
            inside |= {member.name: archive for member in tar if member.isfile()}
    with (folder / INDEX).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if rows and not rows[0].keys() >= COLUMNS:
        message = f"{folder / INDEX} lacks one of the columns path and source"
        raise NeuralStyleError("file_missing", message, "CONTRIBUTING.md tells how it must look.")
    return [Entry(row["path"], row["source"], inside.get(row["path"])) for row in rows]


def _found(folder: Path) -> list[Entry]:
    """Pictures in the folder and those below."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    return [Entry(str(path.relative_to(folder)), path.parent.resolve().name) for path in paths]


def _decoded(folder: Path, entries: list[Entry]) -> Iterator[tuple[str, Tensor]]:
    for archive in dict.fromkeys(entry.archive for entry in entries):
        wanted = [entry.path for entry in entries if entry.archive == archive]
        if archive is None:
            for path in wanted:
                yield path, _decode((folder / path).read_bytes, path)
            continue
        with tarfile.open(archive) as tar:
            for path in wanted:
                file = tar.extractfile(path)
                assert file is not None  # noqa: S101 - `_listed` took regular files only
                yield path, _decode(file.read, path)


def _decode(read: Callable[[], bytes], path: str) -> Tensor:
    """A picture (3, h, w), uint8, its shorter side at most `STORED_SIDE`."""
    try:
        image = Image.open(io.BytesIO(read())).convert("RGB")
    except (OSError, SyntaxError) as error:  # SyntaxError: Pillow's for broken PNG files
        reason = getattr(error, "strerror", None) or "it is no complete picture"
        raise NeuralStyleError("image_damaged", f"{path} cannot be read: {reason}") from None
    factor = STORED_SIDE / min(image.size)
    if factor < 1:
        size = (round(image.width * factor), round(image.height * factor))
        image = image.resize(size, Image.Resampling.LANCZOS)
    left, top = (max(0, side - STORED_SIDE * 3 // 2) // 2 for side in image.size)
    image = image.crop((left, top, image.width - left, image.height - top))
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()
