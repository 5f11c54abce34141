"""What is minimised: one class for each loss, in a file of its name, and the lists of them.

Gatys, Ecker and Bethge 2015, equation 7: total = content_weight * content + style_weight * style,
here plus total variation. `formula` says how content and style are scaled:

relative
    Each loss is divided by what the target itself measures, and all are means over positions. The
    weights then mean the same at every size of picture and with every network. This is what the
    presets draft, standard and fine use, with `GaussianLoss` for the style.
gatys2015
    The paper's equations 1 to 5, literally. As in the paper's own code, the network is one whose
    channels have a mean activation of one (see `network.normalise`).
tutorial
    A widely copied PyTorch walk-through of the paper. The network is torchvision's VGG-19 as it is
    published, with activations of any scale: with another one its weights mean something else.

The equations are the classes'. What was tried and not taken is in docs/method.md.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor

from neural_style.canvas import Canvas
from neural_style.losses.base import FeatureLoss, PixelLoss
from neural_style.losses.content import ContentLoss
from neural_style.losses.gaussian import GaussianLoss
from neural_style.losses.gram import GramLoss
from neural_style.losses.hold import HoldLoss
from neural_style.losses.sliced import SlicedWassersteinLoss
from neural_style.losses.total_variation import TotalVariationLoss
from neural_style.sampling import Sampling
from neural_style.settings import Settings

__all__ = [
    "ContentLoss",
    "FeatureLoss",
    "GaussianLoss",
    "GramLoss",
    "HoldLoss",
    "PixelLoss",
    "SlicedWassersteinLoss",
    "TotalVariationLoss",
    "content_losses",
    "pixel_losses",
    "strength_factor",
    "style_losses",
]

STRENGTH_STEP = 5.0
"""What 25 points of strength divide the weight of the content by: found by eye, so that each such
step changes a picture about as much as the next one."""

PROTECT_WEIGHT = 10.0
"""Weight of a protected pixel's own value."""

TEMPORAL_WEIGHT = 30.0
"""Weight of what a pixel was in a film's last frame."""


def content_losses(settings: Settings, emphasis: Tensor | None = None) -> list[FeatureLoss]:
    """What keeps the photo.

    Args:
        settings: weights, layers and formula.
        emphasis: see `ContentLoss`.
    """
    formula = settings.formula
    weight = settings.content_weight * strength_factor(settings.strength)
    return [
        ContentLoss(layer=layer, weight=own, formula=formula, emphasis=emphasis)
        for layer, own in _weights(settings.content_layers, weight, settings).items()
    ]


def style_losses(settings: Settings, sampling: Sampling, share: float = 1.0) -> list[FeatureLoss]:
    """What brings the paintings' style to a region of the picture, or to all of it.

    Args:
        settings: weight, layers, statistic and formula.
        sampling: draws what is random in them.
        share: the region's part of the picture. Its statistics are means over its positions: so
            each position counts as much as in any other region.
    """
    style_loss = {
        "gaussian": GaussianLoss,
        "gram": partial(GramLoss, formula=settings.formula),
        "sliced": partial(SlicedWassersteinLoss, sampling=sampling),
    }[settings.statistic]
    weights = _weights(settings.style_layers, settings.style_weight * share, settings)
    return [style_loss(layer=layer, weight=weight) for layer, weight in weights.items()]


def pixel_losses(
    settings: Settings, *, protected: Canvas | None = None, previous: Canvas | None = None
) -> list[PixelLoss]:
    """What is asked of the pixels themselves.

    Args:
        settings: weight and formula.
        protected: the photo's pixels, and how much each is protected.
        previous: those of a film's last frame, and how much each was seen in it.
    """
    losses: list[PixelLoss] = []
    if settings.tv_weight:
        relative = settings.formula == "relative"
        losses.append(TotalVariationLoss(weight=settings.tv_weight, relative=relative))
    for weight, held in ((PROTECT_WEIGHT, protected), (TEMPORAL_WEIGHT, previous)):
        if held:
            losses.append(HoldLoss(weight=weight, held=held))
    return losses


def strength_factor(strength: float) -> float:
    """What the content's weight is multiplied by at a strength of 0..100."""
    return STRENGTH_STEP ** ((50 - strength) / 25)


def _weights(layers: dict[str, float], whole: float, settings: Settings) -> dict[str, float]:
    """Each layer's part of a loss's weight; the literal formulas do not divide by the sum."""
    total = max(sum(layers.values()), 1e-12) if settings.formula == "relative" else 1.0
    return {layer: whole * weight / total for layer, weight in layers.items()}
