"""The terms of the loss that need no network; they work on the whole picture, in strips."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from neural_style.terms import AT_A_TIME, POOL, SAMPLES, Draw, Slices
from neural_style.tiles import Box

PATCH = 7
"""Side of the colour patches, in pixels of the picture as it is and shrunk."""

DIRECTIONS = 4
"""Random directions compared in each step. All patches along these few give strokes as good as some
of the patches along more of them, and no grid that shows in the picture."""

SHRINKS = (1, 2, 4)
"""How much pictures are shrunk for their patches: the larger ones hold whole brush strokes, which
a network as narrow as the compact one sees too little of."""

CHROMA = 4.0
"""How much a difference of colour counts beside one of brightness: paint changes from stroke to
stroke in both, but colours that change from pixel to pixel are noise to the eye."""


def shrinks(shortest: int) -> list[int]:
    """Those of SHRINKS that leave room for patches in pictures with this shortest side."""
    return [shrink for shrink in SHRINKS if shrink == 1 or shortest // shrink >= 2 * PATCH]


TONE = 4
"""Side of the squares whose brightness stays the photo's, in pixels: strokes are finer, and the
mouth of a small face is not."""

TONE_CHROMA = {"painting": 3.0, "photo": 100.0, "free": 0.0}
"""How much a difference of colour from the photo counts beside one of brightness, by whose colours
the picture shall have. The painting's: enough that a face stays in one colour, and little enough
that its palette can spread. The photo's: so much that red shutters stay red on a yellow house.
Free colours come from both pictures."""

REACH = 5
"""Side of what colours are averaged over, in squares of TONE pixels; an odd number. With less, a
smooth sky had no strokes of other colours; without overlap, the squares showed."""


def shrunk(image: Tensor, shrink: int) -> Tensor:
    """Squares of `shrink` by `shrink` pixels averaged to one."""
    return F.avg_pool2d(image, shrink) if shrink > 1 else image


def spread(slope: Tensor, gradient: Tensor, box: Box, shrink: int) -> None:
    """Add the gradient of a box of the shrunk picture, (1, C, h, w), to the picture's.

    Rows and columns that are left over at the end belong to no pixel of the shrunk picture.
    """
    around = Box(*(shrink * side for side in (box.top, box.left, box.bottom, box.right)))
    blocks = around.of(gradient).unflatten(2, (-1, shrink)).unflatten(4, (-1, shrink))
    blocks.add_(slope[:, :, :, None, :, None], alpha=shrink**-2)


class PatchTerm:
    """Sliced Wasserstein distance of the colours of small patches, without a network.

    Relative to the paintings' variance, so that those in few colours count as much as others.
    Elnekave and Weiss 2022 (arXiv 2203.12414). A projection of all patches on a direction is a
    convolution of the picture with it. Works on whole pictures, in strips.

    Args:
        weight: of the term.
        draw: which directions of the pool to compare in this step.
        generator: of the pool's directions, on the CPU.
        visible: how much each pixel of the picture counts, shape (1, 1, H, W).
        points: pixels of a strip, about.
        dtype: of pixels and directions where they are multiplied.
        shrink: pixels of the picture, along each side, that are averaged to one of the patches'.
    """

    def __init__(
        self,
        weight: float,
        draw: Draw,
        generator: torch.Generator,
        visible: Tensor,
        points: int,
        dtype: torch.dtype,
        shrink: int = 1,
    ) -> None:
        self.weight, self.draw, self.dtype, self.shrink = weight, draw, dtype, shrink
        visible = shrunk(visible, shrink)
        pool = F.normalize(torch.randn(POOL, 3 * PATCH**2, generator=generator), dim=1)
        self.pool = pool.view(POOL, 3, PATCH, PATCH).to(visible)
        self.points = points
        self.least = least_visible(visible)
        self.share = 1 / self.least.sum(dtype=torch.float32).clamp_min(1e-12)
        self.stride = sample_stride(visible)
        self.styles: list[tuple[Tensor, Tensor, float]] = []

    def learn(self, pixels: Tensor, visible: Tensor, share: float) -> None:
        """Note a style picture; its patches are taken at the end, on a grid of about SAMPLES."""
        self.styles.append((shrunk(pixels, self.shrink), shrunk(visible, self.shrink), share))

    def finish(self) -> None:
        weights = []
        for _, visible, share in self.styles:
            weight = least_visible(visible, sample_stride(visible)).flatten()
            weights.append(share * weight / weight.sum())
        values = (self._style_values(some) for some in self.pool.split(AT_A_TIME))
        self.slices = Slices(values, torch.cat(weights), self.draw)
        self.styles.clear()
        variance = self.slices.scale.square().mean()
        # As for `MatchTerm`: a painting in one colour would count without end.
        self.factor = self.weight / variance.clamp_min(1e-6)
        self.pool /= self.slices.scale.view(-1, 1, 1, 1)
        self.offset = -self.slices.centre / self.slices.scale

    def gradient(self, image: Tensor, gradient: Tensor, phase: float) -> Tensor:
        """Add the term's gradient to `gradient`; returns its value.

        The histogram is that of a sample on a grid; `phase`, from 0 to 1, says where it begins.
        """
        if self.shrink == 1:
            return self._gradient(image, gradient, phase)
        small = shrunk(image, self.shrink)
        slope = torch.zeros_like(small)
        value = self._gradient(small, slope, phase)
        spread(slope, gradient, Box(0, 0, *small.shape[2:]), self.shrink)
        return value

    def _gradient(self, image: Tensor, gradient: Tensor, phase: float) -> Tensor:
        slices = self.slices
        slices.begin()
        start = int(phase * self.stride)
        least = self.least[..., start :: self.stride, start :: self.stride]
        sample = self._values(image[..., start:, start:], self.stride)
        slices.update(sample, least.flatten())
        slices.compute()
        drawn = slices.drawn
        square = slices.scale[drawn].square().view(-1, 1, 1, 1)
        back = self.pool[drawn] * square * (2 * self.factor / len(drawn))
        # Turned, as in `VGG`.
        back = back.flip(2, 3).transpose(0, 1).to(self.dtype, memory_format=torch.channels_last)
        height, width = self.least.shape[2:]
        for box in Box(0, 0, height, width).strips(max(self.points // width, 1)):
            patches = Box(box.top, box.left, box.bottom + PATCH - 1, box.right + PATCH - 1)
            values, weight = self._values(patches.of(image)), box.of(self.least).flatten()
            pull = slices.gradient(values, weight * self.share).to(self.dtype)
            pull = pull.view(1, len(drawn), box.bottom - box.top, -1)
            pull = pull.contiguous(memory_format=torch.channels_last)
            patches.of(gradient).add_(F.conv2d(pull, back, padding=PATCH - 1))
        return self.factor * slices.value

    def _style_values(self, directions: Tensor) -> Tensor:
        return torch.cat(
            [
                F.conv2d(pixels, directions, stride=sample_stride(visible)).flatten(2)[0]
                for pixels, visible, _ in self.styles
            ],
            1,
        )

    def _values(self, pixels: Tensor, stride: int = 1) -> Tensor:
        """Projections of the patches, one in `stride` along each side, shape (DIRECTIONS, N)."""
        drawn = self.slices.drawn
        pixels = pixels.to(self.dtype, memory_format=torch.channels_last)
        values = F.conv2d(pixels, self.pool[drawn].to(self.dtype), stride=stride)
        return values.flatten(2)[0].float().add_(self.offset[drawn][:, None])


def least_visible(visible: Tensor, stride: int = 1) -> Tensor:
    """A patch counts as much as its least visible pixel; all count where that leaves none."""
    if (visible == 1).all():
        # No copy of a large picture's.
        height, width = visible.shape[2:]
        return visible[..., : height - PATCH + 1 : stride, : width - PATCH + 1 : stride]
    least = -F.max_pool2d(-visible, PATCH, stride=stride)
    return least if least.any() else torch.ones_like(least)


def sample_stride(visible: Tensor) -> int:
    """Of a grid with about SAMPLES visible pixels."""
    return max(1, round((float(visible.mean()) * visible.numel() / SAMPLES) ** 0.5))


class ToneTerm:
    """Squared difference to the photo's light and colours, blurred, relative to its contrast.

    Features keep what is where, but not how light it is, and what they miss they mend with
    patterns that only they see. Nor do they keep what belongs together in one colour, such as a
    face. Light finer than TONE pixels is left to the strokes, and so are colours finer than
    REACH times as much: next to each other, strokes may have different ones. Contrast is that of
    the brightness of neighbouring squares, so that few and soft edges are kept as well as many.

    Args:
        weight: of the term.
        photo: in the colours that the picture shall have, shape (1, 3, H, W).
        visible: how much each of its pixels counts, shape (1, 1, H, W).
        chroma: how much a difference of colour counts beside one of brightness; 0 leaves colours
            to the painting.
    """

    def __init__(self, weight: float, photo: Tensor, visible: Tensor, chroma: float) -> None:
        self.chroma = chroma
        self.target = shrunk(photo, TONE)
        share = shrunk(visible, TONE)
        share = share / share.sum().clamp_min(1e-12)
        contrast = torch.zeros_like(self.target[0, 0, 0, 0])
        for axis in (2, 3):
            count = share.shape[axis] - 1
            both = torch.minimum(share.narrow(axis, 0, count), share.narrow(axis, 1, count))
            step = self.target.mean(1, keepdim=True).diff(dim=axis)
            contrast += (both * step.square()).sum()
        # A photo in one brightness is as far from all others as one with steps of 1 %.
        self.factor = weight / 3 * share / contrast.clamp_min(1e-4)

    def gradient(self, image: Tensor, gradient: Tensor) -> Tensor:
        """Add the term's gradient to `gradient`; returns its value."""
        difference = shrunk(image, TONE) - self.target
        light = difference.mean(1, keepdim=True)
        colour = _blurred(difference - light)
        value = (self.factor * (3 * light.square() + self.chroma * colour.square().sum(1))).sum()
        # The blur is its own adjoint.
        pull = self.factor * light + _blurred(self.chroma * self.factor * colour)
        spread(pull.mul_(2), gradient, Box(0, 0, *difference.shape[2:]), TONE)
        return value


