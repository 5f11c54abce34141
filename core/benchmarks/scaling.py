"""How time and memory grow: with the picture, with the paintings, with the regions.

    python3 core/benchmarks scaling --output FOLDER

paints with the network `compact` on the CPU, by the preset `standard`, but only a few steps at the
full size, each point in a process of its own: pictures of .25 to 24 megapixels with one painting,
and one picture with 1 to 8 paintings and with 1 to 8 regions, columns with a painting each. The
exponent is the slope where both axes are logarithmic: 1 is in proportion.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import functional as F

from benchmarks import machine, scene
from benchmarks.targets import Target
from neural_style.devices import keep_memory
from neural_style.image import Picture
from neural_style.job import Progress, Started, paint
from neural_style.masks import Guidance, Region, mask_of
from neural_style.settings import parse_settings

CORE = Path(__file__).resolve().parent.parent

ASPECT = 1.5
"""Width by height."""

STEPS = 3

LINEAR = 1.1
"""The largest exponent that is still in proportion: caches and other programs move it a little."""

MEGAPIXELS = (0.25, 0.5, 1, 2, 4, 8, 16, 24)
COUNTS = (1, 2, 4, 8)

COSTS = {"step": "s a step", "before": "s before the first", "bytes": "bytes"}
"""What is measured, and in what it is told."""


@dataclass(frozen=True)
class Point:
    """What is painted."""

    megapixels: float
    styles: int = 1
    regions: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height = round((self.megapixels * 1e6 / ASPECT) ** 0.5)
        return height, round(height * ASPECT)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; returns the exit status, 1 if a target is missed."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["--measure"]:  # what `_measured` starts
        print(json.dumps(measure(Point(**json.loads(words[1])))))
        return 0
    options = _parser().parse_args(words)
    options.output.mkdir(parents=True, exist_ok=True)
    lines = {
        "megapixels": {n: Point(n) for n in options.megapixels},
        "paintings": {n: Point(options.at, styles=n) for n in options.counts},
        "regions": {n: Point(options.at, regions=n) for n in options.counts},
    }
    console, found, targets = Console(), {}, []
    for what, points in lines.items():
        found[what] = {}
        for count, point in points.items():
            with console.status(f"{count:g} {what}"):
                found[what][count] = _measured(point)
        console.print(_table(what, found[what]))
        for cost in COSTS:
            name = f"exponent of {COSTS[cost]} with {what}"
            targets.append(Target(name, LINEAR, exponent(found[what], cost), lower=True))
    for target in targets:
        console.print(target.sentence(), highlight=False)
    body = {"machine": machine.describe(), **found, "targets": [asdict(one) for one in targets]}
    (options.output / "scaling.json").write_text(json.dumps(body, indent=1) + "\n")
    _draw(found, options.output / "scaling.png")
    return int(not all(target.met for target in targets))


def exponent(costs: Mapping[float, Mapping[str, float]], cost: str) -> float:
    """Slope of a straight line through a cost, both axes logarithmic."""
    x, y = zip(*((np.log(count), np.log(one[cost])) for count, one in costs.items()), strict=True)
    return float(np.polyfit(x, y, 1)[0])


def measure(point: Point) -> dict[str, float]:
    """The costs of painting in this process, and the side of the tiles that the plan chose."""
    keep_memory()
    _painted(Point(0.01, styles=2))  # brings in all code
    memory = machine.Memory(torch.device("cpu"))
    return {**_painted(point), "bytes": memory.peak()}


def _painted(point: Point) -> dict[str, float]:
    photo = _picture(scene.photo(512), *point.size)
    styles = [_picture(scene.painting(256 + 32 * one), 512, 512) for one in range(point.styles)]
    settings = parse_settings({"final_steps": STEPS, "network": "compact"})
    times, tile = [time.perf_counter()], 0
    for event in paint(photo, styles, settings, guidance=_columns(point), initial=photo, every=1):
        if isinstance(event, Started):
            tile = event.plan.tile
        if isinstance(event, Progress):
            times.append(time.perf_counter())
    gaps = [after - before for before, after in pairwise(times)]
    step = min(gaps[1:])
    return {"step": step, "before": gaps[0] - step, "tile": tile}


def _columns(point: Point) -> Guidance:
    """Regions side by side, which are the whole picture together."""
    height, width = point.size
    regions = []
    for number in range(point.regions):
        mask = np.zeros((height, width), np.float32)
        left, right = (width * edge // point.regions for edge in (number, number + 1))
        mask[:, left:right] = 1
        style = _picture(scene.painting(256 + 32 * number), 512, 512)
        regions.append(Region(mask=mask_of(mask, f"column {number}"), style=style))
    return Guidance(regions=regions)


def _picture(pixels: Tensor, height: int, width: int) -> Picture:
    return scene.picture(F.interpolate(pixels, (height, width), mode="bilinear"))


def _measured(point: Point) -> dict[str, float]:
    words = ["scaling", "--measure", json.dumps(asdict(point))]
    done = subprocess.run(  # noqa: S603 - this program
        [sys.executable, CORE / "benchmarks", *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def _table(what: str, costs: Mapping[float, Mapping[str, float]]) -> Table:
    table = Table(what, *COSTS.values(), "tiles")
    for count, one in costs.items():
        memory = f"{one['bytes'] / 2**20:.0f} MiB"
        table.add_row(
            f"{count:g}", f"{one['step']:.3f}", f"{one['before']:.3f}", memory, f"{one['tile']:g}"
        )
    table.add_row("exponent", *(f"{exponent(costs, cost):.2f}" for cost in COSTS), "")
    return table


def _draw(found: Mapping[str, Mapping[float, Mapping[str, float]]], path: Path) -> None:
    """Each cost beside that of the first point, all axes logarithmic."""
    from matplotlib.figure import Figure  # takes a second

    figure = Figure(figsize=(5 * len(found), 4.5), layout="constrained")
    for panel, (what, costs) in zip(figure.subplots(1, len(found)), found.items(), strict=True):
        counts = list(costs)
        first = costs[counts[0]]
        for cost, name in COSTS.items():
            grown = [costs[count][cost] / first[cost] for count in counts]
            slope = exponent(costs, cost)
            panel.plot(counts, grown, marker="o", label=f"{name}, exponent {slope:.2f}")
        panel.plot(counts, [n / counts[0] for n in counts], color="grey", linestyle=":")
        panel.set(xscale="log", yscale="log", xlabel=what, ylabel="times the first point")
        panel.legend()
    figure.savefig(path, dpi=120)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 core/benchmarks scaling",
        description="Measure how time and memory grow.",
    )
    add = parser.add_argument
    add("--megapixels", nargs="+", type=float, default=MEGAPIXELS)
    add("--counts", nargs="+", type=int, default=COUNTS, help="of paintings and regions")
    add("--at", type=float, default=0.5, help="megapixels for these; default: 0.5")
    add("--output", type=Path, default=Path("benchmark-results"), metavar="FOLDER")
    return parser
