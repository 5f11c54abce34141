"""The loss: the literal formulas against a few independent lines, the relative one by its laws."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from neural_style.network import VGG, load_weights
from neural_style.objective import Canvas, Objective, total_variation
from neural_style.settings import Settings, parse_settings


def canvas(height: int, width: int, seed: int, visible: Tensor | None = None) -> Canvas:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, height // 4, width // 4, generator=generator)
    pixels = F.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    return Canvas(pixels, torch.ones(1, 1, height, width) if visible is None else visible)


def network(settings: Settings) -> VGG:
    layers = {*settings.content_layers, *settings.style_layers}
    return VGG(load_weights("compact"), layers, settings.pooling)


def objective(
    content: Canvas, styles: list[tuple[Canvas, float]], settings: Settings, seed: int = 0
) -> Objective:
    return Objective(network(settings), content, styles, settings, seed)


def test_gatys2015_is_the_papers_formula() -> None:
    """Equations 1, 3, 4, 5 and 7, written down again."""
    settings = parse_settings({"preset": "gatys2015"})
    content, style, image = (canvas(40, 56, seed) for seed in (1, 2, 3))
    vgg = network(settings)
    with torch.no_grad():
        f, p, s = (vgg(c.pixels) for c in (image, content, style))
        content_loss = 0.5 * ((f["conv4_2"] - p["conv4_2"]) ** 2).sum()
        style_loss = torch.zeros(())
        for layer in ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"):
            n, m = f[layer].shape[1], f[layer].shape[2] * f[layer].shape[3]
            g = f[layer].reshape(n, m) @ f[layer].reshape(n, m).T
            a = s[layer].reshape(n, m) @ s[layer].reshape(n, m).T
            style_loss += 1 / 5 * ((g - a) ** 2).sum() / (4 * n**2 * m**2)
        expected = settings.content_weight * content_loss + settings.style_weight * style_loss
        found = objective(content, [(style, 1.0)], settings)(image.pixels)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=0)


def test_tutorial_is_the_walk_throughs_formula() -> None:
    settings = parse_settings({"preset": "tutorial"})
    content, style, image = (canvas(40, 56, seed) for seed in (1, 2, 3))
    vgg = network(settings)

    def gram(features: Tensor) -> Tensor:
        _, d, h, w = features.shape
        return torch.mm(features.view(d, h * w), features.view(d, h * w).t())

    weights = {"conv1_1": 0.75, "conv2_1": 0.5, "conv3_1": 0.25, "conv4_1": 0.25, "conv5_1": 0.25}
    with torch.no_grad():
        target, photo, painting = (vgg(c.pixels) for c in (image, content, style))
        expected = 1.0 * F.mse_loss(target["conv5_1"], photo["conv5_1"])
        for layer, w in weights.items():
            n, c, height, width = target[layer].shape
            distance = F.mse_loss(gram(target[layer]), gram(painting[layer]))
            expected += 1e6 * w * distance / (n * c * height * width)
        found = objective(content, [(style, 1.0)], settings)(image.pixels)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=0)


@pytest.mark.parametrize("statistic", ["sliced", "gaussian", "gram"])
def test_style_is_nothing_for_the_painting_itself(statistic: str) -> None:
    settings = parse_settings({"statistic": statistic, "content_weight": 0, "tv_weight": 0})
    style = canvas(64, 64, 1)
    loss = objective(style, [(style, 1.0)], settings)
    own, other = float(loss(style.pixels)), float(loss(canvas(64, 64, 2).pixels))
    assert own < 0.01 * other


@pytest.mark.parametrize("statistic", ["sliced", "gaussian", "gram"])
def test_the_same_texture_at_twice_the_size_is_as_far_away(statistic: str) -> None:
    """Weights mean the same at every size: four tiles of a picture have the loss of one."""
    settings = parse_settings({"statistic": statistic, "optimiser": "lbfgs"})
    one, style, content = canvas(96, 96, 1), canvas(96, 96, 2), canvas(96, 96, 3)
    four, content_four = (
        Canvas(c.pixels.repeat(1, 1, 2, 2), torch.ones(1, 1, 192, 192)) for c in (one, content)
    )
    small = float(objective(content, [(style, 1.0)], settings)(one.pixels))
    large = float(objective(content_four, [(style, 1.0)], settings)(four.pixels))
    assert large == pytest.approx(small, rel=0.15)


@pytest.mark.parametrize("statistic", ["sliced", "gaussian", "gram"])
def test_scaling_the_network_changes_nothing(statistic: str) -> None:
    """The relative formula does not know how large a network's features are."""
    settings = parse_settings({"statistic": statistic})
    content, style, image = (canvas(48, 48, seed) for seed in (1, 2, 3))
    plain, scaled = network(settings), network(settings)
    for name in scaled.layers:
        setattr(scaled, f"{name}_bias", 7 * scaled.get_buffer(f"{name}_bias"))
    scaled.conv1_1_weight = 7 * scaled.get_buffer("conv1_1_weight")
    losses = [
        float(Objective(vgg, content, [(style, 1.0)], settings, 0)(image.pixels))
        for vgg in (plain, scaled)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


@pytest.mark.parametrize("statistic", ["sliced", "gaussian", "gram"])
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
        losses.append(float(objective(content, [(style, 1.0)], settings)(image.pixels)))
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


def test_strength_is_logarithmic() -> None:
    """Every 25 points divide the content's weight by ten and leave everything else."""
    content, style, image = (canvas(40, 40, seed) for seed in (1, 2, 3))

    def loss(**values: object) -> float:
        settings = parse_settings({"statistic": "gram", "tv_weight": 0, **values})
        return float(objective(content, [(style, 1.0)], settings)(image.pixels))

    style_alone = loss(content_weight=0)
    parts = [loss(strength=strength) - style_alone for strength in (25, 50, 75)]
    assert parts[0] == pytest.approx(10 * parts[1], rel=1e-3)
    assert parts[1] == pytest.approx(10 * parts[2], rel=1e-3)


@pytest.mark.parametrize("statistic", ["sliced", "gaussian", "gram"])
def test_blend_goes_from_one_painting_to_the_other(statistic: str) -> None:
    settings = parse_settings(
        {"statistic": statistic, "content_weight": 0, "tv_weight": 0, "optimiser": "lbfgs"}
    )
    one, two = canvas(64, 64, 1), canvas(64, 64, 2)
    distances = [
        float(objective(one, [(one, share), (two, 1 - share)], settings)(one.pixels))
        for share in (1.0, 0.5, 0.0)
    ]
    assert distances[0] < distances[1] < distances[2]


def test_directions_change_from_step_to_step_but_not_for_lbfgs() -> None:
    content, style = canvas(40, 40, 1), canvas(40, 40, 2)
    changing = objective(content, [(style, 1.0)], parse_settings({}))
    fixed = objective(content, [(style, 1.0)], parse_settings({"optimiser": "lbfgs"}))
    with torch.no_grad():
        assert changing(content.pixels) != changing(content.pixels)
        assert fixed(content.pixels) == fixed(content.pixels)


def test_the_same_seed_gives_the_same_directions() -> None:
    content, style = canvas(40, 40, 1), canvas(40, 40, 2)
    losses = [
        objective(content, [(style, 1.0)], parse_settings({}), seed)(content.pixels).item()
        for seed in (0, 0, 1)
    ]
    assert losses[0] == losses[1] != losses[2]


def test_total_variation_is_a_mean_over_visible_pixels() -> None:
    ramp = torch.arange(10.0).expand(1, 3, 8, 10) / 10
    expected = 8 * 9 * 0.1**2 / 80
    found = total_variation(ramp, torch.ones(1, 1, 8, 10))
    assert found.item() == pytest.approx(expected, rel=1e-4)
    visible = torch.ones(1, 1, 8, 10)
    visible[..., 5:] = 0
    half = ramp.clone()
    half[..., 5:] = 99
    assert total_variation(half, visible).item() == pytest.approx(8 * 4 * 0.1**2 / 40, rel=1e-4)
