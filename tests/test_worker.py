"""The worker as a host sees it: a process with two pipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import numpy as np
import psutil
import pytest

from conftest import drawn
from neural_style import __version__
from neural_style.image import Picture, read_raw, write_raw
from neural_style.protocol import PROTOCOL, PictureFile

COMMAND = [sys.executable, "-m", "neural_style.cli", "worker"]
QUICK = {"size": 48, "coarsest": 32, "steps": 4, "final_steps": 3}
LONG = {"size": 64, "steps": 100_000, "final_steps": 100_000}


class Host:
    """Starts a worker, sends it messages and keeps what comes back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, cwd=folder
        )
        self.lines: Queue[bytes] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        with suppress(OSError):  # one test closes the pipe
            for line in self.process.stdout:
                self.lines.put(line)
        self.lines.put(b"")

    def send(self, **message: Any) -> None:
        self.send_line(json.dumps(message).encode() + b"\n")

    def send_line(self, line: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def receive(self, timeout: float = 60) -> dict[str, Any]:
        try:
            line = self.lines.get(timeout=timeout)
        except Empty:
            pytest.fail(f"no message within {timeout} s; log: {(self.folder / 'log').read_text()}")
        return json.loads(line) if line else {"type": "end"}

    def receive_until(self, *kinds: str) -> list[dict[str, Any]]:
        messages = [self.receive()]
        while messages[-1]["type"] not in (*kinds, "end"):
            messages.append(self.receive())
        assert messages[-1]["type"] in kinds, messages[-1]
        return messages

    def job(
        self, name: str, settings: dict[str, Any], size: tuple[int, int] = (40, 60), **more: Any
    ) -> None:
        pictures = {"content": drawn(*size, "photo"), "style": drawn(50, 50, "painting")}
        files = {
            key: write_raw(self.folder / f"{key}.raw", picture).model_dump()
            for key, picture in pictures.items()
        }
        self.send(
            type="job",
            job=name,
            folder=str(self.folder),
            content=files["content"],
            styles=[files["style"]],
            settings=settings,
            **more,
        )

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


@pytest.fixture
def new_host(tmp_path: Path) -> Iterator[Callable[[], Host]]:
    hosts: list[Host] = []

    def make() -> Host:
        hosts.append(Host(tmp_path))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """One worker for all tests that leave it able to go on."""
    host = Host(tmp_path_factory.mktemp("ein Ördner"))
    hello = host.receive()
    assert hello["type"] == "hello"
    assert hello["protocol"] == PROTOCOL
    assert hello["version"] == __version__
    assert hello["torch"]
    assert hello["devices"][-1]["name"] == "cpu"
    assert hello["devices"][-1]["memory_free"] > 0
    assert hello["networks"][0] == "compact"
    yield host
    host.send(type="shutdown")
    assert host.process.wait(5) == 0
    host.close()


def test_a_job_from_start_to_result(host: Host) -> None:
    host.job("first", QUICK)
    messages = [m for m in host.receive_until("result", "error") if m["type"] != "alive"]
    accepted = messages[0]
    assert (accepted["type"], accepted["job"]) == ("accepted", "first")
    assert (accepted["width"], accepted["height"], accepted["tile"]) == (48, 32, 0)
    assert accepted["device"] in {"cpu", "cuda", "mps", "xpu"}
    assert accepted["precision"] in {"float32", "bfloat16"}
    assert accepted["memory"] > 0
    # Painted at 48 pixels, and finished at the content's own size.
    sizes = [(stage["width"], stage["height"]) for stage in accepted["stages"]]
    assert sizes[-2:] == [(48, 32), (60, 40)]
    assert sum(stage["steps"] for stage in accepted["stages"]) == accepted["total"]
    progress = messages[1:-1]
    assert progress
    for message in progress:
        assert message["type"] == "progress"
        assert 0 < message["fraction"] <= 1
        assert message["total"] == messages[0]["total"]
        assert message["eta_s"] >= 0
    file = PictureFile.model_validate(messages[-1])
    assert (file.width, file.height) == (60, 40), "the result has the content's size"
    assert Path(file.file).parent == host.folder
    assert read_raw(file).pixels.std() > 0.02
    assert not list(host.folder.glob("*.part"))


def test_a_plan_says_what_a_job_will_do(host: Host) -> None:
    host.send(type="plan", job="p", width=60, height=40, settings=QUICK)
    planned = host.receive_until("planned", "error")[-1]
    assert (planned["type"], planned["job"]) == ("planned", "p")
    host.job("as-planned", QUICK)
    accepted = host.receive_until("accepted", "error")[-1]
    host.receive_until("result")
    same = set(planned) - {"type", "job", "memory", "seconds"}
    assert {name: planned[name] for name in same} == {name: accepted[name] for name in same}


def test_the_plan_of_a_large_picture_comes_soon(host: Host) -> None:
    """No file, and nothing painted; tiles where the memory makes them necessary."""
    host.send(type="plan", job="warm", width=60, height=40)
    host.receive_until("planned")
    started = time.monotonic()
    host.send(type="plan", job="p", width=6000, height=4000, settings={"memory": 4})
    planned = host.receive_until("planned")[-1]
    assert time.monotonic() - started < 5
    assert (planned["width"], planned["height"]) == (6000, 4000)
    assert planned["tile"] > 0
    assert planned["memory"] <= 4 * 2**30
    assert planned["seconds"] > 10


def test_masks_a_part_and_a_picture_to_go_on_with(host: Host) -> None:
    """All that a job may bring along, and what a plan is told of it."""
    photo = drawn(40, 60, "photo")
    mask = np.zeros((40, 60), np.uint8)
    mask[:, :30] = 255
    (host.folder / "mask.raw").write_bytes(mask.tobytes())
    file = {"file": str(host.folder / "mask.raw"), "width": 60, "height": 40, "name": "Sky"}
    begun = write_raw(host.folder / "begun.raw", photo).model_dump()
    style = write_raw(host.folder / "other.raw", drawn(50, 50, "other")).model_dump()
    more = {
        "protect": file,
        "regions": [{"mask": file, "style": style, "strength": 80}],
        "initial": begun,
        "whole": {"picture": begun, "longest": 120},
    }
    settings = {"final_steps": 3, "colours": "free"}
    host.job("masks", settings, **more)
    messages = host.receive_until("result")
    assert len(messages[0]["stages"]) == 1
    assert all(len(face) == 3 for face in messages[0]["faces"])
    result = read_raw(PictureFile(**{k: messages[-1][k] for k in ("file", "width", "height")}))
    assert np.abs(result.pixels - photo.pixels)[:, :28].max() < 0.01
    plans = []
    for told in ({}, {"regions": 2}, {"protect": True}, {"begun": True}):
        host.send(type="plan", job="p", width=600, height=400, settings={}, **told)
        plans += host.receive_until("planned")
    plain, regions, protected, begun = plans
    assert regions["memory"] > plain["memory"]
    assert regions["seconds"] > plain["seconds"]
    assert protected["memory"] > plain["memory"]
    assert (len(begun["stages"]), begun["seconds"] < plain["seconds"]) == (1, True)


@pytest.mark.parametrize("length", [0, 2399, 2401])
def test_a_mask_of_another_length_is_the_jobs_error(host: Host, length: int) -> None:
    (host.folder / "mask.raw").write_bytes(bytes(length))
    file = {"file": str(host.folder / "mask.raw"), "width": 60, "height": 40}
    host.job("short", QUICK, protect=file)
    error = host.receive_until("error")[-1]
    assert (error["job"], error["code"]) == ("short", "bad_message")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"settings": {"strength": 200}}, "bad_settings"),
        ({"settings": {"memory": 0.2}}, "out_of_memory"),
        ({"settings": {"network": "nowhere"}}, "weights_missing"),
        ({"width": 8}, "image_too_small"),
    ],
)
def test_a_plan_that_fails_is_its_own_error(host: Host, values: dict[str, Any], code: str) -> None:
    host.send(**{"type": "plan", "job": "p", "width": 4000, "height": 3000, **values})
    message = host.receive_until("error", "planned")[-1]
    assert (message["type"], message["job"], message["code"]) == ("error", "p", code)
    assert message["hint"]


