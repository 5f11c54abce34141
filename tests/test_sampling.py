"""Chance: the same for the same seed, new in each step or fixed."""

from __future__ import annotations

import torch

from neural_style.sampling import Sampling


def test_each_step_draws_anew(device: torch.device) -> None:
    sampling = Sampling(seed=3, device=device, fixed=False)
    draws = [sampling.choice(12, 128) for _ in range(20)]
    for draw in draws:
        assert draw.device.type == device.type
        assert len(set(draw.tolist())) == 12
        assert int(draw.min()) >= 0
        assert int(draw.max()) < 128
    assert len({tuple(draw.tolist()) for draw in draws}) == 20
    assert len(set(torch.cat(draws).tolist())) > 80
    phases = [sampling.phase() for _ in range(20)]
    assert len(set(phases)) == 20
    assert all(0 <= phase < 1 for phase in phases)


def test_what_is_fixed_is_the_same_in_each_step(device: torch.device) -> None:
    sampling = Sampling(seed=3, device=device, fixed=True)
    assert torch.equal(sampling.choice(12, 128), sampling.choice(12, 128))
    assert sampling.phase() == sampling.phase()


def test_the_seed_decides(device: torch.device) -> None:
    one, same, other = (Sampling(seed=seed, device=device, fixed=False) for seed in (0, 0, 1))
    for _ in range(3):
        first = one.choice(12, 128)
        assert torch.equal(first, same.choice(12, 128))
        assert not torch.equal(first, other.choice(12, 128))
        assert one.phase() == same.phase() != other.phase()


def test_a_layers_own_draws_depend_on_nothing_else() -> None:
    """Neither on what was drawn before, nor on other layers."""
    fresh, used = (Sampling(seed=5, fixed=False) for _ in range(2))
    used.choice(3, 9)
    torch.rand(7, generator=used.generator("conv1_1"))
    own = torch.rand(4, generator=fresh.generator("conv4_1"))
    assert torch.equal(torch.rand(4, generator=used.generator("conv4_1")), own)
    assert not torch.equal(torch.rand(4, generator=used.generator("conv5_1")), own)
