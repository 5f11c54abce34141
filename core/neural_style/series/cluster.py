"""Painters on other computers: actors of Ray, which is an extra of the package."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any

from neural_style.budget import allowed
from neural_style.devices import choose_device, keep_memory
from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.image import Picture
from neural_style.job import Finished, Warned, paint
from neural_style.settings import Settings, parse_settings

REACHABLE = 10.0
"""Seconds in which a cluster must answer."""

PATIENCE = 20.0
"""Seconds to find a place for a lost painter's successor: more than it takes an actor to load
PyTorch, where there is one."""


def _ray() -> ModuleType:
    try:
        import ray
    except ImportError:
        message = "Ray is not installed"
        hint = "Install it: pip install 'gimp-neural-style[ray]'."
        raise NeuralStyleError("bad_settings", message, hint) from None
    return ray


@contextmanager
def cluster_painters(
    styles: Sequence[Picture], address: str, *, jobs: int | None
) -> Iterator[list[ClusterPainter]]:
    """Painters on all nodes of a cluster: one for each card or, where none has one, each core.

    This process is connected with the cluster meanwhile; if it was so before, it stays so.

    Args:
        styles: the series' style pictures, which every node gets once.
        address: of the cluster, as `ray start` prints it; "auto" for one that this computer is a
            node of.
        jobs: how many instead.

    Raises:
        NeuralStyleError: `bad_settings` without Ray, or if there is no cluster at the address.
    """
    ray = _ray()
    with ExitStack() as stack:
        if not ray.is_initialized():
            _connect(ray, address)
            stack.callback(ray.shutdown)
        there = ray.cluster_resources()
        cards, cores = int(there.get("GPU", 0)), int(there.get("CPU", 1))
        share = {"num_gpus": 1, "num_cpus": 1} if cards else {"num_cpus": 1}
        pictures = ray.put(list(styles))
        yield [ClusterPainter(ray, pictures, share) for _ in range(jobs or cards or cores)]


def _connect(ray: ModuleType, address: str) -> None:
    try:
        if ":" in address:  # Ray itself would try for minutes
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), timeout=REACHABLE).close()
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except (OSError, ValueError, RuntimeError) as error:
        message = f"There is no Ray cluster at {address}"
        hint = "Start one with `ray start --head`, and give the address that it prints."
        raise NeuralStyleError("bad_settings", message, hint) from error


class ClusterPainter:
    """An actor, for which Ray finds a place, and another one if its node dies and there is one.

    Args:
        ray: the package.
        styles: a reference to the style pictures.
        share: of a node's resources, in Ray's words.
    """

    def __init__(self, ray: ModuleType, styles: Any, share: dict[str, int]) -> None:
        self.ray, self.styles, self.share = ray, styles, share
        self.gone = False
        self.actor = self._hired()

    def paint(
        self, content: Picture, styles: Sequence[int], settings: Settings
    ) -> tuple[Picture, list[NeuralStyleWarning]]:
        try:
            call = self.actor.paint.remote(content, list(styles), settings.model_dump(mode="json"))
            picture, told, error = self.ray.get(call)
        except self.ray.exceptions.RayError as lost:
            reason = (str(lost).strip() or type(lost).__name__).splitlines()[0]
            self._replace()
            message = f"The node that painted it is gone ({reason})"
            raise NeuralStyleError("painter_lost", message) from None
        if error:
            raise NeuralStyleError(*error)
        return picture, [NeuralStyleWarning(code, message) for code, message in told]

    def close(self) -> None:
        self.gone = True
        self._end()

    def _hired(self) -> Any:
        actor = self.ray.remote(**self.share)(_Actor)
        return actor.remote(self.styles, on_cpu="num_gpus" not in self.share)

    def _replace(self) -> None:
        """Find another actor, or be gone."""
        end = time.monotonic() + PATIENCE
        while not self.gone and time.monotonic() < end:
            self._end()
            self.actor = self._hired()
            try:
                self.ray.get(self.actor.ready.remote(), timeout=max(end - time.monotonic(), 0))
                return
            except self.ray.exceptions.RayError:
                time.sleep(1)  # it may take a while until the cluster knows that a node is gone
        self.close()

    def _end(self) -> None:
        if self.ray.is_initialized():
            self.ray.kill(self.actor)


class _Actor:
    """What a node runs. Errors are returned, as Ray wraps what is raised."""

    def __init__(self, styles: list[Picture], *, on_cpu: bool) -> None:
        keep_memory()
        self.styles, self.on_cpu = styles, on_cpu

    def ready(self) -> bool:
        return True

    def paint(
        self, content: Picture, styles: list[int], values: dict[str, Any]
    ) -> tuple[Picture | None, list[tuple[str, str]], tuple[str, str, str] | None]:
        told: list[tuple[str, str]] = []
        try:
            settings = self._settings(parse_settings(values))
            chosen = [self.styles[number] for number in styles]
            for event in paint(content, chosen, settings):
                if isinstance(event, Warned):
                    told.append((event.code, event.message))
                elif isinstance(event, Finished):
                    return replace(event.picture, depth=content.depth), told, None
        except NeuralStyleError as error:
            return None, told, (error.code, error.message, error.hint)
        raise AssertionError("A job ends with its picture or with an error")

    def _settings(self, settings: Settings) -> Settings:
        """With this painter's part of the node's memory."""
        if settings.memory or not self.on_cpu:
            return settings
        memory = allowed(settings, choose_device("cpu")) / (os.cpu_count() or 1) / 2**30
        return settings.model_copy(update={"memory": memory})
