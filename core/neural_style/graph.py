"""A loss on an NVIDIA card as a CUDA graph: at small sizes a step's time is that of its launches.

https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
"""

from __future__ import annotations

import torch
from torch import Tensor

from neural_style.optimise import Loss

PIXELS = 0
"""Pictures of at most so many pixels are painted by graphs. None, until a card has shown up to
where it pays (`core/benchmarks gpu`, side `graph`)."""

WARM = 3
"""Times that all runs before it is recorded: what is made once is made then."""


def pays(image: Tensor, *, random: bool) -> bool:
    """Whether the loss at an image, (1, 3, H, W), should be recorded; one that draws at random in
    each step cannot be."""
    small = image.shape[2] * image.shape[3] <= PIXELS
    return image.device.type == "cuda" and small and not random


class Recorded:
    """The same loss, all of whose work is started at once; its memory stays taken.

    Args:
        loss: does the same work each time, and never waits for the card.
        image: of the shape and on the device of all that will be looked at, (1, 3, H, W).
    """

    def __init__(self, loss: Loss, image: Tensor) -> None:
        self.image = image.clone()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM):
                loss(self.image)
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.value, self.gradient = loss(self.image)

    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """See `Loss`."""
        self.image.copy_(image)
        self.graph.replay()
        return self.value.clone(), self.gradient.clone()
