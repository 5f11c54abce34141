"""The command in surroundings that are not usual: closed streams, no home, no folder, limits."""

from __future__ import annotations

import copy
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import neural_style as ns
from conftest import drawn
from neural_style import folders, startup
from neural_style.bar import Bar, Count
from neural_style.errors import HINTS, NeuralStyleError, NeuralStyleWarning
from neural_style.image import write_picture
from neural_style.network.weights import find_weights

COMMAND = Path(sys.executable).with_name("neural-style")
QUICK = ["--size", "48", "--coarsest", "32", "--steps", "3", "--final-steps", "2"]

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full is Linux's")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("photo", "painting"):
        write_picture(tmp_path / f"{name}.png", drawn(40, 60, name))
    return tmp_path


def shell(place: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell, in which `$N` is the command."""
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=place,
        env={**os.environ, "N": str(COMMAND), "Q": " ".join(QUICK), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that is said."""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "mistake in the program" not in line
    return line


@pytest.mark.parametrize("closed", ["2>&-", ">&-", ">&- 2>&- <&-"])
def test_closed_streams_do_not_matter(place: Path, closed: str) -> None:
    done = shell(place, f"$N stylize photo.png painting.png -o out.png $Q {closed}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with Image.open(place / "out.png") as written:
        assert written.size == (48, 32)


def test_nothing_gets_into_a_picture_on_standard_output(place: Path) -> None:
    done = shell(place, "$N stylize photo.png painting.png -o - $Q 2>&- > out.png")
    assert done.returncode == 0
    with Image.open(place / "out.png") as written:
        written.load()
    done = shell(place, "$N stylize photo.png nothing.png -o - $Q 2>&- > none.png")
    assert done.returncode == 1
    assert (place / "none.png").read_bytes() == b""


def test_closed_standard_output_takes_no_picture(place: Path) -> None:
    assert "Standard output is closed" in sentence(
        shell(place, "$N stylize photo.png painting.png -o - $Q >&-")
    )


@linux
@pytest.mark.parametrize(
    "words",
    [
        "describe",
        "devices --json",
        "styles",
        "stylize photo.png painting.png -o out.png $Q --json",
        "stylize photo.png nothing.png -o out.png --json",
    ],
)
def test_full_standard_output_is_one_sentence(place: Path, words: str) -> None:
    done = shell(place, f"$N {words} > /dev/full")
    assert done.returncode == 1
    said = sentence(done)
    assert "No space left on device" in said or "nothing.png" in said


@linux
def test_full_standard_error_is_no_traceback(place: Path) -> None:
    assert shell(place, "$N stylize photo.png nothing.png -o out.png 2> /dev/full").returncode == 1


def test_a_working_folder_that_is_gone_is_one_sentence(place: Path) -> None:
    done = shell(place, "mkdir gone && cd gone && rmdir ../gone && $N devices")
    assert "folder that you are in" in sentence(done)
    assert done.returncode == 1


@linux
@pytest.mark.parametrize("kib", [300_000, 600_000, 900_000])
def test_too_little_memory_to_begin_is_one_sentence(place: Path, kib: int) -> None:
    done = shell(place, f"ulimit -v {kib}; $N stylize photo.png painting.png -o out.png $Q")
    assert "too little to begin" in sentence(done)


def test_with_few_threads_libraries_start_none(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
    for name in names:
        monkeypatch.setenv(name, "7")
    startup.check_surroundings()
    assert {os.environ[name] for name in names} == {"7"}
    start, left = threading.Thread.start, [1]

    def limited(thread: threading.Thread) -> None:
        if not left[0]:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    startup.check_surroundings()
    assert {os.environ[name] for name in names} == {"1"}


def _without_home(*_: object) -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders.Path, "home", _without_home)
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    assert folders.weights_folder().is_absolute()
    assert folders.cells_folder().is_absolute()
    with pytest.raises(NeuralStyleError) as caught:
        find_weights("~nobody-of-that-name/weights.pth")
    assert caught.value.code == "weights_missing"


@pytest.mark.parametrize("make", [lambda: Bar(shown=True, keep=True), lambda: Count(3, shown=None)])
def test_no_bar_without_standard_error(
    make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with make():
        pass


@pytest.mark.parametrize(
    "made",
    [
        NeuralStyleError("file_missing", "There is no file a.png"),
        NeuralStyleError("file_missing", "There is no file a.png", "Look again."),
        NeuralStyleWarning("diverged", "It went back"),
    ],
)
def test_errors_and_warnings_survive_the_way(made: Any) -> None:
    came = copy.copy(made)  # as it is pickled
    assert (type(came), came.code, str(came)) == (type(made), made.code, str(made))
    assert came.code in HINTS


def _painted(path: Path) -> None:
    ns.stylize(path, path)


def test_an_error_in_a_pool_reaches_its_parent(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        result = pool.map_async(_painted, [tmp_path / "none.png"])
        with pytest.raises(NeuralStyleError, match=r"none\.png"):
            result.get(timeout=100)
