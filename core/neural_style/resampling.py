"""Pictures at another size."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from neural_style.devices import is_limited

STEEP = 8
"""Reduction beyond which a picture is first averaged. CUDA's bicubic kernel keeps its weights in
shared memory, which a reduction to a 47th fills."""

KEPT = 4
"""Pixels on a side of which each pixel is then made."""


def resize(image: Tensor, height: int, width: int, *, limit: bool = True) -> Tensor:
    """Bicubic resize of (1, C, H, W), averaging where it shrinks; clamped to 0..1 if `limit`."""
    if image.shape[2:] == (height, width):
        return image.clone()
    device = image.device
    source = image.cpu() if is_limited(device) else image
    sides = zip(source.shape[2:], (height, width), strict=True)
    averaged = [KEPT * new if old > STEEP * new else old for old, new in sides]
    if averaged != list(source.shape[2:]):
        source = F.interpolate(source, averaged, mode="area")
    image = F.interpolate(source, (height, width), mode="bicubic", antialias=True).to(device)
    return image.clamp_(0, 1) if limit else image
