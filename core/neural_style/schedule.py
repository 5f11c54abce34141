"""Coarse to fine: at which sizes a picture is painted and with how many steps at each."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from neural_style.settings import Settings

MIN_SIDE = 32
"""Shorter side of the coarsest size at least: below it the deep layers have no positions left."""

SMALLEST = 16
"""Shorter side of a picture that can be painted: conv5_1 sees one position of it."""

FINISHING_STEPS = 8
"""Steps at the content's own size, after painting at a smaller one: enough for crisp strokes."""


@dataclass(frozen=True)
class Stage:
    """One size: `steps` optimiser steps on a picture of `width` times `height` pixels."""

    width: int
    height: int
    steps: int


def fit(width: int, height: int, longest: int) -> tuple[int, int]:
    """Width and height with the same proportions and `longest` as the longer one."""
    scale = longest / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def longest_side(width: int, height: int, least: int) -> int:
    """The least longer side, in pixels, of a picture with these proportions: `least`, or more if
    its shorter side has fewer than `SMALLEST` then."""
    return max(least, math.ceil(SMALLEST * max(width, height) / min(width, height)))


def painted_size(width: int, height: int, settings: Settings) -> tuple[int, int]:
    """Width and height at which a content of `width` times `height` pixels is painted."""
    return fit(width, height, settings.size) if settings.size else (width, height)


def stages(width: int, height: int, settings: Settings) -> list[Stage]:
    """The stages for a picture that is painted at `width` times `height`, smallest first.

    Sizes shrink by `size_ratio` from the full one down to `coarsest`; the numbers of steps go
    geometrically from `steps` at the coarsest size to `final_steps` at the full one.
    """
    full = max(width, height)
    coarsest = max(settings.coarsest, MIN_SIDE * full / min(width, height))
    longest = [float(full)]
    # The tolerance is for powers of the square root of two.
    while longest[-1] / settings.size_ratio >= coarsest * 0.999:
        longest.append(longest[-1] / settings.size_ratio)
    result = []
    for index, side in enumerate(reversed(longest)):
        part = index / (len(longest) - 1) if len(longest) > 1 else 1.0
        steps = settings.steps * (settings.final_steps / settings.steps) ** part
        result.append(Stage(*fit(width, height, round(side)), round(steps)))
    # Rounding must not touch the full size.
    result[-1] = Stage(width, height, result[-1].steps)
    return result


def work(stage: Stage) -> float:
    """Cost of one step, in relative units: the pixels, and a little for the step itself."""
    return stage.width * stage.height + 10_000


def total_work(stages: Iterable[Stage]) -> float:
    """Cost of all their steps, in the same units."""
    return sum(stage.steps * work(stage) for stage in stages)
