"""All that is drawn at random while a picture of one size is painted."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from neural_style.settings import LAYERS


class Sampling:
    """Draws for the losses: which directions, and which positions of a large picture.

    Adam gets others in each step, so that in the long run all count. L-BFGS, which compares the
    gradients of successive steps, needs the same loss in each, and gets the same ones.

    Only `SlicedWassersteinLoss` depends on it. The same seed draws the same on the same device.

    Args:
        seed: where all of it begins.
        device: of the picture.
        fixed: draw the same in each step.
    """

    def __init__(self, *, seed: int, device: torch.device | str = "cpu", fixed: bool) -> None:
        self.seed, self.fixed = seed, fixed
        self._phases = torch.Generator().manual_seed(seed)
        # On the device, as a step must not wait for numbers from elsewhere.
        self._choices = torch.Generator(device).manual_seed(seed)

    def generator(self, layer: str) -> torch.Generator:
        """For what is drawn once for a layer: the same whatever other losses there are."""
        seed = self.seed * len(LAYERS) + LAYERS.index(layer)
        return torch.Generator().manual_seed(seed)

    def choice(self, count: int, pool: int) -> Tensor:
        """This step's `count` of the numbers below `pool`, shape (count,), int64."""
        device = self._choices.device
        if self.fixed:
            return torch.arange(count, device=device)
        return torch.randperm(pool, generator=self._choices, device=device)[:count]

    def phase(self) -> float:
        """Where this step's grid of positions begins, 0..1 of its step."""
        return 0.0 if self.fixed else torch.rand((), generator=self._phases).item()

    def state(self) -> dict[str, Tensor]:
        """Where the generators are, to `load` another time."""
        return {"phases": self._phases.get_state(), "choices": self._choices.get_state()}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Draw from here on what another one would have drawn."""
        self._phases.set_state(state["phases"])
        # Of another kind of device it is no use, and has another length.
        if state["choices"].numel() == self._choices.get_state().numel():
            self._choices.set_state(state["choices"])
