"""Colours of whole pictures, without regard to where they are."""

from __future__ import annotations

import torch
from torch import Tensor

from neural_style.statistics import mean_covariance, square_root

BRIGHTNESS = (0.299, 0.587, 0.114)
"""Red, green and blue in the luminance Y of the colour space YIQ."""


def colour_transfer(
    colours: Tensor, weight: Tensor, target: Tensor, target_weight: Tensor
) -> tuple[Tensor, Tensor]:
    """The linear map that gives `colours` the mean and covariance of the colours of `target`.

    Gatys et al. 2016 (arXiv 1606.05897); of the maps that do it, the symmetric one,
    which changes colours least (optimal transport).

    Args:
        colours: of each pixel, shape (3, N), non-linear sRGB 0..1.
        weight: how much each pixel counts, shape (N,), sums to one.
        target: shape (3, M).
        target_weight: shape (M,), sums to one.

    Returns:
        A matrix (3, 3) and what is added to the product, (3,).
    """
    mean, covariance = mean_covariance(colours.T, weight)
    target_mean, target_covariance = mean_covariance(target.T, target_weight)
    # One step of eight bits of variance at least, so that a grey or plain picture can be matched.
    floor = torch.eye(3).to(colours) / 255**2
    root = square_root(covariance + floor)
    inverse = torch.linalg.inv(root)
    carry = inverse @ square_root(root @ (target_covariance + floor) @ root) @ inverse
    return carry, target_mean - carry @ mean


def transferred(colours: Tensor, transfer: tuple[Tensor, Tensor]) -> Tensor:
    """Colours (3, N) by that map, clamped to 0..1."""
    carry, offset = transfer
    return torch.addmm(offset[:, None], carry, colours).clamp_(0, 1)


def luminance(pixels: Tensor) -> Tensor:
    """Y of YIQ, of non-linear sRGB: (1, 3, H, W) to (1, 1, H, W)."""
    return torch.einsum("nchw,c->nhw", pixels, pixels.new_tensor(BRIGHTNESS))[:, None]


def with_luminance(pixels: Tensor, wanted: Tensor) -> Tensor:
    """Pixels (1, 3, H, W) with their own chroma, I and Q, and another luminance, (1, 1, H, W).

    The same paper's luminance-only transfer. Clamped to 0..1.
    """
    return (pixels + (wanted - luminance(pixels))).clamp_(0, 1)
