"""Labelled pictures from a folder, decoded once and kept in memory."""

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
COLUMNS = {"path", "source", "class"}
ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}

STORED_SIDE = 128
"""Shorter side that pictures are kept at; the longer one is cut to one and a half times this."""

_HINT = "CONTRIBUTING.md tells how the pictures must lie."

FEWEST = 5
"""Classes with fewer pictures teach little and are left out."""

HELD_BACK = 20
"""One picture of so many, in every class, is kept for measuring and never trained on."""


@dataclass(frozen=True)
class Entry:
    """A picture to read: `archive` is the tar file that holds `path`, None for a plain file."""

    path: str
    source: str
    label: str
    archive: Path | None = None


@dataclass(frozen=True)
class Pictures:
    """Decoded pictures with labels.

    Attributes:
        images: uint8, each (3, h, w).
        labels: class number of each picture, shape (N,).
        sources: source number of each class, shape (K,); classes compete within their source.
        names: of the sources.
    """

    images: list[Tensor]
    labels: Tensor
    sources: Tensor
    names: list[str]

    def some(self, indices: Tensor) -> Pictures:
        """The pictures at `indices`, with the same classes."""
        images = [self.images[i] for i in indices.tolist()]
        return Pictures(images, self.labels[indices], self.sources, self.names)

    def split(self) -> tuple[Pictures, Pictures]:
        """Pictures to train on, and those held back."""
        seen: Counter[int] = Counter()
        held = torch.zeros(len(self.images), dtype=torch.bool)
        for i, label in enumerate(self.labels.tolist()):
            seen[label] += 1
            held[i] = seen[label] % HELD_BACK == 0
        return self.some((~held).nonzero().flatten()), self.some(held.nonzero().flatten())

    def counts(self) -> dict[str, int]:
        """Number of pictures by source."""
        sources = self.sources[self.labels]
        counts = torch.bincount(sources, minlength=len(self.names)).tolist()
        return dict(zip(self.names, counts, strict=True))


def read_pictures(folder: Path) -> Pictures:
    """Read every labelled picture of a folder.

    Either the folder has an `index.csv` with columns path, source and class, whose paths lie in
    the folder or in tar files there; or the pictures lie in folders named `source/class`, or
    `class` alone. Classes of fewer than `FEWEST` pictures, and sources with one class, are left
    out.

    Raises:
        NeuralStyleError: `file_missing` if there is nothing to learn from, `image_damaged`.
    """
    if not folder.is_dir():
        raise NeuralStyleError("file_missing", f"There is no folder {folder}")
    entries = _listed(folder) if (folder / INDEX).is_file() else _found(folder)
    if not entries:
        message = f"There are no labelled pictures in {folder}"
        raise NeuralStyleError("file_missing", message, _HINT)
    entries = _useful(entries)
    if not entries:
        message = f"needs two classes or more from one source, each of {FEWEST} pictures or more"
        raise NeuralStyleError("file_missing", f"{folder} {message}", _HINT)
    classes = sorted({(entry.source, entry.label) for entry in entries})
    names = sorted({source for source, _ in classes})
    number = {each: i for i, each in enumerate(classes)}
    images = dict(_decoded(folder, entries))
    return Pictures(
        images=[images[entry.path] for entry in entries],
        labels=torch.tensor([number[entry.source, entry.label] for entry in entries]),
        sources=torch.tensor([names.index(source) for source, _ in classes]),
        names=names,
    )


def _listed(folder: Path) -> list[Entry]:
    """What `index.csv` lists, and which tar file each picture is in."""
    inside: dict[str, Path] = {}
    for archive in sorted(folder.glob("*.tar")):
        with tarfile.open(archive) as tar:
            inside |= {member.name: archive for member in tar if member.isfile()}
    with (folder / INDEX).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if rows and not rows[0].keys() >= COLUMNS:
        message = f"{folder / INDEX} lacks one of the columns path, source and class"
        raise NeuralStyleError("file_missing", message, _HINT)
    return [Entry(r["path"], r["source"], r["class"], inside.get(r["path"])) for r in rows]


def _found(folder: Path) -> list[Entry]:
    """Pictures in `source/class` or `class` folders."""
    entries = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.suffix.lower() in ENDINGS and len(parts) > 1:
            source = "/".join(parts[:-2]) or folder.resolve().name
            entries.append(Entry("/".join(parts), source, parts[-2]))
    return entries


def _useful(entries: list[Entry]) -> list[Entry]:
    """Entries of classes that are large enough, in sources with two such classes or more."""
    counts = Counter((entry.source, entry.label) for entry in entries)
    rivals = Counter(source for (source, _), count in counts.items() if count >= FEWEST)
    return [e for e in entries if counts[e.source, e.label] >= FEWEST and rivals[e.source] > 1]


def _decoded(folder: Path, entries: list[Entry]) -> Iterator[tuple[str, Tensor]]:
    for archive in {entry.archive for entry in entries}:
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
