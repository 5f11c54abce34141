"""Threads while other programs keep the processor busy, and in a container with few cores."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from conftest import drawn
from neural_style import machine, plan, threads
from neural_style.job import Progress, paint
from neural_style.settings import Settings, parse_settings
from neural_style.threads import SharedCores

THREADS = 3


@pytest.fixture(autouse=True)
def _threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Some threads, and as many cores, whatever there are."""
    monkeypatch.setattr(machine, "cores", lambda: THREADS)
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def busy_computer() -> Iterator[None]:
    """A program on each core that takes what it gets."""
    loop = [sys.executable, "-c", "while True: pass"]
    programs = [subprocess.Popen(loop) for _ in range(os.cpu_count() or 1)]
    yield
    for program in programs:
        program.kill()
        program.wait()


@pytest.mark.usefixtures("busy_computer")
def test_other_programs_get_their_cores() -> None:
    with SharedCores() as cores:
        assert torch.get_num_threads() == THREADS
        cores.adapt()
        assert torch.get_num_threads() == THREADS, "a moment tells nothing"
        time.sleep(2 * threads.LOOK_SECONDS)  # as on a card: this process takes none
        cores.adapt()
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == THREADS


@pytest.mark.parametrize(("others", "expected"), [(0.0, 3), (1.2, 3), (2.0, 2), (3.9, 1), (6.0, 1)])
def test_what_this_process_takes_is_no_other_program(
    others: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Linux would count on four cores, within a second; then the others have ended."""
    own = 4 - min(others, 4)
    seconds = itertools.count()
    counted = ((second, (own + others) * second, own * second) for second in seconds)
    monkeypatch.setattr(threads, "_now", lambda: next(counted))
    monkeypatch.setattr(threads.time, "perf_counter", lambda: float("inf"))
    monkeypatch.setattr(threads.psutil, "cpu_count", lambda: 4)
    with SharedCores() as cores:
        cores.adapt()
        assert torch.get_num_threads() == expected
        second = next(seconds)
        counted = iter([(second, (own + others) * (second - 1) + own, own * second)])
        cores.adapt()
        assert torch.get_num_threads() == THREADS


def test_no_more_threads_than_a_container_has_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 2)
    with SharedCores():
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == THREADS


def test_the_pace_is_measured_with_as_many_as_paint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 2)
    seen = []

    def step(*_: object) -> tuple[int, float]:
        seen.append(torch.get_num_threads())
        return len(seen), 1.0

    monkeypatch.setattr(plan, "_step", step)
    plan._pace.__wrapped__(torch.device("cpu"), parse_settings({}).model_dump_json())
    assert seen == [2, 2]


@pytest.mark.parametrize("ends", [(0, 1), (1, 0)])
def test_two_paintings_in_turn_give_back_all_threads(
    ends: tuple[int, int],
    small_settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(threads.psutil, "cpu_count", lambda: 1)  # so one is all that is free
    settings = small_settings(device="cpu", precision="float32")
    paintings = [paint(drawn(30, 40), [drawn(40, 40)], settings) for _ in range(2)]
    for painting in paintings:
        next(event for event in painting if isinstance(event, Progress))
        assert torch.get_num_threads() == 1
    for number in ends:
        paintings[number].close()
    assert torch.get_num_threads() == THREADS


def test_a_thread_that_begins_among_fewer_gets_as_many_as_there_were() -> None:
    seen = []

    def work() -> None:
        with SharedCores():
            seen.append(torch.get_num_threads())
        seen.append(torch.get_num_threads())

    with SharedCores():
        torch.set_num_threads(1)  # as other programs want it
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [THREADS, THREADS]
    assert torch.get_num_threads() == THREADS


FORK = """
import os, sys
from conftest import drawn
from neural_style.job import paint
from neural_style.settings import parse_settings

settings = {"size": 96, "coarsest": 64, "steps": 3, "final_steps": 2, "device": "cpu"}

def painted():
    *_, last = paint(drawn(80, 96), [drawn(50, 50)], parse_settings(settings))

painted()
child = os.fork()
painted()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_paints_too() -> None:
    """It has none of its parent's threads, for which it would wait for ever."""
    tests = Path(__file__).parent
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONPATH": str(tests)}
    command = [sys.executable, "-c", FORK]
    assert subprocess.run(command, env=environment, timeout=100, check=False).returncode == 0
