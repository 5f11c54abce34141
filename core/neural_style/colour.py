"""Colours of whole pictures, without regard to where they are."""

from __future__ import annotations

import torch
from torch import Tensor

from neural_style.statistics import mean_covariance, square_root


def match_colours(colours: Tensor, weight: Tensor, target: Tensor, target_weight: Tensor) -> Tensor:
    """`colours` with the mean and covariance of the colours of `target`.

    Gatys et al. 2016 (arXiv 1606.05897), section 4.1: a linear map of the colours; of the maps
    that do it, the symmetric one, which changes them least (optimal transport).

    Args:
        colours: of each pixel, shape (3, N), non-linear sRGB 0..1.
        weight: how much each pixel counts, shape (N,), sums to one.
        target: shape (3, M).
        target_weight: shape (M,), sums to one.

    Returns:
        Shape (3, N), clamped to 0..1.
    """
    mean, covariance = mean_covariance(colours.T, weight)
    target_mean, target_covariance = mean_covariance(target.T, target_weight)
    # One step of eight bits of variance at least, so that a grey or plain picture can be matched.
    floor = torch.eye(3).to(colours) / 255**2
    root = square_root(covariance + floor)
    inverse = torch.linalg.inv(root)
    carry = inverse @ square_root(root @ (target_covariance + floor) @ root) @ inverse
    offset = target_mean - carry @ mean
    return torch.addmm(offset[:, None], carry, colours).clamp_(0, 1)
