"""A picture in tiles that, together, are exactly the whole.

Each position of each layer belongs to one tile. The network runs over a tile with a margin as wide
as the deepest layer's window reaches, so that its own positions see what they see in the whole
picture; padding happens at the picture's true border only. (The same idea, with other margins:
Galerne et al. 2024, arXiv 2212.13459.) Gradients of the margins are added to the neighbours'.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from neural_style.network import VGG
from neural_style.network.vgg import Tape

CHUNK = {"cpu": 1 << 20}
CHUNK_ELSEWHERE = 1 << 26
"""Numbers that are worked on at a time, by kind of device: on a CPU as many as its caches hold, on
graphics cards many, as each chunk costs some launches."""


def chunk(device: torch.device) -> int:
    """Numbers to work on at a time."""
    return CHUNK.get(device.type, CHUNK_ELSEWHERE)


@dataclass(frozen=True)
class Box:
    """Rows `top` to `bottom` and columns `left` to `right`, the last ones not included."""

    top: int
    left: int
    bottom: int
    right: int

    def at(self, level: int) -> Box:
        """The same part of a layer behind `level` poolings, each of which rounds down."""
        return Box(*(side >> level for side in (self.top, self.left, self.bottom, self.right)))

    def grown(self, margin: int, height: int, width: int) -> Box:
        """With a margin, as far as the picture reaches."""
        return Box(
            max(self.top - margin, 0),
            max(self.left - margin, 0),
            min(self.bottom + margin, height),
            min(self.right + margin, width),
        )

    def within(self, outer: Box) -> Box:
        """Seen from the top left corner of `outer`."""
        return Box(
            self.top - outer.top,
            self.left - outer.left,
            self.bottom - outer.top,
            self.right - outer.left,
        )

    def of(self, image: Tensor) -> Tensor:
        """This part of (..., H, W); a view."""
        return image[..., self.top : self.bottom, self.left : self.right]

    def strips(self, rows: int) -> Iterator[Box]:
        """The box from top to bottom, `rows` rows at a time."""
        for top in range(self.top, self.bottom, rows):
            yield Box(top, self.left, min(top + rows, self.bottom), self.right)


def bounding_box(mask: Tensor, align: int = 1) -> Box:
    """The smallest box around what is not zero of (1, 1, H, W), its sides multiples of `align` or
    the picture's own; an empty one if all is zero."""
    height, width = mask.shape[2:]
    sides = []
    for used, length in ((mask[0, 0].amax(1), height), (mask[0, 0].amax(0), width)):
        there = used.nonzero().flatten().tolist()
        if not there:
            return Box(0, 0, 0, 0)
        end = -(-(there[-1] + 1) // align) * align
        sides.append((there[0] // align * align, min(end, length)))
    (top, bottom), (left, right) = sides
    return Box(top, left, bottom, right)


def level(layer: str) -> int:
    """How many poolings come before a layer."""
    return int(layer[4]) - 1


def margin(layers: Sequence[str]) -> int:
    """How far the window of the last of `layers` reaches beyond its own pixels, rounded up.

    Each convolution adds one position of its layer on each side; 40 pixels up to conv4_2, 80 up
    to conv5_1. A multiple of the pixels that a position of the last layer stands for.
    """
    align = 1 << level(layers[-1])
    reach = sum(1 << level(layer) for layer in layers)
    return -(-reach // align) * align


def split(height: int, width: int, side: int, layers: Sequence[str]) -> list[Box]:
    """Tiles of about `side` times `side` pixels; one if the picture is no larger.

    Their borders lie between positions of the last of `layers`, of which each has some.
    """
    rows = _split_length(height, side, 1 << level(layers[-1]))
    columns = _split_length(width, side, 1 << level(layers[-1]))
    return [Box(top, left, bottom, right) for top, bottom in rows for left, right in columns]


def _split_length(length: int, side: int, align: int) -> list[tuple[int, int]]:
    count = -(-length // side)
    step = -(-length // (count * align)) * align
    # What is less than a position is left to the tile before it.
    starts = range(0, max(length - align, 0) + 1, step)
    return list(zip(starts, [*starts[1:], length], strict=True))


@dataclass(frozen=True, kw_only=True)
class Features:
    """Features of some positions of a layer: a cloud of points.

    Attributes:
        values: shape (N, C), float32; often the network's own memory, so nobody may change them, or
            hold on to them after the visit.
        weight: how much each position counts, shape (N,), summing to one over all that are visited.
        rows, columns: of the layer; the positions are where these cross, row by row.
        height, width: of the whole layer.
        dtype: in which the network computes.
    """

    values: Tensor
    weight: Tensor
    rows: range
    columns: range
    height: int
    width: int
    dtype: torch.dtype

    @property
    def box(self) -> Box:
        """Where the positions are, of those of which none is left out."""
        return Box(self.rows.start, self.columns.start, self.rows.stop, self.columns.stop)

    def as_map(self) -> Tensor:
        """The values as a part of the layer, (C, h, w); a view."""
        return self.values.T.unflatten(1, (len(self.rows), -1))

    def empty_layer(self) -> Tensor:
        """Room for the whole layer, (1, C, height, width), as the network has it."""
        return torch.empty(
            (1, self.values.shape[1], self.height, self.width),
            dtype=self.dtype,
            device=self.values.device,
            memory_format=torch.channels_last,
        )


class TiledNetwork:
    """The network over a picture of any size, part by part; every position exactly once.

    Args:
        network: what is run on each tile.
        visible: how much each pixel counts, 0 where it is transparent, shape (1, 1, H, W).
        side: of a tile, in pixels; 0 for one tile.
    """

    def __init__(self, network: VGG, visible: Tensor, side: int) -> None:
        self.network, self.visible = network, visible
        height, width = visible.shape[2:]
        self.tiles = split(height, width, side or max(height, width), network.layers)
        self.margin = margin(network.layers)
        self.opaque = bool((visible == 1).all())
        self.visible_pixels = float(visible.mean()) * visible.numel()
        self.totals: dict[int, Tensor | None] = {}

    def forward(
        self,
        image: Tensor,
        visit: Callable[[str, Features], None],
        *,
        positions: Mapping[str, float] | None = None,
        phase: float = 0.0,
        keep: bool = False,
    ) -> Tape | None:
        """Visit the features of all layers.

        Args:
            image: shape (1, 3, H, W).
            visit: called with a layer's name and each part of it.
            positions: by layer, visit about as many visible positions, on a grid; infinity for all,
                and none of a layer that is not named. None for all of all layers.
            phase: where the grid begins, from 0 to 1.
            keep: run in such a way that `backward` need not run the network again.

        Returns:
            What `backward` may go on from: of a picture in one tile.
        """
        keep = keep and len(self.tiles) == 1
        tape = None
        for tile in self.tiles:

            def show(name: str, features: Tensor, tile: Box = tile) -> None:
                wanted = math.inf if positions is None else positions.get(name, 0)
                if wanted:
                    stride = self._stride(level(name), wanted)
                    offset = int(phase * stride)
                    for part, _ in self._parts(tile, name, features, stride, offset):
                        visit(name, part)

            tape = self.network.forward(self._outer(tile).of(image), show, keep=keep)
        return tape if keep else None

    def backward(
        self,
        image: Tensor,
        gradient_of: Callable[[str, Features], Tensor],
        tape: Tape | None = None,
    ) -> Tensor:
        """Gradient at the pixels, (1, 3, H, W); `gradient_of` gives that of each part, (N, C)."""
        total = torch.zeros_like(image)
        for tile in self.tiles:
            outer = self._outer(tile)

            def add(name: str, features: Tensor, gradient: Tensor, tile: Box = tile) -> None:
                for part, place in self._parts(tile, name, features):
                    own = place.of(gradient)[0]
                    own_gradient = gradient_of(name, part).to(gradient.dtype)
                    own.add_(own_gradient.view(*own.shape[1:], -1).permute(2, 0, 1))

            run = tape or self.network.forward(outer.of(image), lambda *_: None, keep=True)
            outer.of(total).add_(self.network.backward(run, add))
        return total

    def _outer(self, tile: Box) -> Box:
        return tile.grown(self.margin, *self.visible.shape[2:])

    def _parts(
        self, tile: Box, name: str, features: Tensor, stride: int = 1, offset: int = 0
    ) -> Iterator[tuple[Features, Box]]:
        """The tile's own positions in chunks, with their place in `features`, (1, C, h, w)."""
        deep = level(name)
        whole, own = self._outer(tile).at(deep), tile.at(deep)
        height, width = (side >> deep for side in self.visible.shape[2:])
        weight = self._weight(tile, deep)
        if stride > 1:
            weight = weight / self._on_grid(deep, stride, offset)
        rows = max(1, chunk(features.device) // (features.shape[1] * max(1, own.right - own.left)))
        for box in own.strips(rows):
            place = box.within(whole)
            # On a grid of the whole layer, however it is tiled.
            grid_rows, grid_columns = (
                slice((offset - start) % stride, None, stride) for start in (box.top, box.left)
            )
            own_rows, own_columns = range(box.top, box.bottom), range(box.left, box.right)
            values = place.of(features)[0, :, grid_rows, grid_columns]
            counts = box.within(own).of(weight)[grid_rows, grid_columns]
            part = Features(
                values=values.permute(1, 2, 0).flatten(0, 1).float(),
                weight=counts.flatten(),
                rows=own_rows[grid_rows],
                columns=own_columns[grid_columns],
                height=height,
                width=width,
                dtype=features.dtype,
            )
            yield part, place

    def _stride(self, deep: int, positions: float) -> int:
        return max(1, round((self.visible_pixels / positions) ** 0.5 / (1 << deep)))

    def _on_grid(self, deep: int, stride: int, offset: int) -> Tensor:
        """What part of the weight stands on a grid."""
        height, width = (side >> deep for side in self.visible.shape[2:])
        grid = self._weight(Box(0, 0, height << deep, width << deep), deep)
        return grid[offset::stride, offset::stride].sum(dtype=torch.float32).clamp_min(1e-12)

    def _weight(self, tile: Box, deep: int) -> Tensor:
        """How much each of the tile's positions counts, shape (h, w)."""
        if deep not in self.totals:
            total = self.visible.new_zeros(())
            if not self.opaque:
                total = pooled(self.visible, deep).sum(dtype=torch.float32)
            # Nothing visible: a thin strip, lost where a pooling rounds down. Then all count.
            self.totals[deep] = total if total > 0 else None
        total = self.totals[deep]
        if total is None:
            own, (height, width) = tile.at(deep), self.visible.shape[2:]
            share = self.visible.new_ones(()) / ((height >> deep) * (width >> deep))
            return share.expand(own.bottom - own.top, own.right - own.left)
        return pooled(tile.of(self.visible), deep)[0, 0] / total


def pooled(map: Tensor, deep: int) -> Tensor:
    """Means of a map (1, 1, H, W) at the positions of a layer behind `deep` poolings."""
    return F.avg_pool2d(map, 1 << deep) if deep else map
