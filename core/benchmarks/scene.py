"""What is painted in the measurements: pictures, networks and the loss that both sides minimise.

Everything is made from seeded random numbers, so that a measurement needs no files.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks import textbook
from neural_style.canvas import Canvas
from neural_style.image import Picture
from neural_style.network import VGG, Weights, load_weights
from neural_style.network.weights import PREPROCESSINGS
from neural_style.objective import Objective, StyleTarget, objective_from
from neural_style.settings import LAYERS, Settings, parse_settings

NETWORKS = ("vgg19", "compact")
"""VGG-19's shape with random weights, and the network that comes with the program."""

STANDARD = parse_settings({"colours": "free"})
"""The preset `standard`; painting is measured, not recolouring."""

SAME_LOSS = parse_settings(
    {
        "statistic": "gram",
        "content_layers": "conv4_2",
        "style_layers": ",".join(f"conv{block}_1" for block in range(1, 6)),
        "tv_weight": 0,
        "colours": "free",
    }
)
"""The textbook's layers and loss in the engine's words; weights and schedule are `standard`'s.

Well-known programs multiply their losses by large numbers. With these relative terms, of a size
around one, that would throw the first steps of L-BFGS far off and slow the textbook down."""

_WIDTHS = {"1": 64, "2": 128, "3": 256, "4": 512, "5": 512}


def weights(network: str) -> Weights:
    """The weights of one of NETWORKS."""
    return random_vgg19() if network == "vgg19" else load_weights(network)


def random_vgg19() -> Weights:
    """VGG-19's convolutions with random weights of the right size (He et al. 2015).

    Time and memory do not depend on what a network has learnt, and paintings have been made with
    random networks too (He, Wang and Hopcroft 2016, arXiv 1606.04801).
    """
    generator = torch.Generator().manual_seed(0)
    convolutions: dict[str, tuple[Tensor, Tensor]] = {}
    before = 3
    for name in LAYERS:
        channels = _WIDTHS[name[4]]
        weight = torch.randn(channels, before, 3, 3, generator=generator)
        convolutions[name] = (weight * (2 / (9 * before)) ** 0.5, torch.zeros(channels))
        before = channels
    return Weights("vgg19", convolutions, PREPROCESSINGS["torchvision"])


def flops(weights: Weights, settings: Settings, pixels: int) -> float:
    """Floating-point operations of a step in the network: forward, and the data's gradient."""
    used = LAYERS[: LAYERS.index(_deepest(settings)) + 1]
    products = sum(weights.convolutions[name][0].numel() / 4 ** (int(name[4]) - 1) for name in used)
    return 2 * 2 * products * pixels


def _deepest(settings: Settings) -> str:
    return max({*settings.content_layers, *settings.style_layers}, key=LAYERS.index)


def photo(side: int) -> Tensor:
    """A picture of smooth surfaces with sharp edges, (1, 3, side, side)."""
    generator = torch.Generator().manual_seed(1)
    colours = torch.rand(4, 3, 1, 1, generator=generator)
    # Layers of paper with ragged edges, each cut along a contour of a smooth hill.
    image = _smooth(3, side, 0.3, generator)
    for colour in colours:
        paper = torch.sigmoid(_smooth(1, side, 2.5, generator).sub(0.5) * side)
        image = torch.lerp(image, 0.5 * image + 0.5 * colour, paper)
    return (image + 0.02 * torch.randn(image.shape, generator=generator)).clamp(0, 1)


def painting(side: int) -> Tensor:
    """A picture of long strokes, upright and lying, in changing colours, (1, 3, side, side)."""
    generator = torch.Generator().manual_seed(2)
    image = _smooth(3, side, 0.8, generator)
    for long, wide in ((24, 4), (4, 24)):
        cells = max(2, side // long), max(2, side // wide)
        strokes = 0.25 * torch.randn(1, 3, *cells, generator=generator)
        strokes = F.interpolate(strokes, (side, side), mode="bicubic")
        image = image + strokes * torch.sigmoid(20 * (_smooth(1, side, 1.0, generator) - 0.5))
    return (image + 0.03 * torch.randn(image.shape, generator=generator)).clamp(0, 1)


def _smooth(channels: int, side: int, contrast: float, generator: torch.Generator) -> Tensor:
    """A random field around .5 with structure of every size from 4 cells a side upwards."""
    field = torch.full((1, channels, side, side), 0.5)
    cells = 4
    while cells <= min(side, 64):
        noise = torch.randn(1, channels, cells, cells, generator=generator)
        field += contrast / cells * F.interpolate(noise, (side, side), mode="bicubic")
        cells *= 2
    return field.clamp(0, 1)


def canvas(pixels: Tensor) -> Canvas:
    """An opaque picture as the engine sees it."""
    return Canvas(pixels, torch.ones_like(pixels[:, :1]))


def picture(pixels: Tensor) -> Picture:
    """(1, 3, H, W) as if it came from a file."""
    array = pixels[0].permute(1, 2, 0).contiguous().numpy()
    return Picture(array, np.ones(array.shape[:2], np.float32), 8)


def objective(
    network: VGG, content: Tensor, style: Tensor, settings: Settings, tile: int = 0
) -> Objective:
    """The engine's loss of a picture."""
    styles = [(canvas(style), 1.0)]
    return objective_from(
        settings,
        network=network,
        content=canvas(content),
        targets=[StyleTarget(styles=styles)],
        tile=tile,
    )


def textbook_network(weights: Weights, settings: Settings, device: torch.device) -> nn.Sequential:
    """The textbook's network as deep as `settings` need it."""
    return textbook.build(weights, _deepest(settings)).to(device)


def textbook_loss(
    network: nn.Sequential, content: Tensor, style: Tensor, settings: Settings
) -> textbook.Loss:
    """The textbook's loss with the layers and weights of `settings`, of the formula `relative`."""
    contents, styles = settings.content_layers, settings.style_layers
    return textbook.Loss(
        network,
        content,
        style,
        {
            name: settings.content_weight * w / sum(contents.values())
            for name, w in contents.items()
        },
        {name: settings.style_weight * w / sum(styles.values()) for name, w in styles.items()},
    )


def noise(side: int) -> Tensor:
    """Where a painting from nothing starts: faint noise on grey, (1, 3, side, side)."""
    generator = torch.Generator().manual_seed(3)
    return 0.45 + 0.1 * torch.rand(1, 3, side, side, generator=generator)
