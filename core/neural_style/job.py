"""One job: content, styles and settings in; progress and the finished picture out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn, Protocol

import torch
from PIL import Image
from torch import Tensor

from neural_style.budget import memory_errors_named
from neural_style.canvas import as_picture, is_plain, without_margin
from neural_style.checkpoint import Checkpoint
from neural_style.devices import is_out_of_memory, name_of, passed_over
from neural_style.errors import NeuralStyleError
from neural_style.image import Picture, to_pillow
from neural_style.masks import UNGUIDED, Guidance
from neural_style.optimise import Optimiser
from neural_style.pictures import Whole, prepare
from neural_style.plan import Plan, plan_job
from neural_style.resampling import resize
from neural_style.schedule import Stage, fit, painted_size, total_work, work
from neural_style.settings import Settings
from neural_style.studio import Studio
from neural_style.threads import SharedCores

CHECK_EVERY = 10
"""Steps between two looks whether the image is still good."""

DIVERGED = 1000.0
"""A loss this many times that of a stage's first step is no fluctuation any more."""

TRIES = 3
"""Times in a row that a stage goes back to its last good image before it is given up."""

REPORT_SECONDS = 0.1
"""Shortest time between two progress events. Reading the loss waits for the device."""


class Present(Protocol):
    """Makes the picture as it is now, its longer side `longest` pixels; 0 for the full size."""

    def __call__(self, longest: int = 0) -> Picture: ...


