"""The losses: each gradient is autograd's through a definition written down again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from neural_style import statistics
from neural_style.canvas import Canvas
from neural_style.losses import (
    ContentLoss,
    FeatureLoss,
    GaussianLoss,
    GramLoss,
    SlicedWassersteinLoss,
    TotalVariationLoss,
    content_losses,
    pixel_losses,
    style_losses,
    total_variation,
)
from neural_style.losses.sliced import DIRECTIONS, POOL, SAMPLES, Slices
from neural_style.losses.total_variation import CHROMA
from neural_style.sampling import Sampling
from neural_style.settings import Formula, parse_settings
from neural_style.tiles import Box, Features
from plain import error

CPU = torch.device("cpu")
CHANNELS, HEIGHT, WIDTH, WEIGHT = 5, 11, 13, 0.7
POSITIONS = HEIGHT * WIDTH
FORMULAS: list[Formula] = ["relative", "gatys2015", "tutorial"]


def cloud(seed: int, count: int = POSITIONS) -> tuple[Tensor, Tensor]:
    """Values as features after a ReLU are, and how much each counts; some count nothing."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(CHANNELS, CHANNELS, generator=generator)
    values = (torch.randn(count, CHANNELS, generator=generator) @ mixing + 0.3).relu()
    weight = (torch.rand(count, generator=generator) - 0.2).clamp_min(0)
    return values, weight / weight.sum()


def features(
    values: Tensor, weight: Tensor, device: torch.device = CPU, box: Box | None = None
) -> Features:
    """A part of a layer of HEIGHT times WIDTH positions; all of it without a box."""
    box = box or Box(0, 0, HEIGHT, WIDTH)
    return Features(
        values=values.to(device),
        weight=weight.to(device),
        rows=range(box.top, box.bottom),
        columns=range(box.left, box.right),
        height=HEIGHT,
        width=WIDTH,
        dtype=torch.float32,
    )


def sampling(device: torch.device = CPU) -> Sampling:
    return Sampling(seed=0, device=device, fixed=True)


STYLE_LOSSES: dict[str, Callable[[torch.device], FeatureLoss]] = {
    **{
        f"gram {formula}": lambda _, formula=formula: GramLoss(
            layer="conv3_1", weight=WEIGHT, formula=formula
        )
        for formula in FORMULAS
    },
    "gaussian": lambda _: GaussianLoss(layer="conv3_1", weight=WEIGHT),
    "sliced": lambda device: SlicedWassersteinLoss(
        layer="conv3_1", weight=WEIGHT, sampling=sampling(device)
    ),
}


def taught(name: str, device: torch.device = CPU) -> FeatureLoss:
    """A loss that has seen a style of two pictures, of 90 and 110 positions."""
    loss = STYLE_LOSSES[name](device)
    for seed, count, share in ((1, 90, 0.25), (2, 110, 0.75)):
        loss.update_style(features(*cloud(seed, count), device), share)
    loss.update_content(features(*cloud(4), device))
    loss.compute_targets()
    return loss


def style() -> tuple[Tensor, Tensor]:
    (one, few), (two, many) = cloud(1, 90), cloud(2, 110)
    return torch.cat([one, two]).double(), torch.cat([0.25 * few, 0.75 * many]).double()


def step(
    loss: FeatureLoss, sizes: tuple[int, ...] = (POSITIONS,), device: torch.device = CPU
) -> tuple[Tensor, Tensor]:
    """Value and gradient of a loss for a cloud that comes in parts."""
    values, weight = cloud(3)
    parts = [
        features(*part, device)
        for part in zip(values.split(sizes), weight.split(sizes), strict=True)
    ]
    loss.reset()
    for part in parts:
        loss.update(part)
    loss.compute()
    gradient = torch.cat([loss.gradient(part) for part in parts])
    assert torch.equal(torch.cat([part.values for part in parts]).cpu(), values)  # only lent
    return loss.value, gradient


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
def test_gram(formula: str, device: torch.device) -> None:
    values, weight = cloud(3)
    expected = autograd(lambda v: gram_distance(v, weight.double(), formula), values)
    found = step(taught(f"gram {formula}", device), device=device)
    assert error(found[0], expected[0]) < 1e-5
    assert error(found[1], expected[1]) < 1e-5


def test_gaussian(device: torch.device) -> None:
    values, weight = cloud(3)
    expected = autograd(lambda v: gaussian_distance(v, weight.double()), values)
    found = step(taught("gaussian", device), device=device)
    # Of the noise and the floor that keep it from being singular.
    assert error(found[0], expected[0]) < 1e-3
    assert error(found[1], expected[1]) < 1e-3


