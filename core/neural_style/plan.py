"""What a job will take, from its size and settings alone: nothing is painted for it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch

from neural_style import budget
from neural_style.canvas import Canvas, check_size, extended, margin_of
from neural_style.devices import choose_device, device_of, name_of
from neural_style.network import VGG, network_for
from neural_style.objective import StyleTarget, objective_from
from neural_style.optimise import Adam
from neural_style.schedule import FINISHING_STEPS, Stage, painted_size, stages
from neural_style.settings import Settings
from neural_style.threads import SharedCores

PACE_SIDES, PACE_SIDES_ON_CARDS = (96, 256), (256, 1024)
"""Sides of the two pictures on which the time of a step is measured, in pixels: a part of it is the
same at every size, and on a graphics card small pictures would tell of nothing else."""

PACE_STEPS, PACE_SECONDS = 4, 1.0
"""Steps of which the fastest counts; no more of them once they have taken so many seconds."""

SETUP_STEPS = 1
"""What comes before the first step of a stage, in steps: it looks at content and style."""

REGION = 0.15
"""A region's share of the time without it. It varies with sizes and shapes: measured at
384 px, eight columns took 0.12 each, and eight masks of the whole picture 0.17."""

PACE_SETTINGS = {
    "network",
    "precision",
    "statistic",
    "formula",
    "content_layers",
    "style_layers",
    "tv_weight",
    "pooling",
    "optimiser",
}
"""What the time of a step depends on, beside the device."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a job is done.

    Attributes:
        device, precision: what it is computed on, and the number format of the features.
        width, height: of the picture painted, in pixels.
        stages: sizes and steps, the smallest first. The last may be larger than the picture
            painted: some steps at the content's own size.
        tile: side of the tiles in pixels, 0 for whole pictures.
        memory: bytes it needs beside the program, at most, estimated.
        settings: what it was planned for.
        regions: how many there are with paintings of their own.
    """

    device: str
    precision: str
    width: int
    height: int
    stages: Sequence[Stage]
    tile: int
    memory: int
    settings: Settings
    regions: int

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    @property
    def seconds(self) -> float:
        """What it takes, estimated. The first time this measures the pace, which takes a moment;
        later ones know it, unless a setting has changed on which it depends (PACE_SETTINGS).

        Raises:
            NeuralStyleError: `out_of_memory`.
        """
        device = device_of(self.device)
        with budget.memory_errors_named(self.width, self.height):
            network = network_for(self.settings, device)
            step, pixel = _pace(device, self.settings.model_dump_json(include=PACE_SETTINGS))
        alone = sum(
            (stage.steps + SETUP_STEPS) * (step + pixel * _pixels(stage, network, self.tile))
            for stage in self.stages
        )
        return alone * (1 + REGION * self.regions)


def plan_job(
    width: int,
    height: int,
    settings: Settings,
    *,
    enlarge: bool,
    regions: int = 0,
    guided: float = 0.0,
    begun: bool = False,
) -> Plan:
    """How a content of `width` times `height` pixels would be painted.

    Args:
        width, height: of the content, in pixels.
        settings: everything else.
        enlarge: whether a picture painted smaller than the content is brought to its size.
        regions: how many there are with paintings of their own; they take time.
        guided: `masks.Guidance.area`, which takes memory.
        begun: whether there is a picture to go on with: then only at the full size.

    Raises:
        NeuralStyleError: `device_unavailable`, `image_too_small`, `out_of_memory`, and for
            settings and weights that cannot be used.
    """
    check_size(width, height, "The photo")
    device = choose_device(settings.device)
    painted = painted_size(width, height, settings)
    check_size(*painted, f"The photo at size {settings.size}")
    with budget.memory_errors_named(*painted):
        network = network_for(settings, device)
        limit = budget.allowed(settings, device)
        chosen = budget.choose(*painted, network, settings, limit, guided)
        most = budget.available(settings, device)
        if chosen.memory > most:
            raise budget.out_of_memory(*painted, network, settings, guided)
        sizes = stages(*painted, settings)[-1 if begun else 0 :]
        if enlarge and width * height > painted[0] * painted[1]:
            own = budget.choose(width, height, network, settings, limit, guided)
            if own.memory <= most:
                sizes, chosen = [*sizes, Stage(width, height, FINISHING_STEPS)], own
        return Plan(
            device=name_of(device),
            precision=str(network.dtype).removeprefix("torch."),
            width=painted[0],
            height=painted[1],
            stages=tuple(sizes),
            tile=chosen.tile,
            memory=chosen.memory,
            settings=settings,
            regions=regions,
        )


@cache
def _pace(device: torch.device, matters: str) -> tuple[float, float]:
    """Seconds that a step takes at any size, and for each pixel.

    Args:
        device: where they are measured.
        matters: those of the settings that matter, as JSON, by which the pace is remembered.
    """
    settings = Settings.model_validate_json(matters)
    network = network_for(settings, device)
    sides = PACE_SIDES if device.type == "cpu" else PACE_SIDES_ON_CARDS
    with SharedCores():  # as when it is painted
        (few, short), (many, long) = (_step(side, settings, network) for side in sides)
    pixel = max(long - short, 0.0) / (many - few)
    return max(short - pixel * few, 0.0), pixel


def _step(side: int, settings: Settings, network: VGG) -> tuple[float, float]:
    """Pixels of a picture of noise, and the seconds that a step on it takes."""
    device, stage = network.mean.device, Stage(side, side, 1)
    tile = budget.choose(side, side, network, settings, budget.allowed(settings, device)).tile
    content, style = (_noise(side, device, seed) for seed in (0, 1))
    content = extended(content, margin_of(side, side, settings))
    targets = [StyleTarget(styles=[(style, 1.0)])]
    objective = objective_from(
        settings, network=network, content=content, targets=targets, tile=tile
    )
    # Adam, whatever is asked for: its step is one look at the image and little else.
    optimiser = Adam(content.pixels, 0.0, 0.0)
    times: list[float] = []
    while len(times) < PACE_STEPS and sum(times) <= PACE_SECONDS:
        start = time.perf_counter()
        float(optimiser.step(objective))  # waits for the device
        times.append(time.perf_counter() - start)
    return _pixels(stage, network, tile), min(times)


def _pixels(stage: Stage, network: VGG, tile: int) -> float:
    """Pixels of a stage, counted as often as its tiles look at them."""
    return stage.width * stage.height * budget.effort(stage.width, stage.height, network, tile)


def _noise(side: int, device: torch.device, seed: int) -> Canvas:
    """A picture that is as much work as any."""
    pixels = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(seed))
    return Canvas(pixels.to(device), torch.ones(1, 1, side, side, device=device))
