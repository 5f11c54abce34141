"""The chroot with GIMP 2.10 is what a plug-in of Python-Fu needs."""

from __future__ import annotations

import time

import pytest

from . import lab, lab210
from .conftest import no_gimp

pytestmark = pytest.mark.gimp

PLUGIN = """#!/usr/bin/env python
from gimpfu import *


def invert(image, drawable):
    width, height = drawable.width, drawable.height
    source = drawable.get_pixel_rgn(0, 0, width, height, False, False)
    pixels = bytearray(source[0:width, 0:height])
    target = drawable.get_pixel_rgn(0, 0, width, height, True, True)
    target[0:width, 0:height] = str(bytearray(255 - value for value in pixels))
    drawable.flush()
    drawable.merge_shadow(True)
    drawable.update(0, 0, width, height)


register(
    "python_fu_lab_invert", "Invert", "", "", "", "", "Invert", "RGB*",
    [(PF_IMAGE, "image", "Image", None), (PF_DRAWABLE, "drawable", "Drawable", None)],
    [], invert, menu="<Image>/Filters",
)
main()
"""
INVERT = """(let* ((image (car (gimp-file-load RUN-NONINTERACTIVE "{source}" "")))
       (drawable (car (gimp-image-get-active-drawable image))))
  (python-fu-lab-invert RUN-NONINTERACTIVE image drawable)
  (gimp-file-save RUN-NONINTERACTIVE image drawable "{target}" ""))"""
GIMPRC = "(check-updates no)\n"


class Lab:
    """GIMP 2.10 with a configuration folder of its own, and the plug-in in it."""

    def __init__(self, work) -> None:
        self.work = work
        config = work / "config"
        self.environment = {"GIMP2_DIRECTORY": str(config)}
        (config / "plug-ins").mkdir(parents=True)
        (config / "gimprc").write_text(GIMPRC)
        plugin = config / "plug-ins" / "lab-invert.py"
        plugin.write_text(PLUGIN)
        plugin.chmod(0o755)
        self.picture = work / "red.ppm"
        self.picture.write_bytes(b"P6\n2 2\n255\n" + bytes([250, 20, 7]) * 4)
        self.room = lab.Room("2.10", [str(work)])

    def batch(self, *arguments: str) -> str:
        done = self.room.run([self.room.console, *arguments], environment=self.environment)
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def gimp210(tmp_path_factory):
    try:
        one = Lab(tmp_path_factory.mktemp("gimp-2.10"))
    except lab.LabError as error:
        no_gimp("2.10", error)
    yield one
    one.room.close()


def test_python_fu_evaluates(gimp210):
    assert lab210.PYTHON_FU_SAYS in gimp210.batch(*lab210.ASK_PYTHON_FU)


def test_python_fu_is_an_interpreter_of_batches(gimp210):
    code = "import sys; print('Python %d.%d' % sys.version_info[:2]); pdb.gimp_quit(1)"
    assert "Python 2.7" in gimp210.batch(
        "-idf", "--batch-interpreter", "python-fu-eval", "-b", code
    )


def test_a_plug_in_reads_and_changes_pixels(gimp210):
    target = gimp210.work / "inverted.ppm"
    code = INVERT.format(source=gimp210.picture, target=target)
    said = gimp210.batch("-idf", "-b", code, "-b", "(gimp-quit 0)")
    assert target.exists(), said
    assert target.read_bytes().endswith(bytes([5, 235, 248]) * 4)


def test_the_window_comes_up(gimp210):
    room = gimp210.room
    window = room.start(
        [room.window, "--no-splash", str(gimp210.picture)],
        environment=gimp210.environment,
        stdout=open(gimp210.work / "window.log", "wb"),  # noqa: SIM115
        stderr=-2,
    )
    try:
        search = ["xdotool", "search", "--onlyvisible", "--name", r"\[red\]"]
        end = time.monotonic() + 60
        while not (found := room.run(search).stdout.strip()) and time.monotonic() < end:
            time.sleep(0.2)
        assert found, (gimp210.work / "window.log").read_text()
    finally:
        lab.kill_tree(window.pid)
        window.wait()