def _blurred(image: Tensor) -> Tensor:
    """Means of REACH by REACH squares around each; black beyond the border."""
    return F.avg_pool2d(image, REACH, stride=1, padding=REACH // 2)


class VariationTerm:
    """Total variation: mean squared difference of neighbouring pixels; both must be visible.

    A difference is that of the channels' mean, and what is left, of which the square counts
    CHROMA times. Relative to the paintings' own after `finish`: rough ones are not smoothed.

    Args:
        weight: of the term.
        visible: how much each pixel of the picture counts, shape (1, 1, H, W).
        points: pixels of a strip, about.
    """

    def __init__(self, weight: float, visible: Tensor, points: int) -> None:
        self.visible, self.points = visible, points
        self.factor = weight / _count(visible)
        self.size = torch.zeros_like(self.factor)

    def learn(self, pixels: Tensor, visible: Tensor, share: float) -> None:
        """Measure a painting."""
        factor = share / _count(visible)
        for difference, pull, _ in self._pairs(pixels, visible):
            self.size += torch.linalg.vecdot(difference.flatten(), pull.flatten()) * factor

    def finish(self) -> None:
        # A painting of one colour is as smooth as one with steps of 1/255.
        self.factor = self.factor / self.size.clamp_min(1 / 255**2)

    def gradient(self, image: Tensor, gradient: Tensor) -> Tensor:
        """Add the term's gradient to `gradient`; returns its value."""
        value = torch.zeros_like(self.factor)
        for difference, pull, sides in self._pairs(image, self.visible):
            pull *= self.factor
            value += torch.linalg.vecdot(difference.flatten(), pull.flatten())
            for box, sign in zip(sides, (-2, 2), strict=True):
                box.of(gradient).add_(pull, alpha=sign)
        return value

    def _pairs(
        self, image: Tensor, visible: Tensor
    ) -> Iterator[tuple[Tensor, Tensor, tuple[Box, Box]]]:
        """Differences of neighbours, these weighted, and where both are, strip by strip."""
        height, width = image.shape[2:]
        for box in Box(0, 0, height, width).strips(max(self.points // width, 1)):
            top, bottom = box.top, box.bottom
            # Below: with the next strip's first row, for the pairs between the two.
            last = min(bottom, height - 1)
            below = Box(top, 0, last, width), Box(top + 1, 0, last + 1, width)
            beside = Box(top, 0, bottom, width - 1), Box(top, 1, bottom, width)
            for one, two in (below, beside):
                difference = two.of(image) - one.of(image)
                pull = torch.lerp(difference.mean(1, keepdim=True), difference, CHROMA)
                pull *= torch.minimum(one.of(visible), two.of(visible))
                yield difference, pull, (one, two)


def _count(visible: Tensor) -> Tensor:
    """What sums over visible pixels and channels are divided by."""
    return 3 * visible.sum(dtype=torch.float32).clamp_min(1)
