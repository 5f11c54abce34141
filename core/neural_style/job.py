"""One job: content, styles and settings in; progress and the finished picture out."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from PIL import Image
from torch import Tensor

from neural_style.budget import memory_errors_named
from neural_style.canvas import as_picture, without_margin
from neural_style.devices import is_out_of_memory, unusable_devices
from neural_style.image import Picture, to_pillow
from neural_style.pictures import prepare
from neural_style.plan import Plan, plan_job
from neural_style.resampling import resize
from neural_style.schedule import Stage, fit, painted_size, work
from neural_style.settings import Settings
from neural_style.studio import Studio

CHECK_EVERY = 10
"""Steps between two checkpoints, if the image is still good."""

DIVERGED = 1000.0
"""A loss this many times that of a stage's first step is no fluctuation any more."""

REPORT_SECONDS = 0.1
"""Shortest time between two progress events. Reading the loss waits for the device."""


class Present(Protocol):
    """Makes the picture as it is now, its longer side `longest` pixels; 0 for the full size."""

    def __call__(self, longest: int = 0) -> Picture: ...


@dataclass(frozen=True)
class Started:
    """Everything is loaded, and this is how it will be done."""

    plan: Plan


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`step` of `total` is done, `fraction` (0..1) of the work.

    `picture()` is how it looks now, at the size of the result, or with the longest side given.
    """

    step: int
    total: int
    fraction: float
    eta_s: float
    stage: str
    loss: float
    picture: Present

    def image(self, longest: int = 0) -> Image.Image:
        """`picture` as a Pillow image; see `neural_style.image.to_pillow`."""
        return to_pillow(self.picture(longest))


@dataclass(frozen=True)
class Warned:
    """Something went wrong that could be mended; `code` is one of `neural_style.errors`."""

    code: str
    message: str


@dataclass(frozen=True)
class Finished:
    """The result, at the size painted at, or the content's; see `paint`."""

    picture: Picture


Event = Started | Progress | Warned | Finished


def paint(
    content: Picture,
    styles: Sequence[Picture],
    settings: Settings,
    *,
    every: int = 0,
    enlarge: bool = False,
    finish: Callable[[], bool] = lambda: False,
) -> Generator[Event, None, None]:
    """Paint `content` in the style of `styles`.

    Nothing happens before the first event is asked for; to cancel, close the iterator.

    Args:
        content: the photo. Its transparent pixels are left as they are.
        styles: one picture or more; `settings.blend` says how much each counts.
        settings: everything else.
        every: report each step whose number is a multiple of this; 0 leaves it to the clock.
        enlarge: the result has the content's size, whatever size it is painted at: if that is
            smaller, and memory suffices, the last few steps are taken at the content's size.
        finish: asked after each step; once true, the picture is finished as it is.

    Yields:
        One `Started`, many `Progress`, one `Finished`; perhaps some `Warned`, also before all.

    Raises:
        NeuralStyleError: for everything that the person can do something about.
    """
    if settings.device == "auto":
        for device, reason in unusable_devices().items():
            message = f"The {device} device of this computer cannot be used: {reason}"
            yield Warned("device_unusable", message)
    height, width = content.alpha.shape
    with memory_errors_named(*painted_size(width, height, settings)):
        plan = plan_job(width, height, settings, enlarge=enlarge)
        pictures = prepare(content, styles, settings, torch.device(plan.device))
        studio = Studio(pictures, settings, plan)
        yield Started(plan)
        size = (height, width) if enlarge else (plan.height, plan.width)
        clock = _Clock(plan.stages, every)
        job = _Job(studio=studio, content=content, size=size, clock=clock, finish=finish)
        yield from job.paint()