@dataclass(frozen=True)
class Started:
    """Everything is loaded, and this is how it will be done.

    `faces` are squares around the faces that are kept more of the photo: left, top and side in
    pixels of the content; `fraction` (0..1) of the work was done before.
    """

    plan: Plan
    faces: Sequence[tuple[float, float, float]] = ()
    fraction: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`step` of `total` is done, `fraction` (0..1) of the work.

    `picture()` is how it looks now, at the size of the result, or with the longest side given.
    `checkpoint()` is what it takes to go on from the last step, lent until the next one; None
    while that cannot be told, or would be no use. It may be asked for after an interruption too.
    """

    step: int
    total: int
    fraction: float
    eta_s: float
    stage: str
    loss: float
    picture: Present
    checkpoint: Callable[[], Checkpoint | None]

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
    guidance: Guidance = UNGUIDED,
    initial: Picture | None = None,
    previous: Picture | None = None,
    whole: Whole | None = None,
    resume: Checkpoint | None = None,
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
        guidance: masks, as large as the photo: what of it is protected, and which regions have a
            painting of their own; `styles` are for the rest.
        initial: a picture to go on with, such as an earlier result: only the steps at the full
            size are taken.
        previous: a film's last frame, carried along to this one, as large as the photo; its alpha
            is what of this frame was seen in the last one. Painting begins with it, and holds
            there what was seen.
        whole: what `content` is a part of, if it is painted for a look at a part.
        resume: where to go on, of a painting of the same: all other arguments were as they are
            now, but for device, precision, memory and what follows here, except `enlarge`. On the
            same device, unless it is a processor that other programs keep busy, the result is as if
            there had been no interruption, to the last bit; with L-BFGS it is another, as its
            history begins anew.
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
        for device, reason in passed_over().items():
            message = f"The {device} device of this computer cannot be used: {reason}"
            yield Warned("device_unusable", message)
    height, width = content.alpha.shape
    with memory_errors_named(*painted_size(width, height, settings)):
        guidance.check(height, width)
        if guidance.overlapping():
            message = "Regions lie on each other; where they do, their paintings are mixed"
            yield Warned("masks_overlap", message)
        plan = plan_job(
            width,
            height,
            settings,
            enlarge=enlarge,
            regions=len(guidance.regions),
            guided=guidance.area,
            begun=initial is not None or previous is not None,
        )
        if resume:
            plan = _as_begun(plan, resume)
        size = (height, width) if enlarge else (plan.height, plan.width)
        longest = max(max(stage.width, stage.height) for stage in plan.stages)
        if settings.colours == "luminance" or guidance.protect:  # the photo itself is seen
            longest = max(longest, *size)
        pictures = prepare(
            content,
            styles,
            settings,
            longest=longest,
            guidance=guidance,
            initial=initial,
            previous=previous,
            whole=whole,
        )
        if any(is_plain(style.canvas) for region in pictures.regions for style in region.styles):
            message = "A style picture is nearly all of one colour, and so the painting may be"
            yield Warned("style_plain", message)
        studio = Studio(pictures, settings, plan)
        faces = pictures.faces.squares if pictures.faces else ()
        yield Started(plan, faces, resume.fraction if resume else 0.0)
        clock = _Clock(plan.stages, every)
        job = _Job(
            studio=studio, content=content, size=size, clock=clock, finish=finish, resume=resume
        )
        yield from job.paint()


def _as_begun(plan: Plan, begun: Checkpoint) -> Plan:
    """The plan with the sizes that were begun, and no larger tiles if it is the same device."""
    tiles = [plan.tile] + [begun.tile] * (plan.device == begun.device)
    tile = min(tiles, key=lambda tile: tile or math.inf)
    return replace(plan, stages=begun.stages, tile=tile)


class _Job:
    """The image on its way through the stages.

    Args:
        studio: where it is painted.
        content: as it came.
        size: height and width of the result.
        clock: counts the steps.
        finish, resume: see `paint`.
    """

    def __init__(
        self,
        *,
        studio: Studio,
        content: Picture,
        size: tuple[int, int],
        clock: _Clock,
        finish: Callable[[], bool],
        resume: Checkpoint | None,
    ) -> None:
        self.studio, self.content, self.clock, self.finish = studio, content, clock, finish
        self.height, self.width = size
        self.begun = resume
        self.optimiser: Optimiser | None = None
        self.margin = studio.margin(studio.plan.stages[0])
        self.number, self.left = 0, studio.plan.stages[0].steps
        self.first: float | None = None
        self.loss: Tensor | None = None
        self.sampled: Mapping[str, Tensor] | None = None
        # Whether all of this is that of the same step, wherever an interruption comes.
        self.consistent = True

    def _begin(self) -> Optimiser:
        """The optimiser with the first image, or that of the checkpoint."""
        optimiser, checkpoint = self.studio.optimiser(), self.begun
        if checkpoint:
            self.number, self.left = checkpoint.stage, checkpoint.left
            self.margin = self.studio.margin(checkpoint.stages[checkpoint.stage])
            self.first, self.loss = checkpoint.first, torch.tensor(checkpoint.first)
            self.sampled = checkpoint.sampling
            optimiser.load(checkpoint.optimiser)
            self.clock.go_on(checkpoint)
        return optimiser

    def checkpoint(self) -> Checkpoint | None:
        """See `Progress`."""
        if not (self.optimiser and self.consistent and self.sampled) or self.first is None:
            return None
        if not self._is_good(self.optimiser.picture):
            return None
        return Checkpoint(
            stages=self.studio.plan.stages,
            stage=self.number,
            left=self.left,
            device=name_of(self.studio.device),
            tile=self.studio.tile,
            first=self.first,
            optimiser=self.optimiser.state(),
            sampling=self.sampled,
        )

    def paint(self) -> Iterator[Progress | Warned | Finished]:
        """All stages; if the memory runs out, the same step again with less.

        Raises:
            NeuralStyleError: `out_of_memory`, or `not_painted` if the image breaks again and again.
        """
        finished = None
        with SharedCores() as cores:
            while not finished:
                try:
                    self.optimiser = self.optimiser or self._begin()
                    for number, stage in enumerate(self.studio.plan.stages):
                        while self._left(number) and not (self.clock.done and self.finish()):
                            yield from self._stage(number, stage, self.optimiser, cores)
                    finished = Finished(self._present())
                    continue
                except (MemoryError, RuntimeError) as error:
                    if not is_out_of_memory(error):
                        raise
                # Not in the handler: its traceback would hold on to the tensors.
                yield Warned("less_memory", self.studio.retreat())
                if self.optimiser:
                    self.optimiser.to(self.studio.device)
        yield finished

    def _left(self, number: int) -> int:
        """Steps left at the stage with this number."""
        if number == self.number:
            return self.left
        return self.studio.plan.stages[number].steps if number > self.number else 0

    def _stage(
        self, number: int, stage: Stage, optimiser: Optimiser, cores: SharedCores
    ) -> Iterator[Progress | Warned]:
        """The steps left at one size. Should the image break, back to the last good one."""
        objective = self.studio.objective(number, stage)
        if number > self.number:
            self._enter(number, stage, optimiser)
        elif self.sampled:
            objective.sampling.load(self.sampled)
        good, tries = optimiser.picture, 0

        def evaluate(image: Tensor) -> tuple[Tensor, Tensor]:
            result = objective(image)
            self.consistent = False  # from here on, things change
            return result

        while self.left:
            cores.adapt()
            self.consistent = optimiser.steady
            self.loss = value = optimiser.step(evaluate)
            self.left -= 1
            self.clock.step(stage)
            self.sampled = objective.sampling.state()
            if self.first is None:
                self.first = value.item()
                if not math.isfinite(self.first):
                    self._give_up(stage)
            last = not self.left or self.finish()
            if last or self.left % CHECK_EVERY == 0:
                image = optimiser.picture
                if self._is_good(image):
                    good, tries = image, 0
                else:
                    tries += 1
                    optimiser.learning_rate /= 2
                    optimiser.restart(good)
                    if tries == TRIES:
                        self.loss, self.consistent = torch.tensor(self.first), True
                        self._give_up(stage)
                    yield Warned(
                        "diverged",
                        "The optimiser lost its way; it went back and goes on with smaller steps",
                    )
            self.consistent = True
            if last or self.clock.report_due():
                yield self.clock.progress(
                    f"{stage.width} x {stage.height}", value.item(), self._present, self.checkpoint
                )
            if last:
                break

    def _give_up(self, stage: Stage) -> NoReturn:
        message = (
            f"At {stage.width} x {stage.height} pixels the painting became invalid numbers "
            f"on the {name_of(self.studio.device)} device"
        )
        raise NeuralStyleError("not_painted", message)

    def _enter(self, number: int, stage: Stage, optimiser: Optimiser) -> None:
        """Bring the image to the size of the next stage."""
        margin = self.studio.margin(stage)
        height, width = stage.height + 2 * margin, stage.width + 2 * margin
        self.consistent = False
        if stage.width > self.studio.plan.width:
            # The moments of a smaller image would hold back what these few steps are for.
            optimiser.restart(resize(optimiser.picture, height, width))
        else:
            optimiser.resize(height, width)
        self.number, self.left, self.margin = number, stage.steps, margin
        self.first = self.loss = self.sampled = None

    def _is_good(self, image: Tensor) -> bool:
        """Whether this image of now is one to go on from."""
        if self.loss is None or self.first is None:
            return False
        return bool(image.isfinite().all()) and bool(self.loss <= DIVERGED * self.first)

    def _present(self, longest: int = 0) -> Picture:
        """The picture as it is now; see `Present`."""
        width, height = self.width, self.height
        if longest:
            width, height = fit(width, height, longest)
        if not self.optimiser:
            raise RuntimeError("there is no picture before the first step")
        image = without_margin(self.optimiser.picture, self.margin)
        # A card may have no room for what is larger than was painted.
        image = resize(image if height < image.shape[2] else image.cpu(), height, width).cpu()
        # At the result's size, which has more of the photo than a coarse stage's.
        return as_picture(self.studio.finished(image), self.content)


class _Clock:
    """How far a job is, by work instead of steps, as a step at the full size takes longest."""

    def __init__(self, stages: Sequence[Stage], every: int) -> None:
        self.every = every
        self.total = sum(stage.steps for stage in stages)
        self.work = total_work(stages)
        self.done = 0
        self.work_done = self.work_before = 0.0
        self.started = time.monotonic()
        self.reported = -1.0

    def go_on(self, checkpoint: Checkpoint) -> None:
        self.done = checkpoint.steps
        self.work_done = self.work_before = checkpoint.work

    def step(self, stage: Stage) -> None:
        self.done += 1
        self.work_done += work(stage)

    def report_due(self) -> bool:
        wanted = self.every > 0 and self.done % self.every == 0
        return wanted or time.monotonic() - self.reported >= REPORT_SECONDS

    def progress(
        self,
        stage: str,
        loss: float,
        picture: Present,
        checkpoint: Callable[[], Checkpoint | None],
    ) -> Progress:
        self.reported = time.monotonic()
        pace = (self.reported - self.started) / (self.work_done - self.work_before)
        return Progress(
            step=self.done,
            total=self.total,
            fraction=self.work_done / self.work,
            eta_s=pace * (self.work - self.work_done),
            stage=stage,
            loss=loss,
            picture=picture,
            checkpoint=checkpoint,
        )
