"""However GIMP ends, no engine outlives it by two seconds, and the next run cleans up."""

import os
import shutil
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


PHOTO = """
import os
from gi.repository import Gimp, Gio
photo = Gio.File.new_for_path(os.path.join(helpers.WORK, "photo.xcf"))
if not photo.query_exists(None):
    image = helpers.new_image(30, 20)
    helpers.add_layer(image, 30, 20)
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, photo, None)
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, photo)
layer = image.get_layers()[0]
"""
PAINT_PHOTO = PHOTO + "helpers.paint(image, layer)"
FIND = (
    PHOTO
    + """
one = helpers.painting_of(image, layer)
found = one.interrupted()
one.close()
print("offered", found and 0 < found.fraction < 1)
"""
)


@pytest.fixture
def working():
    """A function that brings a GIMP into the middle of painting."""
    started = []

    def start(gimp, mode, script=PAINT):
        gimp.use_fake_engine(mode)
        process = gimp.room.start(
            gimp.command(gimp.with_cases(script)),
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


def test_after_a_crash_the_painting_is_offered(gimp, working):
    """Not while it is painted; and in a GIMP that was started anew, as it is of the same file."""
    working(gimp, "kept", PAINT_PHOTO)
    kept = gimp.config / "neural-style-interrupted"
    assert wait_for(lambda: list(kept.glob("*/note.json")), 10)
    assert "offered None" in gimp.batch(gimp.with_cases(FIND)).stdout
    kill(processes(gimp, b"gimp-console"))
    assert wait_for(lambda: not engines(gimp) and not plugins(gimp), SECONDS)
    ran = gimp.batch(gimp.with_cases(FIND))
    assert "offered True" in ran.stdout, ran.stdout + ran.stderr
    shutil.rmtree(kept)
