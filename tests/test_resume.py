"""Paintings that are interrupted and go on: on the command line, in the library, in the worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neural_style as ns
from conftest import drawn
from neural_style import keeper
from neural_style.image import read_picture, read_raw, write_picture
from neural_style.keeper import Keeper
from neural_style.output import checkpoint_of
from neural_style.protocol import PictureFile
from neural_style.settings import parse_settings
from test_worker import COMMAND as WORKER
from test_worker import Host

SETTINGS: dict[str, Any] = {"size": 96, "coarsest": 32, "steps": 30, "final_steps": 20}
OPTIONS = ["--size=96", "--coarsest=32", "--steps=30", "--final-steps=20", "--json"]

OFTEN = """
import sys
from neural_style import cli, keeper
keeper.SECONDS = keeper.WORTH_SECONDS = 0.0
keeper.SHARE = 1e9
sys.exit(cli.main())
"""
"""The command line with a checkpoint after each step that is reported."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("photo", "painting"):
        write_picture(tmp_path / f"{name}.png", drawn(88, 132, name))
    return tmp_path


def words(*more: str) -> list[str]:
    pictures = ["stylize", "photo.png", "painting.png", "-o", "out.png"]
    return [sys.executable, "-c", OFTEN, *pictures, *OPTIONS, *more]


def run(place: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words(*more), cwd=place, capture_output=True, text=True, timeout=300, check=False
    )


def interrupt(place: Path, number: int, *more: str, fraction: float = 0.5) -> str:
    """Send a signal once so much is painted and kept; what was said on standard error."""
    # Tests that were started in the background ignore Ctrl+C, and so would what they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        words(*more), cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        signal.signal(signal.SIGINT, before)
        assert process.stdout
        assert process.stderr
        for line in process.stdout:
            message = json.loads(line)
            if message["type"] == "kept" and message["fraction"] >= fraction:
                process.send_signal(number)
                break
        said = process.stderr.read()
    assert process.returncode != 0
    return said