def test_sliced_is_the_mean_way_along_the_directions_drawn(device: torch.device) -> None:
    """Where the values go counts as constant; how well it is found is asked below."""
    loss = taught("sliced", device)
    assert isinstance(loss, SlicedWassersteinLoss)
    found = step(loss, device=device)
    values, weight = (x.double() for x in cloud(3))
    pool = statistics.random_directions(POOL, CHANNELS, sampling().generator("conv3_1"))
    directions = pool[:DIRECTIONS].double()
    slices = loss.slices
    centre, scale = (x[:DIRECTIONS, None].cpu().double() for x in (slices.centre, slices.scale))
    cells = statistics.cells(((directions @ values.T - centre) / scale).float())
    goal = slices.goal.cpu().double().gather(1, cells) * scale + centre
    size = style()[1] @ style()[0].square().mean(1)

    def distance(values: Tensor) -> Tensor:
        return ((directions @ values.T - goal).square() @ weight).mean() / size

    expected = autograd(distance, values)
    assert error(found[0], expected[0]) < 1e-4
    assert error(found[1], expected[1]) < 1e-4


@pytest.mark.parametrize("name", STYLE_LOSSES)
def test_parts_of_a_picture_are_as_good_as_the_whole(name: str, device: torch.device) -> None:
    loss = taught(name, device)
    value, gradient = step(loss, device=device)
    for sizes in ((50, 1, 92), (0, POSITIONS), (13,) * 11):
        in_parts = step(loss, sizes, device)
        assert error(in_parts[0], value) < 1e-5
        assert error(in_parts[1], gradient) < 1e-4


@pytest.mark.parametrize("name", STYLE_LOSSES)
def test_positions_without_weight_have_no_gradient_and_change_nobodys(name: str) -> None:
    loss, weight = taught(name), cloud(3)[1]
    gradient = step(loss)[1]
    assert (gradient[weight == 0] == 0).all()
    assert (gradient[weight > 0] != 0).any(1).all()


@pytest.mark.parametrize("formula", FORMULAS)
def test_content(formula: Formula, device: torch.device) -> None:
    """Equation 1, the walk-through's mean, and that relative to the content's own size."""
    (content, _), (values, weight) = cloud(1), cloud(3)
    loss = ContentLoss(layer="conv3_1", weight=WEIGHT, formula=formula)
    places = torch.arange(POSITIONS).view(HEIGHT, WIDTH)
    parts = [
        (box, box.of(places).flatten())
        for side in (Box(0, 0, HEIGHT, 4), Box(0, 4, HEIGHT, WIDTH))
        for box in side.strips(5)
    ]
    for box, own in parts:
        loss.update_content(features(content[own], weight[own], device, box))
    loss.compute_targets()

    def distance(values: Tensor) -> Tensor:
        squares = (values - content).square().sum(1) @ weight.double()
        if formula == "gatys2015":
            return squares * POSITIONS / 2
        if formula == "tutorial":
            return squares / CHANNELS
        return squares / (content.double().square().sum(1) @ weight.double())

    expected = autograd(distance, values)
    for some in (parts, [(Box(0, 0, HEIGHT, WIDTH), places.flatten())]):
        loss.reset()
        found = torch.zeros_like(values)
        for box, own in some:
            found[own] = loss.gradient(features(values[own], weight[own], device, box)).cpu()
        assert error(loss.value, expected[0]) < 1e-5
        assert error(found, expected[1]) < 1e-5


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {ContentLoss: 2, GaussianLoss: 5, TotalVariationLoss: 1}),
        (
            {"statistic": "sliced"},
            {ContentLoss: 2, SlicedWassersteinLoss: 5, TotalVariationLoss: 1},
        ),
        ({"preset": "gatys2015"}, {ContentLoss: 1, GramLoss: 5}),
        (
            {"preset": "tutorial", "tv_weight": 1},
            {ContentLoss: 1, GramLoss: 5, TotalVariationLoss: 1},
        ),
    ],
)
def test_settings_say_which_losses_there_are(
    values: dict[str, Any], expected: dict[type, int]
) -> None:
    settings = parse_settings(values)
    losses = [
        *content_losses(settings),
        *style_losses(settings, sampling()),
        *pixel_losses(settings),
    ]
    assert {kind: sum(type(one) is kind for one in losses) for kind in expected} == expected
    assert len(losses) == sum(expected.values())
    layers = [one.layer for one in losses if isinstance(one, FeatureLoss)]
    assert layers == [*settings.content_layers, *settings.style_layers]
    # The literal formulas do not divide the layers' weights by their sum.
    weights = sum(one.weight for one in losses if isinstance(one, FeatureLoss))
    relative = settings.content_weight + settings.style_weight
    literal = {"gatys2015": 3e-6 + 1, "tutorial": 1 + 2e6}.get(settings.formula, relative)
    assert weights == pytest.approx(literal)


