"""Colours of one picture given to another."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from neural_style.colour import colour_transfer, luminance, transferred, with_luminance


def match_colours(colours: Tensor, weight: Tensor, target: Tensor, other: Tensor) -> Tensor:
    return transferred(colours, colour_transfer(colours, weight, target, other))


def even(count: int, device: torch.device | str = "cpu") -> Tensor:
    return torch.full((count,), 1 / count, device=device)


def test_matched_colours_have_the_targets_mean_and_covariance(device: torch.device) -> None:
    torch.manual_seed(0)
    colours = 0.5 + 0.05 * torch.randn(3, 1200)
    target = 0.4 + torch.tensor([[0.06, 0, 0], [0.03, 0.05, 0], [0, 0.02, 0.04]]) @ torch.randn(
        3, 400
    )
    matched = match_colours(
        colours.to(device), even(1200, device), target.to(device), even(400, device)
    ).cpu()
    torch.testing.assert_close(matched.mean(1), target.mean(1), atol=1e-3, rtol=0)
    torch.testing.assert_close(torch.cov(matched), torch.cov(target), atol=1e-4, rtol=0.02)


def test_colours_without_weight_do_not_matter() -> None:
    colours, target = torch.rand(3, 100), torch.rand(3, 50)
    weight = torch.cat([even(50), torch.zeros(50)])
    moved = torch.cat([colours[:, :50], torch.ones(3, 50)], 1)
    one = match_colours(colours, weight, target, even(50))[:, :50]
    torch.testing.assert_close(match_colours(moved, weight, target, even(50))[:, :50], one)


def test_matching_colours_to_themselves_changes_nothing() -> None:
    colours = torch.rand(3, 600)
    torch.testing.assert_close(
        match_colours(colours, even(600), colours, even(600)), colours, atol=1e-3, rtol=0
    )


@pytest.mark.parametrize("grey_target", [True, False])
def test_grey_pictures_can_be_matched(grey_target: bool) -> None:
    pair = [torch.rand(1, 400).repeat(3, 1), torch.rand(3, 400)]
    colours, target = reversed(pair) if grey_target else pair
    matched = match_colours(colours, even(400), target, even(400))
    assert matched.isfinite().all()
    if grey_target:
        assert float((matched - matched.mean(0)).abs().mean()) < 0.03


def test_another_luminance_keeps_the_chroma() -> None:
    """I and Q of YIQ, by their definition."""
    chroma = torch.tensor([[0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
    pixels = 0.4 + 0.2 * torch.rand(1, 3, 8, 9)
    wanted = 0.45 + 0.1 * torch.rand(1, 1, 8, 9)
    found = with_luminance(pixels, wanted)
    torch.testing.assert_close(luminance(found), wanted)
    before, after = (torch.einsum("qc,nchw->nqhw", chroma, one) for one in (pixels, found))
    torch.testing.assert_close(after, before, atol=1e-4, rtol=0)
