"""Where a job is painted: the network at work on the device, within the memory there is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import reduce

import torch
from torch import Tensor

from neural_style import budget, cache
from neural_style.canvas import (
    Canvas,
    extended,
    first_image,
    margin_of,
    moved,
    resized,
    with_margin,
)
from neural_style.colour import luminance, with_luminance
from neural_style.devices import device_of, release_memory
from neural_style.guides import Guide
from neural_style.losses import strength_factor
from neural_style.network import network_for
from neural_style.network.weights import PREPROCESSINGS
from neural_style.objective import Objective, StyleTarget, objective_from
from neural_style.optimise import LBFGS, Adam, Optimiser, TorchAdam
from neural_style.pictures import Painted, Pictures
from neural_style.plan import Plan
from neural_style.resampling import resize
from neural_style.schedule import Stage
from neural_style.settings import Settings

MOST_EMPHASIS = 16
"""How many times more the content counts in a face, or where it is protected, at most."""

ENOUGH = 2.0
"""Of a painting beside which only a part of the photo is painted, so many times that part's longer
side is looked at: at the whole photo's size it may be a hundred times as much work."""


class Studio:
    """The running network, and what is in force now: device and tile.

    Args:
        pictures: what is painted from.
        settings: everything else.
        plan: how it is begun.
    """

    def __init__(self, pictures: Pictures, settings: Settings, plan: Plan) -> None:
        self.pictures, self.settings, self.plan = pictures, settings, plan
        self.device = device_of(plan.device)
        self.tile = plan.tile
        self.network = network_for(settings, self.device)

    def objective(self, number: int, stage: Stage) -> Objective:
        """What is minimised at the stage with this number."""
        previous = self._previous(stage)
        content = moved(self.content_at(stage), self.device)
        return objective_from(
            self.settings,
            network=self.network,
            content=content,
            targets=self._targets(stage, content),
            seed=self.settings.seed * 1000 + number,
            tile=self.tile,
            emphasis=self._moved(self._emphasis(stage)),
            protection=self._moved(self._protection(stage)),
            previous=previous and moved(previous, self.device),
        )

    def optimiser(self) -> Optimiser:
        """An optimiser that holds the first image, at the coarsest size."""
        settings, stage = self.settings, self.plan.stages[0]
        if self.pictures.initial:
            begun = resized(self.pictures.initial, stage.height, stage.width)
            image = extended(begun, self.margin(stage)).pixels
        else:
            styles = [style for region in self.pictures.regions for style in region.styles]
            shares = [style.share / len(self.pictures.regions) for style in styles]
            canvases = [style.canvas for style in styles]
            image = first_image(self.content_at(stage), canvases, shares, settings)
            if previous := self._previous(stage):
                image = torch.where(previous.visible > 0, previous.pixels, image)
        image = image.to(self.device)
        if settings.optimiser == "lbfgs":
            return LBFGS(image, settings.learning_rate)
        if settings.optimiser == "torch-adam":
            return TorchAdam(image, settings.learning_rate, PREPROCESSINGS["torchvision"].scale)
        return Adam(image, settings.learning_rate, settings.averaging)

    def content_at(self, stage: Stage) -> Canvas:
        """The content as it is painted at a stage: at its size, with a margin around it."""
        content = resized(self.pictures.content, stage.height, stage.width)
        return extended(content, self.margin(stage))

    def finished(self, image: Tensor) -> Tensor:
        """The image, (1, 3, H, W), on the CPU, without its margin, as it is to be seen.

        The losses bring what is protected near the photo; what is all but white in the mask is the
        photo itself.
        """
        height, width = image.shape[2:]
        protection = self.pictures.guidance.protection(height, width)
        if protection is not None:
            photo = resized(self.pictures.content, height, width).pixels
            image = torch.lerp(image, photo, protection.square())
        if self.pictures.colours:
            own = resized(self.pictures.colours, height, width).pixels
            image = with_luminance(own, luminance(image))
        return image

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
        guided = self.pictures.guidance.area
        tile = budget.smaller(self.tile, last.width, last.height)
        if tile:
            self.tile = tile
            return f"The memory ran out; the picture is now painted in tiles of {tile} pixels"
        if self.device.type == "cpu":
            raise budget.out_of_memory(plan.width, plan.height, self.network, self.settings, guided)
        name, self.device = self.device.type, torch.device("cpu")
        self.network = network_for(self.settings, self.device)
        limit = budget.allowed(self.settings, self.device)
        self.tile = budget.choose(
            last.width, last.height, self.network, self.settings, limit, guided
        ).tile
        return f"The memory of {name} ran out; the picture is now painted on the CPU"

    def _moved(self, image: Tensor | None) -> Tensor | None:
        return None if image is None else image.to(self.device)

    def _targets(self, stage: Stage, content: Canvas) -> Iterator[StyleTarget]:
        """What is painted like what, at a stage."""
        guidance = self.pictures.guidance
        if not guidance:
            (painted,) = self.pictures.regions
            yield StyleTarget(styles=self._styles(painted, stage))
            return
        visible = float(content.visible.mean()) * content.visible.numel()
        weights = guidance.weights(stage.height, stage.width)
        for painted, weight in zip(self.pictures.regions, weights, strict=True):
            mask = with_margin(weight, self.margin(stage)).to(self.device) * content.visible
            if mask.any():
                guide = Guide(mask)
                styles, share = self._styles(painted, stage), guide.mass / visible
                yield StyleTarget(styles=styles, guide=guide, share=share)

    def _styles(self, painted: Painted, stage: Stage) -> Iterator[tuple[Canvas, float]]:
        side = max(stage.width, stage.height)
        longest = side * self.settings.style_scale * self.pictures.enlarged
        most = ENOUGH * side if self.pictures.enlarged > 1 else math.inf
        return ((style.at(longest, self.device, most), style.share) for style in painted.styles)

    def _previous(self, stage: Stage) -> Canvas | None:
        """A film's last frame, as `content_at`."""
        previous = self.pictures.previous
        if previous is None:
            return None
        return extended(resized(previous, stage.height, stage.width), self.margin(stage))

    def _protection(self, stage: Stage) -> Tensor | None:
        """How much each pixel of `content_at` is protected, (1, 1, H, W)."""
        guidance = self.pictures.guidance
        protection = guidance.protection(stage.height, stage.width)
        return None if protection is None else with_margin(protection, self.margin(stage))

    def _emphasis(self, stage: Stage) -> Tensor | None:
        """How much more the content counts at each pixel of `content_at`, (1, 1, H, W)."""
        pictures, settings, size = self.pictures, self.settings, (stage.height, stage.width)
        emphasis: list[Tensor] = []
        if pictures.faces is not None:
            faces = resize(pictures.faces.map, *size)
            faces = with_margin(faces, self.margin(stage))
            emphasis.append(MOST_EMPHASIS ** (faces * (settings.faces / 100)))
        if any(region.strength != settings.strength for region in pictures.regions):
            weights = pictures.guidance.weights(*size)
            usual, exponent = strength_factor(settings.strength), torch.zeros(1, 1, *size)
            for region, weight in zip(pictures.regions, weights, strict=True):
                exponent += weight * math.log(strength_factor(region.strength) / usual)
            emphasis.append(with_margin(exponent.exp_(), self.margin(stage)))
        protection = self._protection(stage)
        if protection is not None:
            emphasis.append(MOST_EMPHASIS**protection)
        return reduce(torch.mul, emphasis) if emphasis else None
