"""The card beside the weights: what they are, from which pictures and how."""

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
from training.network import HEADS, VIEWS, WIDTHS
from training.pictures import Pictures
from training.run import Run

SOURCES = "sources.csv"
"""Optional file beside the pictures, columns source, name and licence, for the card."""


def write_card(
    path: Path,
    run: Run,
    folder: Path,
    pictures: Pictures,
    accuracy: dict[str, float],
    start: Path | None,
) -> None:
    """Write the Markdown card of a training.

    Args:
        path: of the card.
        run: the training.
        folder: the pictures' folder.
        pictures: those trained on.
        accuracy: by source, on pictures held back.
        start: the weights file that the training began with.
    """
    parts = [_network(run), _ancestry(start), _recipe(run), _sources(folder, pictures, accuracy)]
    path.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def _network(run: Run) -> str:
    convolutions = fold(run.result).values()
    count = sum(weight.numel() + bias.numel() for weight, bias in convolutions)
    mean, deviation = PREPROCESSINGS["torchvision"].mean, PREPROCESSINGS["torchvision"].scale
    means = ", ".join(f"{m / s:.3f}" for m, s in zip(mean, deviation, strict=True))
    deviations = ", ".join(f"{1 / s:.3f}" for s in deviation)
    widths = ", ".join(str(width) for width in WIDTHS.values())
    return "# The compact network\n\n" + _filled(
        f"VGG-19's layers conv1_1 to conv5_1 with {widths} channels by block, {count:,} parameters "
        "as 16-bit floats. Tensors are named `conv1_1.weight`, `conv1_1.bias` and so on. Input: "
        f"sRGB 0..1, mean {means}, standard deviation {deviations}. Average pooling. Batch "
        "normalisation is folded into the convolutions, and each channel scaled to a mean "
        "activation of one, as Gatys et al. did with VGG-19."
    )


def _ancestry(start: Path | None) -> str:
    """Where the first weights came from; weights inherit their ancestors' training data."""
    if start is None:
        return "Trained from random values."
    digest = hashlib.sha256(start.read_bytes()).hexdigest()[:16]
    words = (
        f"Training began with the weights {start.name} (SHA-256 {digest}...), and this file is the "
        "mean of these and those trained."
    )
    card = start.with_suffix(".md")
    if not card.is_file():
        return _filled(f"{words} They have no card.")
    lines = [f"> {line}".rstrip() for line in card.read_text(encoding="utf-8").splitlines()]
    return "\n".join([_filled(f"{words} Their card:"), "", *lines])


def _recipe(run: Run) -> str:
    recipe, device = run.recipe, next(run.trainee.parameters()).device
    facts = {key: value for key, value in asdict(recipe).items() if key != "steps"}
    listed = ", ".join(f"{key} {value:g}" for key, value in facts.items())
    hardware = f"{torch.get_num_threads()} thread(s) of an {platform.machine()} processor"
    if device.type != "cpu":
        hardware = f"a {device.type} device"
    return "## Recipe\n\n" + _filled(
        f"A classifier with heads on {', '.join(HEADS)}, which see only means and root mean "
        f"squares. From {' and '.join(VIEWS)} the picture must be seen again. "
        f"{run.progress.step:,} steps of {recipe.steps:,}: {listed}. "
        f"{run.progress.seconds / 60:.0f} minutes of processor time on {hardware}, "
        f"PyTorch {torch.__version__}. Last loss: {run.progress.loss:.2f}."
    )


def _sources(folder: Path, pictures: Pictures, accuracy: dict[str, float]) -> str:
    """A table of what was trained on, and how well it is told apart."""
    known = {}
    if (folder / SOURCES).is_file():
        with (folder / SOURCES).open(newline="", encoding="utf-8") as file:
            known = {row["source"]: row for row in csv.DictReader(file)}
    rows = ["| source | pictures | accuracy | licence |", "| --- | ---: | ---: | --- |"]
    for source, count in pictures.counts().items():
        facts = known.get(source, {"name": source, "licence": "not stated"})
        found = f"{accuracy[source]:.2f}" if source in accuracy else ""
        rows.append(f"| {facts['name']} | {count:,} | {found} | {facts['licence']} |")
    return (
        "## Pictures\n\nAccuracy is that of what was trained, on pictures held back.\n\n"
        + "\n".join(rows)
    )


def _filled(words: str) -> str:
    return textwrap.fill(words, 100)