def test_plans_wait_for_their_turn_and_can_be_cancelled(host: Host) -> None:
    host.job("now", LONG)
    for name in ("dropped", "kept"):
        host.send(type="plan", job=name, width=60, height=40)
    host.send(type="cancel", job="dropped")
    host.send(type="cancel", job="now")
    ends = [host.receive_until("error", "planned")[-1] for _ in range(3)]
    assert [(end["job"], end.get("code")) for end in ends] == [
        ("now", "cancelled"),
        ("dropped", "cancelled"),
        ("kept", None),
    ]


@pytest.mark.slow
def test_jobs_sent_ahead_are_done_in_order(host: Host) -> None:
    for name in ("a", "b"):
        host.job(name, QUICK)
    results = [host.receive_until("result")[-1] for _ in range(2)]
    assert [message["job"] for message in results] == ["a", "b"]


@pytest.mark.slow
def test_the_same_job_twice_gives_the_same_picture(host: Host) -> None:
    pictures = []
    for name in ("one", "two"):
        host.job(name, {**QUICK, "seed": 5})
        pictures.append(read_raw(PictureFile.model_validate(host.receive_until("result")[-1])))
    assert np.array_equal(pictures[0].pixels, pictures[1].pixels)


def test_cancel_ends_a_job_and_the_next_one_works(host: Host) -> None:
    host.job("long", LONG)
    host.receive_until("progress")
    host.send(type="cancel", job="long")
    last = host.receive_until("error", "result")[-1]
    assert (last["type"], last["job"], last["code"]) == ("error", "long", "cancelled")
    assert not (host.folder / "long-result.raw").exists()
    host.job("next", QUICK)
    assert host.receive_until("error", "result")[-1]["type"] == "result"


