"""The match term: patches and their nearest, once more in plain loops."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neural_style.matching import (
    MATCHES,
    REFRESH,
    STRIDE,
    MatchTerm,
    NeighbourTerm,
    mirrored,
    spaced,
)
from neural_style.pixel_terms import PATCH, shrunk
from neural_style.tiles import Box
from plain import error

WEIGHT = 3.0


def picture(seed: int, height: int, width: int) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def all_visible(image: Tensor) -> Tensor:
    return torch.ones_like(image[:, :1])


def taught(
    visible: Tensor,
    *paintings: Tensor,
    points: int = 10_000,
    shrink: int = 1,
    refresh: float = REFRESH,
) -> MatchTerm:
    generator = torch.Generator().manual_seed(0)
    term = MatchTerm(WEIGHT, generator, visible, points, torch.float32, shrink, refresh)
    for painting in paintings:
        term.learn(painting, all_visible(painting), 1 / len(paintings))
    term.finish()
    return term


def look(term: MatchTerm, image: Tensor, phase: float = 0.0) -> tuple[Tensor, Tensor]:
    gradient = torch.zeros_like(image)
    return term.gradient(image, gradient, phase), gradient


def patches_of(image: Tensor) -> Tensor:
    """All patches, shape (N, 3 PATCH^2)."""
    windows = image[0].unfold(1, PATCH, 1).unfold(2, PATCH, 1)
    return windows.flatten(1, 2).transpose(0, 1).flatten(1)


def mean_of_nearest(image: Tensor, visible: Tensor, style: Tensor, top: int, left: int) -> Tensor:
    """Each pixel's mean over the patches of a grid, in the picture mirrored at its border."""
    height, width = image.shape[2:]
    lines, columns = (mirrored(-PATCH, side + PATCH, side) for side in (height, width))
    wide, seen = (x[..., lines, :][..., columns] for x in (image, visible))
    style = patches_of(style)
    total, count = torch.zeros_like(wide), torch.zeros_like(seen)
    for y in range(top + 1, height + PATCH, STRIDE):
        for x in range(left + 1, width + PATCH, STRIDE):
            place = (..., slice(y, y + PATCH), slice(x, x + PATCH))
            distance = (style - wide[place].flatten()).square().sum(1)
            nearest = style[distance.argmin()].view(1, 3, PATCH, PATCH)
            weight = seen[place].min()
            total[place] += weight * nearest
            count[place] += weight
    return (total / count)[..., PATCH : PATCH + height, PATCH : PATCH + width]


@pytest.mark.parametrize("opaque", [True, False])
@pytest.mark.parametrize("points", [1, 200, 10_000])
@pytest.mark.parametrize(("shrink", "phase"), [(1, 0.0), (1, 0.7), (2, 0.99)])
def test_pixels_are_pulled_to_the_mean_of_the_nearest_patches(
    opaque: bool, points: int, shrink: int, phase: float
) -> None:
    image, style = picture(1, 37, 52), picture(2, 36, 30)
    visible = all_visible(image)
    if not opaque:
        visible[..., :12] = 0
        visible[..., 12:30] = 0.5
    small, seen, painting = (shrunk(x, shrink) for x in (image, visible, style))
    target = mean_of_nearest(small, seen, painting, *divmod(int(phase * STRIDE**2), STRIDE))
    variance = (patches_of(painting) - patches_of(painting).mean(0)).square().mean()

    pixels = image.clone().requires_grad_()
    target = torch.where(target.isnan(), small, target).mul(255).round() / 255
    difference = (shrunk(pixels, shrink) - target).square()
    expected = WEIGHT * (difference * seen).sum() / (3 * seen.sum()) / variance
    slope = torch.autograd.grad(expected, pixels)[0]

    value, gradient = look(taught(visible, style, points=points, shrink=shrink), image, phase)
    assert error(value, expected.detach()) < 1e-4
    # Where two ways of adding round to different bytes.
    assert error(gradient, slope) < 1e-3


def test_the_painting_itself_is_left_alone() -> None:
    """But for its border, whose mirrored patches it does not have."""
    painting = picture(1, 48, 64)
    _, own = look(taught(all_visible(painting), painting), painting)
    _, other = look(taught(all_visible(painting), picture(2, 48, 64)), painting)
    inner = (..., slice(PATCH, -PATCH), slice(PATCH, -PATCH))
    assert own[inner].norm() < 1e-2 * other[inner].norm()


def test_bfloat16_finds_about_the_same() -> None:
    image, style = picture(1, 64, 64), picture(2, 64, 64)
    full = taught(all_visible(image), style)
    value, _ = look(full, image)
    half = MatchTerm(
        WEIGHT, torch.Generator().manual_seed(0), all_visible(image), 10_000, torch.bfloat16, 1
    )
    half.learn(style, all_visible(style), 1.0)
    half.finish()
    assert look(half, image)[0] == pytest.approx(float(value), rel=0.02)


def test_matches_are_held_and_found_anew() -> None:
    one, other, style = (picture(seed, 32, 32) for seed in (1, 2, 3))
    term = taught(all_visible(one), style)
    look(term, one)
    held = term.target
    for _ in range(REFRESH - 1):
        look(term, other)
        assert term.target is held
    look(term, other)
    assert not torch.equal(term.target, held)


def test_for_lbfgs_they_are_never_found_anew() -> None:
    one, style = picture(1, 32, 32), picture(3, 32, 32)
    term = taught(all_visible(one), style, refresh=math.inf)
    look(term, one)
    held = term.target
    for _ in range(2 * REFRESH):
        look(term, one, phase=0.5)
    assert term.target is held


