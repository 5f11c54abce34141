"""The terms of the loss that need no network; they work on the whole picture, in strips."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from neural_style.terms import AT_A_TIME, POOL, SAMPLES, Draw, Slices
from neural_style.tiles import Box

PATCH = 7
"""Side of the colour patches, in pixels."""


class PatchTerm:
    """Sliced Wasserstein distance of the colours of small patches, without a network.

    Elnekave and Weiss 2022 (arXiv 2203.12414). A projection of all patches on a direction is a
    convolution of the picture with it. Works on whole pictures, in strips.

    Args:
        weight: of the term.
        draw: which directions of the pool to compare in this step.
        generator: of the pool's directions, on the CPU.
        visible: how much each pixel of the picture counts, shape (1, 1, H, W).
        points: pixels of a strip, about.
        dtype: of pixels and directions where they are multiplied.
    """

    def __init__(
        self,
        weight: float,
        draw: Draw,
        generator: torch.Generator,
        visible: Tensor,
        points: int,
        dtype: torch.dtype,
    ) -> None:
        self.weight, self.draw, self.dtype = weight, draw, dtype
        pool = F.normalize(torch.randn(POOL, 3 * PATCH**2, generator=generator), dim=1)
        self.pool = pool.view(POOL, 3, PATCH, PATCH).to(visible)
        height, width = visible.shape[2:]
        inner = Box(0, 0, height - PATCH + 1, width - PATCH + 1)
        self.strips = list(inner.strips(max(points // width, 1)))
        self.least = inner.of(visible) if (visible == 1).all() else _least(visible, 1)
        self.total = self.least.sum(dtype=torch.float32).clamp_min(1e-12)
        self.stride = _stride(visible)
        self.styles: list[tuple[Tensor, Tensor, float]] = []

    def learn(self, pixels: Tensor, visible: Tensor, share: float) -> None:
        """Note a style picture; its patches are taken at the end, on a grid of about SAMPLES."""
        self.styles.append((pixels, visible, share))

    def finish(self) -> None:
        weights = []
        for _, visible, share in self.styles:
            weight = _least(visible, _stride(visible)).flatten()
            weights.append(share * weight / weight.sum())
        values = (self._style_values(some) for some in self.pool.split(AT_A_TIME))
        self.slices = Slices(values, torch.cat(weights), self.draw)
        self.styles.clear()
        self.pool /= self.slices.scale.view(-1, 1, 1, 1)
        self.offset = -self.slices.centre / self.slices.scale

    def gradient(self, image: Tensor, gradient: Tensor, phase: float) -> Tensor:
        """Add the term's gradient to `gradient`; returns its value.

        The histogram is that of a sample on a grid that begins at `phase`, from 0 to 1.
        """
        slices = self.slices
        slices.begin()
        start = int(phase * self.stride)
        least = self.least[..., start :: self.stride, start :: self.stride]
        sample = self._values(image[..., start:, start:], self.stride)
        slices.update(sample, least.flatten())
        slices.compute()
        drawn = slices.drawn
        square = slices.scale[drawn].square().view(-1, 1, 1, 1)
        back = self.pool[drawn] * square * (2 * self.weight / len(drawn))
        # Turned, as in `VGG`.
        back = back.flip(2, 3).transpose(0, 1).to(self.dtype)
        for box in self.strips:
            values, weight = self._values(_patches(box).of(image)), box.of(self.least).flatten()
            pull = slices.gradient(values, weight / self.total).to(self.dtype)
            pull = pull.view(1, len(drawn), box.bottom - box.top, -1)
            _patches(box).of(gradient).add_(F.conv2d(pull, back, padding=PATCH - 1))
        return self.weight * slices.value

    def _style_values(self, directions: Tensor) -> Tensor:
        return torch.cat(
            [
                F.conv2d(pixels, directions, stride=_stride(visible)).flatten(2)[0]
                for pixels, visible, _ in self.styles
            ],
            1,
        )

    def _values(self, pixels: Tensor, stride: int = 1) -> Tensor:
        """Projections of all patches, or of those on a grid, shape (DIRECTIONS, N)."""
        drawn = self.slices.drawn
        pixels = pixels.to(self.dtype, memory_format=torch.channels_last)
        values = F.conv2d(pixels, self.pool[drawn].to(self.dtype), stride=stride)
        return values.flatten(2)[0].float().add_(self.offset[drawn][:, None])


def _least(visible: Tensor, stride: int) -> Tensor:
    """A patch counts as much as its least visible pixel; all count where that leaves none."""
    least = -F.max_pool2d(-visible, PATCH, stride=stride)
    return least if least.any() else torch.ones_like(least)


def _stride(visible: Tensor) -> int:
    """Of a grid with about SAMPLES visible pixels."""
    return max(1, round((float(visible.mean()) * visible.numel() / SAMPLES) ** 0.5))


def _patches(box: Box) -> Box:
    """The pixels of all patches whose top left corners are in `box`."""
    return Box(box.top, box.left, box.bottom + PATCH - 1, box.right + PATCH - 1)


class VariationTerm:
    """Total variation: mean squared difference of neighbouring pixels; both must be visible.

    Args:
        weight: of the term.
        visible: how much each pixel of the picture counts, shape (1, 1, H, W).
        points: pixels of a strip, about.
    """

    def __init__(self, weight: float, visible: Tensor, points: int) -> None:
        self.visible = visible
        self.factor = weight / (3 * visible.sum(dtype=torch.float32).clamp_min(1))
        height, width = visible.shape[2:]
        self.strips = list(Box(0, 0, height, width).strips(max(points // width, 1)))

    def gradient(self, image: Tensor, gradient: Tensor) -> Tensor:
        """Add the term's gradient to `gradient`; returns its value."""
        height = image.shape[2]
        value = torch.zeros_like(self.factor)
        for box in self.strips:
            # With the next strip's first row, for the pairs between the two.
            tall = Box(box.top, box.left, min(box.bottom + 1, height), box.right)
            for part, axis in ((tall, 2), (box, 3)):
                pixels, visible, slope = (part.of(x) for x in (image, self.visible, gradient))
                value += self._pairs(pixels, visible, slope, axis)
        return value

    def _pairs(self, image: Tensor, visible: Tensor, gradient: Tensor, axis: int) -> Tensor:
        """Pairs of neighbours along an axis: of each tensor all but the last, all but the first."""
        count = image.shape[axis] - 1
        one, two = ([x.narrow(axis, start, count) for x in (image, visible)] for start in (0, 1))
        difference = two[0] - one[0]
        pull = difference * torch.minimum(one[1], two[1]).mul_(self.factor)
        gradient.narrow(axis, 1, count).add_(pull, alpha=2)
        gradient.narrow(axis, 0, count).sub_(pull, alpha=2)
        return torch.linalg.vecdot(difference.flatten(), pull.flatten())
