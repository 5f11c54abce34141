"""The training itself: predict the teacher's features."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import torch

from neural_style.precision import choose_precision
from training.batches import Batches, middle
from training.network import COMPACT_LAYERS
from training.pictures import STORED_SIDE, Pictures
from training.run import Progress, Recipe, Run
from training.teacher import Teacher

IMPORTANT = ("conv2_1", "conv3_1", "conv3_2", "conv4_1", "conv4_2", "conv5_1")
"""Layers that count twice: those that style transfer compares."""


def train(run: Run, teacher: Teacher, batches: Batches) -> Iterator[Progress]:
    """Train until the recipe's last step; yields after each."""
    recipe, progress = run.recipe, run.progress
    while progress.step < recipe.steps:
        run.student.train(progress.step < recipe.fixed_from)
        started = time.process_time()
        for group in run.optimiser.param_groups:
            group["lr"] = learning_rate(progress.step, recipe)
        loss = _step(run, teacher, batches)
        progress.loss = loss if math.isnan(progress.loss) else 0.98 * progress.loss + 0.02 * loss
        progress.step += 1
        progress.seconds += time.process_time() - started
        yield progress


def learning_rate(step: int, recipe: Recipe) -> float:
    """Rises along a line, then sinks along half a cosine."""
    rise = min(1.0, (step + 1) / recipe.warm_up)
    return recipe.learning_rate * rise * (1 + math.cos(math.pi * step / recipe.steps)) / 2


def _step(run: Run, teacher: Teacher, batches: Batches) -> float:
    """One batch; its loss."""
    recipe, device = run.recipe, next(run.student.parameters()).device
    size, side = recipe.batch, recipe.side
    if run.progress.step % recipe.large_every == recipe.large_every - 1:
        size, side = size // 2, recipe.large_side
    images = batches.draw(size, side).to(device, memory_format=torch.channels_last)
    targets = teacher.features(images)
    precision = choose_precision(device, "auto")
    with torch.autocast(device.type, precision, enabled=precision != torch.float32):
        features = run.student(images)
    errors = teacher.errors(features, targets)
    total = torch.stack([(1 + (name in IMPORTANT)) * error for name, error in errors.items()]).sum()
    loss = total / (len(COMPACT_LAYERS) + len(IMPORTANT))
    run.optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.student.parameters(), recipe.clip)
    run.optimiser.step()
    run.averaged.update_parameters(run.student)
    return loss.item()


@torch.no_grad()
def held_back_errors(run: Run, teacher: Teacher, pictures: Pictures) -> dict[str, float]:
    """Error by layer on the middles of pictures, relative to the teacher's variance there."""
    device, student = next(run.student.parameters()).device, run.result.eval()
    sums = dict.fromkeys(COMPACT_LAYERS, 0.0)
    variances = dict.fromkeys(COMPACT_LAYERS, 0.0)
    images = torch.stack([middle(image, STORED_SIDE) for image in pictures.images])
    for some in images.split(run.recipe.batch):
        targets = teacher.features(some.to(device))
        for name, layer in student(some.to(device)).items():
            known = layer[:, : targets[name].shape[1]]
            sums[name] += float((known - targets[name]).square().sum())
            centre = targets[name].mean((0, 2, 3), keepdim=True)
            variances[name] += float((targets[name] - centre).square().sum())
    return {name: sums[name] / variances[name] for name in COMPACT_LAYERS}
