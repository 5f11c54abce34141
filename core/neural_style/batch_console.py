"""What the command `batch` shows and writes, once PyTorch is loaded."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from neural_style.api import Painted, batch
from neural_style.bar import print_above
from neural_style.console import duration
from neural_style.errors import NeuralStyleError
from neural_style.image import size_of
from neural_style.options import given_settings
from neural_style.plan import plan_job
from neural_style.series.inputs import Photo
from neural_style.series.manifest import NAME, Manifest
from neural_style.series.run import prepare_series
from neural_style.settings import Keywords, Settings


def show_plan(
    photos: Sequence[Photo],
    styles: Sequence[Path],
    settings: Settings,
    folder: Path,
    options: argparse.Namespace,
) -> None:
    """Print what painting would take."""
    with TemporaryDirectory() as empty, Manifest(folder if folder.is_dir() else Path(empty)) as one:
        series = prepare_series(
            photos, styles, settings, one, each=options.each, depth=options.depth
        )
    sizes: Counter[tuple[int, int]] = Counter()
    for piece in series.missing:
        try:
            sizes[size_of(piece.photo.path)] += 1
        except NeuralStyleError as error:
            print(f"error: {error}", file=sys.stderr)
    plans = {size: plan_job(*size, settings, enlarge=False) for size in sizes}
    seconds = sum(count * plans[size].seconds for size, count in sizes.items())
    memory = max((plan.memory for plan in plans.values()), default=0)
    print(f"pictures {sum(sizes.values())}, and {len(series.there)} that are there already")
    if plans:
        print(f"device   {', '.join(sorted({plan.device for plan in plans.values()}))}")
        print(f"memory   at most {memory / 2**30:.1f} GiB for each that is painted at a time")
        print(f"time     about {duration(seconds)} for one after the other")


def paint_to_folder(
    photos: Sequence[str],
    styles: Sequence[Path],
    folder: Path,
    options: argparse.Namespace,
    *,
    jobs: int | None,
    devices: Sequence[str],
) -> None:
    """Paint what is missing.

    Raises:
        NeuralStyleError: `batch_incomplete` if a picture could not be painted.
    """
    new: list[Painted] = []

    def tell(one: Painted) -> None:
        new.append(one)
        _tell(one, options)

    every = batch(
        photos,
        styles,
        folder,
        each=options.each,
        jobs=jobs,
        devices=devices,
        ray=options.ray,
        depth=options.depth,
        on_picture=tell,
        progress_bar=None,
        **cast("Keywords", given_settings(options)),
    )
    failed = sum(one.error is not None for one in new)
    if sys.stderr.isatty():  # for people only
        before = len(every) - len(new)
        there = f", {before} were there already" if before else ""
        print(f"Painted: {len(new) - failed} pictures{there}, into {folder}", file=sys.stderr)
    if failed:
        message = f"{failed} of {len(every)} pictures could not be painted (see {folder / NAME})"
        raise NeuralStyleError("batch_incomplete", message)


def _tell(one: Painted, options: argparse.Namespace) -> None:
    """A line about a picture, if there is anything to say."""
    error = one.error
    if options.json:
        about = {"photo": str(one.photo), "seconds": one.seconds}
        about |= {"code": error.code, "message": error.message} if error else {}
        about |= {"output": str(one.output)} if one.output else {}
        print(json.dumps(about), flush=True)
    elif error:
        about = "" if str(one.photo) in error.message else f"{one.photo}: "
        print_above(f"error: {about}{error.message}. [{error.code}]")
