"""What the engine promises beside the textbook, and whether a run shows it."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.curves import Race
from benchmarks.row import Figures, Row

TARGET_SIZE = 512
"""Side in pixels that the targets are for, with the network of VGG-19's shape on a CPU."""

Measured = list[tuple[Row, Figures | str]]


@dataclass(frozen=True)
class Target:
    """A promise: `figure` should be at least `bound`, or at most if `lower`; None: never got there.

    `what` says what was measured, with the size it was measured at.
    """

    what: str
    bound: float
    figure: float | None
    lower: bool

    @property
    def met(self) -> bool:
        if self.figure is None:
            return False
        return self.figure <= self.bound if self.lower else self.figure >= self.bound

    def sentence(self) -> str:
        wanted = f"at {'most' if self.lower else 'least'} {self.bound:g}"
        figure = "never reached" if self.figure is None else f"{self.figure:.2f}"
        return f"{'met' if self.met else 'MISSED'}: {self.what}: {figure} (target: {wanted})"


def step_targets(measured: Measured) -> list[Target]:
    """Speed and memory beside the textbook, with its loss and with the preset's."""
    found = [
        (row, figures)
        for row, figures in measured
        if isinstance(figures, Figures) and row.device == "cpu" and row.network == "vgg19"
    ]
    sizes = {row.size for row, _ in found if row.side == "textbook"}
    if not sizes:
        return []
    size = TARGET_SIZE if TARGET_SIZE in sizes else max(sizes)
    found = [(row, figures) for row, figures in found if row.size == size]
    textbook = next(figures for row, figures in found if row.side == "textbook")
    textbook_bytes = max(textbook.bytes, 1)
    targets = []
    for side in ("same loss", "standard"):
        for row, figures in found:
            if row.side != side:
                continue
            what = f"{side}, {row.precision}, vgg19, {size} px"
            speed = textbook.seconds / figures.seconds
            memory = figures.bytes / textbook_bytes
            targets.append(Target(f"times the textbook's speed, {what}", 2.2, speed, lower=False))
            targets.append(Target(f"of the textbook's memory, {what}", 0.4, memory, lower=True))
    return targets


def network_targets(measured: Measured) -> list[Target]:
    """A step with the compact network beside one with VGG-19's shape, of the preset, on a CPU."""
    seconds = {
        (row.network, row.size, row.precision): figures.seconds
        for row, figures in measured
        if isinstance(figures, Figures) and row.device == "cpu" and row.side == "standard"
    }
    return [
        Target(
            f"of VGG-19's time for a step, compact, {precision}, {size} px",
            0.1,
            compact / seconds["vgg19", size, precision],
            lower=True,
        )
        for (network, size, precision), compact in seconds.items()
        if network == "compact" and ("vgg19", size, precision) in seconds
    ]


def race_targets(races: list[Race]) -> list[Target]:
    """Time to the textbook's last loss, by the schedule."""
    targets = []
    for race in races:
        textbook, *others = race.curves
        if race.device != "cpu" or race.network != "vgg19":
            continue
        for curve in others:
            if "schedule" not in curve.name:
                continue
            what = (
                f"of the textbook's time for {textbook.steps[-1]} steps of L-BFGS to its loss, "
                f"{curve.name}, vgg19, {race.size} px"
            )
            targets.append(Target(what, 0.25, race.ratio(curve), lower=True))
    return targets
