"""The card beside the weights: what they are, who taught them, on which pictures and how."""

from __future__ import annotations

import csv
import hashlib
import platform
import textwrap
from dataclasses import asdict
from pathlib import Path

import torch

from neural_style.network.weights import PREPROCESSINGS
from training.convert import fold
from training.pictures import Pictures
from training.run import Run

SOURCES = "sources.csv"
"""Optional file beside the pictures, columns source, name and licence, for the card."""


def write_card(
    path: Path,
    run: Run,
    teacher: Path,
    folder: Path,
    pictures: Pictures,
    errors: dict[str, float],
) -> None:
    """Write the Markdown card of a training.

    Args:
        path: of the card.
        run: the training.
        teacher: the teacher's weights; `CARD.md` beside them is quoted.
        folder: the pictures' folder.
        pictures: those trained on.
        errors: by layer, on pictures held back.
    """
    parts = [_network(run), _teacher(teacher), _recipe(run), _errors(errors)]
    parts.append(_sources(folder, pictures))
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _network(run: Run) -> str:
    convolutions = fold(run.result)
    count = sum(weight.numel() + bias.numel() for weight, bias in convolutions.values())
    mean, deviation = PREPROCESSINGS["torchvision"].mean, PREPROCESSINGS["torchvision"].scale
    means = ", ".join(f"{m / s:.3f}" for m, s in zip(mean, deviation, strict=True))
    deviations = ", ".join(f"{1 / s:.3f}" for s in deviation)
    widths = ", ".join(str(len(bias)) for _, bias in convolutions.values())
    return "# The compact network\n\n" + _filled(
        f"VGG-19's layers conv1_1 to conv5_1 with {widths} channels, {count:,} parameters as "
        "16-bit floats. Tensors are named `conv1_1.weight`, `conv1_1.bias` and so on. Input: "
        f"sRGB 0..1, mean {means}, standard deviation {deviations}. Average pooling; borders are "
        "repeated. Batch normalisation is folded into the convolutions, and each channel scaled "
        "to a mean activation of one, as Gatys et al. did with VGG-19."
    )


def _teacher(teacher: Path) -> str:
    """Who taught it; weights inherit what their teacher learnt from."""
    digest = hashlib.sha256(teacher.read_bytes()).hexdigest()[:16]
    words = (
        "Trained from random values to predict, with average pooling, what another network says "
        f"with max pooling: {teacher.name} (SHA-256 {digest}...)."
    )
    card = teacher.with_name("CARD.md")
    if not card.is_file():
        return "## The teacher\n\n" + _filled(f"{words} It has no card.")
    lines = [f"> {line}".rstrip() for line in card.read_text(encoding="utf-8").splitlines()]
    return "\n".join(["## The teacher", "", _filled(f"{words} Its card:"), "", *lines])


def _recipe(run: Run) -> str:
    recipe, device = run.recipe, next(run.student.parameters()).device
    facts = {key: value for key, value in asdict(recipe).items() if key != "steps"}
    listed = ", ".join(f"{key} {value:g}" for key, value in facts.items())
    hardware = f"{torch.get_num_threads()} thread(s) of an {platform.machine()} processor"
    if device.type != "cpu":
        hardware = f"a {device.type} device"
    return "## Recipe\n\n" + _filled(
        f"`core/training`, {run.progress.step:,} steps of {recipe.steps:,}: {listed}. "
        f"{run.progress.seconds / 60:.0f} minutes of processor time on {hardware}, "
        f"PyTorch {torch.__version__}. Last loss: {run.progress.loss:.3f}."
    )


def _errors(errors: dict[str, float]) -> str:
    rows = ["| layer | error |", "| --- | ---: |"]
    rows += [f"| {name} | {error:.3f} |" for name, error in errors.items()]
    return (
        "## How well it predicts\n\nMean squared error on pictures held back, relative to the "
        "variance of the teacher's features there.\n\n" + "\n".join(rows)
    )


def _sources(folder: Path, pictures: Pictures) -> str:
    """A table of what was trained on."""
    known = {}
    if (folder / SOURCES).is_file():
        with (folder / SOURCES).open(newline="", encoding="utf-8") as file:
            known = {row["source"]: row for row in csv.DictReader(file)}
    rows = ["| source | pictures | licence |", "| --- | ---: | --- |"]
    for source, count in pictures.counts().items():
        facts = known.get(source, {"name": source, "licence": "not stated"})
        rows.append(f"| {facts['name']} | {count:,} | {facts['licence']} |")
    return "## Pictures\n\n" + "\n".join(rows)


def _filled(words: str) -> str:
    return textwrap.fill(words, 100)
