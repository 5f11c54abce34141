"""Train the compact network to predict a teacher's features."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

if __package__ in (None, ""):  # run as a folder, from anywhere
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from tqdm import tqdm

from neural_style.devices import choose_device
from neural_style.errors import NeuralStyleError
from neural_style.precision import choose_precision
from training.batches import Batches
from training.card import write_card
from training.convert import export
from training.halfway import paint_halfway
from training.pictures import read_pictures
from training.run import Recipe, begin, load, save
from training.teacher import Teacher
from training.train import held_back_errors, train

RECIPE = Recipe()

SAVE_EVERY = 500
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
        "teacher",
        type=Path,
        help="weights whose features are to be predicted; heads lie beside them in a file with "
        "_heads added to its name, and CARD.md tells their origin",
    )
    parser.add_argument(
        "pictures",
        type=Path,
        help="folder with pictures, or with index.csv (path, source) and tar files of them",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--steps", type=int, default=RECIPE.steps, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=RECIPE.seed, help="default: %(default)s")
    parser.add_argument("--device", default="auto", help="auto (default), cpu, cuda, mps or xpu")
    return parser


def _train(options: argparse.Namespace) -> None:
    device = choose_device(options.device)
    recipe = replace(RECIPE, steps=options.steps, seed=options.seed)
    pictures, held = read_pictures(options.pictures).split()
    print(f"{len(pictures.images)} pictures to train on, {len(held.images)} held back")
    teacher = Teacher(options.teacher, pictures, device, choose_precision(device, "auto"))
    print(f"Painting {recipe.halfway} pictures half-way")
    halfway = paint_halfway(pictures, teacher.weights, device, recipe.halfway, recipe.seed)
    run = begin(teacher.widths, recipe, device)
    batches = Batches(pictures, halfway, run.generator)
    options.output.mkdir(parents=True, exist_ok=True)
    checkpoint = options.output / "checkpoint.safetensors"
    if checkpoint.exists():
        load(run, checkpoint)
        print(f"Going on from step {run.progress.step}")

    def write() -> None:
        save(run, checkpoint)
        export(run.result, pictures, options.output / "compact.safetensors")
        errors = held_back_errors(run, teacher, held)
        card = options.output / "compact.md"
        write_card(card, run, options.teacher, options.pictures, pictures, errors)
        listed = ", ".join(f"{name} {error:.3f}" for name, error in errors.items())
        tqdm.write(f"step {run.progress.step}: loss {run.progress.loss:.3f}; {listed}")

    with tqdm(total=recipe.steps, initial=run.progress.step, unit="step") as bar:
        for progress in train(run, teacher, batches):
            bar.set_postfix_str(f"loss {progress.loss:.3f}", refresh=False)
            bar.update()
            if progress.step % SAVE_EVERY == 0 and progress.step < recipe.steps:
                write()
    write()


if __name__ == "__main__":
    sys.exit(main())