@pytest.mark.slow
def test_cancel_is_heard_and_life_is_shown_while_a_job_is_set_up(host: Host) -> None:
    host.job("huge", {"size": 0, "coarsest": 4096, "faces": 0}, size=(2400, 3600))
    assert host.receive_until("alive", "progress")[-1] == {"type": "alive", "job": "huge"}
    sent = time.monotonic()
    host.send(type="cancel", job="huge")
    last = host.receive_until("error", "progress")[-1]
    assert (last["type"], last.get("code")) == ("error", "cancelled")
    assert time.monotonic() - sent < 3
    host.job("next", QUICK)
    assert host.receive_until("error", "result")[-1]["type"] == "result"


def test_cancel_of_a_job_that_waits(host: Host) -> None:
    host.job("now", LONG)
    host.job("later", LONG)
    host.send(type="cancel", job="later")
    host.send(type="cancel", job="now")
    ends = [host.receive_until("error")[-1] for _ in range(2)]
    assert [(end["job"], end["code"]) for end in ends] == [
        ("now", "cancelled"),
        ("later", "cancelled"),
    ]


def test_finish_keeps_the_present_picture(host: Host) -> None:
    host.job("enough", LONG)
    host.receive_until("progress")
    host.send(type="finish", job="enough")
    last = host.receive_until("error", "result")[-1]
    assert last["type"] == "result"
    assert (last["width"], last["height"]) == (60, 40)


def test_previews_are_small_and_come_no_oftener_than_asked(host: Host) -> None:
    host.job("seen", {**LONG, "steps": 60, "final_steps": 60}, previews=0.5, preview_size=32)
    started = time.monotonic()
    messages = host.receive_until("result")
    seconds = time.monotonic() - started
    previews = [message for message in messages if message["type"] == "preview"]
    assert 1 <= len(previews) <= seconds / 0.5 + 1
    for message in previews:
        assert (message["width"], message["height"]) == (32, 21)
        assert read_raw(PictureFile.model_validate(message)).pixels.shape == (21, 32, 3)
    assert len({message["file"] for message in previews}) == len(previews)


@pytest.mark.slow
def test_progress_at_most_ten_times_a_second(host: Host) -> None:
    host.job("fast", {**LONG, "size": 32, "steps": 200, "final_steps": 200})
    started = time.monotonic()
    progress = [m for m in host.receive_until("result") if m["type"] == "progress"]
    # Each stage also reports its last step.
    stages = len({message["stage"] for message in progress})
    assert len(progress) <= (time.monotonic() - started) * 10 + stages + 1


@pytest.mark.parametrize(
    ("line", "code"),
    [(b"nonsense\n", "bad_message"), (b'{"type": "job", "job": "x"}\n', "bad_message")],
)
def test_a_line_that_makes_no_sense_gets_an_answer(host: Host, line: bytes, code: str) -> None:
    host.send_line(line)
    message = host.receive()
    assert (message["type"], message["code"], message["job"]) == ("error", code, None)
    assert message["hint"]


def test_wrong_settings_are_the_jobs_error(host: Host) -> None:
    host.job("wrong", {"strength": 200})
    message = host.receive()
    assert (message["type"], message["job"], message["code"]) == ("error", "wrong", "bad_settings")
    assert "0 to 100" in message["message"]


