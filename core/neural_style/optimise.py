"""The optimisers: each changes a picture so that a loss falls, and can go on at another size.

An optimiser holds the picture. `step` improves it and returns the loss before the step; `picture`
is the result so far, always within 0..1.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from neural_style.resampling import resize

Loss = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Value, a scalar, and gradient of what is minimised at a picture; the optimiser may overwrite
the gradient."""

LARGE = 1_000_000
"""Pixels above which L-BFGS keeps a short history: each pair of it is two more pictures."""

HISTORY, SHORT_HISTORY = 100, 10
"""Pairs of differences that L-BFGS keeps."""


@dataclass(frozen=True, eq=False)
class State:
    """What an optimiser needs to go on with another time.

    Attributes:
        tensors: by name; the optimiser's own memory, lent until its next step.
        numbers: by name.
    """

    tensors: Mapping[str, Tensor]
    numbers: Mapping[str, float]


class Optimiser(Protocol):
    steady: ClassVar[bool]
    """Whether nothing changes in a step until the loss has been evaluated."""

    learning_rate: float

    @property
    def picture(self) -> Tensor: ...

    def step(self, loss: Loss) -> Tensor: ...

    def resize(self, height: int, width: int) -> None: ...

    def restart(self, image: Tensor) -> None: ...

    def to(self, device: torch.device) -> None: ...

    def state(self) -> State: ...

    def load(self, state: State) -> None: ...


class Adam:
    """Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1) on the pixels, for style transfer.

    Three additions: the picture is clamped to 0..1 after each step; the result is the running
    average of the iterates, which is calmer than any one of them; and the moments are resized
    with the picture, so that a larger size goes on where the smaller one stopped (the last two as
    K. Crowson does).

    Args:
        image: where to start, shape (1, 3, H, W).
        learning_rate: largest change of a pixel in one step, about.
        averaging: decay of the running average; 0 for the last iterate.
    """

    steady: ClassVar[bool] = True
    beta1, beta2 = 0.9, 0.99
    # Relative to the gradients: an absolute epsilon would change with the weights of the loss, and
    # without one pixels that hardly matter take full steps (grey haze).
    epsilon = 0.01

    _TENSORS = "image", "first", "second", "average"
    _NUMBERS = "count", "averaged", "learning_rate"

    def __init__(self, image: Tensor, learning_rate: float, averaging: float) -> None:
        self.learning_rate = learning_rate
        self.averaging = averaging
        self.restart(image)

    def restart(self, image: Tensor) -> None:
        """Go on from `image` and forget the moments."""
        self.image = image.detach().clone(memory_format=torch.contiguous_format)
        self.first = torch.zeros_like(self.image)
        self.second = torch.zeros_like(self.image)
        self.average = torch.zeros_like(self.image)
        self.count = self.averaged = 0

    @property
    def picture(self) -> Tensor:
        """The average of the iterates, corrected for its start at zero."""
        if not self.averaged or not self.averaging:
            return self.image.clone()
        return (self.average / (1 - self.averaging**self.averaged)).clamp_(0, 1)

    def step(self, loss: Loss) -> Tensor:
        value, gradient = loss(self.image)
        self.count += 1
        self.averaged += 1
        # In place throughout: of a large picture each further copy is a quarter of a gigabyte.
        self.first.lerp_(gradient, 1 - self.beta1)
        self.second.lerp_(gradient.square_(), 1 - self.beta2)
        # The corrections for the moments' start at zero, with one root for both.
        correction = (1 - self.beta2**self.count) ** 0.5
        rate = self.learning_rate * correction / (1 - self.beta1**self.count)
        epsilon = self.epsilon * self.second.mean().sqrt() + 1e-30
        size = torch.sqrt(self.second, out=gradient).add_(epsilon)
        self.image.addcdiv_(self.first, size, value=-rate).clamp_(0, 1)
        self.average.lerp_(self.image, 1 - self.averaging)
        return value

    def resize(self, height: int, width: int) -> None:
        # A loss that is a mean over pixels has gradients that shrink as the pixels get more.
        shrink = self.image[0, 0].numel() / (height * width)
        image = resize(self.picture, height, width)
        first = resize(self.first, height, width, limit=False).mul_(shrink)
        # Bilinear, as the overshoot of bicubic would give negative squares.
        second = F.interpolate(self.second, (height, width), mode="bilinear").mul_(shrink**2)
        average = torch.zeros_like(image)
        # All or nothing, should the memory not suffice.
        self.image, self.first, self.second, self.average = image, first, second, average
        self.averaged = 0

    def to(self, device: torch.device) -> None:
        """Go on, on another device."""
        self.image, self.first = self.image.to(device), self.first.to(device)
        self.second, self.average = self.second.to(device), self.average.to(device)

    def state(self) -> State:
        """All of it: who loads it goes on to the same picture, to the last bit."""
        tensors = {name: getattr(self, name) for name in self._TENSORS}
        return State(tensors, {name: getattr(self, name) for name in self._NUMBERS})

    def load(self, state: State) -> None:
        """Go on where another one was."""
        device = self.image.device
        for name in self._TENSORS:
            setattr(self, name, state.tensors[name].to(device))
        for name in self._NUMBERS:
            setattr(self, name, state.numbers[name])


