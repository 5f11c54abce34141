"""Train the compact network from labelled pictures."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

if __package__ in (None, ""):  # run as a folder, from anywhere
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from neural_style.devices import choose_device
from neural_style.errors import NeuralStyleError
from neural_style.network.weights import find_weights, load_weights
from training.card import write_card
from training.convert import Convolutions, export
from training.pictures import Pictures, read_pictures
from training.run import FINE_TUNING_RATE, Recipe, Run, begin, load, save
from training.train import accuracy, train

RECIPE = Recipe()

SAVE_EVERY = 100
"""Steps between two checkpoints, each with weights that can be tried."""


def main(arguments: list[str] | None = None) -> int:
    """Run the training; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        _train(options)
    except (NeuralStyleError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the same command goes on from the last checkpoint.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 core/training",
        description="Train the compact network. The output folder gets compact.safetensors, its "
        "card compact.md, and checkpoint.safetensors, from which the same command goes on.",
    )
    parser.add_argument(
        "pictures",
        type=Path,
        help="folder with index.csv (path, source, class) and pictures or tar files of them, or "
        "with folders source/class or class",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--start",
        metavar="NETWORK",
        help="weights to go on from, compact or a file made here; the result is the mean of these "
        "and those trained",
    )
    parser.add_argument("--steps", type=int, default=RECIPE.steps, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=RECIPE.seed, help="default: %(default)s")
    parser.add_argument("--device", default="auto", help="auto (default), cpu, cuda, mps or xpu")
    return parser


def _train(options: argparse.Namespace) -> None:
    console = Console()
    device = choose_device(options.device)
    trained = load_weights(options.start).convolutions if options.start else None
    rate = FINE_TUNING_RATE if trained else RECIPE.learning_rate
    recipe = replace(RECIPE, steps=options.steps, seed=options.seed, learning_rate=rate)
    shown, held = read_pictures(options.pictures).split()
    console.print(f"{len(shown.images)} pictures to train on, {len(held.images)} held back")
    run = begin(shown, recipe, device, trained)
    options.output.mkdir(parents=True, exist_ok=True)
    checkpoint = options.output / "checkpoint.safetensors"
    if checkpoint.exists():
        load(run, checkpoint)
        console.print(f"Going on from step {run.progress.step}")
    with _bar(console) as bar:
        task = bar.add_task("", total=recipe.steps, completed=run.progress.step, loss=0.0)
        for progress in train(run, shown):
            bar.update(task, completed=progress.step, loss=progress.loss)
            if progress.step % SAVE_EVERY == 0:
                save(run, checkpoint)
                _write(run, shown, held, trained, options)
                console.print(f"step {progress.step}: loss {progress.loss:.3f}")
    save(run, checkpoint)
    _write(run, shown, held, trained, options)


def _write(
    run: Run,
    shown: Pictures,
    held: Pictures,
    trained: Convolutions | None,
    options: argparse.Namespace,
) -> None:
    """The weights as they are now and their card."""
    export(run.result, shown, options.output / "compact.safetensors", trained)
    start = find_weights(options.start) if options.start else None
    rates = accuracy(run, held)
    write_card(options.output / "compact.md", run, options.pictures, shown, rates, start)


def _bar(console: Console) -> Progress:
    columns = (
        TextColumn("step"),
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console)


if __name__ == "__main__":
    sys.exit(main())
