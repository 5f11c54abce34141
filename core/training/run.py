"""A training on its way: what it consists of, and how it is kept."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from neural_style.errors import NeuralStyleError
from training.network import Student


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        steps: batches in all.
        seed: of everything random.
        batch: pictures in a batch.
        side: of the crops in pixels; at 96, conv5_1 sees 6 x 6 positions.
        large_every: one batch of so many has half as many crops of `large_side`.
        large_side: see there.
        halfway: pictures on their way from photo to painting that are made for the training.
        learning_rate: AdamW's highest.
        warm_up: steps until it is reached; then it sinks to zero along half a cosine.
        fixed_from: step from which batch norm's statistics stay as they are, so that what is
            learnt last is what the folded network will do.
        weight_decay: of everything but biases and batch norm.
        clip: greatest length of the gradient.
        averaging: decay of the running average of the weights, which is what is kept.
    """

    steps: int = 5_000
    seed: int = 0
    batch: int = 32
    side: int = 96
    large_every: int = 4
    large_side: int = 128
    halfway: int = 256
    learning_rate: float = 4e-3
    warm_up: int = 100
    fixed_from: int = 3_000
    weight_decay: float = 1e-4
    clip: float = 5.0
    averaging: float = 0.998


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        step: batches done.
        seconds: processor time so far, since a training that is paused does not grow older.
        loss: running average over about 50 batches.
    """

    step: int = 0
    seconds: float = 0.0
    loss: float = math.nan


@dataclass(frozen=True)
class Run:
    """A training on its way.

    Attributes:
        recipe: how it is done.
        student: what is trained.
        averaged: the running average of its weights.
        optimiser: AdamW.
        generator: the only source of chance.
        progress: how far it is.
    """

    recipe: Recipe
    student: Student
    averaged: AveragedModel
    optimiser: torch.optim.AdamW
    generator: torch.Generator
    progress: Progress

    @property
    def result(self) -> Student:
        """The network with averaged weights."""
        return cast(Student, self.averaged.module)


def begin(widths: dict[str, int], recipe: Recipe, device: torch.device) -> Run:
    """A run at step 0, from random weights."""
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    # Channels-last convolutions were 1.7 times faster on a CPU.
    student = Student(widths).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = AveragedModel(
        student, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging), use_buffers=True
    )
    matrices = [value for value in student.parameters() if value.ndim > 1]
    vectors = [value for value in student.parameters() if value.ndim == 1]
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors}],
        lr=recipe.learning_rate,
        betas=(0.9, 0.98),
        weight_decay=0.0,
    )
    return Run(recipe, student, averaged, optimiser, generator, Progress())


def save(run: Run, path: Path) -> None:
    """Write all that `load` needs, whole or not at all."""
    tensors = {"generator": run.generator.get_state()}
    tensors |= {f"student.{name}": value for name, value in run.student.state_dict().items()}
    tensors |= {f"averaged.{name}": value for name, value in run.averaged.state_dict().items()}
    for index, state in run.optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{key}": value for key, value in state.items()}
    tensors = {name: value.contiguous() for name, value in tensors.items()}
    part = path.with_suffix(".part")
    save_file(tensors, part, metadata={"run": json.dumps(asdict(run.progress))})
    part.replace(path)


def load(run: Run, path: Path) -> None:
    """Bring a run that has just begun to where `save` was called.

    Raises:
        NeuralStyleError: `weights_damaged` if the file is not from a run with the same teacher.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            progress = json.loads(file.metadata()["run"])
        run.generator.set_state(tensors["generator"])
        run.student.load_state_dict(_part(tensors, "student."))
        run.averaged.load_state_dict(_part(tensors, "averaged."))
    except (SafetensorError, OSError, KeyError, TypeError, RuntimeError) as error:
        message = f"{path} is no checkpoint of a training with this teacher"
        hint = "Choose another folder for the output, or delete that file."
        raise NeuralStyleError("weights_damaged", message, hint) from error
    states: dict[int, dict[str, Tensor]] = {}
    for name, value in _part(tensors, "optimiser.").items():
        index, key = name.split(".")
        states.setdefault(int(index), {})[key] = value
    run.optimiser.load_state_dict({**run.optimiser.state_dict(), "state": states})
    for field in fields(Progress):
        setattr(run.progress, field.name, progress[field.name])


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
