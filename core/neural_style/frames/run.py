"""A film, from its first frame to its last.

Ruder, Dosovitskiy and Brox 2016 (arXiv 1604.08610): each frame begins with the last one's result,
carried along by the optical flow, and a temporal loss holds what was seen there before. At a cut
painting begins anew.
"""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from neural_style.canvas import as_picture
from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.frames.flow import optical_flow, seen, warped
from neural_style.frames.footage import Footage, Frame
from neural_style.image import Picture, encode_file, read_picture
from neural_style.job import Finished, Warned, paint
from neural_style.network import weights_digest
from neural_style.pictures import digest
from neural_style.recipe import LOOK
from neural_style.resampling import resize
from neural_style.schedule import painted_size
from neural_style.series.manifest import Entry, Manifest
from neural_style.series.run import UNSEEN
from neural_style.settings import Settings

CUT = 0.2
"""Part of a frame that was seen in the last one, below which it is another scene. Measured on real
footage: at cuts at most 0.03, within scenes at least 0.49."""


@dataclass(frozen=True)
class Done:
    """A frame that is finished.

    Attributes:
        number: 1 for the first.
        entry: its line in the manifest.
        pts: when it is shown, see `Frame`.
        new: whether it was painted now.
    """

    number: int
    entry: Entry
    pts: int
    new: bool


@dataclass(frozen=True)
class _Last:
    """The frame before, at the size of its result, and the result; both in sRGB 0..1."""

    frame: NDArray[np.float32]
    result: NDArray[np.float32]


def paint_film(
    footage: Footage,
    styles: Sequence[Picture],
    settings: Settings,
    manifest: Manifest,
    *,
    depth: int | None,
) -> Generator[Done, None, None]:
    """Paint those frames that are not there, in order; each is kept as soon as it is finished.

    To cancel, close the iterator. What a frame depends on includes all frames before it, so that
    a film that was interrupted becomes the same as one that was not.

    Args:
        footage: what is painted.
        styles: one picture or more.
        settings: of all frames.
        manifest: of the folder for the results.
        depth: bits per channel of the results; None for the frames' own.

    Warns:
        NeuralStyleWarning: of what is told about a frame, each thing once.

    Raises:
        NeuralStyleError: whatever stops a frame.
    """
    key = made_of(styles, settings, depth)
    last: _Last | None = None
    told: set[str] = set()
    for number, frame in enumerate(footage.frames(), start=1):
        started = time.monotonic()
        key = _digested(key, digest(frame.picture).hex())
        entry = manifest.get(frame.name)
        there = entry is not None and manifest.is_there(frame.name, key)
        if not (entry and there):
            _check_own(manifest, frame)
            result = _painted(frame, last, styles, settings, told)
            description = json.dumps(settings.model_dump(mode="json"))
            data, _ = encode_file(frame.name, result, depth=depth, description=description)
            entry = manifest.finish(
                Entry(
                    photo=f"{footage.path}, frame {number}",
                    styles=[],
                    output=frame.name,
                    key=key,
                    seconds=round(time.monotonic() - started, 2),
                ),
                data,
            )
        # As it is in the file: a film that goes on there is then the same.
        result = read_picture(manifest.folder / frame.name).pixels
        last = _Last(_sized(frame.picture, *result.shape[:2]), result)
        yield Done(number, entry, frame.pts, not there)


def made_of(styles: Sequence[Picture], settings: Settings, depth: int | None) -> str:
    """A digest of all that a film depends on, but its frames."""
    return _digested(
        str(LOOK),
        json.dumps(settings.model_dump(mode="json", exclude=UNSEEN), sort_keys=True),
        weights_digest(settings.network),
        repr(depth),
        *(digest(style).hex() for style in styles),
    )


def first_frame(footage: Footage, made: str) -> tuple[str, str]:
    """Name and key of a film's first frame; `made` is from `made_of`."""
    frame = next(iter(footage.frames()))
    return frame.name, _digested(made, digest(frame.picture).hex())


def film_key(footage: Footage, made: str) -> str:
    """A digest of all that a whole film depends on; `made` is from `made_of`."""
    return _digested(made, footage.digest(), str(footage.time_base))


def _digested(*texts: str) -> str:
    return hashlib.blake2b("\n".join(texts).encode(), digest_size=16).hexdigest()


def _check_own(manifest: Manifest, frame: Frame) -> None:
    """Nothing that is not ours is replaced."""
    target = manifest.folder / frame.name
    if not manifest.is_own(frame.name):
        message = f"{target} is there already, and no frame of this film"
        raise NeuralStyleError("cannot_write", message, "Move it away, or choose another folder.")


def _painted(
    frame: Frame,
    last: _Last | None,
    styles: Sequence[Picture],
    settings: Settings,
    told: set[str],
) -> Picture:
    content = frame.picture
    height, width = content.alpha.shape
    if not content.alpha.any():  # before something is faded in
        width, height = painted_size(width, height, settings)
        return as_picture(torch.zeros(1, 3, height, width), content)
    previous = last and _carried(_sized(content, *last.result.shape[:2]), last, content.depth)
    result = content
    for event in paint(content, styles, settings, previous=previous):
        if isinstance(event, Finished):
            result = event.picture
        elif isinstance(event, Warned) and event.code not in told:
            told.add(event.code)
            warnings.warn(NeuralStyleWarning(event.code, event.message), stacklevel=1)
    return result


def _carried(here: NDArray[np.float32], last: _Last, depth: int) -> Picture | None:
    """The last result where this frame has what it shows, visible where it was seen; None at a
    cut."""
    back = optical_flow(here, last.frame)
    known = seen(back, optical_flow(last.frame, here))
    if known.mean() < CUT:
        return None
    return Picture(np.clip(warped(last.result, back), 0, 1), known, depth)


def _sized(picture: Picture, height: int, width: int) -> NDArray[np.float32]:
    """Its pixels at that size."""
    pixels = torch.from_numpy(np.ascontiguousarray(picture.pixels)).permute(2, 0, 1)[None]
    return np.ascontiguousarray(resize(pixels, height, width)[0].permute(1, 2, 0).numpy())
