"""One row of the table: time and memory of a step, measured in a process of its own.

`measure` starts the process, which runs this module: a `Row` as JSON goes in as its argument, the
`Figures` come out on its standard output. A process that runs out of memory is a row without
figures, not the end of the benchmark.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from benchmarks import machine, scene, textbook
from neural_style import precision
from neural_style.devices import device_of
from neural_style.network import VGG, Weights
from neural_style.optimise import Adam

Prepare = Callable[[Tensor, Tensor], Callable[[], object]]
"""Takes photo and painting, learns the targets and returns a function that does one step."""

SIDES = {
    "textbook": (scene.SAME_LOSS, 0),
    "same loss": (scene.SAME_LOSS, 0),
    "standard": (scene.STANDARD, 0),
    "tiles": (scene.STANDARD, 256),
}
"""What is measured: settings and side of the tiles. The textbook and the engine with its loss, the
engine's preset `standard`, whole and in tiles."""

COMPARED = "same loss", "standard", "tiles"
"""Those that are measured beside the textbook."""

TINY = 64
"""Side in pixels of the picture whose step brings in all code before memory is measured."""


@dataclass(frozen=True)
class Row:
    """What to measure; `side` is one of SIDES, `size` in pixels, `repeats` of the step."""

    network: str
    size: int
    device: str
    precision: str
    side: str
    repeats: int


@dataclass(frozen=True)
class Figures:
    """Seconds per step, operations of the network in it, peak bytes of targets and steps."""

    seconds: float
    flops: float
    target_bytes: int
    step_bytes: int

    @property
    def bytes(self) -> int:
        """The most memory at any time."""
        return max(self.target_bytes, self.step_bytes)


def rows(
    networks: list[str], sizes: list[int], precisions: dict[str, list[str]], repeats: int
) -> list[Row]:
    """All that there is to measure, with each device's precisions.

    The textbook, which is float32, is the first in each group.
    """
    return [
        Row(network, size, device, precision, side, repeats)
        for device, own in precisions.items()
        for network in networks
        for size in sizes
        for side, precision in [
            ("textbook", "float32"),
            *((side, precision) for precision in own for side in COMPARED),
        ]
    ]


def measure(row: Row, environment: Mapping[str, str] | None = None) -> Figures | str:
    """The figures, or the last words of the process; `environment` adds to its own."""
    core = str(Path(__file__).resolve().parent.parent)
    done = subprocess.run(  # noqa: S603 - this file
        [sys.executable, "-m", "benchmarks.row", json.dumps(asdict(row))],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": core, **(environment or {})},
    )
    if done.returncode == 0:
        return Figures(**json.loads(done.stdout))
    return (done.stderr.strip() or f"ended with status {done.returncode}").splitlines()[-1]


def figures(row: Row) -> Figures:
    """Measure in this process."""
    device = device_of(row.device)
    precision.ALLOW_TF32 = row.precision == machine.TF32
    weights, (settings, _) = scene.weights(row.network), SIDES[row.side]
    prepare = (_textbook if row.side == "textbook" else _engine)(row, weights, device)
    prepare(scene.photo(TINY), scene.painting(TINY))()
    content, style = (make(row.size).to(device) for make in (scene.photo, scene.painting))
    memory = machine.Memory(device)
    step = prepare(content, style)
    target_bytes = memory.peak()
    seconds = machine.seconds(step, device, warm=2, repeats=row.repeats)
    flops = scene.flops(weights, settings, row.size**2)
    return Figures(seconds, flops, target_bytes, memory.peak())


def _textbook(row: Row, weights: Weights, device: torch.device) -> Prepare:
    network = scene.textbook_network(weights, scene.SAME_LOSS, device)

    def prepare(content: Tensor, style: Tensor) -> Callable[[], object]:
        loss = scene.textbook_loss(network, content, style, scene.SAME_LOSS)
        # Adam, as the history of L-BFGS would add 2.4 kB per pixel to the textbook's memory.
        return textbook.adam(loss, content, scene.SAME_LOSS.learning_rate)

    return prepare


def _engine(row: Row, weights: Weights, device: torch.device) -> Prepare:
    settings, tile = SIDES[row.side]
    layers = {*settings.content_layers, *settings.style_layers}
    network = VGG(weights, layers, settings.pooling, device, machine.dtype(row.precision))

    def prepare(content: Tensor, style: Tensor) -> Callable[[], object]:
        objective = scene.objective(network, content, style, settings, tile)
        adam = Adam(content, settings.learning_rate, settings.averaging)
        return lambda: adam.step(objective)

    return prepare


if __name__ == "__main__":
    print(json.dumps(asdict(figures(Row(**json.loads(sys.argv[1]))))))
