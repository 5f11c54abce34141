"""The engine beside other programs for style transfer, whose code is taken from folders.

    python3 core/benchmarks peers --crowson FOLDER --neural-style-pt FOLDER

measures a step of each, and the most memory a pixel, for a network of VGG-19's shape with random
weights: crowsonkb/style-transfer-pytorch and ProGamerGov/neural-style-pt as they are, with their
own losses and Adam, and the engine's preset `standard`. All run on the CPU, each in a process of
its own, one after the other, as often as `--turns` says. Clone them wherever you like.

Beside that, how long the engine takes for a whole picture as it is used, with its own network and
the preset `standard`, to neural-style-pt's default of 1000 iterations, of which a few are measured.

The others build their networks themselves: they are given random weights where they would load
theirs, and the weights' own memory is not counted. A step is from the end of one backward pass
to the end of the next.
"""

from __future__ import annotations

import argparse
import importlib
import json
import runpy
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import torch
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks import machine, row, scene
from benchmarks.targets import Target
from neural_style.devices import keep_memory
from neural_style.job import paint
from neural_style.settings import parse_settings

CORE = Path(__file__).resolve().parent.parent

OURS = "neural-style"
CROWSON, PROGAMER = "style-transfer-pytorch", "neural-style-pt"
ITERATIONS = 1000
"""neural-style-pt's default."""

WEIGHTS = 4 * sum(
    weight.numel() + bias.numel() for weight, bias in scene.random_vgg19().convolutions.values()
)
"""Bytes of VGG-19's convolutions."""


