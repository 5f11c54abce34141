"""Tiles: together they are the whole, in what is seen and in the gradient."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from neural_style.losses import SlicedWassersteinLoss, sliced
from neural_style.network import VGG
from neural_style.settings import LAYERS, parse_settings
from neural_style.tiles import Box, Features, TiledNetwork, level, margin, split
from plain import STATISTICS, canvas, error, network, objective, random_weights

sides = st.integers(16, 400)


@given(sides, sides, st.integers(8, 500), st.sampled_from(LAYERS))
def test_every_position_of_every_layer_belongs_to_one_tile(
    height: int, width: int, side: int, deepest: str
) -> None:
    layers = LAYERS[: LAYERS.index(deepest) + 1]
    tiles = split(height, width, side, layers)
    for deep in range(level(deepest) + 1):
        count = torch.zeros(height >> deep, width >> deep)
        for tile in tiles:
            tile.at(deep).of(count).add_(1)
        assert (count == 1).all()
    own = [tile.at(level(deepest)) for tile in tiles]
    assert all(box.bottom > box.top and box.right > box.left for box in own)
    # Sides are multiples of a position of the deepest layer, but for the picture's last ones.
    longest = max(side, 1 << level(deepest)) + 2 * (1 << level(deepest))
    assert all(max(t.bottom - t.top, t.right - t.left) < longest for t in tiles)
    if max(height, width) <= side:
        assert len(tiles) == 1


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 20), st.integers(1, 30))
def test_strips_are_the_box(top: int, left: int, height: int, rows: int) -> None:
    box, count = Box(top, left, top + height, left + 7), torch.zeros(40, 30)
    for strip in box.strips(rows):
        assert 0 < strip.bottom - strip.top <= rows
        strip.of(count).add_(1)
    assert int(count.sum()) == 7 * height
    assert (box.of(count) == 1).all()


def test_box_within_a_grown_one_is_the_same_place() -> None:
    image, box = torch.rand(3, 50, 60), Box(4, 20, 30, 56)
    outer = box.grown(8, 50, 60)
    assert outer == Box(0, 12, 38, 60)
    assert torch.equal(box.within(outer).of(outer.of(image)), box.of(image))


@pytest.mark.parametrize(
    ("layer", "pixels"), [("conv1_1", 1), ("conv1_2", 2), ("conv4_2", 40), ("conv5_1", 80)]
)
def test_margins(layer: str, pixels: int) -> None:
    assert margin(LAYERS[: LAYERS.index(layer) + 1]) == pixels


def see(height: int, width: int) -> Tensor:
    """A picture that is half transparent to the right, and not there at the bottom right."""
    visible = torch.ones(1, 1, height, width)
    visible[..., 2 * width // 3 :] = 0.5
    visible[..., height // 2 :, 3 * width // 4 :] = 0
    return visible


def collected(
    network: TiledNetwork, image: Tensor, **options: Any
) -> dict[str, dict[Box, Features]]:
    parts: dict[str, dict[Box, Features]] = defaultdict(dict)

    def visit(name: str, part: Features) -> None:
        assert part.box not in parts[name]
        parts[name][part.box] = part

    network.forward(image, visit, **options)
    return parts


@hypothesis(max_examples=12)
@given(
    st.integers(16, 180),
    st.integers(16, 180),
    st.integers(16, 64),
    st.sampled_from([["conv1_1", "conv4_2"], ["conv2_2", "conv5_1"], ["conv3_3"]]),
    st.sampled_from(["average", "max"]),
)
def test_tiles_see_what_the_whole_picture_shows(
    height: int, width: int, side: int, layers: list[str], pooling: str
) -> None:
    """Features at each tile's own positions, and how much each counts."""
    network = VGG(random_weights(width=3), layers, pooling)
    image, visible = torch.rand(1, 3, height, width), see(height, width)
    parts = collected(TiledNetwork(network, visible, side), image)
    for name, expected in network.features(image).items():
        found = torch.full_like(expected, torch.nan)
        weight = torch.full(expected.shape[2:], torch.nan)
        for box, part in parts[name].items():
            place = box.of(found)[0]
            place.copy_(part.as_map())
            box.of(weight).copy_(part.weight.reshape(box.of(weight).shape))
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5 * float(expected.max()))
        seen = F.avg_pool2d(visible, 1 << level(name))[0, 0]
        torch.testing.assert_close(weight, seen / seen.sum())


SOME = {"conv1_1": 500, "conv3_1": 500}


@pytest.mark.parametrize("phase", [0.0, 0.4, 0.99])
def test_a_sample_is_the_same_however_the_picture_is_tiled(phase: float) -> None:
    network = VGG(random_weights(width=3), ["conv1_1", "conv3_1"])
    image, visible = torch.rand(1, 3, 150, 131), see(150, 131)
    kinds = [
        {
            name: torch.cat([part.values.sum(1) for part in parts.values()]).sort().values
            for name, parts in collected(
                TiledNetwork(network, visible, side), image, positions=SOME, phase=phase
            ).items()
        }
        for side in (0, 48)
    ]
    for name, values in kinds[0].items():
        torch.testing.assert_close(kinds[1][name], values, rtol=1e-4, atol=1e-4)
        # Those on the grid that are not visible, and the grid's step is a whole number.
        assert 500 / 2 < len(values) < 500 * 3


def test_a_sample_counts_as_much_as_all() -> None:
    network, image = (
        VGG(random_weights(width=3), ["conv1_1", "conv3_1"]),
        torch.rand(1, 3, 150, 131),
    )
    for visible in (see(150, 131), torch.ones(1, 1, 150, 131)):
        for side in (0, 48):
            tiled = TiledNetwork(network, visible, side)
            for parts in collected(tiled, image, positions=SOME, phase=0.7).values():
                total = sum(float(part.weight.sum()) for part in parts.values())
                assert total == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
