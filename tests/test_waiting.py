"""A step never waits for the device: it asks for no value before the next step is given.

PyTorch's `meta` device has shapes and no values: whatever asks it for one (`item`, `bool`, `cpu`,
`nonzero`) raises. What brings a tensor there from elsewhere, which waits too, is found by looking
at every operation. So this holds for graphics cards, without one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import plain
from neural_style.objective import Objective
from neural_style.optimise import Adam
from neural_style.sampling import Sampling
from neural_style.settings import parse_settings
from plain import STATISTICS, canvas

META = torch.device("meta")


def on_meta(thing: Any, seen: set[int]) -> Any:
    """The same with all its tensors on the device without values, in place where it can be."""
    if isinstance(thing, Tensor):
        return thing.to(META)
    if id(thing) in seen:
        return thing
    seen.add(id(thing))
    if isinstance(thing, dict):
        thing.update({key: on_meta(value, seen) for key, value in thing.items()})
    elif isinstance(thing, (list, tuple)):
        return type(thing)([on_meta(value, seen) for value in thing])
    elif type(thing).__module__.startswith("neural_style"):
        for name, value in vars(thing).items():
            object.__setattr__(thing, name, on_meta(value, seen))
    return thing


class Apart(TorchDispatchMode):
    """Raises for an operation between the device without values and another."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        found = func(*args, **(kwargs or {}))
        tensors = [one for one in tree_leaves((args, kwargs, found)) if isinstance(one, Tensor)]
        if len({one.device for one in tensors}) > 1:
            raise RuntimeError(f"{func} takes numbers from one device to another")
        return found


@pytest.fixture(autouse=True)
def _drawn_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no generator without values; and the phase is the host's own."""

    def choice(_: Sampling, count: int, _pool: int) -> Tensor:
        return torch.zeros(count, dtype=torch.int64, device=META)

    monkeypatch.setattr(Sampling, "choice", choice)
    monkeypatch.setattr(Sampling, "phase", lambda _: 0.5)


def made(tile: int = 0, **settings: object) -> Objective:
    network, chosen = plain.network(parse_settings(settings)), parse_settings(settings)
    content, style = canvas(96, 64, 1), canvas(64, 80, 2)
    return plain.objective(network, content, [(style, 1.0)], chosen, tile=tile)


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("tile", [0, 32])
def test_a_step(statistic: str, tile: int) -> None:
    objective = on_meta(made(tile, statistic=statistic), set())
    adam = Adam(torch.rand(1, 3, 96, 64).to(META), 0.02, 0.9)
    with Apart():
        for _ in range(2):
            assert adam.step(objective).shape == ()
            assert adam.picture.shape == (1, 3, 96, 64)


@pytest.mark.parametrize(
    "waits",
    [lambda image: image.sum().item(), lambda image: torch.ones(3).to(image.device).sum()],
    ids=["reads", "brings"],
)
def test_what_waits_is_found(waits: Callable[[Tensor], Any]) -> None:
    objective = on_meta(made(), set())
    objective.pixel_losses[0].loss_and_gradient = lambda image, _: waits(image)
    with Apart(), pytest.raises(RuntimeError):
        objective(torch.rand(1, 3, 96, 64, device=META))
