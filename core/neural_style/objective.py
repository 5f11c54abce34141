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

import torch
from torch import Tensor

from neural_style.canvas import Canvas
from neural_style.losses import FeatureLoss, PixelLoss, losses_from
from neural_style.network import VGG
from neural_style.sampling import Sampling
from neural_style.settings import Settings
from neural_style.tiles import Features, TiledNetwork


class Objective:
    """The sum of all losses of an image of one size, and its gradient.

    Args:
        network: gives all layers that the losses compare.
        losses: new ones, which learn their targets here.
        content: the photo at the size that is painted.
        styles: each at its own size, with how much it counts (sums to one). One after the other
            goes through the network, and none is kept.
        sampling: the one that the losses draw from.
        tile: side of the tiles, in pixels; 0 for the whole picture at once.
    """

    @torch.no_grad()
    def __init__(
        self,
        *,
        network: VGG,
        losses: Iterable[FeatureLoss | PixelLoss],
        content: Canvas,
        styles: Iterable[tuple[Canvas, float]],
        sampling: Sampling,
        tile: int = 0,
    ) -> None:
        losses = list(losses)
        self.sampling = sampling
        self.feature_losses = [loss for loss in losses if isinstance(loss, FeatureLoss)]
        self.pixel_losses = [loss for loss in losses if isinstance(loss, PixelLoss)]
        self.by_layer: dict[str, list[FeatureLoss]] = defaultdict(list)
        for loss in self.feature_losses:
            self.by_layer[loss.layer].append(loss)
        self.positions = {
            layer: max(loss.positions for loss in own) for layer, own in self.by_layer.items()
        }
        self.network = TiledNetwork(network, content.visible, tile)

        # A painting may be much larger than the photo; its tiles are not.
        height, width = content.visible.shape[2:]
        side = tile or math.isqrt(height * width)
        for style, share in styles:
            self._learn_style(TiledNetwork(network, style.visible, side), style, share)
        self._learn_content(content)
        for loss in losses:
            loss.compute_targets()

    @torch.no_grad()
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
        for loss in self.by_layer[layer]:
            loss.update(features)

    def _gradient(self, layer: str, features: Features) -> Tensor:
        """Of all losses of a layer at a part of it, shape (N, C)."""
        first, *others = self.by_layer[layer]
        gradient = first.gradient(features)
        for loss in others:
            gradient.add_(loss.gradient(features))
        return gradient

    def _learn_style(self, network: TiledNetwork, style: Canvas, share: float) -> None:
        def visit(layer: str, features: Features) -> None:
            for loss in self.by_layer[layer]:
                loss.update_style(features, share)

        network.forward(style.pixels, visit, positions=self.positions)
        for loss in self.pixel_losses:
            loss.update_style(style, share)

    def _learn_content(self, content: Canvas) -> None:
        def visit(layer: str, features: Features) -> None:
            for loss in self.by_layer[layer]:
                loss.update_content(features)

        self.network.forward(content.pixels, visit)
        for loss in self.pixel_losses:
            loss.update_content(content)


def objective_from(
    settings: Settings,
    *,
    network: VGG,
    content: Canvas,
    styles: Iterable[tuple[Canvas, float]],
    seed: int = 0,
    tile: int = 0,
    emphasis: Tensor | None = None,
) -> Objective:
    """What the settings ask for.

    Args:
        settings: which losses, and how each step samples.
        network, content, styles, tile: see `Objective`.
        seed: of what is drawn at random.
        emphasis: see `ContentLoss`.
    """
    # L-BFGS compares the gradients of successive steps.
    fixed = settings.optimiser == "lbfgs"
    sampling = Sampling(seed=seed, device=content.pixels.device, fixed=fixed)
    return Objective(
        network=network,
        losses=losses_from(settings, sampling, emphasis),
        content=content,
        styles=styles,
        sampling=sampling,
        tile=tile,
    )
