"""The terms of the loss: each gradient is autograd's through a definition written down again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from neural_style import statistics
from neural_style.pixel_terms import CHROMA, VariationTerm
from neural_style.terms import (
    DIRECTIONS,
    POOL,
    SAMPLES,
    ContentTerm,
    GaussianTerm,
    GramTerm,
    SlicedTerm,
    Slices,
    StyleTerm,
)
from neural_style.tiles import Box
from plain import error

CHANNELS, POSITIONS, WEIGHT = 5, 143, 0.7
FORMULAS = ["relative", "gatys2015", "tutorial"]


def cloud(seed: int, count: int = POSITIONS) -> tuple[Tensor, Tensor]:
    """Points as features after a ReLU are; some of them count nothing."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(CHANNELS, CHANNELS, generator=generator)
    points = (torch.randn(count, CHANNELS, generator=generator) @ mixing + 0.3).relu()
    weight = (torch.rand(count, generator=generator) - 0.2).clamp_min(0)
    return points, weight / weight.sum()


def draw() -> Tensor:
    return torch.arange(3, 3 + DIRECTIONS)


def sliced_term() -> SlicedTerm:
    pool = statistics.random_directions(POOL, CHANNELS, torch.Generator().manual_seed(0))
    return SlicedTerm(WEIGHT, draw, pool)


TERMS: dict[str, Callable[[], StyleTerm]] = {
    **{f"gram {f}": lambda f=f: GramTerm(WEIGHT, f, POSITIONS) for f in FORMULAS},
    "gaussian": lambda: GaussianTerm(WEIGHT),
    "sliced": sliced_term,
}


def taught(name: str) -> StyleTerm:
    """A term that has learnt a style of two pictures, of 90 and 110 points."""
    term = TERMS[name]()
    for seed, count, share in ((1, 90, 0.25), (2, 110, 0.75)):
        points, weight = cloud(seed, count)
        term.learn(points, share * weight)
    term.finish()
    return term


def style() -> tuple[Tensor, Tensor]:
    (one, few), (two, many) = cloud(1, 90), cloud(2, 110)
    return torch.cat([one, two]).double(), torch.cat([0.25 * few, 0.75 * many]).double()


def look(term: StyleTerm, sizes: tuple[int, ...] = (POSITIONS,)) -> tuple[Tensor, Tensor]:
    """Value and gradient of a term for a cloud that comes in parts."""
    points, weight = cloud(3)
    parts = list(zip(points.split(sizes), weight.split(sizes), strict=True))
    term.begin()
    for part in parts:
        term.update(*part)
    term.compute()
    gradient = torch.cat([term.gradient(*part) for part in parts])
    assert torch.equal(points, cloud(3)[0])
    return term.value, gradient


