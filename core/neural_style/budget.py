"""What a picture needs in memory, and how it is painted within what there is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from neural_style import cache
from neural_style.canvas import margin_of
from neural_style.devices import free_memory, is_out_of_memory
from neural_style.errors import NeuralStyleError
from neural_style.network import VGG
from neural_style.optimise import HISTORY, LARGE, SHORT_HISTORY
from neural_style.schedule import fit
from neural_style.settings import MAX_SIDE, Settings
from neural_style.tiles import chunk, level, margin, split

SHARE, SHARE_OF_CARD = 0.7, 0.9
"""Part of the free memory that a job may plan with: on the CPU, other programs need some too."""

TILES = (4096, 2048, 1024, 512, 256)
"""Sides of tiles to choose from, in pixels."""

FLOAT = 4
PLANE = 3 * FLOAT
"""Bytes of a pixel, three float32: the picture, its gradient, each moment."""

STYLE = 18
"""Bytes of a style's pixel: three float32, and half as much on the way to its size."""

GUIDE = 6
"""Bytes of a pixel of a region: float32 at each of the network's sizes, 4/3 of the first."""

SPARE, CHUNKS = 135_000_000, 4
"""Bytes for what does not grow with the picture, such as tables of quantiles; chunks of points, as
float32, that are worked on at a time."""

LARGEST_ON_CARDS = 2**32 - 1
"""Bytes of a tensor: a larger one ends the process on Apple's cards, and in two bytes a number has
more elements than 32 bits can count, as libraries for other cards do."""

ALLOCATOR = 1.3
"""Memory that the allocator takes for what is asked of it, on the CPU: blocks between others
that are too small for the next tensor. Measured; see core/benchmarks."""


@dataclass(frozen=True)
class Budget:
    """Tiles of `tile` pixels a side, 0 for the whole picture at once, which need `memory` bytes."""

    tile: int
    memory: int


def available(settings: Settings, device: torch.device) -> float:
    """Bytes that painting may take: what is free, or what the settings say."""
    return settings.memory * 2**30 or free_memory(device)


def allowed(settings: Settings, device: torch.device) -> float:
    """Bytes to plan with: of what is free, not all."""
    if settings.memory:
        return available(settings, device)
    return (SHARE if device.type == "cpu" else SHARE_OF_CARD) * available(settings, device)


def choose(
    width: int, height: int, network: VGG, settings: Settings, limit: float, guided: float = 0.0
) -> Budget:
    """The largest tiles that fit into `limit` bytes; the smallest if none does."""
    tile = 0
    while True:
        memory = needed(width, height, network, settings, tile, guided)
        following = smaller(tile, width, height)
        fits = memory <= limit and widest(width, height, network, tile) <= LARGEST_ON_CARDS
        if fits or following is None:
            return Budget(tile, memory)
        tile = following


def out_of_memory(
    width: int, height: int, network: VGG, settings: Settings, guided: float
) -> NeuralStyleError:
    """What to say of a picture that does not fit, with the size that would."""
    device = network.mean.device
    where = f"{settings.memory:g} GiB" if settings.memory else device.type
    message = f"The memory of {where} does not hold {width} x {height} pixels"
    # With what is planned with; and less than what has just failed, whatever should have sufficed.
    fitting = largest_size(width, height, network, settings, allowed(settings, device), guided)
    largest = min(fitting, max(width, height) - 1)
    if largest < 128:  # the pictures themselves take it all
        hint = "Allow more memory." if settings.memory else None
        return NeuralStyleError("out_of_memory", message, hint)
    other = "allow more memory" if settings.memory else "close other programs"
    hint = f"Set the size to {largest} or less, or {other}."
    return NeuralStyleError("out_of_memory", message, hint)


