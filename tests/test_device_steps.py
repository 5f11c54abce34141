"""A whole step on whatever device there is, as painting takes it."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch

from benchmarks.gpu.parts import sync_mode
from neural_style.optimise import Adam
from neural_style.settings import parse_settings
from plain import STATISTICS, canvas, network, objective


@pytest.mark.parametrize("statistic", STATISTICS)
def test_steps_go_down_and_wait_for_no_card(statistic: str, device: torch.device) -> None:
    """The loss falls from step to step; on NVIDIA's cards PyTorch raises at whatever waits."""
    settings = parse_settings({"statistic": statistic})
    content, style = (canvas(64, 64, seed, device=device) for seed in (1, 2))
    loss = objective(network(settings, device), content, [(style, 1.0)], settings)
    adam = Adam(content.pixels, settings.learning_rate, settings.averaging)
    before = [adam.step(loss) for _ in range(3)]  # what is made once is made
    with sync_mode("error") if device.type == "cuda" else nullcontext():
        after = [adam.step(loss) for _ in range(3)]
    assert all(high > low for high, low in zip(before, after, strict=True))