# -- transport by histograms -------------------------------------------------------------------


def equal(count: int) -> Tensor:
    return torch.full((count,), 1 / count)


def sliced(values: Tensor, targets: Tensor, sample: int | None = None) -> tuple[Tensor, Tensor]:
    """Value and gradient at the values, whose cells are counted in a sample of them."""
    slices = Slices([targets], equal(targets.shape[1]))
    standard = (values - slices.centre[:, None]) / slices.scale[:, None]
    counted = standard[:, :sample]
    slices.reset(torch.arange(len(values)))
    slices.update(counted, equal(counted.shape[1]))
    slices.compute()
    value, half = slices.loss_and_gradient(standard, equal(values.shape[1]))
    return value, half * (2 * slices.scale[:, None] / len(values))


def by_sorting(values: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The same, exactly, of as many values as targets."""
    order = values.argsort(1)
    goal = torch.empty_like(values).scatter_(1, order, targets.sort(1).values)
    difference = values - goal
    return difference.square().mean(), difference * (2 / values.numel())


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


# -- of the pixels -----------------------------------------------------------------------------


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


def variation(visible: Tensor, weight: float = 1.0) -> TotalVariationLoss:
    """The loss of a picture of that size, not relative to any style."""
    loss = TotalVariationLoss(weight=weight, relative=False)
    loss.update_content(Canvas(torch.rand(1, 3, *visible.shape[2:]), visible))
    loss.compute_targets()
    return loss


@pytest.mark.parametrize("rows", [1, 3, 10**6])
@pytest.mark.parametrize("opaque", [True, False])
def test_total_variation(
    opaque: bool, rows: int, device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In strips of so many rows."""
    monkeypatch.setattr(total_variation, "chunk", lambda _: 16 * 45 * rows)
    image, visible = picture(31, 45, 3), see(31, 45, opaque=opaque)
    start = 1e-5 * torch.randn(image.shape)
    gradient = start.to(device, copy=True)
    loss = variation(visible.to(device), WEIGHT)
    value = loss.loss_and_gradient(image.to(device), gradient)

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
    assert error(gradient.cpu() - start, expected[1]) < 1e-4


def test_noise_of_colour_counts_more() -> None:
    grey, red = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
    grey[..., ::2, :] = 0.1
    red[:, 0, ::2] = 0.1 * 3**0.5  # as far apart as the greys
    loss = variation(torch.ones(1, 1, 8, 8))
    less, more = (float(loss.loss_and_gradient(x, torch.zeros_like(x))) for x in (grey, red))
    assert more == pytest.approx(less * (1 + 2 * CHROMA) / 3, rel=1e-4)


def test_total_variation_is_a_mean_over_visible_pixels() -> None:
    def value(image: Tensor, visible: Tensor) -> float:
        return float(variation(visible).loss_and_gradient(image, torch.zeros_like(image)))

    ramp = torch.arange(10.0).expand(1, 3, 8, 10) / 10
    expected = 8 * 9 * 0.1**2 / 80
    assert value(ramp, torch.ones(1, 1, 8, 10)) == pytest.approx(expected, rel=1e-4)
    visible = torch.ones(1, 1, 8, 10)
    visible[..., 5:] = 0
    half = ramp.clone()
    half[..., 5:] = 99
    assert value(half, visible) == pytest.approx(8 * 4 * 0.1**2 / 40, rel=1e-4)


def test_total_variation_is_relative_to_the_styles() -> None:
    """The mean of the styles' own variation, by share, is what counts as one."""
    image, visible = torch.rand(1, 3, 23, 31), torch.ones(1, 1, 23, 31)
    loss = TotalVariationLoss(weight=WEIGHT, relative=True)
    loss.update_style(Canvas(image, visible), 0.75)
    loss.update_style(Canvas(2 * image, visible), 0.25)
    loss.update_content(Canvas(image, visible))
    loss.compute_targets()
    value = loss.loss_and_gradient(image, torch.zeros_like(image))
    assert float(value) == pytest.approx(WEIGHT / (0.75 + 0.25 * 4), rel=1e-4)
