"""A series, from beginning to end."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import time
import warnings
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.image import Picture, encode_file, opened, read_picture
from neural_style.network import weights_digest
from neural_style.recipe import LOOK
from neural_style.series.inputs import Photo, name_results
from neural_style.series.manifest import Entry, Manifest
from neural_style.series.painters import Painter
from neural_style.settings import Settings

UNSEEN = {"preset", "device", "precision", "memory"}
"""Settings of which a picture is nearly independent: another card is no reason to paint it anew."""

STOPS = ("disk_full", "cancelled")
"""Errors that end a series: the next picture would meet them too."""


@dataclass(frozen=True)
class Piece:
    """One picture of a series.

    Attributes:
        photo: what is painted.
        styles: numbers of the style pictures.
        output: the result's path below the folder, with `/`.
    """

    photo: Photo
    styles: tuple[int, ...]
    output: str


@dataclass(frozen=True)
class Series:
    """What is to be painted, and what of it is there already.

    Attributes:
        styles: the style pictures' files.
        settings: of all pictures.
        depth: bits per channel of PNG and TIFF files; None for the photo's own.
        missing: pictures to paint.
        there: lines of those that are finished.
    """

    styles: Sequence[Path]
    settings: Settings
    depth: int | None
    missing: Sequence[Piece]
    there: Sequence[Entry]


def prepare_series(
    photos: Sequence[Photo],
    styles: Sequence[Path],
    settings: Settings,
    manifest: Manifest,
    *,
    each: bool,
    depth: int | None,
) -> Series:
    """Find out what has to be painted; nothing is.

    Args:
        photos: from `find_photos`.
        styles: one picture or more.
        settings: of all pictures.
        manifest: of the folder for the results.
        each: paint every photo after every style picture, into a folder for each, instead of after
            all of them together.
        depth: bits per channel of PNG and TIFF files; None for the photo's own.

    Raises:
        NeuralStyleError: for style pictures and networks that cannot be read.
    """
    missing, there = [], []
    key_of = _Keys(styles, settings, depth)
    for piece in _pieces(photos, styles, each, depth):
        entry = manifest.get(piece.output)
        if entry:
            try:
                digest = _digest_of(piece.photo.path, entry)
            except NeuralStyleError:
                digest = ""  # its turn comes, and its line with it
            if manifest.is_there(piece.output, key_of(digest, piece)):
                there.append(entry)
                continue
        missing.append(piece)
    return Series(styles, settings, depth, missing, there)


def paint_series(
    series: Series,
    manifest: Manifest,
    painters: Sequence[Painter],
    alone: Painter | None = None,
) -> Generator[Entry, None, None]:
    """Paint what is missing; each picture is kept as soon as it is finished.

    To cancel, close the iterator; whatever happens, the painters are closed at the end.

    Args:
        series: from `prepare_series`.
        manifest: the same.
        painters: as many pictures are painted at a time. What one was painting when it was lost
            is painted once more, by whoever is free.
        alone: paints, at the end and one after the other, what found too little memory beside
            others; None if nobody can have more.

    Yields:
        A line for each picture, as it is finished or fails.

    Warns:
        NeuralStyleWarning: of what is told about a picture, with its name.

    Raises:
        NeuralStyleError: `disk_full`, or `painter_lost` if no painter is left; what is finished is
            kept.
    """
    studio = _Studio(series, manifest, painters)
    pool = ThreadPoolExecutor(len(painters))
    try:
        hungry = []
        for future in as_completed([pool.submit(studio.paint, one) for one in series.missing]):
            piece, entry = future.result()
            if alone and entry.code == "out_of_memory":
                hungry.append(piece)
            else:
                yield entry
        if alone and hungry:
            for painter in painters:
                painter.close()  # with the memory that it keeps
            studio = _Studio(series, manifest, [alone])
            for piece in hungry:
                yield studio.paint(piece)[1]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for painter in [*painters, *([alone] if alone else [])]:
            painter.close()
        pool.shutdown()


class _Studio:
    """Where painters wait for the next picture; its methods may be called from any thread."""

    def __init__(self, series: Series, manifest: Manifest, painters: Sequence[Painter]) -> None:
        self.series, self.manifest = series, manifest
        self.key_of = _Keys(series.styles, series.settings, series.depth)
        self.free: queue.SimpleQueue[Painter | None] = queue.SimpleQueue()
        self.left = set(painters)
        for painter in painters:
            self.free.put(painter)

    def paint(self, piece: Piece) -> tuple[Piece, Entry]:
        """Have a picture painted and keep it, or write down why not.

        Raises:
            NeuralStyleError: one that ends the series.
        """
        entry = Entry(
            photo=str(piece.photo.path),
            styles=[str(self.series.styles[number]) for number in piece.styles],
            output=piece.output,
            settings=self.series.settings.model_dump(mode="json"),
        )
        for again in (True, False):
            painter = self.free.get()
            try:
                if painter is None:
                    message = "Nobody is left to paint"
                    raise NeuralStyleError("painter_lost", message)
                return piece, self._paint(piece, entry, painter)
            except NeuralStyleError as error:
                if error.code in STOPS or painter is None:
                    raise
                if not (again and error.code == "painter_lost"):
                    return piece, self.manifest.fail(entry, error)
            finally:
                self._go_back(painter)
        raise AssertionError("The second time, it is painted or it fails")

    def _go_back(self, painter: Painter | None) -> None:
        """Let it wait for the next picture, unless it is gone; if all are, everybody hears it."""
        if painter and painter.gone:
            self.left.discard(painter)
            painter = None
        if painter or not self.left:
            self.free.put(painter)

    def _paint(self, piece: Piece, entry: Entry, painter: Painter) -> Entry:
        started, path = time.monotonic(), piece.photo.path
        target = self.manifest.folder / piece.output
        is_photo = os.path.realpath(target) == os.path.realpath(path)
        if is_photo or not self.manifest.is_own(piece.output):
            message = f"{target} is there already, and no result of this batch"
            hint = "Move it away, or choose another folder."
            raise NeuralStyleError("cannot_write", message, hint)
        about: dict[str, object] = {**_state_of(path), "digest": _digest_of(path)}
        about["key"] = self.key_of(str(about["digest"]), piece)
        picture, told = painter.paint(read_picture(path), piece.styles, self.series.settings)
        for warning in told:
            message = f"{path}: {warning.message}"
            warnings.warn(NeuralStyleWarning(warning.code, message), stacklevel=1)
        data = _encoded(picture, piece, self.series)
        about["seconds"] = round(time.monotonic() - started, 2)
        return self.manifest.finish(entry.model_copy(update=about), data)


def _encoded(picture: Picture, piece: Piece, series: Series) -> bytes:
    description = json.dumps(series.settings.model_dump(mode="json"))
    data, whole = encode_file(piece.output, picture, depth=series.depth, description=description)
    if not whole:
        message = f"{piece.output} is written without its settings, which it cannot hold"
        warnings.warn(NeuralStyleWarning("metadata_left_out", message), stacklevel=1)
    return data


def _pieces(
    photos: Sequence[Photo], styles: Sequence[Path], each: bool, depth: int | None
) -> Iterator[Piece]:
    """All pictures, those after the same painting one after the other."""
    names = list(name_results(photos, depth))
    if not each:
        for photo, name in zip(photos, names, strict=True):
            yield Piece(photo, tuple(range(len(styles))), name)
        return
    folders = name_results([Photo(path, f"{path.stem}.png") for path in styles], None)
    for number, folder in enumerate(folders):
        for photo, name in zip(photos, names, strict=True):
            yield Piece(photo, (number,), str(PurePosixPath(folder).with_suffix("") / name))


class _Keys:
    """Digests of all that a picture depends on."""

    def __init__(self, styles: Iterable[Path], settings: Settings, depth: int | None) -> None:
        self.styles = [_digest_of(style) for style in styles]
        self.made_of = {
            "look": LOOK,
            "settings": settings.model_dump(mode="json", exclude=UNSEEN),
            "network": weights_digest(settings.network),
            "depth": depth,
        }

    def __call__(self, digest: str, piece: Piece) -> str:
        """The key of a picture, whose photo's file has that digest."""
        styles = [self.styles[number] for number in piece.styles]
        text = json.dumps({**self.made_of, "photo": digest, "styles": styles}, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _digest_of(path: Path, known: Entry | None = None) -> str:
    """Of a file; taken from `known` if the file has not changed since.

    Raises:
        NeuralStyleError: `file_missing` or `cannot_read`.
    """
    if known and known.digest and known.photo == str(path):
        state = {"size": known.size, "mtime_ns": known.mtime_ns}
        if _state_of(path) == state:
            return known.digest
    hasher = hashlib.blake2b(digest_size=16)
    with opened(path) as file:
        try:
            while chunk := file.read(1 << 20):
                hasher.update(chunk)
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror}"
            raise NeuralStyleError("cannot_read", message) from error
    return hasher.hexdigest()


def _state_of(path: Path) -> dict[str, int]:
    try:
        state = path.stat()
    except (OSError, ValueError):
        raise NeuralStyleError("file_missing", f"There is no file {path}") from None
    return {"size": state.st_size, "mtime_ns": state.st_mtime_ns}
