"""The training itself: a classifier whose gradients follow what is visible."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from neural_style.devices import choose_precision
from training.batches import Batches, middle
from training.pictures import Pictures
from training.run import Progress, Recipe, Run


def train(run: Run, pictures: Pictures) -> Iterator[Progress]:
    """Train until the recipe's last step; yields after each."""
    recipe, progress = run.recipe, run.progress
    batches = Batches(pictures, recipe.batch, recipe.side, run.generator)
    run.trainee.train()
    while progress.step < recipe.steps:
        started = time.process_time()
        for group in run.optimiser.param_groups:
            group["lr"] = learning_rate(progress.step, recipe)
        loss = _step(run, pictures, *batches.draw())
        progress.loss = loss if math.isnan(progress.loss) else 0.98 * progress.loss + 0.02 * loss
        progress.step += 1
        progress.seconds += time.process_time() - started
        yield progress


def learning_rate(step: int, recipe: Recipe) -> float:
    """Rises along a line, then sinks along half a cosine."""
    rise = min(1.0, (step + 1) / recipe.warm_up)
    return recipe.learning_rate * rise * (1 + math.cos(math.pi * step / recipe.steps)) / 2


def _step(run: Run, pictures: Pictures, images: Tensor, labels: Tensor) -> float:
    """One batch, first with noise, then changed against the network; its last loss.

    Shafahi et al. 2019 (arXiv 1904.12843): the gradient of one backward pass serves both the
    weights and the picture, so that adversarial training costs no more than plain training.
    Networks trained so have gradients along visible structure and transfer style better
    (Engstrom et al. 2019, arXiv 1906.00945).
    """
    recipe, device = run.recipe, next(run.trainee.parameters()).device
    precision = choose_precision(device, "auto")
    chance = torch.rand(2, len(images), 1, 1, 1, generator=run.generator)
    noise = torch.randn(images.shape, generator=run.generator) * recipe.noise * chance[0]
    clean = images.to(device)
    noisy = (images + noise).clamp(0, 1).to(device, memory_format=torch.channels_last)
    radius, labels = recipe.radius * chance[1].to(device), labels.to(device)
    change, loss = torch.zeros_like(noisy), 0.0
    for _ in range(recipe.replays):
        shown = (noisy + change).requires_grad_()
        # On two cores with bfloat16 products a step took half as long, statistics included.
        with torch.autocast(device.type, precision, enabled=precision != torch.float32):
            logits, views = run.trainee(shown)
        losses = [class_loss(each.float(), labels, pictures) for each in logits]
        losses += [view_loss(view.float(), clean) for view in views]
        total = torch.stack(losses).sum() / len(logits)
        run.optimiser.zero_grad()
        total.backward()
        run.optimiser.step()
        run.averaged.update_parameters(run.trainee)
        assert shown.grad is not None  # noqa: S101 - it was asked for
        length = shown.grad.flatten(1).norm(dim=1).clamp_min(1e-12).view(-1, 1, 1, 1)
        change = change + radius * shown.grad / length
        loss = total.item()
    return loss


def class_loss(logits: Tensor, labels: Tensor, pictures: Pictures) -> Tensor:
    """Cross entropy among the classes of each picture's own source, a scalar."""
    return F.cross_entropy(own_source(logits, labels, pictures), labels)


def view_loss(view: Tensor, images: Tensor) -> Tensor:
    """How far a layer's pictures (N, 3, h, w) are from images (N, 3, H, W), a scalar.

    The logarithm, which is a Gaussian's log-likelihood with its best variance, lets small errors
    count as much as large ones.
    """
    target = F.avg_pool2d(images, images.shape[2] // view.shape[2])
    return 0.5 * F.mse_loss(view, target).clamp_min(1e-8).log()


def own_source(logits: Tensor, labels: Tensor, pictures: Pictures) -> Tensor:
    """Logits (N, classes), those of other sources made impossible."""
    sources = pictures.sources.to(labels.device)
    return logits.masked_fill(sources[labels][:, None] != sources[None], -1e4)


@torch.no_grad()
def accuracy(run: Run, pictures: Pictures) -> dict[str, float]:
    """Part of the pictures, by source, whose class all heads together name rightly."""
    device, network = next(run.trainee.parameters()).device, run.result.eval()
    right: dict[str, list[bool]] = {name: [] for name in pictures.names}
    for some in torch.arange(len(pictures.images)).split(run.recipe.batch):
        part = pictures.some(some)
        images = torch.stack([middle(image, run.recipe.side) for image in part.images])
        logits = torch.stack([head.log_softmax(1) for head in network(images.to(device))[0]]).sum(0)
        found = own_source(logits.cpu(), part.labels, pictures).argmax(1)
        sources = pictures.sources[part.labels].tolist()
        for source, good in zip(sources, (found == part.labels).tolist(), strict=True):
            right[pictures.names[source]].append(good)
    return {name: sum(good) / len(good) for name, good in right.items() if good}
