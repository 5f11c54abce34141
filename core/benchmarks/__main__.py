"""`python3 core/benchmarks`: the engine's speed and memory beside a textbook's.

`python3 core/benchmarks peers` and the other words of `OTHERS` run the other measurements.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a folder, from anywhere
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from rich.console import Console

from benchmarks import curves, machine, report, row, scene
from benchmarks.targets import Target, network_targets, race_targets, step_targets
from neural_style.devices import available_devices, device_of

OTHERS = {
    "peers": "other programs for style transfer",
    "films": "flicker of films",
    "cpu": "instructions, threads and allocators",
    "scaling": "growth with pictures, paintings and regions",
    "gpu": "all that a graphics card has to show, in ten minutes",
}
"""What else can be measured, each by the module of that name."""

QUICK = {"sizes": [96], "curve_size": 64, "steps": 20, "repeats": 1}
"""What `--quick` changes in the options."""


def main(arguments: list[str] | None = None) -> int:
    """Measure; returns the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] in OTHERS:
        return importlib.import_module(f"benchmarks.{words[0]}").main(words[1:])
    options = _parser().parse_args(arguments)
    if options.quick:
        vars(options).update(QUICK)
    options.precisions = {
        device: options.precisions or machine.precisions(device_of(device))
        for device in options.devices
    }
    options.output.mkdir(parents=True, exist_ok=True)
    console = Console()
    if options.only in (None, "steps"):
        _steps(options, console)
    if options.only in (None, "curves"):
        _curves(options, console)
    return 0


def _parser() -> argparse.ArgumentParser:
    devices = [device.name for device in available_devices()]
    parser = argparse.ArgumentParser(
        prog="python3 core/benchmarks",
        description="Measure the engine beside a textbook implementation, in one run on this "
        "machine. The number of threads is PyTorch's own, or OMP_NUM_THREADS.",
        epilog="Others, each with its own --help: "
        + "; ".join(f"{name} ({what})" for name, what in OTHERS.items()),
    )
    add = parser.add_argument
    add("--only", choices=("steps", "curves"), help="default: both")
    add("--networks", nargs="+", choices=scene.NETWORKS, default=list(scene.NETWORKS))
    add("--devices", nargs="+", choices=devices, default=devices)
    add(
        "--precisions",
        nargs="+",
        choices=list(machine.PRECISIONS),
        help="of the engine's features; default: float32, and what it would choose itself where "
        "that is another; the textbook is float32",
    )
    add("--sizes", nargs="+", type=int, default=[256, 512], metavar="PX", help="default: 256 512")
    add("--repeats", type=int, default=5, metavar="N", help="steps in a median; default: 5")
    add("--curve-size", type=int, default=256, metavar="PX", help="default: 256")
    add("--steps", type=int, default=500, metavar="N", help="the textbook's L-BFGS; default: 500")
    add("--start", choices=("content", "noise"), default="content", help="default: content")
    add("--quick", action="store_true", help="small sizes, few steps: does everything work?")
    add("--output", type=Path, default=Path("benchmark-results"), metavar="FOLDER")
    return parser


def _steps(options: argparse.Namespace, console: Console) -> None:
    """Time and memory of a step: steps.json."""
    peaks = {
        (device, precision): machine.peak_flops(device_of(device), precision)
        for device, precisions in options.precisions.items()
        for precision in {"float32", *precisions}
    }
    for (device, precision), peak in peaks.items():
        console.print(f"Matrix products on {device}, {precision}: {peak / 1e12:.3g} TFLOP/s")
    rows = row.rows(options.networks, options.sizes, options.precisions, options.repeats)
    measured = []
    for one in rows:
        with console.status(f"{one.network}, {one.size} px, {one.device}, {one.side}"):
            measured.append((one, row.measure(one)))
    data = report.step_data(measured, peaks)
    console.print(report.step_table(data))
    flat = {f"{device} {precision}": peak for (device, precision), peak in peaks.items()}
    body = {"peak_flops": flat, "rows": data}
    targets = [*step_targets(measured), *network_targets(measured)]
    _write(options.output / "steps.json", body, targets, console)


def _curves(options: argparse.Namespace, console: Console) -> None:
    """Loss over time: curves.json and curves.png."""
    races = []
    for device in options.devices:
        for network in options.networks:
            with console.status(f"Loss over time: {network}, {options.curve_size} px, {device}"):
                race = curves.race(
                    network,
                    options.curve_size,
                    device,
                    options.start,
                    options.steps,
                    options.precisions[device],
                )
            races.append(race)
            console.print(report.race_table(report.race_data(race)))
    body = {"races": [report.race_data(race) for race in races]}
    _write(options.output / "curves.json", body, race_targets(races), console)
    report.draw(races, options.output / "curves.png")


def _write(path: Path, body: dict[str, Any], targets: list[Target], console: Console) -> None:
    """Print the targets and write everything."""
    for target in targets:
        console.print(target.sentence(), style="green" if target.met else "red", highlight=False)
    said = [{**asdict(target), "met": target.met} for target in targets]
    data = {"machine": machine.describe(), **body, "targets": said}
    path.write_text(json.dumps(data, indent=1) + "\n")
    console.print(f"Written: {path}")


if __name__ == "__main__":
    sys.exit(main())
