"""However GIMP ends, no engine outlives it by two seconds, and the next run cleans up."""

import os
import signal
import subprocess
import time

import pytest

from .program import engines, folders, plugins, processes, wait_for

pytestmark = pytest.mark.gimp

SECONDS = 2.0
PAINT = """
image = helpers.new_image(20, 20)
helpers.paint(image, helpers.add_layer(image, 20, 20))
print("painted")
"""


@pytest.fixture
def working():
    """A function that brings a GIMP into the middle of painting."""
    started = []

    def start(gimp, mode):
        gimp.use_fake_engine(mode)
        process = gimp.room.start(
            gimp.command(gimp.with_cases(PAINT)),
            environment=gimp.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        assert wait_for(lambda: engines(gimp) and folders(gimp, "content.raw"), 60)
        time.sleep(0.5)

    yield start
    for process in started:
        process.kill()
        process.wait()


def kill(numbers):
    for number in numbers:
        os.kill(number, signal.SIGKILL)


def check_nothing_survives(gimp, mode, victim):
    assert len(engines(gimp)) == 1
    assert len(plugins(gimp)) == 1
    kill(plugins(gimp) if victim == "plug-in" else processes(gimp, b"gimp-console"))
    assert wait_for(lambda: not engines(gimp), SECONDS), "the engine outlived it"
    assert wait_for(lambda: not plugins(gimp), SECONDS), "the plug-in outlived it"
    if (victim, mode) != ("GIMP", "slow"):
        return
    # What a killed run leaves, the next one removes.
    assert folders(gimp)
    gimp.use_fake_engine("good")
    wait_for(lambda: not processes(gimp, b"gimp-console"), 10)
    ran = gimp.batch(gimp.with_cases(PAINT))
    assert "painted" in ran.stdout, ran.stderr
    assert not folders(gimp)
    assert not engines(gimp)


@pytest.mark.parametrize("mode", ["slow", "hang"])
@pytest.mark.parametrize("victim", ["plug-in", "GIMP"])
def test_nothing_survives(gimp, working, mode, victim):
    working(gimp, mode)
    check_nothing_survives(gimp, mode, victim)


@pytest.mark.parametrize("mode", ["slow", "hang"])
@pytest.mark.parametrize("victim", ["plug-in", "GIMP"])
def test_nothing_survives_in_gimp_210(gimp210, working, mode, victim):
    working(gimp210, mode)
    check_nothing_survives(gimp210, mode, victim)
