"""What is minimised: how far a picture is from the photo's content and the painting's style.

Gatys, Ecker and Bethge 2015, equation 7: total = content_weight * content + style_weight * style,
plus total variation. `formula` says how the two terms are scaled:

relative
    Each layer's term is divided by what it measures on the target itself, and all are means over
    positions. The weights then mean the same at every size of picture and with every network.
gatys2015
    The paper's equations 1 to 5, literally: content is half the sum of squared differences
    (equation 1), style the weighted sum of squared differences of the Gram sums over positions
    divided by 4 N^2 M^2 (equation 4), N channels, M positions. As in the paper's own code, the
    network is one whose channels have a mean activation of one (see `network.normalise`).
tutorial
    A widely copied PyTorch walk-through of the paper: content is the mean of squared differences,
    style for each layer weight * mean((G - A)^2) / (N * M), G and A Gram sums over positions. The
    network is torchvision's VGG-19 as it is published, with activations of any scale: with
    another one the walk-through's weights mean something else.

In both literal formulas the painting's Gram sums are brought to the picture's number of
positions, so that they are the originals' wherever both pictures have the same size.

The gradient is taken in two looks at the picture, whole or in tiles (see `tiles`): the first
gathers each layer's statistics, from which follows what the gradient at a feature depends on; the
second takes it there and brings it back to the pixels. A picture in one tile is looked at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from neural_style import statistics
from neural_style.canvas import Canvas
from neural_style.network import VGG
from neural_style.pixel_terms import VariationTerm
from neural_style.settings import Settings
from neural_style.terms import (
    DIRECTIONS,
    POOL,
    SAMPLES,
    ContentTerm,
    GaussianTerm,
    GramTerm,
    SlicedTerm,
    StyleTerm,
)
from neural_style.tiles import Part, View, chunk, level, pooled

PER_STEP = 5.0
"""What 25 points of strength divide the weight of the content by: found by eye, so that each such
step changes a picture about as much as the next one."""


class Objective:
    """The loss of a picture of one size, and its gradient.

    Args:
        network: gives all layers that `settings` names.
        content: the photo at the size that is painted.
        styles: the paintings, each at its own size, with how much each counts (sums to one). They
            are looked at one after the other, and none is kept.
        settings: weights, layers, statistic and formula.
        seed: of the random directions.
        tile: side of the tiles, in pixels; 0 for the whole picture at once.
        emphasis: what the content's loss at each pixel is multiplied by, shape (1, 1, H, W); None
            for 1 everywhere.
    """

    @torch.no_grad()
    def __init__(
        self,
        network: VGG,
        content: Canvas,
        styles: Iterable[tuple[Canvas, float]],
        settings: Settings,
        seed: int,
        tile: int = 0,
        emphasis: Tensor | None = None,
    ) -> None:
        self.settings = settings
        device = content.pixels.device
        self.view = View(network, content.visible, tile)
        # Pools of directions are made on the CPU; what is drawn from them in each step is drawn
        # on the device, as a step must not wait for numbers from elsewhere.
        self.pools = torch.Generator().manual_seed(seed)
        self.draws = torch.Generator(device).manual_seed(seed)
        # L-BFGS, which compares gradients of successive steps, needs the same loss in each.
        self.steady = settings.optimiser == "lbfgs"

        # Order statistics are those of a sample, sums are exact.
        self.samples = SAMPLES if settings.statistic == "sliced" else None

        self.style = self._style_terms(network, content)
        self.variation: VariationTerm | None = None
        if settings.tv_weight:
            strip = chunk(device) // 16
            self.variation = VariationTerm(settings.tv_weight, content.visible, strip)
        # A painting may be much larger than the photo; its tiles are not.
        height, width = content.visible.shape[2:]
        side = tile or math.isqrt(height * width)
        for canvas, share in styles:
            self._learn_style(network, canvas, share, side)
            if self.variation and settings.formula == "relative":
                self.variation.learn(canvas.pixels, canvas.visible, share)
        for term in self.style.values():
            term.finish()
        if self.variation and settings.formula == "relative":
            self.variation.finish()

        self.content = self._content_terms(network, content, emphasis)
        self.view.look(content.pixels, self._learn_content)
        for term in self.content.values():
            term.finish()

    @torch.no_grad()
    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of `image`, shape (1, 3, H, W), a scalar, and its gradient, (1, 3, H, W)."""
        terms = [*self.content.values(), *self.style.values()]
        for term in terms:
            term.begin()
        tape = self.view.look(
            image, self._update, samples=self.samples, phase=self._phase(), keep=True
        )
        for term in self.style.values():
            term.compute()
        gradient = self.view.gradient(image, self._pull, tape)
        values = [term.value for term in terms]
        if self.variation:
            values.append(self.variation.gradient(image, gradient))
        return torch.stack(values).sum(), gradient

    def _update(self, name: str, part: Part) -> None:
        if term := self.style.get(name):
            term.update(part.points, part.weight)

    def _pull(self, name: str, part: Part) -> Tensor:
        """Gradient at a part's points."""
        content, style = self.content.get(name), self.style.get(name)
        pulls = []
        if content:
            pulls.append(content.gradient(part.points, part.weight, part.box))
        if style:
            pulls.append(style.gradient(part.points, part.weight))
        return pulls[0].add_(pulls[1]) if len(pulls) == 2 else pulls[0]

    # -- what photo and paintings are like -----------------------------------------------------

    def _content_terms(
        self, network: VGG, content: Canvas, emphasis: Tensor | None
    ) -> dict[str, ContentTerm]:
        settings = self.settings
        whole = settings.content_weight * PER_STEP ** ((50 - settings.strength) / 25)
        weights = self._weights(settings.content_layers, whole)
        return {
            name: ContentTerm(
                weight,
                settings.formula,
                torch.empty(
                    (1, network.channels(name), *_size(content, name)),
                    dtype=network.dtype,
                    device=content.pixels.device,
                    memory_format=torch.channels_last,
                ),
                None if emphasis is None else pooled(emphasis, level(name)),
            )
            for name, weight in weights.items()
        }

    def _learn_content(self, name: str, part: Part) -> None:
        if term := self.content.get(name):
            term.learn(part.points, part.weight, part.box)

    def _style_terms(self, network: VGG, content: Canvas) -> dict[str, StyleTerm]:
        settings = self.settings

        def term(name: str, weight: float) -> StyleTerm:
            if settings.statistic == "gram":
                height, width = _size(content, name)
                return GramTerm(weight, settings.formula, height * width)
            if settings.statistic == "gaussian":
                return GaussianTerm(weight)
            pool = statistics.random_directions(POOL, network.channels(name), self.pools)
            return SlicedTerm(weight, self._draw, pool.to(content.pixels))

        weights = self._weights(settings.style_layers, settings.style_weight)
        return {name: term(name, weight) for name, weight in weights.items()}

    def _learn_style(self, network: VGG, style: Canvas, share: float, tile: int) -> None:
        def visit(name: str, part: Part) -> None:
            if term := self.style.get(name):
                term.learn(part.points, share * part.weight)

        View(network, style.visible, tile).look(style.pixels, visit, samples=self.samples)

    def _weights(self, layers: dict[str, float], whole: float) -> dict[str, float]:
        """Each layer's part of a term's weight; the literal formulas do not divide by the sum."""
        relative = self.settings.formula == "relative"
        total = max(sum(layers.values()), 1e-12) if relative else 1.0
        return {name: whole * weight / total for name, weight in layers.items()}

    def _draw(self) -> Tensor:
        """Which directions of a pool to compare in this step."""
        if self.steady:
            return torch.arange(DIRECTIONS, device=self.draws.device)
        return torch.randperm(POOL, generator=self.draws, device=self.draws.device)[:DIRECTIONS]

    def _phase(self) -> float:
        """Where the grid of samples begins in this step."""
        return 0.0 if self.steady else torch.rand((), generator=self.pools).item()


def _size(canvas: Canvas, layer: str) -> tuple[int, int]:
    """Height and width of a layer."""
    height, width = canvas.visible.shape[2:]
    return height >> level(layer), width >> level(layer)
