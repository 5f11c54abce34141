"""Where a job is painted: pictures, network and device, and the plan that fits its memory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from neural_style import budget
from neural_style.canvas import (
    Canvas,
    canvas_of,
    check_size,
    extended,
    margin_of,
    recoloured,
    resized,
    style_at,
    unframed,
    with_margin,
)
from neural_style.devices import choose_device, choose_precision, free_memory, release_memory
from neural_style.errors import NeuralStyleError
from neural_style.faces import LOOK, face_map
from neural_style.image import Picture
from neural_style.losses import losses_from
from neural_style.network import VGG, load_weights, normalised
from neural_style.objective import Objective
from neural_style.optimise import Adam
from neural_style.resampling import resize
from neural_style.sampling import Sampling
from neural_style.schedule import Stage, fit, stages, work
from neural_style.settings import Settings

SHARE = {"cpu": 0.7}
SHARE_OF_CARD = 0.9
"""Part of the free memory that a job may plan with: on the CPU, other programs need some too."""

FINISHING_STEPS = 8
"""Steps at the layer's own size, after painting at a smaller one: enough for crisp strokes."""

PACE_SIDE = 192
"""Side of the picture on which the time of a step is measured, in pixels."""

MOST_EMPHASIS = 16
"""How many times more the content counts in a face, at most."""

SETUP_STEPS = 5
"""What comes before the first step of a stage, in steps: it looks at photo and paintings."""


@dataclass(frozen=True)
class Plan:
    """How a job is done.

    Attributes:
        device, precision: what it is computed on, and the number format of the features.
        width, height: of the picture painted, in pixels.
        stages: sizes and steps, the smallest first. The last may be larger than the picture
            painted: some steps at the photo's own size.
        tile: side of the tiles in pixels, 0 for whole pictures.
        memory: bytes it needs beside the program, at most, estimated.
        seconds: it takes, estimated.
    """

    device: str
    precision: str
    width: int
    height: int
    stages: list[Stage]
    tile: int
    memory: int
    seconds: float

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)


