"""What the command line shows and writes, once PyTorch is loaded."""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from neural_style import protocol
from neural_style.bar import Bar
from neural_style.checkpoint import Checkpoint
from neural_style.devices import available_devices, keep_memory, unusable_devices
from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.image import Picture, read_picture, write_picture
from neural_style.job import Finished, Progress, Warned, paint
from neural_style.jsonlines import emit
from neural_style.keeper import Keeper
from neural_style.masks import Guidance, Mask, Region, mask_of_picture, strength_of
from neural_style.output import STDOUT, checkpoint_of, make_folder, print_picture
from neural_style.pictures import check
from neural_style.plan import plan_job
from neural_style.settings import Settings
from neural_style.tasks import as_message, planned

Shown = TypeVar("Shown")
"""Any kind of event."""


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


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What is painted from."""

    content: Picture
    styles: Sequence[Picture]
    guidance: Guidance
    initial: Picture | None


def sources_of(content: Picture, styles: Sequence[Picture], options: argparse.Namespace) -> Sources:
    """These, with the masks and pictures that further options name.

    Raises:
        NeuralStyleError: for files that cannot be read or do not go together.
    """
    regions = []
    for path, style, *strength in options.regions:
        given = strength_of(strength[0], f"the region {path}") if strength else None
        regions.append(Region(mask=_mask(path), style=read_picture(style), strength=given))
    guidance = Guidance(
        protect=_mask(options.protect) if options.protect else None, regions=regions
    )
    guidance.check(*content.alpha.shape)
    initial = read_picture(options.initial) if options.initial else None
    return Sources(content=content, styles=styles, guidance=guidance, initial=initial)


def _mask(path: str) -> Mask:
    # One after the other: as it is read, a mask takes four times what is kept of it.
    return mask_of_picture(read_picture(path), f"mask {path}")


def show_plan(sources: Sources, settings: Settings, options: argparse.Namespace) -> None:
    """Print what painting would take."""
    guidance, initial = sources.guidance, sources.initial
    check(sources.content, sources.styles, settings, guidance=guidance, initial=initial)
    height, width = sources.content.alpha.shape
    plan = plan_job(
        width,
        height,
        settings,
        enlarge=False,
        regions=len(guidance.regions),
        guided=guidance.area,
        begun=initial is not None,
    )
    if options.json:
        emit(planned(options.command, plan))
        return
    sizes = ", ".join(f"{s.width} x {s.height} ({s.steps} steps)" for s in plan.stages)
    tiles = f"tiles of {plan.tile} pixels" if plan.tile else "the whole picture at once"
    print(f"picture  {plan.width} x {plan.height}")
    print(f"device   {plan.device}, {plan.precision}")
    print(f"sizes    {sizes}")
    print(f"in       {tiles}")
    print(f"memory   at most {plan.memory / 2**30:.1f} GiB beside the program")
    print(f"time     about {duration(plan.seconds)}")


def duration(seconds: float) -> str:
    """A time that is no more than expected."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def paint_to_file(sources: Sources, settings: Settings, options: argparse.Namespace) -> None:
    """Paint, and write the picture and the frames on the way as the options say."""
    keep_memory()
    if options.frames:
        make_folder(Path(options.frames))
    started, picture = time.monotonic(), sources.content
    keeper = None if options.output == STDOUT else _keeper_of(sources, settings, options.output)
    events = paint(
        sources.content,
        sources.styles,
        settings,
        guidance=sources.guidance,
        initial=sources.initial,
        resume=_begun(keeper, options) if keeper else None,
        every=options.every or 0,
    )
    try:
        for event in shown(keeper.watch(events) if keeper else events, options):
            if isinstance(event, Progress) and options.every and event.step % options.every == 0:
                frame = Path(options.frames) / f"frame-{event.step:06}.png"
                write_picture(frame, event.picture(), depth=8)
            elif isinstance(event, Finished):
                picture = event.picture
        write(picture, settings.model_dump(mode="json"), options, started)
    except BaseException:
        if keeper:
            keeper.interrupt()
            if keeper.fraction is not None:
                options.resumes = f"--resume goes on at {keeper.fraction:.0%}"
        raise
    if keeper:
        keeper.remove()


def _keeper_of(sources: Sources, settings: Settings, output: str) -> Keeper:
    return Keeper(
        checkpoint_of(output),
        sources.content,
        sources.styles,
        settings,
        guidance=sources.guidance,
        initial=sources.initial,
    )


def _begun(keeper: Keeper, options: argparse.Namespace) -> Checkpoint | None:
    """Where to go on, if that is wanted; if it only could be, that is said."""
    if options.resume:
        return keeper.load()
    try:
        fraction = keeper.look()
        if fraction is None:
            return None
        told = f"It was interrupted at {fraction:.0%}, and --resume would go on there"
    except NeuralStyleError as error:
        told = error.message
    warnings.warn(NeuralStyleWarning("checkpoint_there", told), stacklevel=2)
    return None


def write(
    picture: Picture, description: dict[str, Any], options: argparse.Namespace, started: float
) -> None:
    """Write the result as the options say, and tell so.

    Args:
        picture: what to write.
        description: what goes into its metadata.
        options: `output`, as `output.checked` returned it, `depth`, `json` and `command`.
        started: when the work began, by `time.monotonic`.
    """
    text, file = json.dumps(description), options.output  # in ASCII, which all programs read
    if file == STDOUT:
        print_picture(picture, options.depth, text)
    else:
        write_picture(file, picture, depth=options.depth, description=text)
    height, width = picture.alpha.shape
    seconds = time.monotonic() - started
    if options.json:
        size = {"width": width, "height": height}
        emit(protocol.Result(job=options.command, file=file, seconds=seconds, **size))
    elif sys.stderr.isatty():  # for people only
        name = "standard output" if file == STDOUT else file
        print(f"Written: {name}, {width} x {height}, in {seconds:.0f} s", file=sys.stderr)


def shown(events: Iterable[Shown], options: argparse.Namespace) -> Iterator[Shown]:
    """The same events, once each has been shown as the options say."""
    return _shown_as_json(events, options.command) if options.json else _shown_as_bar(events)


def _shown_as_json(events: Iterable[Shown], job: str) -> Iterator[Shown]:
    for event in events:
        if message := as_message(job, event):
            emit(message)
        yield event


def _shown_as_bar(events: Iterable[Shown]) -> Iterator[Shown]:
    """A bar where standard error is a terminal, and warnings above it."""
    with Bar(shown=None, keep=False) as bar:
        for event in events:
            if isinstance(event, Progress):
                bar.show(event)
            elif isinstance(event, Warned):
                warnings.warn(NeuralStyleWarning(event.code, event.message), stacklevel=2)
            yield event
