"""Where a job is painted: the network at work on the device, within the memory there is."""

from __future__ import annotations

import torch
from torch import Tensor

from neural_style import budget, cache
from neural_style.canvas import Canvas, extended, first_image, margin_of, resized, with_margin
from neural_style.devices import release_memory
from neural_style.network import network_for
from neural_style.network.weights import PREPROCESSINGS
from neural_style.objective import Objective, objective_from
from neural_style.optimise import LBFGS, Adam, Optimiser, TorchAdam
from neural_style.pictures import Pictures
from neural_style.plan import Plan
from neural_style.resampling import resize
from neural_style.schedule import Stage
from neural_style.settings import Settings

MOST_EMPHASIS = 16
"""How many times more the content counts in a face, at most."""


class Studio:
    """The running network, and what is in force now: device and tile.

    Args:
        pictures: what is painted from, on the device of the plan.
        settings: everything else.
        plan: how it is begun.
    """

    def __init__(self, pictures: Pictures, settings: Settings, plan: Plan) -> None:
        self.pictures, self.settings, self.plan = pictures, settings, plan
        self.device = pictures.content.pixels.device
        self.tile = plan.tile
        self.network = network_for(settings, self.device)

    def objective(self, number: int, stage: Stage) -> Objective:
        """What is minimised at the stage with this number."""
        longest = max(stage.width, stage.height) * self.settings.style_scale
        return objective_from(
            self.settings,
            network=self.network,
            content=self.content_at(stage),
            styles=((style.at(longest), style.share) for style in self.pictures.styles),
            seed=self.settings.seed * 1000 + number,
            tile=self.tile,
            emphasis=self._emphasis(stage),
        )

    def optimiser(self) -> Optimiser:
        """An optimiser that holds the first image, at the coarsest size."""
        settings, styles = self.settings, self.pictures.styles
        image = first_image(
            self.content_at(self.plan.stages[0]),
            [style.canvas for style in styles],
            [style.share for style in styles],
            settings,
        )
        if settings.optimiser == "lbfgs":
            return LBFGS(image, settings.learning_rate)
        if settings.optimiser == "torch-adam":
            return TorchAdam(image, settings.learning_rate, PREPROCESSINGS["torchvision"].scale)
        return Adam(image, settings.learning_rate, settings.averaging)

    def content_at(self, stage: Stage) -> Canvas:
        """The content as it is painted at a stage: at its size, with a margin around it."""
        content = resized(self.pictures.content, stage.height, stage.width)
        return extended(content, self.margin(stage))

    def margin(self, stage: Stage) -> int:
        """What is painted around the picture at a stage, in pixels."""
        return margin_of(stage.height, stage.width, self.settings)

    def retreat(self) -> str:
        """Make do with less memory: smaller tiles, then the CPU. Returns what was done.

        Raises:
            NeuralStyleError: `out_of_memory` if there is nothing smaller.
        """
        cache.forget()
        release_memory()
        plan, last = self.plan, self.plan.stages[-1]
        tile = budget.smaller(self.tile, last.width, last.height)
        if tile:
            self.tile = tile
            return f"The memory ran out; the picture is now painted in tiles of {tile} pixels"
        if self.device.type == "cpu":
            raise budget.out_of_memory(plan.width, plan.height, self.network, self.settings)
        name, self.device = self.device.type, torch.device("cpu")
        self.pictures = self.pictures.to(self.device)
        self.network = network_for(self.settings, self.device)
        limit = budget.allowed(self.settings, self.device)
        self.tile = budget.choose(last.width, last.height, self.network, self.settings, limit).tile
        return f"The memory of {name} ran out; the picture is now painted on the CPU"

    def _emphasis(self, stage: Stage) -> Tensor | None:
        """How much more the content counts at each pixel of `content_at`, (1, 1, H, W)."""
        if self.pictures.faces is None:
            return None
        faces = resize(self.pictures.faces, stage.height, stage.width)
        faces = with_margin(faces.to(self.pictures.content.pixels), self.margin(stage))
        return MOST_EMPHASIS ** (faces * (self.settings.faces / 100))