def messages(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def of_type(done: subprocess.CompletedProcess[str], kind: str) -> list[dict[str, Any]]:
    return [message for message in messages(done) if message["type"] == kind]


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


KEPT = ".out.png.neural-style"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_killed_it_goes_on_to_the_same_file(place: Path) -> None:
    interrupt(place, signal.SIGKILL)
    assert KEPT in names(place)
    assert "out.png" not in names(place)
    done = run(place, "--resume")
    assert (done.returncode, done.stderr) == (0, "")
    (accepted,) = of_type(done, "accepted")
    first = of_type(done, "progress")[0]
    assert 0.5 < accepted["fraction"] < first["fraction"]
    assert names(place) == ["out.png", "painting.png", "photo.png"]
    resumed = (place / "out.png").read_bytes()
    assert run(place).returncode == 0
    assert (place / "out.png").read_bytes() == resumed
    assert names(place) == ["out.png", "painting.png", "photo.png"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_ctrl_c_keeps_it_and_says_so(place: Path) -> None:
    said = interrupt(place, signal.SIGINT)
    assert said.startswith("Interrupted; --resume goes on at ")
    assert said.count("\n") == 1
    assert names(place) == [KEPT, "painting.png", "photo.png"]
    said = interrupt(place, signal.SIGINT, "--resume", fraction=0.7)
    assert int(said.partition(" at ")[2].rstrip("%.\n")) >= 70
    # Without --resume it begins anew, and says what would have been.
    done = run(place)
    (warning,) = of_type(done, "warning")
    assert warning["code"] == "checkpoint_there"
    assert "--resume would go on there" in warning["message"]
    assert of_type(done, "accepted")[0]["fraction"] == 0
    assert done.returncode == 0
    assert names(place) == ["out.png", "painting.png", "photo.png"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_other_settings_are_an_error_and_nothing_is_lost(place: Path) -> None:
    interrupt(place, signal.SIGKILL)
    kept = (place / KEPT).read_bytes()
    done = run(place, "--resume", "--strength=70")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "is of other pictures or settings" in done.stderr
    assert of_type(done, "error")[0]["code"] == "checkpoint_other"
    assert (place / KEPT).read_bytes() == kept
    assert "out.png" not in names(place)


def test_with_nothing_kept_resume_begins(place: Path) -> None:
    """And what was killed while it was written goes, too."""
    (place / f"{KEPT}.part").write_bytes(b"half a checkpoint")
    done = run(place, "--resume", "--steps=2", "--final-steps=2")
    assert (done.returncode, done.stderr) == (0, "")
    assert names(place) == ["out.png", "painting.png", "photo.png"]


def test_a_damaged_file(place: Path) -> None:
    (place / KEPT).write_bytes(b"damaged")
    done = run(place, "--resume")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert of_type(done, "error")[0]["code"] == "checkpoint_damaged"
    assert (place / KEPT).read_bytes() == b"damaged"
    # It is no loss to anybody else.
    done = run(place, "--steps=2", "--final-steps=2")
    assert (done.returncode, done.stderr) == (0, "")
    assert names(place) == ["out.png", "painting.png", "photo.png"]


def test_standard_output_has_nothing_beside_it(place: Path) -> None:
    command = [*words("--resume")[:-2], "--resume"]
    command[command.index("out.png")] = "-"
    done = subprocess.run(command, cwd=place, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"-o - and --resume do not go together" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounting needs root")
def test_a_disk_that_is_really_full_is_a_warning(place: Path) -> None:
    """The picture still fits."""
    script = 'mount -t tmpfs -o size=200k tmpfs out; "$@"; status=$?; ls -A out; exit $status'
    (place / "out").mkdir()
    command = words()
    command[command.index("out.png")] = "out/out.png"
    shell = ["unshare", "--mount", "sh", "-c", script, "sh"]
    done = subprocess.run(
        [*shell, *command], cwd=place, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    *lines, listed = done.stdout.splitlines()
    warnings = [one for one in map(json.loads, lines) if one["type"] == "warning"]
    assert [one["code"] for one in warnings] == ["disk_full"]
    assert "The painting so far could not be kept" in warnings[0]["message"]
    assert listed == "out.png"


# -- the library -----------------------------------------------------------------------------------


class StopHereError(Exception):
    pass


def stop_at(fraction: float) -> Any:
    def on_progress(progress: ns.Progress) -> None:
        if progress.fraction >= fraction:
            raise StopHereError

    return on_progress


@pytest.mark.slow
def test_the_library_goes_on(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "WORTH_SECONDS", 0.0)
    monkeypatch.chdir(place)
    given: Any = {"checkpoint": "kept", **SETTINGS}
    whole = ns.stylize("photo.png", "painting.png", **SETTINGS)
    with pytest.raises(StopHereError):
        ns.stylize("photo.png", "painting.png", on_progress=stop_at(0.5), **given)
    assert "kept" in names(place)
    with pytest.raises(ns.NeuralStyleError) as caught:
        ns.stylize("photo.png", "painting.png", strength=70, **given)
    assert caught.value.code == "checkpoint_other"
    seen: list[float] = []
    resumed = ns.stylize(
        "photo.png", "painting.png", on_progress=lambda one: seen.append(one.fraction), **given
    )
    assert seen[0] > 0.5
    assert np.array_equal(np.asarray(resumed), np.asarray(whole))
    assert "kept" not in names(place)


def test_the_librarys_mistakes(place: Path) -> None:
    for path, code in (
        (place / "photo.png", "checkpoint_damaged"),
        (place / "nowhere" / "kept", "cannot_write"),
    ):
        with pytest.raises(ns.NeuralStyleError) as caught:
            ns.stylize(place / "photo.png", place / "painting.png", checkpoint=path, size=32)
        assert caught.value.code == code
    assert read_picture(place / "photo.png").pixels.shape == (88, 132, 3)


# -- the worker ------------------------------------------------------------------------------------


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("test_worker.COMMAND", [*WORKER[:1], "-c", OFTEN, "worker"])
    hosts: list[Host] = []

    def make() -> Host:
        hosts.append(Host(tmp_path))
        return hosts[-1]

    yield make
    for one in hosts:
        one.close()


def until_kept(host: Host, fraction: float) -> None:
    while True:
        (*_, last) = host.receive_until("kept", "result", "error")
        assert last["type"] == "kept"
        if last["fraction"] >= fraction:
            return


@pytest.mark.slow
def test_a_killed_worker_leaves_it_to_the_next_one(host: Any, tmp_path: Path) -> None:
    kept, first = tmp_path / "kept", host()
    first.job("a", SETTINGS, checkpoint=str(kept))
    until_kept(first, 0.4)
    first.close()
    assert kept.exists()
    second = host()
    second.job("b", SETTINGS, checkpoint=str(kept))
    told = second.receive_until("result", "error")
    accepted = next(one for one in told if one["type"] == "accepted")
    assert accepted["fraction"] >= 0.4
    resumed = read_raw(PictureFile.model_validate(told[-1]))
    assert not kept.exists()
    second.job("c", SETTINGS)
    told = second.receive_until("result", "error")
    assert not any(one["type"] == "kept" for one in told)
    whole = read_raw(PictureFile.model_validate(told[-1]))
    assert np.array_equal(resumed.pixels, whole.pixels)


@pytest.mark.slow
def test_the_worker_replaces_what_is_of_no_use(host: Any, tmp_path: Path) -> None:
    kept, one = tmp_path / "kept", host()
    kept.write_bytes(b"nonsense")
    one.job("a", SETTINGS, checkpoint=str(kept))
    (*_, accepted) = one.receive_until("accepted", "error")
    assert accepted["fraction"] == 0
    until_kept(one, 0.1)
    one.send(type="cancel", job="a")
    (*_, last) = one.receive_until("result", "error")
    assert last["code"] == "cancelled"
    assert not kept.exists()
    assert not kept.with_name("kept.part").exists()


@pytest.mark.slow
def test_finished_early_nothing_is_kept(host: Any, tmp_path: Path) -> None:
    kept, one = tmp_path / "kept", host()
    one.job("a", SETTINGS, checkpoint=str(kept))
    until_kept(one, 0.1)
    one.send(type="finish", job="a")
    (*_, last) = one.receive_until("result", "error")
    assert last["type"] == "result"
    assert not kept.exists()


def test_what_is_kept_lies_beside_what_a_link_means(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out.png").symlink_to(tmp_path / "elsewhere" / "real.png")
    kept = checkpoint_of(str(tmp_path / "out.png"))
    assert kept == tmp_path / "elsewhere" / ".real.png.neural-style"


def test_a_keeper_needs_no_file() -> None:
    one = Keeper(Path("nowhere/kept"), drawn(40, 40), [drawn(40, 40)], parse_settings({}))
    assert one.load() is None
    assert one.look() is None
    one.remove()
