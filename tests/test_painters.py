"""Painters of a batch: how many there are, and that each sees its own card only."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from conftest import drawn
from neural_style import devices, machine
from neural_style.errors import NeuralStyleError
from neural_style.series import painters
from neural_style.series.painters import LocalPainter, local_painters
from neural_style.settings import parse_settings

STYLES = [drawn(20, 20, "painting")]


@pytest.fixture(autouse=True)
def _nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [torch.device("cuda", number) for number in range(64)]
    monkeypatch.setattr(devices, "_cards", lambda: many)
    monkeypatch.setattr(devices, "try_convolution", lambda _: None)


def hired(folder: Path, *, jobs: int | None = None, **values: object) -> list[LocalPainter]:
    wanted = str(values.pop("devices", ""))
    found, alone = local_painters(
        STYLES, folder, parse_settings(values), jobs=jobs, devices=wanted.split()
    )
    assert alone.device == found[0].device
    return found


CASES = [
    ({}, "cuda", ["0"]),
    ({}, "cuda cuda:1", ["0", "1"]),
    ({"CUDA_VISIBLE_DEVICES": ""}, "cuda:1", ["1"]),
    ({"CUDA_VISIBLE_DEVICES": "5,3"}, "cuda:1", ["3"]),
    ({"CUDA_VISIBLE_DEVICES": "GPU-8f2a, GPU-17bc"}, "cuda:0 cuda:1", ["GPU-8f2a", "GPU-17bc"]),
    ({"CUDA_VISIBLE_DEVICES": "5,3"}, "cpu", ["-1"]),
]


@pytest.mark.usefixtures("cards")
@pytest.mark.parametrize(("chosen", "wanted", "expected"), CASES)
@pytest.mark.parametrize("hip", [None, "6.3"])
def test_each_sees_its_own_card(
    chosen: dict[str, str],
    wanted: str,
    expected: list[str],
    hip: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of those that this process sees, by NVIDIA's variable, or AMD's where there is one."""
    monkeypatch.setattr(torch.version, "hip", hip)
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    name = "HIP_VISIBLE_DEVICES" if hip else "CUDA_VISIBLE_DEVICES"
    found = hired(tmp_path, jobs=len(expected), devices=wanted)
    assert [painter.environment for painter in found] == [{name: value} for value in expected]
    assert {painter.device for painter in found} == {wanted.partition(" ")[0].partition(":")[0]}


def test_amds_own_variable_counts_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "hip", "6.3")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("HIP_VISIBLE_DEVICES", "7,6")
    card = torch.device("cuda", 1)
    assert devices.seen_alone(card) == ("cuda", {"HIP_VISIBLE_DEVICES": "6"})


@pytest.mark.parametrize(("kind", "number"), [("xpu", 1), ("mps", 0)])
def test_other_cards_keep_their_names(kind: str, number: int) -> None:
    card = torch.device(kind, number)
    assert devices.seen_alone(card) == (devices.name_of(card), {})


@pytest.mark.usefixtures("cards")
def test_its_process_asks_for_the_card_that_it_sees(tmp_path: Path) -> None:
    """A computer does not have so many, and the process says so."""
    (painter,) = hired(tmp_path, devices="cuda:63")
    settings = parse_settings({"size": 32, "device": "cuda:63"})
    with pytest.raises(NeuralStyleError, match="no cuda device") as caught:
        painter.paint(drawn(30, 40), [0], settings)
    assert caught.value.code == "device_unavailable"
    assert painter.process
    environment = psutil.Process(painter.process.pid).environ()
    assert environment["CUDA_VISIBLE_DEVICES"] == "63"
    assert environment["PATH"] == os.environ["PATH"]
    painter.close()


def test_a_container_with_two_cores_gets_two_painters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 2)
    monkeypatch.setattr(painters, "allowed", lambda *_: 3 * 2**30)
    found = hired(tmp_path, device="cpu")
    assert [(painter.threads, painter.memory) for painter in found] == [(1, 1.5)] * 2
    (one,) = hired(tmp_path, device="cpu", jobs=1)
    assert (one.threads, one.memory) == (2, None)


@pytest.mark.usefixtures("cards")
def test_names_of_one_card_share_its_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painters, "allowed", lambda *_: 8 * 2**30)
    found = hired(tmp_path, devices="cuda cuda:0")
    assert Counter(painter.memory for painter in found) == {4.0: 2}


def test_closed_while_it_starts_it_does_not_run_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (painter,) = hired(tmp_path, jobs=1, device="cpu")
    popen, closing = painters.subprocess.Popen, threading.Thread(target=painter.close)
    started: list[psutil.Popen] = []

    def slow(*arguments: Any, **options: Any) -> Any:
        closing.start()  # before there is anything to end
        time.sleep(0.2)
        started.append(popen(*arguments, **options))
        return started[0]

    monkeypatch.setattr(painters.subprocess, "Popen", slow)
    with pytest.raises(NeuralStyleError) as caught:
        painter.paint(drawn(40, 40), [0], parse_settings({"size": 48}))
    closing.join()
    assert caught.value.code in ("painter_lost", "cancelled")
    assert started[0].poll() is not None