class _Enough(Exception):  # noqa: N818 - no error
    """Raised in the middle of another program, once it has been measured."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; returns the exit status, 1 if a target is missed."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["--measure"]:  # what `_measured` starts
        print(json.dumps(_measured_here(*words[1:])))
        return 0
    options = _parser().parse_args(words)
    folders = {CROWSON: options.crowson, PROGAMER: options.neural_style_pt}
    found: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
    for _ in range(options.turns):
        for size in options.sizes:
            for precision in machine.precisions(torch.device("cpu")):
                ours = row.Row("vgg19", size, "cpu", precision, "standard", options.steps)
                figures = row.measure(ours)
                if isinstance(figures, str):
                    raise RuntimeError(figures)
                name = OURS if precision == "float32" else f"{OURS}, {precision}"
                found[name, size].append((figures.seconds, figures.bytes))
            for side, folder in folders.items():
                found[side, size].append(_measured(side, folder, size, options.steps))
    medians = {key: _medians(values) for key, values in found.items()}
    Console().print(_table(medians))
    size = 512 if 512 in options.sizes else max(options.sizes)
    targets = _targets(medians, size)
    whole = statistics.median(_measured(OURS, Path(), size, 0)[0] for _ in range(options.turns))
    share = whole / (ITERATIONS * medians[PROGAMER, size][0])
    what = f"of neural-style-pt's time for {ITERATIONS} iterations, standard, compact, {size} px"
    targets.append(Target(f"{what}, {whole:.1f} s", 0.05, share, lower=True))
    for target in targets:
        print(target.sentence())
    return int(not all(target.met for target in targets))


def _medians(values: list[tuple[float, float]]) -> tuple[float, float]:
    seconds, memory = zip(*values, strict=True)
    return statistics.median(seconds), statistics.median(memory)


def _table(medians: dict[tuple[str, int], tuple[float, float]]) -> Table:
    table = Table("program", "size", "s a step", "bytes a pixel", "of our time", "of our memory")
    for (side, size), (seconds, memory) in sorted(medians.items(), key=lambda one: one[0][1]):
        ours = medians[OURS, size]
        table.add_row(
            side,
            str(size),
            f"{seconds:.3f}",
            f"{memory / size**2:.0f}",
            f"{seconds / ours[0]:.2f}",
            f"{memory / ours[1]:.2f}",
        )
    return table


def _targets(medians: dict[tuple[str, int], tuple[float, float]], size: int) -> list[Target]:
    peers = [medians[side, size] for side in (CROWSON, PROGAMER)]
    fastest, smallest = (min(values) for values in zip(*peers, strict=True))
    targets = []
    for (side, own_size), (seconds, memory) in medians.items():
        if own_size == size and side.partition(",")[0] == OURS:
            bound = 1.3 if side == OURS else 4.0
            what = f"times the faster peer's speed, {side}, {size} px"
            targets.append(Target(what, bound, fastest / seconds, lower=False))
            what = f"of the smaller peer's memory, {side}, {size} px"
            targets.append(Target(what, 0.4, memory / smallest, lower=True))
    return targets


def _measured(side: str, folder: Path, size: int, steps: int) -> tuple[float, float]:
    """A peer in a process of its own: seconds a step and bytes."""
    command = [
        sys.executable,
        CORE / "benchmarks",
        "peers",
        "--measure",
        side,
        folder.resolve(),
        size,
        steps,
    ]
    done = subprocess.run(  # noqa: S603 - this file
        [*map(str, command)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    seconds, memory = json.loads(done.stdout.splitlines()[-1])
    return seconds, memory


def _measured_here(side: str, folder: str, size: str, steps: str) -> tuple[float, float]:
    if side == OURS:
        return _whole(int(size)), 0.0
    run = {CROWSON: _run_crowson, PROGAMER: _run_progamer}[side]
    device = torch.device("cpu")
    with TemporaryDirectory() as place:
        _painted(run, Path(folder), Path(place), row.TINY, 2)  # brings in all code
        memory = machine.Memory(device)
        times = _painted(run, Path(folder), Path(place), int(size), int(steps) + 2)
        peak = memory.peak() - WEIGHTS
    gaps = [after - before for before, after in pairwise(times)]
    return statistics.median(gaps[1:]), peak


def _whole(size: int) -> float:
    """Seconds that the engine takes for a picture, its start not counted."""
    keep_memory()
    photo, style = (scene.picture(make(size)) for make in (scene.photo, scene.painting))
    start = time.perf_counter()
    for _event in paint(photo, [style], parse_settings({"network": "compact"})):
        pass
    return time.perf_counter() - start


def _painted(
    run: Callable[[Path, Path, Path, int], None], folder: Path, place: Path, size: int, steps: int
) -> list[float]:
    """Let a peer take that many steps; when each backward pass had ended."""
    content, style = place / "content.png", place / "style.png"
    for path, make in ((content, scene.photo), (style, scene.painting)):
        pixels = make(size)[0].permute(1, 2, 0).mul(255).round().byte().numpy()
        Image.fromarray(pixels).save(path)
    times: list[float] = []
    backward = torch.Tensor.backward

    def timed(tensor: torch.Tensor, *arguments: Any, **options: Any) -> None:
        backward(tensor, *arguments, **options)
        times.append(time.perf_counter())
        if len(times) == steps:
            raise _Enough

    with _replaced(torch.Tensor, "backward", timed), suppress(_Enough):
        run(folder, content, style, size)
    return times


def _torchvision() -> Any:
    """Beside a CPU build of torch its compiled operators do not load; its models need no more than
    the schemas of these two."""
    if "torchvision" not in sys.modules:
        _LIBRARY.append(torch.library.Library("torchvision", "DEF"))
        for operator in ("nms", "qnms"):
            _LIBRARY[0].define(f"{operator}(Tensor dets, Tensor scores, float at) -> Tensor")
    return importlib.import_module("torchvision")


_LIBRARY: list[torch.library.Library] = []  # as long as it is held, the schemas are there


def _run_crowson(folder: Path, content: Path, style: Path, size: int) -> None:
    torchvision = _torchvision()
    build = torchvision.models.vgg19
    package = ModuleType("style_transfer")  # without its web server, which has needs of its own
    package.__path__ = [str(folder / "style_transfer")]
    sys.modules[package.__name__] = package
    module = importlib.import_module("style_transfer.style_transfer")
    with _replaced(torchvision.models, "vgg19", lambda weights: build()):
        program = module.StyleTransfer()
    with Image.open(content) as photo, Image.open(style) as painting:
        program.stylize(photo, [painting], min_scale=size, end_scale=size)


def _run_progamer(folder: Path, content: Path, style: Path, size: int) -> None:
    torchvision = _torchvision()

    def load(_path: str) -> dict[str, torch.Tensor]:
        features = torchvision.models.vgg19().state_dict()
        return {name: one for name, one in features.items() if name.startswith("features")}

    words = ["-content_image", content, "-style_image", style, "-image_size", size]
    words += ["-gpu", "c", "-optimizer", "adam", "-print_iter", 0, "-save_iter", 0]
    words += ["-disable_check", "-model_file", "vgg19-random.pth"]
    sys.path.insert(0, str(folder))
    with (
        _replaced(torch, "load", load),
        _replaced(sys, "argv", ["neural_style.py", *map(str, words)]),
    ):
        runpy.run_path(str(folder / "neural_style.py"), run_name="__main__")


@contextmanager
def _replaced(owner: Any, name: str, new: Any) -> Iterator[None]:
    old = getattr(owner, name)
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, old)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 core/benchmarks peers",
        description="Measure the engine beside other programs for style transfer.",
    )
    add = parser.add_argument
    add(
        "--crowson",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="style-transfer-pytorch",
    )
    add(
        "--neural-style-pt",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="neural-style-pt",
    )
    add("--sizes", nargs="+", type=int, default=[256, 512, 1024], metavar="PX")
    add("--steps", type=int, default=5, metavar="N", help="in a median; default: 5")
    add("--turns", type=int, default=2, metavar="N", help="default: 2")
    return parser
