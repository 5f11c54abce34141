"""One job: a photo, paintings and settings in; progress and the finished picture out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from neural_style.colour import match_colours
from neural_style.devices import choose_device
from neural_style.errors import NeuralStyleError
from neural_style.image import Picture
from neural_style.network import VGG, load_weights
from neural_style.objective import Canvas, Objective
from neural_style.optimise import LBFGS, Adam, Optimiser, resize
from neural_style.schedule import MIN_SIDE, Stage, fit, plan, work
from neural_style.settings import Settings

SMALLEST = 16
"""Shorter side of a picture that can be painted: conv5_1 sees one position of it."""

CHECK_EVERY = 10
"""Steps between two looks at whether the picture is still good."""

DIVERGED = 1000.0
"""A loss this many times that of a stage's first step is no fluctuation any more."""

REPORT_SECONDS = 0.1
"""Shortest time between two progress events. Reading the loss waits for the device."""


class Present(Protocol):
    """Makes the picture as it is now, its longer side `longest` pixels; 0 for the full size."""

    def __call__(self, longest: int = 0) -> Picture: ...


@dataclass(frozen=True)
class Started:
    """Everything is loaded: the device, the size painted at and the number of steps."""

    device: str
    width: int
    height: int
    total: int


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Warned:
    """Something went wrong that could be mended; `code` is one of `neural_style.errors`."""

    code: str
    message: str


@dataclass(frozen=True)
class Finished:
    """The result, at the size painted at."""

    picture: Picture


Event = Started | Progress | Warned | Finished


