"""Threads while other programs keep the processor busy."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch

from neural_style import threads
from neural_style.threads import SharedCores

CORES = 4


class Clock:
    """Time, and what this process and the others worked in it."""

    def __init__(self) -> None:
        self.now = self.own = self.others = 0.0

    def passes(self, seconds: float, own: float, others: float) -> None:
        self.now += seconds
        self.own += own * seconds
        self.others += others * seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    busy = lambda: SimpleNamespace(user=made.own + made.others, system=0.0)  # noqa: E731
    monkeypatch.setattr(threads, "psutil", SimpleNamespace(cpu_times=busy, cpu_count=lambda: CORES))
    monkeypatch.setattr(
        threads,
        "time",
        SimpleNamespace(perf_counter=lambda: made.now, process_time=lambda: made.own),
    )
    before = torch.get_num_threads()
    torch.set_num_threads(CORES)
    yield made
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("others", "expected"), [(0.0, 4), (0.3, 4), (0.8, 3), (2.0, 2), (3.9, 1), (6.0, 1)]
)
def test_others_get_their_cores(clock: Clock, others: float, expected: int) -> None:
    with SharedCores() as cores:
        clock.passes(1.0, own=4 - others, others=others)
        cores.adapt()
        assert torch.get_num_threads() == expected
        clock.passes(1.0, own=expected, others=0.0)
        cores.adapt()
        assert torch.get_num_threads() == CORES, "they have ended"
        clock.passes(1.0, own=4, others=2)
        cores.adapt()
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == CORES


def test_a_moment_tells_nothing(clock: Clock) -> None:
    with SharedCores() as cores:
        clock.passes(threads.LOOK_SECONDS / 2, own=0, others=4)
        cores.adapt()
        assert torch.get_num_threads() == CORES


def test_one_thread_stays_one(clock: Clock) -> None:
    torch.set_num_threads(1)
    with SharedCores() as cores:
        clock.passes(1.0, own=1, others=0)
        cores.adapt()
        assert torch.get_num_threads() == 1
