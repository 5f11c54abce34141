"""How many of the processor's cores are used while other programs want some."""

from __future__ import annotations

import time
from types import TracebackType

import psutil
import torch

LOOK_SECONDS = 0.5
"""Between two looks at how busy the others are."""


class SharedCores:
    """A context in which PyTorch has as many threads as other programs leave cores.

    The threads of a step wait for each other: where another program takes the core from one of
    them, all stand still, and two threads take several times as long as one. There are never more
    than at the beginning, and as many again at the end.
    """

    def __enter__(self) -> SharedCores:
        self.most = torch.get_num_threads()
        self.looked, self.busy, self.own = _now()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if torch.get_num_threads() != self.most:
            torch.set_num_threads(self.most)

    def adapt(self) -> None:
        """To be called between two steps."""
        if self.most == 1 or time.perf_counter() - self.looked < LOOK_SECONDS:
            return
        looked, busy, own = _now()
        others = ((busy - self.busy) - (own - self.own)) / (looked - self.looked)
        self.looked, self.busy, self.own = looked, busy, own
        free = round((psutil.cpu_count() or 1) - others)
        threads = max(1, min(self.most, free))
        if threads != torch.get_num_threads():
            torch.set_num_threads(threads)


def _now() -> tuple[float, float, float]:
    """The time, and how long all cores and this process have worked, in seconds."""
    spent = psutil.cpu_times()
    busy = spent.user + spent.system + getattr(spent, "nice", 0.0)
    return time.perf_counter(), busy, time.process_time()
