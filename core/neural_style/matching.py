"""The term of the loss that makes each place look like some place of the painting."""

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


class MatchTerm:
    """Mean squared distance of small patches to the paintings' most similar ones, no network.

    Kwatra et al. 2005 (Texture optimization for example-based synthesis), equation 1, relative to
    the paintings' variance. Li and Wand 2016 (arXiv 1601.04589) match features in the same way.
    Distributions alone, as in the other terms, let colours and strokes appear together that the
    painting never shows together.

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
        # Without their mean, products are small and keep more digits.
        self.centre = self.patches.mean(0)
        centred = self.patches - self.centre
        self.factor = self.factor / centred.square().mean().clamp_min(1e-6)
        self.directions = centred.T.to(self.dtype, memory_format=torch.contiguous_format)
        self.offset = (centred.square().sum(1) / 2).to(self.dtype)

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
        matches = torch.cat([self._nearest(part) for part in patches.split(AT_A_TIME)])
        weight = -F.max_pool2d(-visible, PATCH, stride=STRIDE).flatten(2)
        covered = weight.expand(1, PATCH**2, -1)
        total = F.fold(matches.T * weight, image.shape[2:], PATCH, stride=STRIDE)
        return total / F.fold(covered, image.shape[2:], PATCH, stride=STRIDE)

    def _nearest(self, patches: Tensor) -> Tensor:
        """The paintings' most similar patches, shape (N, 3 PATCH^2)."""
        centred = (patches - self.centre).to(self.dtype)
        likeness = torch.addmm(self.offset, centred, self.directions, beta=-1)
        # On a CPU max is twice as fast as argmax.
        return self.patches[likeness.max(1).indices]


def mirrored(start: int, stop: int, length: int) -> Tensor:
    """Indices from start to stop, those outside of 0..length-1 mirrored at the first and last."""
    indices = torch.arange(start, stop).abs()
    return length - 1 - (length - 1 - indices).abs()
