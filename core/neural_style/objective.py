"""The total loss of an image and its gradient: a walk through the list of losses.

The network runs over the image twice, whole or in tiles (see `tiles`): the first time, each loss
gathers its statistics, from which follows what the gradient at a feature depends on; the second
time the gradient is taken there and brought back to the pixels. Over an image in one tile it runs
once, and remembers.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from neural_style.canvas import Canvas
from neural_style.guides import Guide
from neural_style.losses import (
    FeatureLoss,
    PixelLoss,
    content_losses,
    pixel_losses,
    style_losses,
)
from neural_style.network import VGG
from neural_style.precision import exact_float32
from neural_style.sampling import Sampling
from neural_style.settings import Settings
from neural_style.tiles import Features, TiledNetwork


@dataclass(frozen=True, kw_only=True)
class StyleTarget:
    """What a region of the picture, or all of it, is to have the statistics of.

    Attributes:
        styles: each at its own size, with how much it counts (sums to one). One after the other
            goes through the network, and none is kept.
        guide: where the region is; None for the whole picture.
        share: its part of what is visible of the picture.
    """

    styles: Iterable[tuple[Canvas, float]]
    guide: Guide | None = None
    share: float = 1.0


class Objective:
    """The sum of all losses of an image of one size, and its gradient.

    Args:
        network: gives all layers that the losses compare.
        losses: of the whole picture; new ones, which learn their targets here.
        targets: of each region, with its losses, new ones as well.
        content: the photo at the size that is painted.
        sampling: the one that the losses draw from.
        tile: side of the tiles, in pixels; 0 for the whole picture at once.
    """

    @torch.no_grad()
    @exact_float32()
    def __init__(
        self,
        *,
        network: VGG,
        losses: Iterable[FeatureLoss | PixelLoss],
        targets: Iterable[tuple[StyleTarget, list[FeatureLoss]]],
        content: Canvas,
        sampling: Sampling,
        tile: int = 0,
    ) -> None:
        losses, targets = list(losses), list(targets)
        self.sampling = sampling
        self.pixel_losses = [loss for loss in losses if isinstance(loss, PixelLoss)]
        guided: list[tuple[FeatureLoss, Guide | None]] = [
            (loss, None) for loss in losses if isinstance(loss, FeatureLoss)
        ]
        for target, own in targets:
            guided += [(loss, target.guide) for loss in own]
        self.feature_losses = [loss for loss, _ in guided]
        self.by_layer: dict[str, list[tuple[FeatureLoss, Guide | None]]] = defaultdict(list)
        self.positions: dict[str, float] = defaultdict(float)
        for loss, guide in guided:
            self.by_layer[loss.layer].append((loss, guide))
        for target, own in [(None, losses), *targets]:
            for loss in own:
                if isinstance(loss, FeatureLoss):
                    # Of the whole picture: a small region would get few of them.
                    wanted = loss.positions / (target.share if target else 1.0)
                    self.positions[loss.layer] = max(self.positions[loss.layer], wanted)
        self.network = TiledNetwork(network, content.visible, tile)

        # A painting may be much larger than the photo; its tiles are not.
        height, width = content.visible.shape[2:]
        side = tile or math.isqrt(height * width)
        painted = sum(target.share for target, _ in targets)
        for target, own in targets:
            for style, share in target.styles:
                self._learn_style(TiledNetwork(network, style.visible, side), own, style, share)
                for loss in self.pixel_losses:
                    loss.update_style(style, share * target.share / painted)
        self._learn_content(content)
        for loss in [*self.feature_losses, *self.pixel_losses]:
            loss.compute_targets()

    @torch.no_grad()
    @exact_float32()
    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of `image`, shape (1, 3, H, W), a scalar, and its gradient, (1, 3, H, W), which
        the caller may overwrite."""
        for loss in self.feature_losses:
            loss.reset()
        tape = self.network.forward(
            image,
            self._update,
            positions=self.positions,
            phase=self.sampling.phase(),
            keep=True,
        )
        for loss in self.feature_losses:
            loss.compute()
        gradient = self.network.backward(image, self._gradient, tape)
        values = [loss.value for loss in self.feature_losses]
        values += [loss.loss_and_gradient(image, gradient) for loss in self.pixel_losses]
        return torch.stack(values).sum(), gradient

    def _update(self, layer: str, features: Features) -> None:
        for loss, guide in self.by_layer[layer]:
            if guide is None:
                loss.update(features)
            elif part := guide.of(layer, features):
                loss.update(part.features)

    def _gradient(self, layer: str, features: Features) -> Tensor:
        """Of all losses of a layer at a part of it, shape (N, C)."""
        total: Tensor | None = None
        for loss, guide in self.by_layer[layer]:
            if guide is None:
                gradient = loss.gradient(features)
                total = gradient if total is None else total.add_(gradient)
            elif part := guide.of(layer, features):
                total = torch.zeros_like(features.values) if total is None else total
                part.add(loss.gradient(part.features), total, len(features.columns))
        return torch.zeros_like(features.values) if total is None else total

    def _learn_style(
        self, network: TiledNetwork, losses: list[FeatureLoss], style: Canvas, share: float
    ) -> None:
        by_layer: dict[str, list[FeatureLoss]] = defaultdict(list)
        for loss in losses:
            by_layer[loss.layer].append(loss)

        def visit(layer: str, features: Features) -> None:
            for loss in by_layer[layer]:
                loss.update_style(features, share)

        positions = {layer: max(one.positions for one in own) for layer, own in by_layer.items()}
        network.forward(style.pixels, visit, positions=positions)

    def _learn_content(self, content: Canvas) -> None:
        def visit(layer: str, features: Features) -> None:
            for loss, _ in self.by_layer[layer]:
                loss.update_content(features)

        self.network.forward(content.pixels, visit)
        for loss in self.pixel_losses:
            loss.update_content(content)


def objective_from(
    settings: Settings,
    *,
    network: VGG,
    content: Canvas,
    targets: Iterable[StyleTarget],
    seed: int = 0,
    tile: int = 0,
    emphasis: Tensor | None = None,
    protection: Tensor | None = None,
    previous: Canvas | None = None,
) -> Objective:
    """What the settings ask for.

    Args:
        settings: which losses, and how each step samples.
        network, content, tile: see `Objective`.
        targets: what is painted like what.
        seed: of what is drawn at random.
        emphasis: see `ContentLoss`.
        protection: how much each pixel of the content is protected, 0..1, shape (1, 1, H, W).
        previous: see `pixel_losses`.
    """
    # L-BFGS compares the gradients of successive steps.
    fixed = settings.optimiser == "lbfgs"
    sampling = Sampling(seed=seed, device=content.pixels.device, fixed=fixed)
    protected = None if protection is None else Canvas(content.pixels, protection)
    return Objective(
        network=network,
        losses=[
            *content_losses(settings, emphasis),
            *pixel_losses(settings, protected=protected, previous=previous),
        ],
        targets=[(target, style_losses(settings, sampling, target.share)) for target in targets],
        content=content,
        sampling=sampling,
        tile=tile,
    )