@contextmanager
def memory_errors_named(width: int, height: int) -> Iterator[None]:
    """Whatever runs out of memory inside, beside the steps, which make do with less, says so."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        message = f"The memory does not hold {width} x {height} pixels"
        raise NeuralStyleError("out_of_memory", message) from None


def widest(width: int, height: int, network: VGG, tile: int) -> float:
    """Bytes of the largest tensor of features on a card; 0 on the CPU, which has no limit."""
    if network.mean.device.type == "cpu":
        return 0.0
    return _widest(network) * network.dtype.itemsize * _seen(width, height, network, tile)


def smaller(tile: int, width: int, height: int) -> int | None:
    """The next smaller tile; None after the smallest."""
    side = tile or max(width, height)
    return next((other for other in TILES if other < side), None)


def largest_size(
    width: int, height: int, network: VGG, settings: Settings, limit: float, guided: float
) -> int:
    """The longest side that a picture of these proportions may have to fit into `limit` bytes."""
    low, high = 0, min(max(width, height), MAX_SIDE)
    while low < high:
        middle = (low + high + 1) // 2
        least = needed(*fit(width, height, middle), network, settings, TILES[-1], guided)
        fits = least <= limit
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def needed(
    width: int, height: int, network: VGG, settings: Settings, tile: int, guided: float = 0.0
) -> int:
    """Bytes for painting a picture at its largest size, beside the program itself.

    Args:
        guided: area of what masks choose, in pictures; see `masks.Guidance.area`.
    """
    edge = margin_of(height, width, settings)
    width, height = width + 2 * edge, height + 2 * edge
    pixels = width * height
    state = pixels * (_state(pixels, network, settings) + GUIDE * guided)
    seen = _seen(width, height, network, tile)
    style = (max(width, height) * settings.style_scale) ** 2  # at most: a square one
    # It is looked at before the picture grows to this size, unless it has it from the start.
    before = 1.0 if settings.coarsest >= max(width, height) else 0.5
    looking = before * state + STYLE * style + seen * _look(network)
    worst = max(looking, state + seen * _tape(network))
    # Chunks of points, as they are and as they are changed: no more than there are.
    points = min(chunk(network.mean.device), _widest(network) * seen)
    return round(ALLOCATOR * worst + SPARE + cache.MOST + CHUNKS * FLOAT * points)


def _widest(network: VGG) -> float:
    """Features per pixel of the layer that has most."""
    return max(network.channels(name) / 4 ** level(name) for name in network.layers)


def _seen(width: int, height: int, network: VGG, tile: int) -> int:
    """Pixels that are looked at at a time: a tile with its margin, or all."""
    sides = (min(side, (tile or side) + 2 * margin(network.layers)) for side in (width, height))
    return math.prod(sides)


def effort(width: int, height: int, network: VGG, tile: int) -> float:
    """How many times as long as in one piece a step takes in tiles."""
    tiles = split(height, width, tile or max(width, height), network.layers)
    if len(tiles) == 1:
        return 1.0
    seen = (tile.grown(margin(network.layers), height, width) for tile in tiles)
    area = sum((box.bottom - box.top) * (box.right - box.left) for box in seen)
    # The network looks twice, but statistics, half of a step, are not taken twice.
    return 1.2 * area / (width * height)


def _state(pixels: int, network: VGG, settings: Settings) -> float:
    """Bytes per pixel that are there whatever the tiles: pictures, moments, the content's features.

    The content twice, as it came and in the painting's colours, with its alpha; the last
    checkpoint; the gradient; and the optimiser's own: picture, two moments and average; what
    PyTorch's Adam makes on the way; or pairs of pictures and gradients and what the line search
    compares.
    """
    history = SHORT_HISTORY if pixels > LARGE else HISTORY
    own = {"adam": 4, "torch-adam": 7, "lbfgs": 2 * history + 7}[settings.optimiser]
    features = sum(
        network.channels(name) * network.dtype.itemsize / 4 ** level(name)
        for name in settings.content_layers
    )
    return PLANE * (2 + 1 + 1 + own) + 8 + features


def _look(network: VGG) -> float:
    """Bytes per pixel at the worst moment of a forward pass of which nothing is kept."""
    values = [network.channels(name) / 4 ** level(name) for name in network.layers]
    pairs = zip([3.0, *values], values, strict=False)
    worst = max(_around_convolution(network, before, count) for before, count in pairs)
    return network.dtype.itemsize * worst + 2 * PLANE


def _around_convolution(network: VGG, before: float, after: float) -> float:
    """Numbers per pixel while a convolution runs: its input and output, and on cards the input with
    its border too. On the CPU that is in ALLOCATOR, which was measured with it."""
    return (1 if network.mean.device.type == "cpu" else 2) * before + after


def _tape(network: VGG) -> float:
    """Bytes per pixel at the worst moment of a forward and backward pass.

    Kept are the features of the layers in use, and one byte for each value of the others; beside
    these a convolution's input and output.
    """
    size = network.dtype.itemsize
    values = [network.channels(name) / 4 ** level(name) for name in network.layers]
    kept = 0.0
    worst = 0.0
    before = 3.0
    for name, count in zip(network.layers, values, strict=True):
        if network.pooling == "max" and kept and name.endswith("_1"):
            kept += 8 * before / 4  # where the largest values stood
        worst = max(worst, kept + size * _around_convolution(network, before, count))
        kept += count * (size if name in network.wanted else 1)
        before = count
    for name, count in zip(reversed(network.layers), reversed(values), strict=True):
        # The gradient on both sides of the convolution; in front of a pooling it is wider.
        worst = max(worst, kept + 2 * size * count)
        kept -= count * (size if name in network.wanted else 1)
    return worst + 2 * PLANE
