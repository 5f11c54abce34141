"""However GIMP ends, no engine outlives it by two seconds, and the next run cleans up."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .program import engines, folders, plugins, processes, wait_for

pytestmark = pytest.mark.gimp

SECONDS = 2.0


@pytest.fixture
def working(gimp):
    """A GIMP in the middle of painting; the value is its process."""
    started = []

    def start(mode):
        gimp.use_fake_engine(mode)
        inside = Path(__file__).parent / "inside"
        code = f"""
import sys; sys.path.insert(0, {str(inside)!r})
import helpers
helpers.WORK = {str(gimp.work)!r}
image = helpers.new_image(20, 20)
helpers.call(image, [helpers.add_layer(image, 20, 20)])
"""
        command = [gimp.room.console, "--quit", "-idf", "--batch-interpreter", "python-fu-eval"]
        process = gimp.room.start(
            [*command, "-b", code],
            environment=gimp.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        assert wait_for(lambda: engines(gimp) and folders(gimp, "content.raw"), 60)
        time.sleep(0.5)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def kill(numbers):
    for number in numbers:
        os.kill(number, signal.SIGKILL)


@pytest.mark.parametrize("mode", ["slow", "hang"])
@pytest.mark.parametrize("victim", ["plug-in", "GIMP"])
def test_nothing_survives(gimp, working, mode, victim):
    working(mode)
    assert len(engines(gimp)) == 1
    assert len(plugins(gimp)) == 1
    kill(plugins(gimp) if victim == "plug-in" else processes(gimp, b"gimp-console"))
    assert wait_for(lambda: not engines(gimp), SECONDS), "the engine outlived it"
    assert wait_for(lambda: not plugins(gimp), SECONDS), "the plug-in outlived it"
    if (victim, mode) != ("GIMP", "slow"):
        return
    # What a killed run leaves, the next one removes.
    gimp.use_fake_engine("good")
    wait_for(lambda: not processes(gimp, b"gimp-console"), 10)
    ran = gimp.batch(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent / 'inside')!r})\n"
        f"import helpers; helpers.WORK = {str(gimp.work)!r}\n"
        "image = helpers.new_image(20, 20)\n"
        "helpers.paint(image, helpers.add_layer(image, 20, 20))"
    )
    assert ran.returncode == 0, ran.stderr
    assert not folders(gimp)
    assert not engines(gimp)
