"""What is minimised: one class for each loss, in a file of its name, and the list of them.

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

from neural_style.losses.base import FeatureLoss, PixelLoss
from neural_style.losses.content import ContentLoss
from neural_style.losses.gaussian import GaussianLoss
from neural_style.losses.gram import GramLoss
from neural_style.losses.sliced import SlicedWassersteinLoss
from neural_style.losses.total_variation import TotalVariationLoss
from neural_style.sampling import Sampling
from neural_style.settings import Settings

__all__ = [
    "ContentLoss",
    "FeatureLoss",
    "GaussianLoss",
    "GramLoss",
    "PixelLoss",
    "SlicedWassersteinLoss",
    "TotalVariationLoss",
    "losses_from",
]

STRENGTH_STEP = 5.0
"""What 25 points of strength divide the weight of the content by: found by eye, so that each such
step changes a picture about as much as the next one."""


def losses_from(
    settings: Settings, sampling: Sampling, emphasis: Tensor | None = None
) -> list[FeatureLoss | PixelLoss]:
    """All losses that the settings ask for.

    Args:
        settings: weights, layers, statistic and formula.
        sampling: draws what is random in them.
        emphasis: see `ContentLoss`.
    """
    formula = settings.formula
    style_loss = {
        "gaussian": GaussianLoss,
        "gram": partial(GramLoss, formula=formula),
        "sliced": partial(SlicedWassersteinLoss, sampling=sampling),
    }[settings.statistic]
    content_weight = settings.content_weight * STRENGTH_STEP ** ((50 - settings.strength) / 25)
    content = _weights(settings.content_layers, content_weight, settings)
    style = _weights(settings.style_layers, settings.style_weight, settings)
    losses: list[FeatureLoss | PixelLoss] = []
    for layer, weight in content.items():
        losses.append(ContentLoss(layer=layer, weight=weight, formula=formula, emphasis=emphasis))
    for layer, weight in style.items():
        losses.append(style_loss(layer=layer, weight=weight))
    if settings.tv_weight:
        relative = formula == "relative"
        losses.append(TotalVariationLoss(weight=settings.tv_weight, relative=relative))
    return losses


def _weights(layers: dict[str, float], whole: float, settings: Settings) -> dict[str, float]:
    """Each layer's part of a loss's weight; the literal formulas do not divide by the sum."""
    total = max(sum(layers.values()), 1e-12) if settings.formula == "relative" else 1.0
    return {layer: whole * weight / total for layer, weight in layers.items()}
