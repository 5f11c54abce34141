"""Loss over seconds: the textbook's L-BFGS, the engine's schedule and the engine's L-BFGS.

All start from the same picture and minimise the same function. Targets are learnt on the clock,
networks are built before. Pictures are kept on the way with the clock stopped, and afterwards the
textbook's own code says what each one's loss is at the full size, as a file would hold it: the
textbook's pictures leave the range 0..1, which is cut off.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from benchmarks import machine, scene, textbook
from neural_style.devices import device_of
from neural_style.network import VGG, Weights
from neural_style.objective import Objective
from neural_style.optimise import LBFGS, Adam
from neural_style.resampling import resize
from neural_style.schedule import MIN_SIDE, stages

EVERY = 5
"""Steps between two pictures that are kept."""


@dataclass(frozen=True)
class Curve:
    """The `losses` one of them reached after `seconds` on the clock and `steps`."""

    name: str
    seconds: list[float]
    steps: list[int]
    losses: list[float]

    def reached(self, loss: float) -> float | None:
        """Seconds until a loss no larger than `loss`; None if it never was."""
        pairs = zip(self.seconds, self.losses, strict=True)
        return next((seconds for seconds, found in pairs if found <= loss), None)


@dataclass(frozen=True)
class Race:
    """All curves for one network; the textbook's is the first."""

    network: str
    size: int
    device: str
    start: str
    curves: list[Curve]

    @property
    def goal(self) -> float:
        """The loss after all of the textbook's steps."""
        return self.curves[0].losses[-1]

    def ratio(self, curve: Curve) -> float | None:
        """Time of `curve` to the goal relative to the textbook's whole time; None if never.

        L-BFGS without a line search may have been lower on the way: `Curve.reached` tells when.
        """
        seconds, textbook = curve.reached(self.goal), self.curves[0].seconds[-1]
        return seconds / textbook if seconds is not None else None


@dataclass
class Recorder:
    """A clock that stands still while a picture is put aside."""

    device: torch.device
    began: float = 0.0
    steps: int = 0
    kept: list[tuple[float, int, Tensor]] = field(default_factory=list)

    def begin(self) -> None:
        machine.wait(self.device)
        self.began = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def look(self, picture: Callable[[], Tensor], *, last: bool = False) -> None:
        """Called before each step and, with `last`, after the end."""
        if last or self.steps % EVERY == 0:
            machine.wait(self.device)
            now = self.seconds
            self.kept.append((now, self.steps, picture().clone().cpu()))
            self.began = time.perf_counter() - now
        self.steps += 1

    @torch.no_grad()
    def curve(self, name: str, loss: textbook.Loss, size: int) -> Curve:
        seconds, steps, pictures = zip(*self.kept, strict=True)
        pictures = [resize(x, size, size, limit=False).to(self.device) for x in pictures]
        losses = [loss(picture.clamp(0, 1)).item() for picture in pictures]
        return Curve(name, list(seconds), list(steps), losses)


class Racer:
    """Runs each side for one network.

    Args:
        network: one of `scene.NETWORKS`.
        size: side of the picture, in pixels.
        device: to compute on.
        start: `content` or `noise`.
    """

    def __init__(self, network: str, size: int, device: torch.device, start: str) -> None:
        self.weights: Weights = scene.weights(network)
        self.size, self.device = size, device
        self.content, self.style = (make(size).to(device) for make in (scene.photo, scene.painting))
        self.image = self.content if start == "content" else scene.noise(size).to(device)

    def textbook(self, steps: int) -> Curve:
        network = scene.textbook_network(self.weights, scene.SAME_LOSS, self.device)
        recorder = Recorder(self.device)
        recorder.begin()
        loss = scene.textbook_loss(network, self.content, self.style, scene.SAME_LOSS)
        textbook.minimise_lbfgs(loss, self.image, steps, lambda image: recorder.look(lambda: image))
        self.loss = loss
        return recorder.curve("textbook", loss, self.size)

    def schedule(self, precision: str) -> Curve:
        """The preset's sizes, from coarse to fine, with its Adam."""
        network, recorder = self._network(precision), Recorder(self.device)
        settings = scene.SAME_LOSS
        recorder.begin()
        adam: Adam | None = None
        for stage in stages(self.size, self.size, settings):
            objective = self._objective(network, stage.height)
            if adam is None:
                image = resize(self.image, stage.height, stage.width)
                adam = Adam(image, settings.learning_rate, settings.averaging)
            else:
                adam.resize(stage.height, stage.width)
            for _ in range(stage.steps):
                recorder.look(lambda adam=adam: adam.picture)
                adam.step(objective)
        assert adam is not None  # noqa: S101 - a plan has at least one stage
        recorder.look(lambda: adam.picture, last=True)
        return recorder.curve(f"schedule, {precision}", self.loss, self.size)

    def lbfgs(self, seconds: float) -> Curve:
        """At the full size, until `seconds` are over."""
        network, recorder = self._network("float32"), Recorder(self.device)
        recorder.begin()
        objective = self._objective(network, self.size)
        lbfgs = LBFGS(self.image, 1.0)
        while recorder.seconds < seconds:
            recorder.look(lambda: lbfgs.picture)
            lbfgs.step(objective)
        recorder.look(lambda: lbfgs.picture, last=True)
        return recorder.curve("L-BFGS, float32", self.loss, self.size)

    def _network(self, precision: str) -> VGG:
        settings = scene.SAME_LOSS
        layers = {*settings.content_layers, *settings.style_layers}
        dtype = machine.PRECISIONS[precision]
        return VGG(self.weights, layers, settings.pooling, self.device, dtype)

    def _objective(self, network: VGG, side: int) -> Objective:
        content, style = (resize(picture, side, side) for picture in (self.content, self.style))
        return scene.objective(network, content, style, scene.SAME_LOSS)


def race(
    network: str, size: int, device: str, start: str, steps: int, precisions: list[str]
) -> Race:
    """Run all sides, one after the other, for one network."""
    # Once at a tiny size before: the first use of each operation takes longer.
    for side, count in ((MIN_SIDE, 2), (size, steps)):
        racer = Racer(network, side, device_of(device), start)
        first = racer.textbook(count)
        others = [racer.schedule(precision) for precision in precisions]
        others.append(racer.lbfgs(first.seconds[-1]))
    return Race(network, size, device, start, [first, *others])
