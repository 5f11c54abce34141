"""The process that a host such as GIMP starts and talks to; see `neural_style.protocol`.

It does one job after the other and ends with its standard input, which the operating system
closes when the host dies, however it dies. So no worker is ever left behind.
"""

from __future__ import annotations

import _thread
import os
import queue
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from neural_style import __version__, protocol
from neural_style.errors import NeuralStyleError

if TYPE_CHECKING:
    from neural_style.image import Picture
    from neural_style.job import Event
    from neural_style.studio import Plan


ALIVE_SECONDS = 5.0
"""Between two signs of life while a job is done."""


class _Cancelled(BaseException):
    """Raised in the middle of a job that the host does not want any more."""


class Worker:
    """The conversation with one host.

    Args:
        source: where the host's messages come from.
        sink: where messages to the host go.
    """

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self.source = source
        self.sink = sink
        self.lock = threading.Lock()
        self.jobs: queue.SimpleQueue[protocol.Job] = queue.SimpleQueue()
        self.current: str | None = None
        self.interrupting = False
        self.cancelled: set[str] = set()
        self.finished: set[str] = set()

    def run(self) -> NoReturn:
        """Listen from now on, say hello as soon as torch is there, then do jobs for ever."""
        signal.signal(signal.SIGINT, self._interrupted)
        threading.Thread(target=self._listen, daemon=True).start()
        # Slow imports come after the thread has begun to watch for the end of the input.
        import torch

        from neural_style.devices import available_devices, keep_memory
        from neural_style.network import installed_networks

        keep_memory()
        self._send(
            protocol.Hello(
                version=__version__,
                torch=torch.__version__,
                devices=available_devices(),
                networks=installed_networks(),
            )
        )
        threading.Thread(target=self._show_life, daemon=True).start()
        while True:
            self._do(self.jobs.get())

    def _show_life(self) -> None:
        """From a thread of its own, as setting up a large picture is minutes without a word."""
        while True:
            time.sleep(ALIVE_SECONDS)
            if job := self.current:
                self._send(protocol.Alive(job=job))

    def _listen(self) -> None:
        """Read messages until the input ends; then the process ends at once, in any step."""
        try:
            for line in self.source:
                self._understand(line)
        except Exception:
            traceback.print_exc()
        finally:
            # Not sys.exit: torch may be in the middle of a step that takes a minute.
            os._exit(0)

    def _understand(self, line: bytes) -> None:
        try:
            message = protocol.parse_from_host(line)
        except NeuralStyleError as error:
            self._send_error(None, error)
            return
        if isinstance(message, protocol.Shutdown):
            os._exit(0)
        elif isinstance(message, protocol.Job):
            self.jobs.put(message)
        elif isinstance(message, protocol.Cancel):
            self.cancelled.add(message.job)
            if message.job == self.current:
                # Wherever the main thread is: it looks at its messages between steps only, and
                # the first step of a large picture is minutes away.
                self.interrupting = True
                _thread.interrupt_main()
        else:
            self.finished.add(message.job)

    def _interrupted(self, _signal: int, _frame: FrameType | None) -> None:
        """In the main thread, between any two instructions."""
        if not self.interrupting:
            os._exit(130)  # somebody has pressed Ctrl+C
        self.interrupting = False
        if self.current in self.cancelled:
            raise _Cancelled

    def _do(self, job: protocol.Job) -> None:
        from neural_style.devices import release_memory

        cancelled = NeuralStyleError("cancelled", "The job was cancelled")
        try:
            try:
                self.current = job.job
                if job.job in self.cancelled:
                    raise cancelled
                self._paint(job)
            finally:
                self.current = None
        except _Cancelled:
            self.current = None  # should it have come just before
            self._send_error(job.job, cancelled)
        except NeuralStyleError as error:
            self._send_error(job.job, error)
        except Exception as error:
            traceback.print_exc()
            message = f"Something unexpected happened ({type(error).__name__}: {error})"
            self._send_error(job.job, NeuralStyleError("internal", message))
        release_memory()
        self.cancelled.discard(job.job)
        self.finished.discard(job.job)

    def _paint(self, job: protocol.Job) -> None:
        from neural_style.image import read_raw, write_raw
        from neural_style.job import Finished, Progress, paint
        from neural_style.settings import parse_settings

        started = time.monotonic()
        settings = parse_settings(job.settings)
        content = read_raw(job.content)
        styles = [read_raw(style) for style in job.styles]
        previews = _Previews(job)
        events = paint(
            content, styles, settings, enlarge=True, finish=lambda: job.job in self.finished
        )
        for event in events:
            if message := as_message(job.job, event):
                self._send(message)
            if isinstance(event, Progress) and previews.due():
                longest = min(job.preview_size, max(job.content.width, job.content.height))
                self._send(previews.write(event.picture(longest)))
            elif isinstance(event, Finished):
                file = write_raw(Path(job.folder) / f"{job.job}-result.raw", event.picture)
                seconds = time.monotonic() - started
                self._send(protocol.Result(job=job.job, seconds=seconds, **file.model_dump()))

    def _send(self, message: protocol.Message) -> None:
        try:
            with self.lock:
                self.sink.write(message.line().encode())
        except OSError:
            os._exit(0)  # the host is gone

    def _send_error(self, job: str | None, error: NeuralStyleError) -> None:
        self._send(protocol.Error(job=job, code=error.code, message=error.message, hint=error.hint))


class _Previews:
    """When the next preview of a job is due, and the files of those so far."""

    def __init__(self, job: protocol.Job) -> None:
        self.job = job
        self.count = 0
        self.last = -float("inf")

    def due(self) -> bool:
        wait = self.job.previews
        return wait is not None and time.monotonic() - self.last >= wait

    def write(self, picture: Picture) -> protocol.Preview:
        from neural_style.image import write_raw

        self.last = time.monotonic()
        self.count += 1
        path = Path(self.job.folder) / f"{self.job.job}-preview-{self.count}.raw"
        return protocol.Preview(job=self.job.job, **write_raw(path, picture).model_dump())


def as_message(job: str, event: Event) -> protocol.Message | None:
    """What the host is told of an event; the finished picture has to be written first."""
    from neural_style.job import Progress, Started, Warned

    if isinstance(event, Started):
        return accepted(job, event.plan)
    if isinstance(event, Progress):
        return protocol.Progress(
            job=job,
            step=event.step,
            total=event.total,
            fraction=event.fraction,
            eta_s=event.eta_s,
            stage=event.stage,
            loss=event.loss,
        )
    if isinstance(event, Warned):
        return protocol.Warning(job=job, code=event.code, message=event.message)
    return None


def accepted(job: str, plan: Plan) -> protocol.Accepted:
    """A plan as a message."""
    return protocol.Accepted(
        job=job,
        device=plan.device,
        precision=plan.precision,
        width=plan.width,
        height=plan.height,
        total=plan.steps,
        tile=plan.tile,
        memory=plan.memory,
        seconds=plan.seconds,
    )


def main() -> NoReturn:
    """Take standard output for the protocol, so that nothing else can write into it."""
    sink = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    Worker(os.fdopen(os.dup(0), "rb"), sink).run()