def test_paintings_of_other_proportions_blend_as_asked() -> None:
    """A white and a black one, equal parts: the lower half of the quantiles is the one's."""
    settings = parse_settings(
        {"statistic": "sliced", "style_layers": "conv2_1:1", "precision": "float32"}
    )
    white, black = canvas(1024, 1024, 1), canvas(1024, 512, 2)
    white.pixels.fill_(1)
    black.pixels.zero_()
    both = [(white, 0.5), (black, 0.5)]
    target = objective(network(settings), canvas(32, 32, 3), both, settings)
    ((loss, _),) = target.by_layer["conv2_1"]
    assert isinstance(loss, SlicedWassersteinLoss)
    table = loss.slices.table
    levels = (1 - torch.cos(torch.arange(table.shape[1]) * (math.pi / (table.shape[1] - 1)))) / 2
    low, high = (table[:, int((levels < level).sum())] for level in (0.45, 0.55))
    # Padding repeats the border, so that a plain painting has one value along each direction.
    assert torch.allclose(low, table[:, 0], atol=0.02)
    assert torch.allclose(high, table[:, -1], atol=0.02)


@pytest.mark.parametrize("size", [(33, 129), (129, 33), (65, 17), (16, 145)])
def test_pictures_a_little_larger_than_their_tiles(size: tuple[int, int]) -> None:
    """What is left over is too little for a position of the deepest layer."""
    # Not `gaussian`: with fewer positions than channels the root of its covariance makes the last
    # bits of float32 show.
    settings = parse_settings({"optimiser": "lbfgs", "statistic": "gram"})
    content, style, image = (canvas(*size, seed) for seed in (1, 2, 3))
    whole, tiled = (
        objective(network(settings), content, [(style, 1.0)], settings, tile=tile)
        for tile in (0, 16)
    )
    assert error(tiled(image.pixels)[1], whole(image.pixels)[1]) < 1e-4


# -- the gradient ------------------------------------------------------------------------------


JOBS: list[dict[str, Any]] = [
    *({"statistic": statistic} for statistic in STATISTICS),
    {"statistic": "sliced", "optimiser": "lbfgs"},
    {"preset": "gatys2015"},
    {"preset": "tutorial"},
    {"style_layers": "conv1_1,conv5_1", "content_layers": "conv1_1:2,conv4_2"},
]


@pytest.mark.parametrize(
    ("opaque", "pooling"), [(True, "max"), (False, "average")], ids=["opaque", "alpha"]
)
@pytest.mark.parametrize("job", JOBS, ids=lambda job: " ".join(map(str, job.values())) or "sliced")
def test_gradient_in_three_by_three_tiles_is_that_of_the_whole(
    job: dict[str, Any], opaque: bool, pooling: str, device: torch.device
) -> None:
    """Of two paintings, in two steps: Adam's directions change between them.

    The sliced statistic puts values into cells, and one that lies on the border of two may be put
    into the other by the least rounding; this alone is worth some 1e-4. A covariance is a small
    difference of large float32 sums, whose order differs.
    """
    settings = parse_settings({**job, "pooling": pooling})
    slack = {"sliced": 1e-3, "gaussian": 5e-4}.get(settings.statistic, 1e-4)
    height, width = 145, 121
    assert len(split(height, width, 49, network(settings).layers)) == 9
    content = canvas(height, width, 1, None if opaque else see(height, width), device)
    one = canvas(100, 70, 2, device=device)
    two = canvas(61, 83, 3, None if opaque else see(61, 83), device)
    vgg = network(settings, device)
    whole, tiled = (
        objective(vgg, content, [(one, 0.3), (two, 0.7)], settings, tile=tile) for tile in (0, 49)
    )
    for seed in (4, 5):
        image = canvas(height, width, seed, device=device).pixels
        expected, found = whole(image), tiled(image)
        assert error(found[0], expected[0]) < slack / 5
        assert error(found[1], expected[1]) < slack


def test_gradient_with_emphasis_in_tiles_is_that_of_the_whole() -> None:
    settings = parse_settings({"statistic": "gaussian", "content_weight": 5})
    content, style, image = (canvas(145, 121, seed) for seed in (1, 2, 3))
    emphasis = 1 + 15 * canvas(145, 121, 4).pixels[:, :1]
    whole, tiled, plain = (
        objective(network(settings), content, [(style, 1.0)], settings, tile=tile, emphasis=some)(
            image.pixels
        )
        for tile, some in ((0, emphasis), (49, emphasis), (0, None))
    )
    assert error(tiled[0], whole[0]) < 1e-5
    assert error(tiled[1], whole[1]) < 1e-4
    assert error(plain[1], whole[1]) > 0.1


@pytest.mark.parametrize("optimiser", ["adam", "lbfgs"])
def test_gradient_in_tiles_of_a_sample_is_that_of_the_whole(
    optimiser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with pictures that have more points than are counted; for the slack see above."""
    monkeypatch.setattr(sliced, "SAMPLES", 1000)
    settings = parse_settings({"statistic": "sliced", "optimiser": optimiser})
    content, style = canvas(145, 121, 1, see(145, 121)), canvas(100, 70, 2)
    whole, tiled = (
        objective(network(settings), content, [(style, 1.0)], settings, tile=tile)
        for tile in (0, 49)
    )
    for seed in (4, 5):
        image = canvas(145, 121, seed).pixels
        expected, found = whole(image), tiled(image)
        assert error(found[0], expected[0]) < 1e-5
        assert error(found[1], expected[1]) < 1e-3