def test_transparent_parts_of_a_painting_are_no_match() -> None:
    painting = picture(1, 40, 40)
    visible = all_visible(painting)
    visible[..., 20:] = 0
    painting[..., 20:] = 7
    term = MatchTerm(WEIGHT, torch.Generator(), all_visible(painting), 1000, torch.float32, 1)
    term.learn(painting, visible, 1.0)
    term.finish()
    assert term.patches.max() <= 1
    assert len(term.patches) == (40 - PATCH + 1) * (20 - PATCH + 1)


def test_paintings_give_as_many_patches_as_their_share() -> None:
    bright, dark = torch.ones(1, 3, 128, 128), torch.zeros(1, 3, 128, 128)
    term = MatchTerm(WEIGHT, torch.Generator(), all_visible(dark), 1000, torch.float32, 1)
    term.learn(bright, all_visible(bright), 0.25)
    term.learn(dark, all_visible(dark), 0.75)
    term.finish()
    assert len(term.patches) == MATCHES
    assert term.patches.mean() == pytest.approx(0.25)


class TestNeighbourTerm:
    def cloud(self, seed: int, count: int) -> Tensor:
        return torch.randn(count, 5, generator=torch.Generator().manual_seed(seed))

    def taught(self, *paintings: Tensor, refresh: float = REFRESH) -> NeighbourTerm:
        """For a layer of 6 x 4 positions."""
        generator = torch.Generator().manual_seed(0)
        device = torch.device("cpu")
        term = NeighbourTerm(WEIGHT, generator, 6, 4, device, torch.float32, refresh)
        for points in paintings:
            weight = torch.full((len(points),), 1 / len(points) / len(paintings))
            term.learn(points, weight)
        term.finish()
        return term

    def look(self, term: NeighbourTerm, points: Tensor, rows: int = 6) -> tuple[Tensor, Tensor]:
        """Value and gradient at points that all count the same, `rows` rows at a time."""
        term.begin()
        pulls = []
        for part in Box(0, 0, 6, 4).strips(rows):
            own = points[4 * part.top : 4 * part.bottom]
            pulls.append(term.gradient(own, torch.full((len(own),), 1 / 24), part))
        return term.value, torch.cat(pulls)

    @pytest.mark.parametrize("rows", [1, 4, 6])
    def test_points_are_pulled_to_the_nearest(self, rows: int) -> None:
        style, points = self.cloud(1, 300), self.cloud(2, 24)
        nearest = style[torch.cdist(points, style).argmin(1)]
        variance = (style - style.mean(0)).square().sum(1).mean()
        moved = points.clone().requires_grad_()
        expected = WEIGHT * (moved - nearest).square().sum(1).mean() / variance
        slope = torch.autograd.grad(expected, moved)[0]
        value, gradient = self.look(self.taught(style), points, rows)
        assert error(value, expected.detach()) < 1e-5
        assert error(gradient, slope) < 1e-5

    def test_the_painting_itself_is_left_alone(self) -> None:
        style = self.cloud(1, 300)
        value, gradient = self.look(self.taught(style), style[:24])
        assert value == 0
        assert not gradient.any()

    @pytest.mark.parametrize(("refresh", "kept"), [(REFRESH, REFRESH), (math.inf, 3 * REFRESH)])
    def test_matches_are_held(self, refresh: float, kept: int) -> None:
        style, one, other = self.cloud(1, 300), self.cloud(2, 24), self.cloud(3, 24)
        term = self.taught(style, refresh=refresh)
        self.look(term, one)
        held = term.matches.clone()
        for _ in range(kept - 1):
            self.look(term, other)
            assert torch.equal(term.matches, held)
        self.look(term, other)
        assert torch.equal(term.matches, held) == math.isinf(refresh)

    def test_paintings_give_as_many_features_as_they_count(self) -> None:
        term = self.taught(self.cloud(1, 100) - 50, self.cloud(2, 5000) + 50)
        assert len(term.features) == 5100
        many = self.taught(torch.zeros(20_000, 5), torch.ones(60_000, 5))
        assert len(many.features) == MATCHES
        assert many.features.mean() == pytest.approx(0.5, abs=0.001)

    def test_tiles_choose_the_same_features(self) -> None:
        """But for a few that rounding swaps with their neighbours on the line."""
        points = self.cloud(1, 30_000)
        turned = points[torch.randperm(len(points))]
        one, other = self.taught(points).features, self.taught(turned).features
        assert (one == other).all(1).float().mean() > 0.99

    def test_transparent_parts_of_a_painting_are_no_match(self) -> None:
        term = NeighbourTerm(WEIGHT, torch.Generator(), 6, 4, torch.device("cpu"), torch.float32)
        term.learn(torch.tensor([[0.0], [1.0], [9.0]]), torch.tensor([0.5, 0.5, 0.0]))
        term.finish()
        assert term.features.max() == 1


def test_spaced() -> None:
    values, weight = torch.tensor([5.0, 1, 3, 2, 4]), torch.tensor([1.0, 1, 1, 0, 1])
    assert spaced(values, weight, 4).tolist() == [1, 2, 4, 0]
    assert spaced(values, weight, 2).tolist() == [1, 4]
    assert spaced(values, torch.tensor([0.0, 0, 1, 0, 3]), 9).tolist() == [2, 4]


@given(st.integers(2, 50), st.data())
def test_mirrored(length: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(1 - length, length))
    stop = data.draw(st.integers(start, 2 * length - 1))
    line = list(range(length))
    around = line[:0:-1] + line + line[-2::-1]
    assert mirrored(start, stop, length).tolist() == around[start + length - 1 : stop + length - 1]
