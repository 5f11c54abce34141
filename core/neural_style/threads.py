"""How many of the processor's cores are used while other programs want some."""

from __future__ import annotations

import os
import threading
import time
from types import TracebackType

import psutil
import torch

from neural_style import machine

LOOK_SECONDS = 0.5
"""Between two looks at how busy the others are."""

_lock = threading.Lock()
_users, _before = 0, 0

if hasattr(os, "register_at_fork"):
    # A child of a process that has painted has none of its threads, and would wait for them.
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


class SharedCores:
    """A context in which PyTorch has as many threads as other programs leave cores.

    The threads of a step wait for each other: where another program takes the core from one of
    them, all stand still, and two threads take several times as long as one. There are never more
    than at the beginning, and than cores that this process may use; at the end there are as many
    again, also where several such contexts overlap.
    """

    def __enter__(self) -> SharedCores:
        global _users, _before
        with _lock:
            if not _users:
                _before = torch.get_num_threads()
            _users += 1
        self.before = _before
        self.most = min(self.before, machine.cores())
        _set_threads(self.most)
        self.looked, self.busy, self.own = _now()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        global _users
        with _lock:
            _users -= 1
        _set_threads(self.before)

    def adapt(self) -> None:
        """To be called between two steps."""
        if time.perf_counter() - self.looked < LOOK_SECONDS:
            return
        looked, busy, own = _now()
        others = ((busy - self.busy) - (own - self.own)) / (looked - self.looked)
        self.looked, self.busy, self.own = looked, busy, own
        free = round((psutil.cpu_count() or 1) - others)
        _set_threads(max(1, min(self.most, free)))


def _set_threads(number: int) -> None:
    if number != torch.get_num_threads():
        torch.set_num_threads(number)


def _now() -> tuple[float, float, float]:
    """The time, and how long all cores and this process have worked, in seconds."""
    spent = psutil.cpu_times()
    busy = spent.user + spent.system + getattr(spent, "nice", 0.0)
    return time.perf_counter(), busy, time.process_time()