class Studio:
    """Everything a job needs beside the picture that is painted.

    Args:
        content: the photo.
        styles: the paintings.
        settings: everything else.
        enlarge: whether a picture painted smaller than the photo is brought to its size.

    Raises:
        NeuralStyleError: for settings, pictures and weights that cannot be used, and
            `out_of_memory`.
    """

    def __init__(
        self, content: Picture, styles: Sequence[Picture], settings: Settings, *, enlarge: bool
    ) -> None:
        self.settings = settings
        shares = _shares(settings.blend, len(styles))
        self.device = choose_device(settings.device)
        self.photo = canvas_of(content, self.device, "The photo")
        self.faces = _faces(self.photo, settings)  # before it is recoloured
        self.width, self.height = painted_size(content, settings)
        check_size(self.width, self.height, f"The photo at size {settings.size}")
        paintings = [canvas_of(style, self.device, "The style picture") for style in styles]
        if settings.formula == "relative":
            paintings = [unframed(painting) for painting in paintings]
        # What does not count must not change what is drawn at random either.
        self.paintings = [one for one, share in zip(paintings, shares, strict=True) if share]
        self.shares = [share for share in shares if share]
        if settings.colours == "photo":
            self.paintings = [recoloured(p, [self.photo], [1.0]) for p in self.paintings]
        elif settings.colours == "painting":
            self.photo = recoloured(self.photo, self.paintings, self.shares)
        self._build_network()
        self.stages = stages(self.width, self.height, settings)
        self.budget = self._choose(self.width, self.height)
        if self.budget.memory > self._free():
            raise self._out_of_memory()
        if enlarge:
            self._plan_finish(content)

    def plan(self) -> Plan:
        """What will be done, and what it takes."""
        return Plan(
            self.device.type,
            str(self.network.dtype).removeprefix("torch."),
            self.width,
            self.height,
            self.stages,
            self.budget.tile,
            self.budget.memory,
            self._seconds(),
        )

    def objective(self, number: int, stage: Stage) -> Objective:
        """What is minimised at the stage with this number."""
        longest = max(stage.width, stage.height) * self.settings.style_scale
        paintings = (style_at(painting, longest) for painting in self.paintings)
        sampling = Sampling(
            seed=self.settings.seed * 1000 + number,
            device=self.device,
            fixed=self.settings.optimiser == "lbfgs",
        )
        return Objective(
            network=self.network,
            losses=losses_from(self.settings, sampling, self._emphasis(stage)),
            content=self.scene(stage),
            styles=zip(paintings, self.shares, strict=True),
            sampling=sampling,
            tile=self.budget.tile,
        )

    def scene(self, stage: Stage) -> Canvas:
        """The photo as it is painted at a stage: at its size, with a margin around it."""
        scene = resized(self.photo, stage.height, stage.width)
        return extended(scene, self.margin(stage.height, stage.width))

    def margin(self, height: int, width: int) -> int:
        """What is painted around a picture of that size, in pixels."""
        return margin_of(height, width, self.settings)

    def retreat(self) -> str:
        """Make do with less memory: smaller tiles, then the CPU. Returns what was done.

        Raises:
            NeuralStyleError: `out_of_memory` if there is nothing smaller.
        """
        release_memory()
        size = max(self.stages[-1].width, self.width), max(self.stages[-1].height, self.height)
        tile = budget.smaller(self.budget.tile, *size)
        if tile:
            memory = budget.needed(*size, self.network, self.settings, tile)
            self.budget = budget.Budget(tile, memory)
            return f"The memory ran out; the picture is now painted in tiles of {tile} pixels"
        if self.device.type == "cpu":
            raise self._out_of_memory()
        name, self.device = self.device.type, torch.device("cpu")
        self.photo = _moved(self.photo, self.device)
        self.paintings = [_moved(painting, self.device) for painting in self.paintings]
        self._build_network()
        self.budget = self._choose(*size)
        return f"The memory of {name} ran out; the picture is now painted on the CPU"

    def _emphasis(self, stage: Stage) -> Tensor | None:
        """How much more the content counts at each pixel of the scene, shape (1, 1, H, W)."""
        if self.faces is None:
            return None
        faces = resize(self.faces, stage.height, stage.width).to(self.photo.pixels)
        faces = with_margin(faces, self.margin(stage.height, stage.width))
        return MOST_EMPHASIS ** (faces * (self.settings.faces / 100))

    def _build_network(self) -> None:
        settings = self.settings
        layers = {*settings.content_layers, *settings.style_layers}
        precision = settings.precision
        if precision == "auto" and settings.optimiser == "lbfgs":
            precision = "float32"  # its curvature is made of small differences of gradients
        dtype = choose_precision(self.device, precision)
        weights = load_weights(settings.network)
        if settings.formula != "tutorial":
            weights = normalised(weights)
        self.network = VGG(weights, layers, settings.pooling, self.device, dtype)

    def _plan_finish(self, content: Picture) -> None:
        """Some steps at the photo's size, if it is larger than the painted one, and fits."""
        height, width = content.alpha.shape
        if width * height <= self.width * self.height:
            return
        own = self._choose(width, height)
        if own.memory <= self._free():
            self.stages = [*self.stages, Stage(width, height, FINISHING_STEPS)]
            self.budget = own

    def _choose(self, width: int, height: int) -> budget.Budget:
        share = SHARE.get(self.device.type, SHARE_OF_CARD)
        limit = self._free() if self.settings.memory else share * self._free()
        return budget.choose(width, height, self.network, self.settings, limit)

    def _free(self) -> float:
        """Bytes that painting may take."""
        return self.settings.memory * 2**30 or free_memory(self.device)

    def _out_of_memory(self) -> NeuralStyleError:
        where = f"{self.settings.memory:g} GiB" if self.settings.memory else self.device.type
        message = f"The memory of {where} does not hold {self.width} x {self.height} pixels"
        largest = budget.largest_size(
            self.width, self.height, self.network, self.settings, self._free()
        )
        if largest < 128:  # the pictures themselves take it all
            hint = "Allow more memory." if self.settings.memory else None
            return NeuralStyleError("out_of_memory", message, hint)
        other = "allow more memory" if self.settings.memory else "close other programs"
        hint = f"Set the size to {largest} or less, or {other}."
        return NeuralStyleError("out_of_memory", message, hint)

    def _seconds(self) -> float:
        """Time for all stages, from that of a step on a small part of the pictures."""
        stage = Stage(PACE_SIDE, PACE_SIDE, 1)
        objective = self.objective(0, stage)
        optimiser = Adam(self.scene(stage).pixels, 0.0, 0.0)
        times = []
        for _ in range(4):
            start = time.perf_counter()
            float(optimiser.step(objective))  # waits for the device
            times.append(time.perf_counter() - start)
        pace = min(times) / work(stage)
        return pace * sum(
            (stage.steps + SETUP_STEPS)
            * work(stage)
            * budget.effort(stage.width, stage.height, self.network, self.budget.tile)
            for stage in self.stages
        )


def painted_size(content: Picture, settings: Settings) -> tuple[int, int]:
    """Width and height to paint at."""
    height, width = content.alpha.shape
    return fit(width, height, settings.size) if settings.size else (width, height)


def _faces(photo: Canvas, settings: Settings) -> Tensor | None:
    """Map of the photo's faces, small as they are looked for; None if there is nothing to raise.

    The literal formulas know one weight for the whole content.
    """
    if not settings.faces or settings.formula != "relative":
        return None
    height, width = photo.pixels.shape[2:]
    if max(height, width) > LOOK:
        width, height = fit(width, height, LOOK)
    found = face_map(resize(photo.pixels, height, width))
    return found if found.any() else None


def _moved(canvas: Canvas, device: torch.device) -> Canvas:
    return Canvas(canvas.pixels.to(device), canvas.visible.to(device))


def _shares(blend: tuple[float, ...], count: int) -> list[float]:
    """How much each style picture counts; sums to one."""
    weights = list(blend) or [1.0] * count
    if len(weights) != count or not sum(weights):
        raise NeuralStyleError(
            "bad_settings",
            f"blend has {len(weights)} weights, and there are {count} style pictures"
            if len(weights) != count
            else "blend must not be zero for every style picture",
        )
    return [weight / sum(weights) for weight in weights]