class TorchAdam:
    """PyTorch's own Adam with nothing added: not clamped on the way, the last iterate.

    Args:
        image: where to start, shape (1, 3, H, W), sRGB 0..1.
        learning_rate: length of a step, about, in the values that the network sees.
        scale: how many of these 0..1 spans, by channel.
    """

    steady: ClassVar[bool] = True

    def __init__(
        self, image: Tensor, learning_rate: float, scale: tuple[float, float, float]
    ) -> None:
        self.learning_rate = learning_rate
        self.scale = torch.tensor(scale).view(1, 3, 1, 1)
        self.restart(image)

    def restart(self, image: Tensor) -> None:
        """Go on from `image` and forget the moments."""
        self.scale = self.scale.to(image.device)
        # Where zero is makes no difference to Adam; how long one is does.
        self.scaled = (image.detach() * self.scale).requires_grad_()
        self.optimiser = torch.optim.Adam([self.scaled], lr=self.learning_rate)

    @property
    def picture(self) -> Tensor:
        return (self.scaled.detach() / self.scale).clamp_(0, 1)

    def step(self, loss: Loss) -> Tensor:
        value, gradient = loss(self.scaled.detach() / self.scale)
        self.scaled.grad = gradient / self.scale
        self.optimiser.step()
        return value

    def resize(self, height: int, width: int) -> None:
        self.restart(resize(self.picture, height, width))

    def to(self, device: torch.device) -> None:
        """Go on, on another device, without the moments."""
        if device != self.scaled.device:
            self.restart(self.picture.to(device))

    def state(self) -> State:
        """All of it, as `Adam.state`."""
        moments = self.optimiser.state.get(self.scaled, {})  # none before the first step
        tensors = {"scaled": self.scaled.detach(), **moments}
        return State(tensors, {"learning_rate": self.learning_rate})

    def load(self, state: State) -> None:
        """Go on where another one was."""
        self.learning_rate = state.numbers["learning_rate"]
        moments, device = dict(state.tensors), self.scaled.device
        self.restart(moments.pop("scaled").to(device) / self.scale)
        # Multiplied by the scale again, it could be another number.
        self.scaled.data.copy_(state.tensors["scaled"])
        if moments:
            self.optimiser.state[self.scaled] = {
                name: value if name == "step" else value.to(device)
                for name, value in moments.items()
            }


class LBFGS:
    """L-BFGS (Liu and Nocedal 1989) with a strong Wolfe line search, as Gatys et al. used.

    Args:
        image: where to start, shape (1, 3, H, W).
        learning_rate: first length tried on each line, relative to the quasi-Newton step.
    """

    steady: ClassVar[bool] = False

    def __init__(self, image: Tensor, learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self.restart(image)

    def restart(self, image: Tensor) -> None:
        """Go on from `image` and forget the history."""
        image = image.detach().clone(memory_format=torch.contiguous_format)
        self.image = image.requires_grad_()
        # Lent, as all features of a size hang on it.
        self.loss: Callable[[], Loss | None] = lambda: None
        self.evaluated, self.value = torch.empty(0), torch.zeros(())
        self.optimiser = torch.optim.LBFGS(
            [self.image],
            lr=self.learning_rate,
            max_iter=1,
            max_eval=20,
            history_size=SHORT_HISTORY if image.shape[2] * image.shape[3] > LARGE else HISTORY,
            tolerance_grad=0.0,
            tolerance_change=0.0,
            line_search_fn="strong_wolfe",
        )

    @property
    def picture(self) -> Tensor:
        return self.image.detach().clamp(0, 1)

    def step(self, loss: Loss) -> Tensor:
        def closure() -> Tensor:
            # PyTorch begins each step by evaluating where the last one's line search ended. That
            # is mostly the point evaluated last, whose gradient is still there.
            if loss is not self.loss() or not torch.equal(self.evaluated, self.image):
                self.loss = weakref.ref(loss)
                self.value, self.image.grad = loss(self.image.detach())
                self.evaluated = self.image.detach().clone()
            return self.value

        return self.optimiser.step(closure)

    def resize(self, height: int, width: int) -> None:
        self.restart(resize(self.picture, height, width))

    def to(self, device: torch.device) -> None:
        """Go on, on another device, without the history."""
        if device != self.image.device:
            self.restart(self.picture.to(device))

    def state(self) -> State:
        """The picture alone: the history, up to a hundred pairs of pictures, begins anew."""
        return State({"image": self.image.detach()}, {"learning_rate": self.learning_rate})

    def load(self, state: State) -> None:
        """Go on from where another one was, without its history."""
        self.learning_rate = state.numbers["learning_rate"]
        self.restart(state.tensors["image"].to(self.image.device))
