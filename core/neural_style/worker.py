"""The process that a host such as GIMP starts and talks to; see `neural_style.protocol`.

It does one job after the other and ends with its standard input, which the operating system
closes when the host dies, however it dies. So no worker is ever left behind. What a job or plan
is made of has a room of its own, `tasks`.
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
from collections.abc import Generator
from contextlib import closing
from functools import partial
from types import FrameType
from typing import BinaryIO, NoReturn

from neural_style import protocol
from neural_style.errors import NeuralStyleError

ALIVE_SECONDS = 5.0
"""Between two signs of life while a job is done."""


class _Cancelled(BaseException):
    """Raised in the middle of a task that the host does not want any more."""


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
        self.tasks: queue.SimpleQueue[protocol.Task] = queue.SimpleQueue()
        self.current: str | None = None
        self.interrupting = False
        self.cancelled: set[str] = set()
        self.finished: set[str] = set()

    def run(self) -> NoReturn:
        """Listen from now on, say hello as soon as torch is there, then do tasks for ever."""
        signal.signal(signal.SIGINT, self._interrupted)
        threading.Thread(target=self._listen, daemon=True).start()
        # A slow import, so it comes after the thread has begun to watch for the end of the input.
        from neural_style import tasks

        self._send(tasks.begin())
        threading.Thread(target=self._show_life, daemon=True).start()
        while True:
            task = self.tasks.get()
            finish = partial(self.finished.__contains__, task.job)
            self._do(task.job, tasks.done(task, finish))
            tasks.end()

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
        elif isinstance(message, (protocol.Job, protocol.PlanRequest)):
            self.tasks.put(message)
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

    def _do(self, name: str, messages: Generator[protocol.Message, None, None]) -> None:
        """Do the task of that name, by asking for its messages."""
        cancelled = NeuralStyleError("cancelled", "The job was cancelled")
        try:
            try:
                self.current = name
                if name in self.cancelled:
                    raise cancelled
                with closing(messages):  # before its host hears that it is over
                    for message in messages:
                        self._send(message)
            finally:
                self.current = None
        except _Cancelled:
            self.current = None  # should it have come just before
            self._send_error(name, cancelled)
        except NeuralStyleError as error:
            self._send_error(name, error)
        except Exception as error:
            traceback.print_exc()
            message = f"Something unexpected happened ({type(error).__name__}: {error})"
            self._send_error(name, NeuralStyleError("internal", message))
        self.cancelled.discard(name)
        self.finished.discard(name)

    def _send(self, message: protocol.Message) -> None:
        try:
            with self.lock:
                self.sink.write(message.line().encode())
        except OSError:
            os._exit(0)  # the host is gone

    def _send_error(self, job: str | None, error: NeuralStyleError) -> None:
        self._send(protocol.Error(job=job, code=error.code, message=error.message, hint=error.hint))


def main() -> NoReturn:
    """Take standard output for the protocol, so that nothing else can write into it."""
    sink = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    Worker(os.fdopen(os.dup(0), "rb"), sink).run()
