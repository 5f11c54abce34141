"""The pictures of a matrix: those painted before are found on disk, the others are painted."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache

from PIL import Image

from neural_style import store
from neural_style.axes import Grid
from neural_style.errors import NeuralStyleError
from neural_style.image import Picture, to_pillow
from neural_style.job import Finished, Progress, Warned, paint
from neural_style.network import weights_digest
from neural_style.pictures import check, digest, shares_of
from neural_style.plan import Plan, plan_job
from neural_style.recipe import made_of
from neural_style.settings import Settings

Images = list[list[Image.Image]]
"""Rows of pictures."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A picture that has to be painted; `seconds` is the time that it will take, estimated."""

    settings: Settings
    plan: Plan
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Cells:
    """How the pictures of a matrix are done.

    Attributes:
        keys: for each picture, by row and column, all that it is made of, as text.
        found: those that were painted before, by their key.
        missing: the others, by their key.
    """

    keys: list[list[str]]
    found: Mapping[str, Image.Image]
    missing: Mapping[str, Cell]

    @property
    def plans(self) -> list[Plan]:
        """Those of the pictures that have to be painted."""
        return [cell.plan for cell in self.missing.values()]

    @property
    def steps(self) -> int:
        """All of them."""
        return sum(plan.steps for plan in self.plans)

    @property
    def seconds(self) -> float:
        """Time that all will take, estimated."""
        return sum(cell.seconds for cell in self.missing.values())

    @property
    def memory(self) -> int:
        """Bytes needed beside the program, at most, estimated."""
        return max((plan.memory for plan in self.plans), default=0)


@dataclass(frozen=True)
class AllPainted:
    """All pictures are there, in 8 bits a channel, by row and column."""

    images: Images


def prepare_cells(content: Picture, styles: Sequence[Picture], grid: Grid) -> Cells:
    """Find what was painted before, and plan what was not: nothing is painted.

    Raises:
        NeuralStyleError: whatever would stop one of the pictures.
    """
    height, width = content.alpha.shape
    sources = [digest(picture).hex() for picture in (content, *styles)]
    network = cache(weights_digest)
    keys, found, missing = [], {}, {}
    for row in grid.settings:
        keys.append([])
        for settings in row:
            check(content, styles, settings)
            key = _made_of(sources, network(settings.network), settings)
            keys[-1].append(key)
            if key in found or key in missing:
                continue
            if image := store.load(key):
                found[key] = image
            else:
                plan = plan_job(width, height, settings, enlarge=False)
                missing[key] = Cell(settings=settings, plan=plan, seconds=plan.seconds)
    return Cells(keys=keys, found=found, missing=missing)


def paint_cells(
    content: Picture, styles: Sequence[Picture], cells: Cells
) -> Generator[Progress | Warned | AllPainted, None, None]:
    """Paint what is missing; each picture is kept on disk as soon as it is finished.

    Args:
        content, styles: the same that the cells were prepared of.
        cells: what there is of them and what is not.

    Yields:
        `Progress` of the whole, whose `picture` and `loss` are those of the one at work; each
        `Warned` once; `AllPainted` last.

    Raises:
        NeuralStyleError: for everything that the person can do something about.
    """
    images, warned, clock = dict(cells.found), set(), _Clock(cells)
    for key, cell in cells.missing.items():
        with closing(paint(content, styles, cell.settings)) as events:
            for event in events:
                if isinstance(event, Progress):
                    yield clock.of_all(event, cell)
                elif isinstance(event, Warned) and event not in warned:
                    warned.add(event)
                    yield event
                elif isinstance(event, Finished):
                    images[key] = to_pillow(event.picture)
                    lost = _keep(key, event.picture)
                    if lost and lost not in warned:
                        warned.add(lost)
                        yield lost
        clock.finish(cell)
    yield AllPainted([[images[key] for key in row] for row in cells.keys])


class _Clock:
    """How far all of a matrix is, by the time that each picture is expected to take."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.started = time.monotonic()
        self.done, self.steps, self.seconds = len(cells.found), 0, 0.0

    def of_all(self, progress: Progress, cell: Cell) -> Progress:
        """The whole's progress, made of one picture's."""
        seconds = self.seconds + progress.fraction * cell.seconds
        fraction = seconds / self.cells.seconds
        elapsed = time.monotonic() - self.started
        return replace(
            progress,
            step=self.steps + progress.step,
            total=self.cells.steps,
            fraction=fraction,
            eta_s=elapsed * (1 - fraction) / fraction,
            stage=f"{self.done} of {len(self.cells.found) + len(self.cells.missing)} done",
        )

    def finish(self, cell: Cell) -> None:
        self.done += 1
        self.steps += cell.plan.steps
        self.seconds += cell.seconds


def _keep(key: str, picture: Picture) -> Warned | None:
    """Keep a picture for the next time; without it, this time goes on all the same."""
    try:
        store.save(key, picture)
    except NeuralStyleError as error:
        message = f"The pictures are not kept for the next time: {error.message}"
        return Warned(error.code, message)
    return None


def _made_of(sources: Sequence[str], network: str, settings: Settings) -> str:
    """All that a picture's pixels depend on.

    Memory decides on tiles, which change rounding only. So do device and precision: whoever names
    one wants a picture of it, and whoever does not takes any.
    """
    free = {name for name in ("device", "precision") if getattr(settings, name) == "auto"}
    shares = shares_of(settings.blend, len(sources) - 1)
    return made_of(settings, {"memory", *free}, network=network, sources=sources, shares=shares)