class _Job:
    """The image on its way through the stages.

    Args:
        studio: where it is painted.
        content: as it came.
        size: height and width of the result.
        clock: counts the steps.
        finish: see `paint`.
    """

    def __init__(
        self,
        *,
        studio: Studio,
        content: Picture,
        size: tuple[int, int],
        clock: _Clock,
        finish: Callable[[], bool],
    ) -> None:
        self.studio, self.content, self.clock, self.finish = studio, content, clock, finish
        self.height, self.width = size
        self.optimiser = studio.optimiser()
        self.margin = studio.margin(studio.plan.stages[0])
        self.left = 0

    def paint(self) -> Iterator[Progress | Warned | Finished]:
        """All stages; if the memory runs out, the same step again with less."""
        for number, stage in enumerate(self.studio.plan.stages):
            self.left = stage.steps
            while self.left and not (self.clock.done and self.finish()):
                try:
                    yield from self._stage(number, stage)
                    continue
                except (MemoryError, RuntimeError) as error:
                    if not is_out_of_memory(error):
                        raise
                # Not in the handler: its traceback would hold on to the tensors.
                yield Warned("less_memory", self.studio.retreat())
                self.optimiser.to(self.studio.device)
        yield Finished(self._present())

    def _stage(self, number: int, stage: Stage) -> Iterator[Progress | Warned]:
        """The steps left at one size. Should the image break, back to the last checkpoint."""
        objective = self.studio.objective(number, stage)
        optimiser = self.optimiser
        checkpoint = optimiser.picture
        margin = self.studio.margin(stage)
        height, width = stage.height + 2 * margin, stage.width + 2 * margin
        if checkpoint.shape[2:] != (height, width):
            checkpoint = resize(checkpoint, height, width)
            if stage.width > self.studio.plan.width:
                # The moments of a smaller image would hold back what these few steps are for.
                optimiser.restart(checkpoint)
            else:
                optimiser.resize(height, width)
            self.margin = margin
        first: Tensor | None = None
        while self.left:
            loss = optimiser.step(objective)
            self.left -= 1
            self.clock.step(stage)
            first = loss if first is None else first
            last = not self.left or self.finish()
            if last or self.left % CHECK_EVERY == 0:
                image = optimiser.picture
                if bool(image.isfinite().all() & (loss <= DIVERGED * first)):
                    checkpoint = image
                else:
                    optimiser.learning_rate /= 2
                    optimiser.restart(checkpoint)
                    yield Warned(
                        "diverged",
                        "The optimiser lost its way; it went back and goes on with smaller steps",
                    )
            if last or self.clock.report_due():
                name = f"{stage.width} x {stage.height}"
                yield self.clock.progress(name, loss.item(), self._present)
            if last:
                break

    def _present(self, longest: int = 0) -> Picture:
        """The picture as it is now; see `Present`."""
        width, height = self.width, self.height
        if longest:
            width, height = fit(width, height, longest)
        image = without_margin(self.optimiser.picture, self.margin)
        return as_picture(image, self.content, height, width)


class _Clock:
    """How far a job is, by work instead of steps, as a step at the full size takes longest."""

    def __init__(self, stages: Sequence[Stage], every: int) -> None:
        self.every = every
        self.total = sum(stage.steps for stage in stages)
        self.work = sum(stage.steps * work(stage) for stage in stages)
        self.done = 0
        self.work_done = 0.0
        self.started = time.monotonic()
        self.reported = -1.0

    def step(self, stage: Stage) -> None:
        self.done += 1
        self.work_done += work(stage)

    def report_due(self) -> bool:
        wanted = self.every > 0 and self.done % self.every == 0
        return wanted or time.monotonic() - self.reported >= REPORT_SECONDS

    def progress(self, stage: str, loss: float, picture: Present) -> Progress:
        self.reported = time.monotonic()
        fraction = self.work_done / self.work
        eta = (self.reported - self.started) * (1 - fraction) / fraction
        return Progress(
            step=self.done,
            total=self.total,
            fraction=fraction,
            eta_s=eta,
            stage=stage,
            loss=loss,
            picture=picture,
        )