def stylize(
    content: Picture,
    styles: Sequence[Picture],
    settings: Settings,
    *,
    every: int = 0,
    finish: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Paint `content` in the style of `styles`.

    Nothing happens before the first event is asked for; to cancel, close the iterator.

    Args:
        content: the photo. Its transparent pixels are left as they are.
        styles: one picture or more; `settings.blend` says how much each counts.
        settings: everything else.
        every: report each step whose number is a multiple of this; 0 leaves it to the clock.
        finish: asked after each step; once true, the picture is finished as it is.

    Yields:
        One `Started`, many `Progress`, perhaps some `Warned`, one `Finished`.

    Raises:
        NeuralStyleError: for everything that the person can do something about.
    """
    device = choose_device(settings.device)
    try:
        yield from _stylize(content, styles, settings, device, every, finish)
    except (torch.OutOfMemoryError, MemoryError):
        raise _out_of_memory(device, content, settings) from None
    except RuntimeError as error:
        # The CPU's allocator has no exception type of its own.
        if "not enough memory" not in str(error) and "can't allocate memory" not in str(error):
            raise
        raise _out_of_memory(device, content, settings) from None


def _out_of_memory(device: torch.device, content: Picture, settings: Settings) -> NeuralStyleError:
    width, height = _size(content, settings)
    return NeuralStyleError(
        "out_of_memory", f"The memory of {device.type} does not hold {width} x {height} pixels"
    )


def _size(content: Picture, settings: Settings) -> tuple[int, int]:
    """Width and height to paint at."""
    height, width = content.alpha.shape
    return fit(width, height, settings.size) if settings.size else (width, height)


def _stylize(
    content: Picture,
    styles: Sequence[Picture],
    settings: Settings,
    device: torch.device,
    every: int,
    finish: Callable[[], bool],
) -> Iterator[Event]:
    shares = _shares(settings.blend, len(styles))
    photo = _canvas(content, device, "The photo")
    width, height = _size(content, settings)
    _check_size(width, height, f"The photo at size {settings.size}")
    paintings = [_canvas(style, device, "The style picture") for style in styles]
    if settings.colours == "photo":
        paintings = [_recoloured(painting, [photo], [1.0]) for painting in paintings]
    elif settings.colours == "painting":
        photo = _recoloured(photo, paintings, shares)
    layers = {*settings.content_layers, *settings.style_layers}
    network = VGG(load_weights(settings.network), layers, settings.pooling, device)
    stages = plan(width, height, settings)
    yield Started(device.type, width, height, sum(stage.steps for stage in stages))

    clock = _Clock(stages, every)
    optimiser: Optimiser | None = None
    for number, stage in enumerate(stages):
        scene = _resized(photo, stage.height, stage.width)
        longest = max(stage.width, stage.height) * settings.style_scale
        scaled = [_style_at(painting, longest) for painting in paintings]
        seed = settings.seed * 1000 + number
        objective = Objective(
            network, scene, list(zip(scaled, shares, strict=True)), settings, seed
        )
        if optimiser is None:
            optimiser = _optimiser(_start(scene, paintings, shares, settings), settings)
        else:
            optimiser.resize(stage.height, stage.width)

        def present(longest: int = 0, optimiser: Optimiser = optimiser) -> Picture:
            wide, high = fit(width, height, longest) if longest else (width, height)
            return _picture(optimiser.picture, photo, content, high, wide)

        yield from _run_stage(objective, optimiser, stage, clock, present, finish)
        if finish():
            break
    assert optimiser is not None  # noqa: S101 - a plan has at least one stage
    yield Finished(_picture(optimiser.picture, photo, content, height, width))


def _run_stage(
    objective: Objective,
    optimiser: Optimiser,
    stage: Stage,
    clock: _Clock,
    present: Present,
    finish: Callable[[], bool],
) -> Iterator[Progress | Warned]:
    """All steps at one size. Should the picture break, back to the last good one."""
    good = optimiser.picture
    first: Tensor | None = None
    for step in range(1, stage.steps + 1):
        loss = optimiser.step(objective)
        first = loss if first is None else first
        clock.step(stage)
        last = step == stage.steps or finish()
        if last or step % CHECK_EVERY == 0:
            picture = optimiser.picture
            if bool(picture.isfinite().all() & (loss <= DIVERGED * first)):
                good = picture
            else:
                optimiser.learning_rate /= 2
                optimiser.restart(good)
                yield Warned(
                    "diverged",
                    "The optimiser lost its way; it went back and goes on with smaller steps",
                )
        if last or clock.report_due():
            yield clock.progress(f"{stage.width} x {stage.height}", loss.item(), present)
        if last:
            break


class _Clock:
    """How far a job is, by work instead of steps, as a step at the full size takes longest."""

    def __init__(self, stages: list[Stage], every: int) -> None:
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
        return Progress(self.done, self.total, fraction, eta, stage, loss, picture)


def _shares(blend: tuple[float, ...], count: int) -> list[float]:
    """How much each style picture counts; sums to one."""
    weights = list(blend) or [1.0] * count
    if len(weights) != count or not sum(weights):
        raise NeuralStyleError(
            "bad_settings",
            f"blend has {len(weights)} numbers for {count} style pictures"
            if len(weights) != count
            else "blend must not be zero for every style picture",
        )
    return [weight / sum(weights) for weight in weights]


def _canvas(picture: Picture, device: torch.device, what: str) -> Canvas:
    """The picture on the device; colours under transparent pixels replaced by visible ones."""
    height, width = picture.alpha.shape
    _check_size(width, height, what)
    if not picture.alpha.any():
        raise NeuralStyleError("image_transparent", f"{what} is transparent everywhere")
    pixels = torch.from_numpy(np.ascontiguousarray(picture.pixels)).permute(2, 0, 1)[None]
    visible = torch.from_numpy(np.ascontiguousarray(picture.alpha))[None, None]
    pixels = pixels if picture.opaque else _fill(pixels, visible)
    return Canvas(pixels.to(device), visible.to(device))


def _check_size(width: int, height: int, what: str) -> None:
    if min(width, height) < SMALLEST:
        raise NeuralStyleError(
            "image_too_small",
            f"{what} has {width} x {height} pixels, and {SMALLEST} x {SMALLEST} is the least",
        )


def _fill(pixels: Tensor, visible: Tensor) -> Tensor:
    """Give transparent pixels the colour of the visible ones around them.

    What lies under transparency is arbitrary, but the network's windows and every resize reach
    into it. Averages over ever larger cells, each used where the finer ones saw nothing.
    """
    height, width = pixels.shape[2:]
    filled, known = pixels * (visible > 0), (visible > 0).to(pixels)
    result, missing = filled, 1 - known
    cells_pixels, cells_known = filled, known
    while missing.any():
        if min(cells_known.shape[2:]) > 1:
            cells_pixels, cells_known = (
                torch.nn.functional.avg_pool2d(cell, 2, ceil_mode=True)
                for cell in (cells_pixels, cells_known)
            )
        else:
            cells_pixels, cells_known = (
                cell.mean((2, 3), keepdim=True) for cell in (cells_pixels, cells_known)
            )
        colour, seen = (
            torch.nn.functional.interpolate(cell, (height, width), mode="nearest")
            for cell in (cells_pixels, cells_known)
        )
        new = missing * (seen > 0)
        result = result + new * colour / seen.clamp_min(1e-9)
        missing = missing - new
    return result


def _resized(canvas: Canvas, height: int, width: int) -> Canvas:
    return Canvas(
        resize(canvas.pixels, height, width),
        resize(canvas.visible, height, width),
    )


def _style_at(canvas: Canvas, longest: float) -> Canvas:
    """A style picture with about `longest` pixels on its longer side.

    Enlarged where needed: not to enlarge would silently make the strokes smaller.
    """
    height, width = canvas.pixels.shape[2:]
    longest = max(longest, MIN_SIDE * max(width, height) / min(width, height))
    width, height = fit(width, height, round(longest))
    return _resized(canvas, height, width)


def _recoloured(canvas: Canvas, targets: list[Canvas], shares: list[float]) -> Canvas:
    """`canvas` in the colours of `targets`, of which each counts as much as its share."""
    colours = match_colours(
        *_colours([canvas], [1.0]),
        *_colours(targets, shares),
    )
    return Canvas(colours.view(canvas.pixels.shape), canvas.visible)


def _colours(canvases: list[Canvas], shares: list[float]) -> tuple[Tensor, Tensor]:
    """All pixels (3, N) of some pictures and how much each counts (N,), summing to one."""
    weights = [
        share * canvas.visible.flatten() / canvas.visible.sum()
        for canvas, share in zip(canvases, shares, strict=True)
    ]
    return torch.cat([canvas.pixels.flatten(2)[0] for canvas in canvases], 1), torch.cat(weights)


def _start(
    scene: Canvas, paintings: list[Canvas], shares: list[float], settings: Settings
) -> Tensor:
    """The first picture, at the coarsest size."""
    generator = torch.Generator().manual_seed(settings.seed)
    noise = torch.rand(scene.pixels.shape, generator=generator).to(scene.pixels)
    if settings.start == "noise":
        # Faint, as in the authors' and most programs: what strong noise leaves between pixels no
        # average pooling ever sees.
        return 0.45 + 0.1 * noise
    if settings.start == "colours":
        return _recoloured(Canvas(noise, scene.visible), paintings, shares).pixels
    if settings.formula != "relative":
        return scene.pixels  # the originals add nothing
    # Equal neighbours have equal gradients and would stay equal: a white wall needs a little
    # noise to become brush strokes.
    return (scene.pixels + 0.05 * (noise - 0.5)).clamp(0, 1)


def _optimiser(image: Tensor, settings: Settings) -> Optimiser:
    if settings.optimiser == "lbfgs":
        return LBFGS(image, settings.learning_rate)
    return Adam(image, settings.learning_rate, settings.averaging)


def _picture(image: Tensor, photo: Canvas, content: Picture, height: int, width: int) -> Picture:
    """The painted `image` as a picture of `height` times `width` pixels.

    Alpha, and the colours where nothing is visible, are the content's own.
    """
    image = resize(image, height, width)
    pixels = image[0].permute(1, 2, 0).cpu().numpy()
    if content.opaque:
        return Picture(pixels, np.ones((height, width), np.float32), content.depth)
    if content.alpha.shape == (height, width):
        alpha, under = content.alpha, content.pixels
    else:
        alpha = resize(photo.visible, height, width)[0, 0].cpu().numpy()
        under = resize(photo.pixels, height, width)[0].permute(1, 2, 0).cpu().numpy()
    return Picture(np.where(alpha[..., None] > 0, pixels, under), alpha, content.depth)


def at_size_of(content: Picture, painted: Picture) -> Picture:
    """The painted picture with the content's width and height, alpha and hidden colours."""
    height, width = content.alpha.shape
    if painted.alpha.shape == (height, width):
        return painted
    pixels = torch.from_numpy(painted.pixels).permute(2, 0, 1)[None]
    pixels = resize(pixels, height, width)[0].permute(1, 2, 0).numpy()
    pixels = np.where(content.alpha[..., None] > 0, pixels, content.pixels)
    return Picture(pixels, content.alpha, content.depth)
