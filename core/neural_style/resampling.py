"""Pictures at another size."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from neural_style.devices import is_limited


def resize(image: Tensor, height: int, width: int, *, limit: bool = True) -> Tensor:
    """Bicubic resize of (1, C, H, W), averaging where it shrinks; clamped to 0..1 if `limit`."""
    if image.shape[2:] == (height, width):
        return image.clone()
    device = "cpu" if is_limited(image.device) else image.device
    resized = F.interpolate(image.to(device), (height, width), mode="bicubic", antialias=True)
    image = resized.to(image.device)
    return image.clamp_(0, 1) if limit else image