@pytest.mark.parametrize("fault", ["missing", "short", "nan"])
def test_bad_pixel_file_is_the_jobs_error(host: Host, fault: str) -> None:
    host.job("good", QUICK)
    host.receive_until("result")
    path = host.folder / "bad.raw"
    data = np.full(40 * 60 * 4, np.nan, "<f4").tobytes()
    path.unlink(missing_ok=True)
    if fault != "missing":
        path.write_bytes(data if fault == "nan" else data[:100])
    file = {"file": str(path), "width": 60, "height": 40}
    host.send(
        type="job", job="bad", folder=str(host.folder), content=file, styles=[file], settings={}
    )
    message = host.receive()
    assert (message["type"], message["job"]) == ("error", "bad")
    assert message["code"] in ("bad_message", "file_missing")
    assert "bad.raw" in message["message"]


@pytest.mark.slow
def test_folder_that_went_away(host: Host) -> None:
    host.job("gone", QUICK)
    file = {"file": str(host.folder / "content.raw"), "width": 60, "height": 40}
    host.receive_until("result")
    host.send(
        type="job",
        job="gone",
        folder=str(host.folder / "nowhere"),
        content=file,
        styles=[file],
        settings=QUICK,
    )
    assert host.receive_until("error", "result")[-1]["code"] == "cannot_write"


# -- each with a worker of its own -------------------------------------------------------------


@pytest.mark.slow
def test_ends_with_its_input_within_a_second_in_the_middle_of_a_step(
    new_host: Callable[[], Host],
) -> None:
    host = new_host()
    host.receive()
    # A step at this size takes seconds, so the end falls into the middle of one.
    big = write_raw(host.folder / "big.raw", drawn(1600, 1600)).model_dump()
    settings = {"coarsest": 3000, "steps": 50, "final_steps": 50}
    host.send(
        type="job", job="a", folder=str(host.folder), content=big, styles=[big], settings=settings
    )
    host.receive_until("accepted")
    time.sleep(1)
    assert host.process.poll() is None
    assert host.process.stdin
    host.process.stdin.close()
    started = time.monotonic()
    assert host.process.wait(10) == 0
    assert time.monotonic() - started < 1


@pytest.mark.slow
def test_first_progress_comes_soon(new_host: Callable[[], Host]) -> None:
    started = time.monotonic()
    host = new_host()
    host.job("a", QUICK)
    host.receive_until("progress")
    # The target is 5 s on an idle machine; a busy one is no reason to fail.
    assert time.monotonic() - started < 20


@pytest.mark.slow
def test_shutdown_while_painting(new_host: Callable[[], Host]) -> None:
    host = new_host()
    host.job("a", LONG)
    host.receive_until("progress")
    host.send(type="shutdown")
    assert host.process.wait(5) == 0


def test_worker_dies_with_its_host(tmp_path: Path) -> None:
    """However the host dies: here by SIGKILL, which nothing can catch."""
    script = (
        "import subprocess, sys, time\n"
        f"worker = subprocess.Popen({COMMAND!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "worker.stdout.readline()\n"
        "print(worker.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    host = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=tmp_path)
    assert host.stdout
    worker = psutil.Process(int(host.stdout.readline()))
    host.kill()
    host.wait()
    started = time.monotonic()
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() - started < 2
        time.sleep(0.05)


def test_output_of_anything_else_stays_out_of_the_protocol(tmp_path: Path) -> None:
    """Prints, also from C code, go to standard error."""
    script = (
        "import os, sys\n"
        "from neural_style import worker\n"
        "run = worker.Worker.run\n"
        "def noisy(self):\n"
        "    print('python says hello')\n"
        "    os.write(1, b'c says hello\\n')\n"
        "    run(self)\n"
        "worker.Worker.run = noisy\n"
        "worker.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=b"", capture_output=True, timeout=60, check=False
    )
    assert all(json.loads(line) for line in done.stdout.splitlines())
    assert b"python says hello" in done.stderr
    assert b"c says hello" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
@pytest.mark.slow
def test_host_that_stops_reading_is_noticed(new_host: Callable[[], Host]) -> None:
    """A closed pipe ends the worker, though its input is still open."""
    host = new_host()
    host.receive()
    assert host.process.stdout
    os.close(host.process.stdout.fileno())
    host.job("a", QUICK)
    assert host.process.wait(30) == 0


@pytest.mark.slow
def test_worker_has_no_socket(new_host: Callable[[], Host]) -> None:
    host = new_host()
    host.job("a", LONG)
    host.receive_until("progress")
    assert psutil.Process(host.process.pid).net_connections() == []


def test_pictures_survive_the_raw_format_exactly(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).random((5, 7, 3), np.float32)
    alpha = np.random.default_rng(1).random((5, 7), np.float32)
    read = read_raw(write_raw(tmp_path / "a.raw", Picture(pixels, alpha, 8)))
    assert np.array_equal(read.pixels, pixels)
    assert np.array_equal(read.alpha, alpha)
