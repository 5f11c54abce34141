"""What the command line shows and writes, once PyTorch is loaded."""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from neural_style import protocol
from neural_style.bar import Bar
from neural_style.canvas import canvas_of
from neural_style.devices import available_devices, keep_memory, unusable_devices
from neural_style.errors import NeuralStyleWarning
from neural_style.image import Picture, write_picture
from neural_style.job import Event, Finished, Progress, Warned, paint
from neural_style.jsonlines import JOB, emit
from neural_style.output import STDOUT, make_folder, print_picture
from neural_style.pictures import shares_of
from neural_style.plan import plan_job
from neural_style.settings import Settings
from neural_style.tasks import as_message, planned


def show_devices(*, as_json: bool) -> None:
    """Print what the engine can compute on here."""
    devices = available_devices()
    for name, reason in unusable_devices().items():
        print(f"warning: The {name} device cannot be used: {reason}.", file=sys.stderr)
    if as_json:
        print(json.dumps([device.model_dump() for device in devices], indent=2))
        return
    for device in devices:
        memory = f"{device.memory_free / 2**30:.1f} of {device.memory / 2**30:.1f} GiB free"
        print(f"{device.name:6} {device.description}, {memory}")


def show_plan(
    content: Picture, styles: Sequence[Picture], settings: Settings, *, as_json: bool
) -> None:
    """Print what painting would take."""
    shares_of(settings.blend, len(styles))
    for picture, what in [
        (content, "The photo"),
        *((style, "The style picture") for style in styles),
    ]:
        canvas_of(picture, torch.device("cpu"), what)  # whether it can be painted from
    height, width = content.alpha.shape
    plan = plan_job(width, height, settings, enlarge=False)
    if as_json:
        emit(planned(JOB, plan))
        return
    sizes = ", ".join(f"{s.width} x {s.height} ({s.steps} steps)" for s in plan.stages)
    tiles = f"tiles of {plan.tile} pixels" if plan.tile else "the whole picture at once"
    seconds, minutes = f"{plan.seconds:.0f} s", f"{plan.seconds / 60:.0f} min"
    print(f"picture  {plan.width} x {plan.height}")
    print(f"device   {plan.device}, {plan.precision}")
    print(f"sizes    {sizes}")
    print(f"in       {tiles}")
    print(f"memory   at most {plan.memory / 2**30:.1f} GiB beside the program")
    print(f"time     about {seconds if plan.seconds < 120 else minutes}")


def paint_to_file(
    content: Picture, styles: Sequence[Picture], settings: Settings, options: argparse.Namespace
) -> None:
    """Paint, and write the picture and the frames on the way as the options say."""
    keep_memory()
    if options.frames:
        make_folder(Path(options.frames))
    started, written = time.monotonic(), ""
    events = paint(content, styles, settings, every=options.every or 0)
    shown = _shown_as_json if options.json else _shown_as_bar
    for event in shown(events):
        if isinstance(event, Progress) and options.every and event.step % options.every == 0:
            frame = Path(options.frames) / f"frame-{event.step:06}.png"
            write_picture(frame, event.picture(), depth=8)
        elif isinstance(event, Finished):
            _write(event.picture, settings, options)
            height, width = event.picture.alpha.shape
            seconds, file = time.monotonic() - started, options.output
            if options.json:
                size = {"width": width, "height": height}
                emit(protocol.Result(job=JOB, file=file, seconds=seconds, **size))
            name = "standard output" if file == STDOUT else file
            written = f"Written: {name}, {width} x {height}, in {seconds:.0f} s"
    # Below the bar, and for people only.
    if sys.stderr.isatty() and not options.json:
        print(written, file=sys.stderr)


def _write(picture: Picture, settings: Settings, options: argparse.Namespace) -> None:
    description = json.dumps(settings.model_dump(mode="json"))  # in ASCII, which all programs read
    if options.output == STDOUT:
        print_picture(picture, options.depth, description)
    else:
        write_picture(options.output, picture, depth=options.depth, description=description)


def _shown_as_json(events: Iterable[Event]) -> Iterable[Event]:
    for event in events:
        if message := as_message(JOB, event):
            emit(message)
        yield event


def _shown_as_bar(events: Iterable[Event]) -> Iterable[Event]:
    """A bar where standard error is a terminal, and warnings above it."""
    with Bar(shown=None, keep=False) as bar:
        for event in events:
            if isinstance(event, Progress):
                bar.show(event)
            elif isinstance(event, Warned):
                warnings.warn(NeuralStyleWarning(event.code, event.message), stacklevel=2)
            yield event