def gram(points: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("n,nc,nd->cd", weight, points, points)


def gram_distance(points: Tensor, weight: Tensor, formula: str) -> Tensor:
    """Equation 4 of the paper and its kin; the painting's sums at the picture's positions."""
    own, other = POSITIONS * gram(points, weight), POSITIONS * gram(*style())
    if formula == "gatys2015":
        return (own - other).square().sum() / (4 * CHANNELS**2 * POSITIONS**2)
    if formula == "tutorial":
        return F.mse_loss(own, other) / (CHANNELS * POSITIONS)
    return (own - other).square().sum() / other.square().sum()


def gaussian_distance(points: Tensor, weight: Tensor) -> Tensor:
    (mean, covariance), (other, goal) = (
        (w @ p, gram(p, w) - torch.outer(w @ p, w @ p)) for p, w in ((points, weight), style())
    )
    values, vectors = torch.linalg.eigh(goal)
    root = (vectors * values.sqrt()) @ vectors.T
    cross = torch.linalg.eigvalsh(root @ covariance @ root).sqrt().sum()
    distance = (mean - other).square().sum() + (covariance + goal).trace() - 2 * cross
    return distance / gram(*style()).trace()


def autograd(function: Callable[[Tensor], Tensor], at: Tensor) -> tuple[Tensor, Tensor]:
    at = at.double().requires_grad_()
    value = WEIGHT * function(at)
    return value.detach(), torch.autograd.grad(value, at)[0]


@pytest.mark.parametrize("formula", FORMULAS)
def test_gram(formula: str) -> None:
    points, weight = cloud(3)
    expected = autograd(lambda p: gram_distance(p, weight.double(), formula), points)
    found = look(taught(f"gram {formula}"))
    assert error(found[0], expected[0]) < 1e-5
    assert error(found[1], expected[1]) < 1e-5


def test_gaussian() -> None:
    points, weight = cloud(3)
    expected = autograd(lambda p: gaussian_distance(p, weight.double()), points)
    found = look(taught("gaussian"))
    assert error(found[0], expected[0]) < 1e-4
    assert error(found[1], expected[1]) < 1e-4


def test_sliced_is_the_mean_way_along_the_directions_drawn() -> None:
    """Where the points go counts as constant; how well it is found is asked below."""
    term = taught("sliced")
    assert isinstance(term, SlicedTerm)
    found = look(term)
    points, weight = (x.double() for x in cloud(3))
    pool = statistics.random_directions(POOL, CHANNELS, torch.Generator().manual_seed(0))
    directions = pool[draw()].double()
    centre, scale = (x[draw(), None].double() for x in (term.slices.centre, term.slices.scale))
    values = (directions @ points.T - centre) / scale
    goal = term.slices.goal.double().gather(1, statistics.cells(values.float())) * scale + centre
    size = style()[1] @ style()[0].square().mean(1)

    def distance(points: Tensor) -> Tensor:
        return ((directions @ points.T - goal).square() @ weight).mean() / size

    expected = autograd(distance, points)
    assert error(found[0], expected[0]) < 1e-4
    assert error(found[1], expected[1]) < 1e-4


@pytest.mark.parametrize("name", TERMS)
def test_parts_of_a_picture_are_as_good_as_the_whole(name: str) -> None:
    term = taught(name)
    value, gradient = look(term)
    for sizes in ((50, 1, 92), (0, POSITIONS), (13,) * 11):
        in_parts = look(term, sizes)
        assert error(in_parts[0], value) < 1e-5
        assert error(in_parts[1], gradient) < 1e-4


@pytest.mark.parametrize("name", TERMS)
def test_points_without_weight_are_not_pulled_and_pull_nobody(name: str) -> None:
    term, weight = taught(name), cloud(3)[1]
    gradient = look(term)[1]
    assert (gradient[weight == 0] == 0).all()
    assert (gradient[weight > 0] != 0).any(1).all()


@pytest.mark.parametrize("formula", FORMULAS)
def test_content(formula: str) -> None:
    """Equation 1, the walk-through's mean, and that relative to the photo's own size."""
    height, width = 11, 13
    (photo, _), (points, weight) = cloud(1), cloud(3)
    term = ContentTerm(WEIGHT, formula, torch.full((1, CHANNELS, height, width), torch.nan))
    whole = Box(0, 0, height, width)
    places = torch.arange(POSITIONS).view(height, width)
    parts = [
        (box, box.of(places).flatten())
        for side in (Box(0, 0, height, 4), Box(0, 4, height, width))
        for box in side.strips(5)
    ]
    for box, own in parts:
        term.learn(photo[own], weight[own], box)
    term.finish()

    def distance(points: Tensor) -> Tensor:
        squares = (points - photo).square().sum(1) @ weight.double()
        if formula == "gatys2015":
            return squares * POSITIONS / 2
        if formula == "tutorial":
            return squares / CHANNELS
        return squares / (photo.double().square().sum(1) @ weight.double())

    expected = autograd(distance, points)
    for some in (parts, [(whole, places.flatten())]):
        term.begin()
        found = torch.zeros_like(points)
        for box, own in some:
            found[own] = term.gradient(points[own], weight[own], box)
        assert error(term.value, expected[0]) < 1e-5
        assert error(found, expected[1]) < 1e-5


# -- transport by histograms -------------------------------------------------------------------


def equal(count: int) -> Tensor:
    return torch.full((count,), 1 / count)


def sliced(values: Tensor, targets: Tensor, sample: int | None = None) -> tuple[Tensor, Tensor]:
    """Value and gradient at the values, whose cells are counted in a sample of them."""
    rows = torch.arange(len(values))
    slices = Slices([targets], equal(targets.shape[1]), lambda: rows)
    standard = (values - slices.centre[:, None]) / slices.scale[:, None]
    counted = standard[:, :sample]
    slices.begin()
    slices.update(counted.clone(), equal(counted.shape[1]))
    slices.compute()
    pull = slices.gradient(standard, equal(values.shape[1]))
    return slices.value, pull * (2 * slices.scale[:, None] / len(values))


def by_sorting(values: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The same, exactly, of as many values as targets."""
    order = values.argsort(1)
    goal = torch.empty_like(values).scatter_(1, order, targets.sort(1).values)
    way = values - goal
    return way.square().mean(), way * (2 / values.numel())


SHAPES: dict[str, Callable[[Tensor], Tensor]] = {
    "gaussian": lambda x: x,
    "skewed": torch.exp,
    "heavy tails": lambda x: x**3,
}


@pytest.mark.parametrize(
    ("width", "shift"), [(1 / 30, 0.5), (0.7, 0.5), (30, 0.5), (0.1, 10), (0.7, -10), (30, 10)]
)
@pytest.mark.parametrize("kind", SHAPES)
def test_sliced_is_within_one_percent_of_sorting(kind: str, width: float, shift: float) -> None:
    """Also far off the target, and much narrower or wider than it.

    The gradient is less exact, as values of one cell go to one place.
    """
    torch.manual_seed(0)
    targets, values = (SHAPES[kind](torch.randn(8, 20_000)) for _ in range(2))
    values = width * values + shift * targets.std()
    found, expected = sliced(values, targets), by_sorting(values, targets)
    assert float(found[0]) == pytest.approx(float(expected[0]), rel=0.01)
    assert error(found[1], expected[1]) < 0.1


def test_sliced_gradient_is_that_of_sorting() -> None:
    torch.manual_seed(0)
    values, targets = torch.randn(4, 5000), 0.7 * torch.randn(4, 5000) + 0.5
    assert error(sliced(values, targets)[1], by_sorting(values, targets)[1]) < 0.01


@pytest.mark.parametrize("kind", ["gaussian", "behind a ReLU"])
def test_a_sample_of_a_million_points_is_within_one_percent_of_all(kind: str) -> None:
    """Of light tails: with heavy ones the loss itself hangs on a few points (see SHAPES)."""
    torch.manual_seed(0)
    targets, values = torch.randn(4, 1_000_000), 0.7 * torch.randn(4, 1_000_000) + 0.5
    if kind == "behind a ReLU":
        targets, values = targets.relu(), values.relu()
    found, expected = sliced(values, targets, SAMPLES), by_sorting(values, targets)
    assert float(found[0]) == pytest.approx(float(expected[0]), rel=0.01)
    assert error(found[1], expected[1]) < 0.02


def test_sliced_to_itself_is_nothing() -> None:
    values = torch.randn(4, 3000)
    assert float(sliced(values, values)[0]) < 1e-4 * float(values.var())


# -- terms of the pixels -----------------------------------------------------------------------


def picture(height: int, width: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, height // 4, width // 4, generator=generator)
    return F.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)


def see(height: int, width: int, *, opaque: bool) -> Tensor:
    visible = torch.ones(1, 1, height, width)
    if not opaque:
        visible[..., 20:] = 0.5
        visible[..., 9:, 30:] = 0
    return visible


@pytest.mark.parametrize("points", [1, 100, 10**6])
@pytest.mark.parametrize("opaque", [True, False])
def test_variation(opaque: bool, points: int) -> None:
    image, visible = picture(31, 45, 3), see(31, 45, opaque=opaque)
    start = 1e-5 * torch.randn(image.shape)
    gradient = start.clone()
    value = VariationTerm(WEIGHT, visible, points).gradient(image, gradient)

    def distance(image: Tensor) -> Tensor:
        squares = torch.zeros((), dtype=torch.double)
        for axis in (2, 3):
            seen = visible.unfold(axis, 2, 1).min(-1).values
            difference = image.diff(dim=axis)
            grey = difference.mean(1, keepdim=True)
            squares = squares + (3 * grey.square() * seen).sum()
            squares = squares + CHROMA * ((difference - grey).square() * seen).sum()
        return squares / (3 * visible.sum())

    expected = autograd(distance, image)
    assert error(value, expected[0]) < 1e-5
    assert error(gradient - start, expected[1]) < 1e-4


def test_noise_of_colour_counts_more() -> None:
    grey, red = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
    grey[..., ::2, :] = 0.1
    red[:, 0, ::2] = 0.1 * 3**0.5  # as far apart as the greys
    term = VariationTerm(1.0, torch.ones(1, 1, 8, 8), 20)
    less, more = (float(term.gradient(x, torch.zeros_like(x))) for x in (grey, red))
    assert more == pytest.approx(less * (1 + 2 * CHROMA) / 3, rel=1e-4)


def test_total_variation_is_a_mean_over_visible_pixels() -> None:
    def total_variation(image: Tensor, visible: Tensor) -> float:
        return float(VariationTerm(1.0, visible, 20).gradient(image, torch.zeros_like(image)))

    ramp = torch.arange(10.0).expand(1, 3, 8, 10) / 10
    expected = 8 * 9 * 0.1**2 / 80
    assert total_variation(ramp, torch.ones(1, 1, 8, 10)) == pytest.approx(expected, rel=1e-4)
    visible = torch.ones(1, 1, 8, 10)
    visible[..., 5:] = 0
    half = ramp.clone()
    half[..., 5:] = 99
    assert total_variation(half, visible) == pytest.approx(8 * 4 * 0.1**2 / 40, rel=1e-4)


def test_variation_is_relative_to_the_paintings() -> None:
    """The mean of the paintings' own variation, by share, is what counts as one."""
    painting, visible = torch.rand(1, 3, 23, 31), torch.ones(1, 1, 23, 31)
    term = VariationTerm(WEIGHT, visible, 100)
    term.learn(painting, visible, 0.75)
    term.learn(2 * painting, visible, 0.25)
    term.finish()
    value = term.gradient(painting, torch.zeros_like(painting))
    assert float(value) == pytest.approx(WEIGHT / (0.75 + 0.25 * 4), rel=1e-4)
