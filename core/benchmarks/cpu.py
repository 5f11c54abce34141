"""What a processor's instructions, threads and allocator make of a step, and what `auto` chooses.

    python3 core/benchmarks cpu

measures the preset `standard`, each row in processes of its own and all in turn, as often as
`--turns` says:

- with the newest instructions oneDNN may use set lower and lower, as on an older processor, in
  float32 and bfloat16, beside what `precision` `auto` chooses there;
- with one thread and with all;
- with other allocators: glibc as it is, as the command line sets it, and what `--preload` names;
- what comes before the first step of a `draft` in a fresh process, and how long a small preview
  takes in a worker that has made one already, from request to picture.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import machine, row, scene
from benchmarks.targets import Target
from neural_style import job, protocol, tasks
from neural_style.devices import keep_memory
from neural_style.image import write_raw
from neural_style.precision import choose_precision
from neural_style.settings import parse_settings

CORE = Path(__file__).resolve().parent.parent

INSTRUCTIONS = {
    "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    "AVX-512": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
    "AVX-512 VNNI": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"},
    "AVX-512 BF16": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"},
    "all": {},
}
"""Processors by the newest instructions that they have, and how to be one of them."""

KEPT = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1)}
"""What `devices.keep_memory` does, from outside."""

PREVIEW, DRAFT = 256, 512
"""Longer sides in pixels of the preview and of the draft."""

Environment = Mapping[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; returns the exit status, 1 if a target is missed."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["--measure"]:  # what `_child` starts
        print(json.dumps(MEASURED[words[1]]()))
        return 0
    options = _parser().parse_args(words)
    console = Console()
    for network in options.networks:
        for size in options.sizes:
            what = f"{network}, {size} px, ms a step"
            console.print(_instructions(network, size, options), what)
            console.print(_threads(network, size, options), what)
            console.print(_allocators(network, size, options), what)
    targets = _waits(options.turns)
    for target in targets:
        print(target.sentence())
    return int(not all(target.met for target in targets))


def _row(network: str, size: int, precision: str, options: argparse.Namespace) -> row.Row:
    return row.Row(network, size, "cpu", precision, "standard", options.steps)


def _instructions(network: str, size: int, options: argparse.Namespace) -> Table:
    rows = {
        (name, precision): (
            row.Row(network, size, "cpu", precision, "standard", options.steps),
            env,
        )
        for name, env in INSTRUCTIONS.items()
        for precision in machine.PRECISIONS
    }
    seconds = _measured(rows, options.turns)
    table = Table("instructions", *machine.PRECISIONS, "auto chooses", "loses")
    for name, environment in INSTRUCTIONS.items():
        own = {precision: seconds[name, precision] for precision in machine.PRECISIONS}
        chosen = str(_child("precision", environment))
        loses = own[chosen] / min(own.values()) - 1
        table.add_row(name, *(f"{1e3 * one:.0f}" for one in own.values()), chosen, f"{loses:.0%}")
    return table


def _threads(network: str, size: int, options: argparse.Namespace) -> Table:
    best = str(_child("precision", {}))
    counts = [1, torch.get_num_threads()]
    one = _row(network, size, best, options)
    seconds = _measured({n: (one, {"OMP_NUM_THREADS": str(n)}) for n in counts}, options.turns)
    table = Table(f"threads, {best}", *map(str, counts))
    table.add_row("ms", *(f"{1e3 * seconds[n]:.0f}" for n in counts))
    return table


def _allocators(network: str, size: int, options: argparse.Namespace) -> Table:
    best = str(_child("precision", {}))
    one = _row(network, size, best, options)
    ways: dict[str, Environment] = {"glibc": {}, "glibc, kept": KEPT}
    ways |= {Path(path).name: {"LD_PRELOAD": path} for path in options.preload}
    seconds = _measured({name: (one, env) for name, env in ways.items()}, options.turns)
    table = Table(f"allocator, {best}", *ways)
    table.add_row("ms", *(f"{1e3 * seconds[name]:.0f}" for name in ways))
    return table


def _measured(rows: Mapping[Any, tuple[row.Row, Environment]], turns: int) -> dict[Any, float]:
    """Median seconds a step, one row after the other, again and again."""
    found: dict[Any, list[float]] = defaultdict(list)
    for _ in range(turns):
        for key, (one, environment) in rows.items():
            figures = row.measure(one, environment)
            if isinstance(figures, str):
                raise RuntimeError(figures)
            found[key].append(figures.seconds)
    return {key: statistics.median(values) for key, values in found.items()}


def _waits(turns: int) -> list[Target]:
    """What an artist waits for."""
    found = {
        what: statistics.median(float(_child(what, {})) for _ in range(turns))
        for what in ("first step", *PREVIEWS)
    }
    print(f"before the first step of a draft of {DRAFT} px: {found.pop('first step'):.2f} s")
    return [
        Target(f"seconds for a {what} of {PREVIEW} px", 2.0, seconds, lower=True)
        for what, seconds in found.items()
    ]


def _child(what: str, environment: Environment) -> Any:
    """One of MEASURED in a process of its own."""
    done = subprocess.run(  # noqa: S603 - this program
        [sys.executable, CORE / "benchmarks", "cpu", "--measure", what],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def _precision() -> str:
    return str(choose_precision(torch.device("cpu"), "auto")).removeprefix("torch.")


def _first_step() -> float:
    """Seconds from the call to the end of the first step, less those of the second."""
    keep_memory()
    settings = parse_settings({"preset": "draft", "size": DRAFT})
    picture = scene.picture(scene.photo(DRAFT))
    times = [time.perf_counter()]
    for event in job.paint(picture, [scene.picture(scene.painting(DRAFT))], settings, every=1):
        if isinstance(event, job.Progress):
            times.append(time.perf_counter())
        if len(times) == 4:
            break
    first, second, third = (after - before for before, after in pairwise(times))
    return first - min(second, third)


def _preview(preset: str) -> float:
    """Seconds from request to picture, of another photo than the one before."""
    tasks.begin()
    with TemporaryDirectory() as folder:
        style = write_raw(Path(folder) / "style", scene.picture(scene.painting(PREVIEW)))
        for turned in (False, True):
            pixels = scene.photo(PREVIEW)
            photo = scene.picture(pixels.flip(3) if turned else pixels)
            request = protocol.Job(
                job=str(turned),
                content=write_raw(Path(folder) / f"photo-{turned}", photo),
                styles=[style],
                folder=folder,
                settings={"preset": preset, "size": PREVIEW},
                previews=0.25,  # seconds; the dialog shows it growing
                preview_size=PREVIEW,
            )
            start = time.perf_counter()
            for _message in tasks.done(request, lambda: False):
                pass
            seconds = time.perf_counter() - start
    return seconds


PREVIEWS = {f"preview, {preset}": partial(_preview, preset) for preset in ("draft", "standard")}
MEASURED = {"precision": _precision, "first step": _first_step, **PREVIEWS}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 core/benchmarks cpu",
        description="Measure instructions, threads and allocators on this processor.",
    )
    add = parser.add_argument
    add("--networks", nargs="*", choices=scene.NETWORKS, default=list(scene.NETWORKS))
    add("--sizes", nargs="+", type=int, default=[256, 512], metavar="PX")
    add("--steps", type=int, default=5, metavar="N", help="in a median; default: 5")
    add("--turns", type=int, default=3, metavar="N", help="default: 3")
    add("--preload", nargs="*", default=[], metavar="LIBRARY", help="other allocators")
    return parser
