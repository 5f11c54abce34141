"""What is minimised: how far a picture is from the photo's content and the painting's style.

Gatys, Ecker and Bethge 2015, equation 7: total = content_weight * content + style_weight * style,
plus total variation. `formula` says how the two terms are scaled:

relative
    Each layer's term is divided by what it measures on the target itself, and all are means over
    positions. The weights then mean the same at every size of picture and with every network.
gatys2015
    The paper's equations 1 to 5, literally: content is half the sum of squared differences
    (equation 1), style the weighted sum of squared differences of the Gram sums over positions
    divided by 4 N^2 M^2 (equation 4), N channels, M positions.
tutorial
    A widely copied PyTorch walk-through of the paper: content is the mean of squared differences,
    style for each layer weight * mean((G - A)^2) / (N * M), G and A Gram sums over positions.

In both literal formulas the painting's Gram sums are brought to the picture's number of
positions, so that they are the originals' wherever both pictures have the same size.

The gradient is taken in two looks at the picture, whole or in tiles (see `tiles`): the first
gathers each layer's statistics, from which follows what the gradient at a feature depends on; the
second takes it there and brings it back to the pixels. A picture in one tile is looked at once.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor

from neural_style import statistics
from neural_style.canvas import Canvas
from neural_style.matching import DEEP, REFRESH, MatchTerm, NeighbourTerm
from neural_style.network import VGG
from neural_style.pixel_terms import DIRECTIONS as PATCH_DIRECTIONS
from neural_style.pixel_terms import TONE_CHROMA, PatchTerm, ToneTerm, VariationTerm, shrinks
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
from neural_style.tiles import Part, View, chunk, level

NEAR = 0.01
"""Distance of a photo's features from the paintings' from which on it counts as no nearer: a photo
after itself is held too."""


class Objective:
    """The loss of a picture of one size, and its gradient.

    Args:
        network: gives all layers that `settings` names.
        content: the photo at the size that is painted.
        styles: the paintings, each at its own size, with how much each counts (sums to one).
        settings: weights, layers, statistic and formula.
        seed: of the random directions.
        tile: side of the tiles, in pixels; 0 for the whole picture at once.
    """

    @torch.no_grad()
    def __init__(
        self,
        network: VGG,
        content: Canvas,
        styles: list[tuple[Canvas, float]],
        settings: Settings,
        seed: int,
        tile: int = 0,
    ) -> None:
        self.settings = settings
        device = content.pixels.device
        self.view = View(network, content.visible, tile)
        # Pools of directions are made on the CPU; what is drawn from them in each step is drawn
        # on the device, as a step must not wait for numbers from elsewhere.
        self.pools = torch.Generator().manual_seed(seed)
        self.draws = torch.Generator(device).manual_seed(seed)
        # L-BFGS, which compares gradients of successive steps, needs the same loss in each: it
        # keeps its directions and its first matches, and compares patches of all sizes.
        self.steady = settings.optimiser == "lbfgs"
        self.count = 0

        # Order statistics are those of a sample, sums are exact.
        self.samples = SAMPLES if settings.statistic == "sliced" else None

        self.style = self._style_terms(network, content)
        self.neighbours = self._neighbour_terms(network, content)
        strip = chunk(device) // 16
        self.patches, self.matches = self._patch_terms(network, content, styles, strip)
        for canvas, share in styles:
            self._learn_style(network, canvas, share, tile)
        for term in (*self.style.values(), *self.neighbours.values()):
            term.finish()
        for patches in (*self.patches, *self.matches):
            patches.finish()

        hold = self._hold(content.pixels)
        self.content = self._content_terms(network, content, hold)
        self.view.look(content.pixels, self._learn_content)
        for term in self.content.values():
            term.finish()
        self.others: list[ToneTerm | VariationTerm] = []
        if settings.tone_weight:
            weight = settings.tone_weight * hold
            chroma = TONE_CHROMA[settings.colours]
            self.others.append(ToneTerm(weight, content.pixels, content.visible, chroma))
        if settings.tv_weight:
            variation = VariationTerm(settings.tv_weight, content.visible, strip)
            if settings.formula == "relative":
                for canvas, share in styles:
                    variation.learn(canvas.pixels, canvas.visible, share)
                variation.finish()
            self.others.append(variation)

    @torch.no_grad()
    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of `image`, shape (1, 3, H, W), a scalar, and its gradient, (1, 3, H, W)."""
        terms = [*self.content.values(), *self.style.values(), *self.neighbours.values()]
        for term in terms:
            term.begin()
        tape = self.view.look(
            image, self._update, samples=self.samples, phase=self._phase(), keep=True
        )
        for term in self.style.values():
            term.compute()
        gradient = self.view.gradient(image, self._pull, tape)
        values = [term.value for term in terms]
        turn = self.patches[self.count % self.turns :: self.turns]
        for patches in (*turn, *self.matches):
            values.append(patches.gradient(image, gradient, self._phase()))
        for other in self.others:
            values.append(other.gradient(image, gradient))
        self.count += 1
        return torch.stack(values).sum(), gradient

    def _update(self, name: str, part: Part) -> None:
        if term := self.style.get(name):
            term.update(part.points, part.weight)

    def _pull(self, name: str, part: Part) -> Tensor:
        """Gradient at a part's points."""
        pulls = [
            term.gradient(part.points, part.weight, part.box)
            for term in (self.content.get(name), self.neighbours.get(name))
            if term
        ]
        if style := self.style.get(name):
            pulls.append(style.gradient(part.points, part.weight))
        total = pulls[0]
        for pull in pulls[1:]:
            total += pull
        return total

    # -- what photo and paintings are like -----------------------------------------------------

    def _hold(self, photo: Tensor) -> float:
        """What the weights of the content's terms are multiplied by.

        The content's share of the loss is what `strength` leaves of 100 to the style, at least a
        hundredth each. Paintings that are unlike a photo pull harder at it; with the square root
        of how far its features are from theirs, about as much of each photo stays.
        (The root was found by trying; the literal formulas and statistics are left alone.)
        """
        share = min(max(self.settings.strength / 100, 0.01), 0.99)
        dial = (1 - share) / share
        if self.settings.statistic != "sliced" or not self.settings.style_weight:
            return dial
        terms = self.style.values()
        for term in terms:
            term.begin()
        self.view.look(photo, self._update, samples=self.samples)
        for term in terms:
            term.compute()

        def visit(name: str, part: Part) -> None:
            if term := self.style.get(name):
                term.gradient(part.points, part.weight)

        self.view.look(photo, visit)
        distance = torch.stack([term.value for term in terms]).sum() / self.settings.style_weight
        return dial * float(distance.clamp_min(NEAR).sqrt())

    def _content_terms(self, network: VGG, content: Canvas, hold: float) -> dict[str, ContentTerm]:
        settings = self.settings
        weights = self._weights(settings.content_layers, settings.content_weight * hold)
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

    def _neighbour_terms(self, network: VGG, content: Canvas) -> dict[str, NeighbourTerm]:
        settings = self.settings
        if settings.statistic != "sliced" or not settings.match_weight:
            return {}
        weights = self._weights(settings.style_layers, settings.match_weight)
        rest = content.pixels.device, network.dtype, self._refresh()
        return {
            name: NeighbourTerm(weight, self.pools, *_size(content, name), *rest)
            for name, weight in weights.items()
            if level(name) >= DEEP
        }

    def _patch_terms(
        self, network: VGG, content: Canvas, styles: list[tuple[Canvas, float]], strip: int
    ) -> tuple[list[PatchTerm], list[MatchTerm]]:
        """Of each size of patches; the distributions take turns, and weigh the more."""
        settings, visible, generator = self.settings, content.visible, self.pools
        shortest = min(min(c.visible.shape[2:]) for c in (content, *(c for c, _ in styles)))
        sizes = shrinks(shortest) if settings.statistic == "sliced" else []
        self.turns = 1 if self.steady else max(len(sizes), 1)
        weight = settings.patch_weight * self.turns
        draw = self._draw if self.steady else partial(self._draw, PATCH_DIRECTIONS)
        patches: list[PatchTerm] = []
        matches: list[MatchTerm] = []
        for shrink in sizes:
            rest = visible, strip, network.dtype, shrink
            if settings.patch_weight:
                patches.append(PatchTerm(weight, draw, generator, *rest))
            if settings.match_weight:
                refresh = self._refresh()
                matches.append(MatchTerm(settings.match_weight, generator, *rest, refresh))
        return patches, matches

    def _learn_style(self, network: VGG, style: Canvas, share: float, tile: int) -> None:
        def visit(name: str, part: Part) -> None:
            for terms in (self.style, self.neighbours):
                if term := terms.get(name):
                    term.learn(part.points, share * part.weight)

        View(network, style.visible, tile).look(style.pixels, visit, samples=self.samples)
        for patches in (*self.patches, *self.matches):
            patches.learn(style.pixels, style.visible, share)

    def _weights(self, layers: dict[str, float], whole: float) -> dict[str, float]:
        """Each layer's part of a term's weight; the literal formulas do not divide by the sum."""
        relative = self.settings.formula == "relative"
        total = max(sum(layers.values()), 1e-12) if relative else 1.0
        return {name: whole * weight / total for name, weight in layers.items()}

    def _draw(self, count: int = DIRECTIONS) -> Tensor:
        """Which directions of a pool to compare in this step."""
        if self.steady:
            return torch.arange(count, device=self.draws.device)
        return torch.randperm(POOL, generator=self.draws, device=self.draws.device)[:count]

    def _phase(self) -> float:
        """Where the grid of samples begins in this step."""
        return 0.0 if self.steady else torch.rand((), generator=self.pools).item()

    def _refresh(self) -> float:
        """Steps until matches are looked up anew."""
        return math.inf if self.steady else REFRESH


def _size(canvas: Canvas, layer: str) -> tuple[int, int]:
    """Height and width of a layer."""
    height, width = canvas.visible.shape[2:]
    return height >> level(layer), width >> level(layer)
