"""The terms of the loss that make each place look like some place of the painting.

Distributions alone, as in the other terms, let colours and features appear together that the
painting never shows together: stains, and ridges that only the network sees. So small patches of
pixels are drawn to their nearest among the painting's (`MatchTerm`), and the features of deeper
layers, each of which knows a larger patch, to theirs (`NeighbourTerm`).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from neural_style.pixel_terms import PATCH, least_visible, sample_stride, shrunk, spread
from neural_style.tiles import Box

MATCHES = 8192
"""Patches of the paintings to choose from."""

STRIDE = 3
"""Pixels between the patches that are matched, along each side; each time another grid."""

REACH = (PATCH - 1) // STRIDE
"""Rows of patches above one that reach into its first row of pixels."""

REFRESH = 20
"""Steps until patches are matched anew; pictures looked the same with 5."""

AT_A_TIME = 1024
"""Patches compared with all of the paintings' together."""

DEEP = 2
"""Level (see `tiles.level`) from which on a layer's features are matched: a quarter of the
picture's side. The next shallower one has four times as many positions to look up."""


class MatchTerm:
    """Mean squared distance of small patches to the paintings' most similar ones, no network.

    Kwatra et al. 2005 (Texture optimization for example-based synthesis), equation 1, relative to
    the paintings' variance.

    While the matches are held, the distance is, up to a constant, that of the picture to the mean
    of the patches that cover each pixel. Works on whole pictures, in strips.

    Args:
        weight: of the term.
        generator: of the choice of the paintings' patches, on the CPU.
        visible: how much each pixel of the picture counts, shape (1, 1, H, W).
        points: pixels of a strip, about.
        dtype: of patches where they are compared.
        shrink: pixels of the picture, along each side, that are averaged to one of the patches'.
        refresh: steps until patches are matched anew.
    """

    def __init__(
        self,
        weight: float,
        generator: torch.Generator,
        visible: Tensor,
        points: int,
        dtype: torch.dtype,
        shrink: int,
        refresh: float = REFRESH,
    ) -> None:
        self.generator, self.points, self.dtype = generator, points, dtype
        self.shrink, self.refresh = shrink, refresh
        self.visible = shrunk(visible, shrink)
        self.factor = weight / (3 * self.visible.sum(dtype=torch.float32).clamp_min(1e-12))
        self.styles: list[Tensor] = []
        self.target = torch.empty(0)
        self.age = 0

    def learn(self, pixels: Tensor, visible: Tensor, share: float) -> None:
        """Take some of a painting's patches, as many as its share; see `Objective`."""
        pixels = shrunk(pixels, self.shrink)
        visible = shrunk(visible, self.shrink)
        stride = sample_stride(visible)
        least = least_visible(visible, stride)[0, 0]
        places = (least == least.max()).nonzero()
        order = torch.randperm(len(places), generator=self.generator)[: math.ceil(share * MATCHES)]
        rows, columns = (stride * places[order.to(places.device)]).T
        patches = pixels[0].unfold(1, PATCH, 1).unfold(2, PATCH, 1)[:, rows, columns]
        self.styles.append(patches.transpose(0, 1).flatten(1))

    def finish(self) -> None:
        self.patches = torch.cat(self.styles)
        self.styles.clear()
        self.nearest = Nearest(self.patches, self.dtype)
        self.factor = self.factor / self.nearest.variance.clamp_min(1e-6)

    def gradient(self, image: Tensor, gradient: Tensor, phase: float) -> Tensor:
        """Add the term's gradient to `gradient`; returns its value.

        `phase`, from 0 to 1, says where the grid of patches begins when they are matched.
        """
        small = shrunk(image, self.shrink)
        if self.age % self.refresh == 0:
            self.target = torch.empty(0)  # The old ones go first.
            self.target = self._target(small, phase)
        self.age += 1
        value = torch.zeros_like(self.factor)
        height, width = small.shape[2:]
        for box in Box(0, 0, height, width).strips(max(self.points // width, 1)):
            difference = torch.add(box.of(small), box.of(self.target), alpha=-1 / 255)
            pull = difference * box.of(self.visible) * self.factor
            value += torch.linalg.vecdot(difference.flatten(), pull.flatten())
            spread(pull.mul_(2), gradient, box, self.shrink)
        return value

    def _target(self, image: Tensor, phase: float) -> Tensor:
        """The mean of the matches at each pixel, 0..255, shape (1, 3, h, w).

        At its border the picture is mirrored, so that as many patches cover it as elsewhere. Bytes
        are enough, and of a large picture floats are many.
        """
        top, left = (PATCH - 1 - start for start in divmod(int(phase * STRIDE**2), STRIDE))
        height, width = image.shape[2:]
        count = (width - 1 + left) // STRIDE + 1
        columns = mirrored(-left, STRIDE * (count - 1) + PATCH - left, width).to(image.device)
        target = torch.empty_like(image, dtype=torch.uint8)
        rows = (height - 1 + top) // STRIDE + 1
        # So many that the first strip reaches into the picture.
        some = max(self.points // width // STRIDE, REACH + 1)
        for first in range(0, rows, some):
            last = min(first + some, rows)
            # With the patches above that reach into the strip.
            start = STRIDE * max(first - REACH, 0) - top
            lines = mirrored(start, STRIDE * (last - 1) + PATCH - top, height).to(image.device)
            part, visible = (x[..., lines, :][..., columns] for x in (image, self.visible))
            mean = self._mean_of_matches(part, visible)
            # A pixel stays as it is where no patch around it is visible.
            mean = torch.where(mean.isnan(), part, mean)[..., left : left + width]
            mean = mean.mul_(255).round_().clamp_(0, 255)
            begin, end = max(STRIDE * first - top, 0), min(STRIDE * last - top, height)
            target[..., begin:end, :] = mean[..., begin - start : end - start, :]
        return target

    def _mean_of_matches(self, image: Tensor, visible: Tensor) -> Tensor:
        patches = F.unfold(image, PATCH, stride=STRIDE)[0].T
        matches = self.patches[self.nearest(patches)]
        weight = -F.max_pool2d(-visible, PATCH, stride=STRIDE).flatten(2)
        covered = weight.expand(1, PATCH**2, -1)
        total = F.fold(matches.T * weight, image.shape[2:], PATCH, stride=STRIDE)
        return total / F.fold(covered, image.shape[2:], PATCH, stride=STRIDE)


class NeighbourTerm:
    """Mean squared distance of a layer's features to the paintings' most similar ones.

    Li and Wand 2016 (arXiv 1601.04589), equation 2, with a position of a deeper layer in place of
    a patch of them, since it has seen a patch of the picture; Kolkin et al. 2022 (arXiv
    2203.13215) paint with nothing else. Relative to the paintings' variance.

    Args:
        weight: of the term.
        generator: of the choice among the paintings' features, on the CPU.
        height, width: of the layer.
        device: where it is.
        dtype: of features where they are compared.
        refresh: steps until they are matched anew.
    """

    def __init__(
        self,
        weight: float,
        generator: torch.Generator,
        height: int,
        width: int,
        device: torch.device,
        dtype: torch.dtype,
        refresh: float = REFRESH,
    ) -> None:
        self.weight, self.generator, self.dtype, self.refresh = weight, generator, dtype, refresh
        self.samples: list[tuple[Tensor, Tensor]] = []
        self.matches = torch.zeros(1, 1, height, width, dtype=torch.int16, device=device)
        self.age = -1

    def learn(self, points: Tensor, weight: Tensor) -> None:
        """Note features of a painting; `weight` contains its share."""
        self.samples.append((points, weight))

    def finish(self) -> None:
        points, weight = (torch.cat(parts) for parts in zip(*self.samples, strict=True))
        self.samples.clear()
        direction = torch.randn(points.shape[1], generator=self.generator).to(points)
        self.features = points[spaced(points @ direction, weight, MATCHES)]
        self.nearest = Nearest(self.features, self.dtype)
        variance = self.nearest.variance * points.shape[1]
        self.factor = self.weight / variance.clamp_min(1e-12)

    def begin(self) -> None:
        self.age += 1
        self.value = torch.zeros_like(self.factor)

    def gradient(self, points: Tensor, weight: Tensor, box: Box) -> Tensor:
        held = box.of(self.matches)[0, 0]
        if self.age % self.refresh == 0:
            held.copy_(self.nearest(points).view(held.shape))
        difference = points - self.features[held.flatten().int()]
        pull = difference * (self.factor * weight)[:, None]
        self.value += torch.linalg.vecdot(difference.flatten(), pull.flatten())
        return pull.mul_(2)


class Nearest:
    """Finds the nearest of some points.

    Args:
        points: to choose from, shape (N, C).
        dtype: of coordinates where they are compared.
    """

    def __init__(self, points: Tensor, dtype: torch.dtype) -> None:
        self.dtype = dtype
        # Without their mean, products are small and keep more digits.
        self.centre = points.mean(0)
        centred = points - self.centre
        self.variance = centred.square().mean()
        self.directions = centred.T.to(dtype, memory_format=torch.contiguous_format)
        self.offset = (centred.square().sum(1) / 2).to(dtype)

    def __call__(self, points: Tensor) -> Tensor:
        """Index (M,) of the nearest to each of the points (M, C)."""
        return torch.cat([self._some(part) for part in points.split(AT_A_TIME)])

    def _some(self, points: Tensor) -> Tensor:
        centred = (points - self.centre).to(self.dtype)
        likeness = torch.addmm(self.offset, centred, self.directions, beta=-1)
        # On a CPU max is twice as fast as argmax.
        return likeness.max(1).indices


def spaced(values: Tensor, weight: Tensor, count: int) -> Tensor:
    """Indices of `count` points, or of all that count, evenly spaced by weight along a line.

    Whatever order they come in, so that tiles choose the same ones.

    Shape: values (N,), weight (N,).
    """
    count = min(count, int((weight > 0).sum()))
    order = values.cpu().argsort()
    level = weight.cpu()[order].cumsum(0)
    wanted = (torch.arange(count) + 0.5) * (level[-1] / count)
    place = torch.searchsorted(level, wanted).clamp_max(len(level) - 1)
    return order[place].to(values.device)


def mirrored(start: int, stop: int, length: int) -> Tensor:
    """Indices from start to stop, those outside of 0..length-1 mirrored at the first and last."""
    indices = torch.arange(start, stop).abs()
    return length - 1 - (length - 1 - indices).abs()
