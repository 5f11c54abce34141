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
from training.batches import Batches
from training.convert import Convolutions, unfold
from training.network import Trainee
from training.pictures import Pictures


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        steps: batches in all.
        seed: of everything random.
        batch: pictures in a batch.
        side: of the training crops in pixels; at 96, conv5_1 sees 6 x 6 positions.
        replays: passes over each batch, the picture changed against the network in between.
        radius: greatest L2 length of each such change, over all values of a picture.
        noise: greatest standard deviation of the noise that is added.
        learning_rate: AdamW's highest.
        warm_up: steps until it is reached; then it sinks to zero along half a cosine.
        weight_decay: of everything but biases and batch norm.
        averaging: decay of the running average of the weights, which is what is kept.
    """

    steps: int = 12_000
    seed: int = 0
    batch: int = 64
    side: int = 96
    replays: int = 2
    radius: float = 1.5
    noise: float = 0.02
    learning_rate: float = 3e-3
    warm_up: int = 100
    weight_decay: float = 0.02
    averaging: float = 0.999


FINE_TUNING_RATE = 1.5e-3
"""`learning_rate` for weights that are trained already."""


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
        trainee: what is trained.
        averaged: the running average of its weights.
        optimiser: AdamW.
        generator: the only source of chance.
        progress: how far it is.
    """

    recipe: Recipe
    trainee: Trainee
    averaged: AveragedModel
    optimiser: torch.optim.AdamW
    generator: torch.Generator
    progress: Progress

    @property
    def result(self) -> Trainee:
        """The network with averaged weights."""
        return cast(Trainee, self.averaged.module)


def begin(
    pictures: Pictures,
    recipe: Recipe,
    device: torch.device,
    trained: Convolutions | None = None,
) -> Run:
    """A run at step 0, from random weights or `trained` ones."""
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    trainee = Trainee(len(pictures.sources))
    if trained is not None:
        images, _ = Batches(pictures, 4 * recipe.batch, recipe.side, generator).draw()
        unfold(trainee, trained, images)
    # Channels-last convolutions were 1.7 times faster on a CPU.
    trainee = trainee.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = AveragedModel(
        trainee, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging), use_buffers=True
    )
    matrices = [value for value in trainee.parameters() if value.ndim > 1]
    vectors = [value for value in trainee.parameters() if value.ndim == 1]
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors}],
        lr=recipe.learning_rate,
        weight_decay=0.0,
    )
    return Run(recipe, trainee, averaged, optimiser, generator, Progress())


def save(run: Run, path: Path) -> None:
    """Write all that `load` needs, whole or not at all."""
    tensors = {"generator": run.generator.get_state()}
    tensors |= {f"trainee.{name}": value for name, value in run.trainee.state_dict().items()}
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
        NeuralStyleError: `weights_damaged` if the file is not from a run on the same classes.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            progress = json.loads(file.metadata()["run"])
        run.generator.set_state(tensors["generator"])
        run.trainee.load_state_dict(_part(tensors, "trainee."))
        run.averaged.load_state_dict(_part(tensors, "averaged."))
    except (SafetensorError, OSError, KeyError, TypeError, RuntimeError) as error:
        message = f"{path} is no checkpoint of a training on these pictures"
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
