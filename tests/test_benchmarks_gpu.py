"""The one call for a graphics card, tried without one: every part, and what does not end."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from benchmarks import gpu
from benchmarks.gpu import parts
from benchmarks.gpu.parts import PARTS, Part, Task
from benchmarks.targets import Target
from neural_style import statistics
from test_code import ROOT

HANGING = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
FAILING = "raise SystemExit('the card is on fire')"


@pytest.mark.slow
def test_a_trial_on_the_cpu_runs_all_parts(tmp_path: Path) -> None:
    words = ["gpu", "--device", "cpu", "--quick", "--minutes", "10", "--out", tmp_path]
    done = subprocess.run(
        [sys.executable, ROOT / "core" / "benchmarks", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    files = {name: json.loads((tmp_path / f"{name}.json").read_text()) for name in PARTS}
    status = {name: found["status"] for name, found in files.items()}
    assert status == dict.fromkeys(PARTS, "done") | {"waiting": "not on cpu"}
    assert all(found["rows"] for name, found in files.items() if name != "waiting")
    assert files["tests"]["rows"][0]["passed"] > 0
    assert all("error" not in row for row in files["steps"]["rows"])
    report = (tmp_path / "report.md").read_text()
    assert "NOT RUN: no step waits for the card: not on cpu" in report
    assert "met: device tests that fail: 0" in report


def test_a_part_that_hangs_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = {"hanging": HANGING, "failing": FAILING, "fine": ""}
    part = Part(lambda _: iter(()), 1.0, "nothing")
    monkeypatch.setattr(gpu, "PARTS", dict.fromkeys(programs, part))
    monkeypatch.setattr(gpu, "command", lambda name, _: [sys.executable, "-c", programs[name]])
    started = time.monotonic()
    words = ["--device", "cpu", "--minutes", "0.1", "--out", str(tmp_path)]
    assert gpu.main(words) == 1
    assert time.monotonic() - started < 30
    child = int((tmp_path / "hanging.log").read_text())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    status = {name: json.loads((tmp_path / f"{name}.json").read_text()) for name in programs}
    assert status["hanging"]["status"] == "ended after its 2 s"
    assert status["fine"]["status"] == "found nothing"
    assert status["failing"]["status"] == "failed: the card is on fire"
    assert "NOT RUN: nothing: ended after its 2 s" in (tmp_path / "report.md").read_text()
    assert "the card is on fire" in capsys.readouterr().out


def test_what_a_part_found_before_its_end_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(_: Task) -> parts.Found:
        yield {"px": 64}
        yield Target("of the peak", 0.4, 0.3, lower=False)
        raise RuntimeError

    monkeypatch.setitem(parts.WORK, "steps", work)
    task = Task("cpu", quick=True, folder=str(tmp_path))
    with pytest.raises(RuntimeError):
        parts.run("steps", task)
    found = json.loads((tmp_path / "steps.json").read_text())
    assert found["rows"] == [{"px": 64}]
    assert [target["met"] for target in found["targets"]] == [False]


def test_steps_that_wait_are_told_with_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the CPU, with stand-ins for a loss that waits and for CUDA's way to tell."""
    step, bures = parts._step, statistics.bures

    @contextmanager
    def sync_mode(mode: str) -> Iterator[None]:
        def waits(covariance: torch.Tensor, root: torch.Tensor) -> Any:
            if mode == "error":
                raise RuntimeError("called a synchronizing CUDA operation")
            warnings.warn("called a synchronizing CUDA operation", stacklevel=2)
            return bures(covariance, root)

        with monkeypatch.context() as patch:
            patch.setattr(statistics, "bures", waits)
            yield

    monkeypatch.setattr(parts, "sync_mode", sync_mode)
    monkeypatch.setattr(parts, "_step", lambda settings, _: step(settings, torch.device("cpu")))
    steps = {name: {"statistic": name} for name in ("gaussian", "gram")}
    monkeypatch.setattr(parts, "STEPS", steps)
    gaussian, gram, target = parts.waiting(Task("cuda", quick=True, folder=""))
    assert isinstance(gaussian, dict)
    assert gaussian["error"] == "called a synchronizing CUDA operation"
    assert gaussian["first"].startswith("gaussian.py:")
    assert gaussian["first"] in gaussian["all"]
    assert gram == {"step": "gram", "error": "", "first": "", "all": ""}
    assert isinstance(target, Target)
    assert target.figure == 1


def test_without_a_card_there_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu, "choose_device", lambda _: torch.device("cpu"))
    assert gpu.main(["--out", str(tmp_path / "results")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "no graphics card that PyTorch can use" in said.err
    assert not (tmp_path / "results").exists()


def test_a_device_that_is_none_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for device, why in (("banana", "should be auto, cpu"), ("cuda:9", "no cuda:9 device")):
        assert gpu.main(["--device", device, "--out", str(tmp_path / "results")]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert why in said
