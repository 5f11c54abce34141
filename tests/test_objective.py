"""The loss: the literal formulas against a few independent lines, the relative one by its laws."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import plain
from neural_style.canvas import Canvas
from neural_style.losses import STRENGTH_STEP
from neural_style.network import VGG, Weights, load_weights
from neural_style.objective import Objective
from neural_style.settings import Settings, parse_settings
from plain import STATISTICS, canvas, error, features, network


def seen(image: Tensor, settings: Settings) -> dict[str, Tensor]:
    """The features once more, in double precision and for autograd."""
    layers = {*settings.content_layers, *settings.style_layers}
    return features(load_weights("compact"), image, layers, settings.pooling)


def objective(
    content: Canvas, styles: list[tuple[Canvas, float]], settings: Settings, seed: int = 0
) -> Objective:
    vgg = network(settings, content.pixels.device)
    return plain.objective(vgg, content, styles, settings, seed=seed)


def test_gatys2015_is_the_papers_formula(device: torch.device) -> None:
    """Equations 1, 3, 4, 5 and 7, written down again."""
    settings = parse_settings({"preset": "gatys2015"})
    content, style, image = (canvas(40, 56, seed, device=device) for seed in (1, 2, 3))
    pixels = image.pixels.cpu().double().requires_grad_()
    f, p, s = (seen(x, settings) for x in (pixels, content.pixels.cpu(), style.pixels.cpu()))
    content_loss = 0.5 * ((f["conv4_2"] - p["conv4_2"]) ** 2).sum()
    style_loss = torch.zeros((), dtype=torch.double)
    for layer in ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"):
        n, m = f[layer].shape[1], f[layer].shape[2] * f[layer].shape[3]
        g = f[layer].reshape(n, m) @ f[layer].reshape(n, m).T
        a = s[layer].reshape(n, m) @ s[layer].reshape(n, m).T
        style_loss = style_loss + 1 / 5 * ((g - a) ** 2).sum() / (4 * n**2 * m**2)
    expected = settings.content_weight * content_loss + settings.style_weight * style_loss
    value, gradient = objective(content, [(style, 1.0)], settings)(image.pixels)
    assert error(value, expected.detach()) < 1e-4
    assert error(gradient, torch.autograd.grad(expected, pixels)[0]) < 1e-4


def test_tutorial_is_the_walk_throughs_formula(device: torch.device) -> None:
    settings = parse_settings({"preset": "tutorial"})
    content, style, image = (canvas(40, 56, seed, device=device) for seed in (1, 2, 3))
    pixels = image.pixels.cpu().double().requires_grad_()

    def gram(features: Tensor) -> Tensor:
        _, d, h, w = features.shape
        return torch.mm(features.view(d, h * w), features.view(d, h * w).t())

    weights = {"conv1_1": 0.75, "conv2_1": 0.5, "conv3_1": 0.25, "conv4_1": 0.25, "conv5_1": 0.25}
    target, photo, painting = (
        seen(x, settings) for x in (pixels, content.pixels.cpu(), style.pixels.cpu())
    )
    expected = 1.0 * F.mse_loss(target["conv5_1"], photo["conv5_1"])
    for layer, w in weights.items():
        n, c, height, width = target[layer].shape
        distance = F.mse_loss(gram(target[layer]), gram(painting[layer]))
        expected = expected + 1e6 * w * distance / (n * c * height * width)
    value, gradient = objective(content, [(style, 1.0)], settings)(image.pixels)
    assert error(value, expected.detach()) < 1e-4
    assert error(gradient, torch.autograd.grad(expected, pixels)[0]) < 1e-4


@pytest.mark.parametrize("statistic", STATISTICS)
def test_style_is_nothing_for_the_painting_itself(statistic: str) -> None:
    settings = parse_settings({"statistic": statistic, "content_weight": 0, "tv_weight": 0})
    style = canvas(64, 64, 1)
    loss = objective(style, [(style, 1.0)], settings)
    own, other = float(loss(style.pixels)[0]), float(loss(canvas(64, 64, 2).pixels)[0])
    assert own < 0.01 * other


@pytest.mark.parametrize("statistic", STATISTICS)
def test_the_same_texture_at_twice_the_size_is_as_far_away(statistic: str) -> None:
    """Weights mean the same at every size: four tiles of a picture have the loss of one."""
    settings = parse_settings({"statistic": statistic, "optimiser": "lbfgs"})
    one, style, content = canvas(96, 96, 1), canvas(96, 96, 2), canvas(96, 96, 3)
    four, content_four = (
        Canvas(c.pixels.repeat(1, 1, 2, 2), torch.ones(1, 1, 192, 192)) for c in (one, content)
    )
    small = float(objective(content, [(style, 1.0)], settings)(one.pixels)[0])
    large = float(objective(content_four, [(style, 1.0)], settings)(four.pixels)[0])
    assert large == pytest.approx(small, rel=0.15)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_scaling_the_network_changes_nothing(statistic: str) -> None:
    """The relative formula does not know how large a network's features are."""
    settings = parse_settings({"statistic": statistic})
    content, style, image = (canvas(48, 48, seed) for seed in (1, 2, 3))
    weights = load_weights("compact")
    convolutions = {
        name: (weight * (7 if name == "conv1_1" else 1), 7 * bias)
        for name, (weight, bias) in weights.convolutions.items()
    }
    scaled = Weights("scaled", convolutions, weights.preprocessing)
    layers = {*settings.content_layers, *settings.style_layers}
    losses = [
        float(plain.objective(VGG(w, layers), content, [(style, 1.0)], settings)(image.pixels)[0])
        for w in (weights, scaled)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_transparent_pixels_take_no_part(statistic: str) -> None:
    """Neither those of the picture nor those of the painting, beyond the network's window."""
    settings = parse_settings(
        {
            "statistic": statistic,
            "style_layers": "conv1_1",
            "content_layers": "conv1_1",
            "optimiser": "lbfgs",
        }
    )
    visible = torch.ones(1, 1, 40, 40)
    visible[..., 20:] = 0
    losses = []
    for filling in (0.0, 1.0):
        pictures = [canvas(40, 40, seed, visible) for seed in (1, 2, 3)]
        for picture in pictures:
            # Colours may only be anything where no window over a visible pixel reaches.
            picture.pixels[..., 27:] = filling
        content, style, image = pictures
        losses.append(float(objective(content, [(style, 1.0)], settings)(image.pixels)[0]))
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


def test_strength_weighs_the_content() -> None:
    """In even steps of the logarithm; everything else is left."""
    content, style, image = (canvas(40, 40, seed) for seed in (1, 2, 3))

    def loss(**values: object) -> float:
        settings = parse_settings(values)
        return float(objective(content, [(style, 1.0)], settings)(image.pixels)[0])

    style_alone = loss(content_weight=0)
    even = loss() - style_alone
    for strength in (0, 25, 50, 75, 100):
        times = STRENGTH_STEP ** (2 - strength / 25)
        assert loss(strength=strength) - style_alone == pytest.approx(times * even, rel=1e-2)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_blend_goes_from_one_painting_to_the_other(statistic: str) -> None:
    settings = parse_settings(
        {"statistic": statistic, "content_weight": 0, "tv_weight": 0, "optimiser": "lbfgs"}
    )
    one, two = canvas(64, 64, 1), canvas(64, 64, 2)
    distances = [
        float(objective(one, [(one, share), (two, 1 - share)], settings)(one.pixels)[0])
        for share in (1.0, 0.5, 0.0)
    ]
    assert distances[0] < distances[1] < distances[2]


def test_directions_change_from_step_to_step_but_not_for_lbfgs() -> None:
    content, style = canvas(40, 40, 1), canvas(40, 40, 2)
    values = {"statistic": "sliced"}
    changing = objective(content, [(style, 1.0)], parse_settings(values))
    fixed = objective(content, [(style, 1.0)], parse_settings({**values, "optimiser": "lbfgs"}))
    for loss, same in ((changing, False), (fixed, True)):
        one, two = loss(content.pixels), loss(content.pixels)
        assert torch.equal(one[0], two[0]) == same
        assert torch.equal(one[1], two[1]) == same


@pytest.mark.parametrize("tile", [0, 16])
def test_the_same_seed_gives_the_same_directions(tile: int) -> None:
    """And so the same numbers, to the last bit and in every step."""
    content, style = canvas(40, 40, 1), canvas(40, 40, 2)
    settings = parse_settings({"statistic": "sliced"})
    vgg, runs = network(settings), []
    for seed in (0, 0, 1):
        loss = plain.objective(vgg, content, [(style, 1.0)], settings, seed=seed, tile=tile)
        runs.append([loss(content.pixels) for _ in range(3)])
    for one, same, other in zip(*runs, strict=True):
        assert torch.equal(one[0], same[0])
        assert torch.equal(one[1], same[1])
        assert not torch.equal(one[1], other[1])


def gradient_with(emphasis: Tensor | None, **values: object) -> tuple[Tensor, Tensor]:
    settings = parse_settings({"style_weight": 0, "tv_weight": 0, **values})
    content, style, image = (canvas(96, 96, seed) for seed in (1, 2, 3))
    loss = plain.objective(network(settings), content, [(style, 1.0)], settings, emphasis=emphasis)
    return loss(image.pixels)


def test_emphasis_holds_the_photo_there_and_nowhere_else() -> None:
    """Beyond the network's window, 14 pixels up to conv3_2, the gradient is as without."""
    emphasis = torch.ones(1, 1, 96, 96)
    emphasis[..., :48] = 4
    options = {"content_layers": "conv2_1,conv3_2", "statistic": "gaussian"}
    even, raised = gradient_with(None, **options)[1], gradient_with(emphasis, **options)[1]
    assert error(raised[..., :20], 4 * even[..., :20]) < 1e-4
    assert error(raised[..., 76:], even[..., 76:]) < 1e-4


def test_emphasis_of_1_is_none() -> None:
    even, ones = gradient_with(None), gradient_with(torch.ones(1, 1, 96, 96))
    assert torch.equal(even[0], ones[0])
    assert torch.equal(even[1], ones[1])


def test_emphasis_everywhere_is_a_content_weight() -> None:
    emphasis = torch.full((1, 1, 96, 96), 3.0)
    many, much = gradient_with(emphasis), gradient_with(None, content_weight=0.15)
    assert error(many[0], much[0]) < 1e-5
    assert error(many[1], much[1]) < 1e-5


def test_the_picture_is_left_alone() -> None:
    content, style, image = (canvas(40, 40, seed) for seed in (1, 2, 3))
    objective(content, [(style, 1.0)], parse_settings({}))(image.pixels)
    for seed, picture in ((1, content), (2, style), (3, image)):
        assert torch.equal(picture.pixels, canvas(40, 40, seed).pixels)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_gradient_points_uphill(statistic: str, device: torch.device) -> None:
    """The value falls along it by about as much as it says, alpha and all."""
    visible = torch.ones(1, 1, 48, 40)
    visible[..., 30:] = 0.3
    visible[..., :9, 30:] = 0
    settings = parse_settings({"statistic": statistic, "optimiser": "lbfgs"})
    content, style, image = (canvas(48, 40, seed, visible, device) for seed in (1, 2, 3))
    loss = objective(content, [(style, 0.4), (content, 0.6)], settings)
    gradient = loss(image.pixels)[1]
    step = 1e-3 * gradient / gradient.norm() * image.pixels.norm()
    rise = float(loss(image.pixels + step)[0] - loss(image.pixels - step)[0])
    assert rise == pytest.approx(2 * float((gradient * step).sum()), rel=0.02)


def test_bfloat16_features_give_nearly_the_same_loss_and_gradient() -> None:
    """Within 1 % and 10 %."""
    settings = parse_settings({"optimiser": "lbfgs"})
    layers = {*settings.content_layers, *settings.style_layers}
    content, style, image = (canvas(96, 80, seed) for seed in (1, 2, 3))
    exact, rough = (
        plain.objective(
            VGG(load_weights("compact"), layers, dtype=dtype), content, [(style, 1.0)], settings
        )(image.pixels)
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert error(rough[0], exact[0]) < 0.01
    assert error(rough[1], exact[1]) < 0.1
