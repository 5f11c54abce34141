"""Those who paint the pictures of a series: each a worker process of its own."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Protocol

import torch

from neural_style import machine, protocol
from neural_style.budget import allowed
from neural_style.devices import choose_device, seen_alone
from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.image import Picture, read_raw, write_raw
from neural_style.settings import Settings

MOST_JOBS = 64
"""Pictures that may be painted at a time on one computer, at most."""


class Painter(Protocol):
    """Paints one picture at a time, keeping network and paintings for the next one."""

    @property
    def gone(self) -> bool:
        """Whether it will never paint again."""
        ...

    def paint(
        self, content: Picture, styles: Sequence[int], settings: Settings
    ) -> tuple[Picture, list[NeuralStyleWarning]]:
        """The picture, and what was told on the way.

        Args:
            content: the photo.
            styles: numbers of the series' style pictures.
            settings: everything else.

        Raises:
            NeuralStyleError: whatever stops this picture; `painter_lost` if the painter is gone.
        """
        ...

    def close(self) -> None:
        """End it, whatever it is doing; from any thread."""
        ...


class LocalPainter:
    """A worker process on this computer, started anew should it die.

    It ends with this process, however that ends; see `neural_style.worker`.

    Args:
        styles: the series' style pictures, as raw files.
        folder: for the raw files of photos and results, which are gone after each picture.
        device: what it computes on, in place of the settings'; it sees no other card.
        threads: of its own, on the CPU; None for as many as PyTorch takes.
        memory: GiB that it may take, where the settings leave that open; None for what is free.
    """

    _numbers = itertools.count()

    def __init__(
        self,
        styles: Sequence[protocol.PictureFile],
        folder: Path,
        *,
        device: torch.device,
        threads: int | None,
        memory: float | None,
    ) -> None:
        self.styles, self.folder = styles, folder
        self.device, self.environment = seen_alone(device)
        self.threads, self.memory = threads, memory
        self.process: subprocess.Popen[bytes] | None = None
        self.closed = False
        self._starting = threading.Lock()  # it may be closed by another thread meanwhile

    @property
    def gone(self) -> bool:
        return self.closed

    def paint(
        self, content: Picture, styles: Sequence[int], settings: Settings
    ) -> tuple[Picture, list[NeuralStyleWarning]]:
        name = f"painting-{next(self._numbers)}"
        file = write_raw(self.folder / f"{name}-content.raw", content)
        values = settings.model_dump(mode="json") | {"device": self.device}
        if self.memory and not settings.memory:
            values["memory"] = self.memory
        job = protocol.Job(
            job=name,
            folder=str(self.folder),
            content=file,
            styles=[self.styles[number] for number in styles],
            settings=values,
            enlarge=False,
            previews=None,
            preview_size=512,
        )
        try:
            result, warnings = self._done(job)
            picture = read_raw(result)
        finally:
            for path in self.folder.glob(f"{name}-*"):
                path.unlink(missing_ok=True)
        return replace(picture, depth=content.depth), warnings

    def close(self) -> None:
        with self._starting:
            self.closed = True
            if self.process:
                self.process.kill()
                self.process.wait()

    def _done(self, job: protocol.Job) -> tuple[protocol.PictureFile, list[NeuralStyleWarning]]:
        warnings = []
        process, stdin, stdout = self._running()
        with suppress(OSError):  # its end shows below
            stdin.write(job.line().encode())
            stdin.flush()
        for line in stdout:
            message = json.loads(line)
            if message["type"] == "warning":
                warnings.append(NeuralStyleWarning(message["code"], message["message"]))
            elif message["type"] == "error":
                raise NeuralStyleError(message["code"], message["message"], message["hint"])
            elif message["type"] == "result":
                return protocol.PictureFile.model_validate(message), warnings
        status = process.wait()
        raise NeuralStyleError("painter_lost", f"The process that painted it ended ({status})")

    def _running(self) -> tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]:
        """The process and its pipes."""
        with self._starting:
            if self.closed:
                raise NeuralStyleError("cancelled", "The batch was cancelled")
            if self.process is None or self.process.poll() is not None:
                threads = {"OMP_NUM_THREADS": str(self.threads)} if self.threads else {}
                self.process = subprocess.Popen(
                    [sys.executable, "-X", "utf8", "-m", "neural_style.cli", "worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env={**os.environ, **self.environment, **threads},
                )
            process = self.process
        if not (process.stdin and process.stdout):
            raise AssertionError("Popen makes the pipes that it is asked for")
        return process, process.stdin, process.stdout


def local_painters(
    styles: Sequence[Picture],
    folder: Path,
    settings: Settings,
    *,
    jobs: int | None,
    devices: Sequence[str],
) -> tuple[list[LocalPainter], LocalPainter]:
    """Painters on this computer who work side by side, and one who works alone.

    Args:
        styles: the series' style pictures.
        folder: for raw files.
        settings: say which device, if `devices` do not.
        jobs: pictures at a time; None for one on each card, or on each core of the CPU.
        devices: which to use, one after the other.

    Raises:
        NeuralStyleError: `device_unavailable`, `cannot_write`, `disk_full`.
    """
    files = [write_raw(folder / f"style-{n}.raw", style) for n, style in enumerate(styles)]
    chosen = [choose_device(device) for device in devices or [settings.device]]
    on_cpu = all(device.type == "cpu" for device in chosen)
    cores = machine.cores()
    count = jobs or (cores if on_cpu else len(chosen))
    shares = Counter(chosen[number % len(chosen)] for number in range(count))
    painters = []
    for device, several in shares.items():
        share = allowed(settings, device) / several / 2**30 if several > 1 else None
        threads = max(cores // several, 1) if device.type == "cpu" else None
        painters += [
            LocalPainter(files, folder, device=device, threads=threads, memory=share)
            for _ in range(several)
        ]
    device = next(iter(shares))
    return painters, LocalPainter(files, folder, device=device, threads=None, memory=None)
