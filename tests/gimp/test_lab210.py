"""The chroot with GIMP 2.10 is what a plug-in of Python-Fu needs."""

from __future__ import annotations

import time

import pytest
from PIL import Image

from . import lab, lab210
from .conftest import no_gimp
from .program import wait_for

pytestmark = pytest.mark.gimp

PLUGIN = """#!/usr/bin/env python
from gimpfu import *


def invert(image, drawable, white):
    width, height = drawable.width, drawable.height
    source = drawable.get_pixel_rgn(0, 0, width, height, False, False)
    pixels = bytearray(source[0:width, 0:height])
    target = drawable.get_pixel_rgn(0, 0, width, height, True, True)
    target[0:width, 0:height] = str(bytearray(int(white) - value for value in pixels))
    drawable.flush()
    drawable.merge_shadow(True)
    drawable.update(0, 0, width, height)


register(
    "python_fu_lab_invert", "Invert", "", "", "", "", "Invert", "RGB*",
    [
        (PF_IMAGE, "image", "Image", None), (PF_DRAWABLE, "drawable", "Drawable", None),
        (PF_SLIDER, "white", "White", 255, (0, 255, 1)),
    ],
    [], invert, menu="<Image>/Filters",
)
main()
"""
INVERT = """(let* ((image (car (gimp-file-load RUN-NONINTERACTIVE "{source}" "")))
       (drawable (car (gimp-image-get-active-drawable image))))
  (python-fu-lab-invert RUN-NONINTERACTIVE image drawable 255)
  (gimp-file-save RUN-NONINTERACTIVE image drawable "{target}" ""))"""
SHORTCUT = '(gtk_accel_path "<Actions>/plug-in/python-fu-lab-invert" "<Primary><Alt>i")\n'


class Lab:
    """GIMP 2.10 with a configuration folder of its own, and the plug-in in it."""

    def __init__(self, work) -> None:
        self.work = work
        config = work / "config"
        self.environment = {"GIMP2_DIRECTORY": str(config)}
        (config / "plug-ins").mkdir(parents=True)
        (config / "gimprc").write_text("(check-updates no)\n")
        (config / "menurc").write_text(SHORTCUT)
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
def python_fu(tmp_path_factory):
    try:
        one = Lab(tmp_path_factory.mktemp("gimp-2.10"))
    except lab.LabError as error:
        no_gimp("2.10", error)
    yield one
    one.room.close()


def test_python_fu_evaluates(python_fu):
    assert lab210.PYTHON_FU_SAYS in python_fu.batch(*lab210.ASK_PYTHON_FU)


def test_python_fu_is_an_interpreter_of_batches(python_fu):
    code = "import sys; print('Python %d.%d' % sys.version_info[:2]); pdb.gimp_quit(1)"
    assert "Python 2.7" in python_fu.batch(
        "-idf", "--batch-interpreter", "python-fu-eval", "-b", code
    )


def test_a_plug_in_reads_and_changes_pixels(python_fu):
    target = python_fu.work / "inverted.png"
    code = INVERT.format(source=python_fu.picture, target=target)
    said = python_fu.batch("-idf", "-b", code, "-b", "(gimp-quit 0)")
    assert target.exists(), said
    with Image.open(target) as picture:
        assert picture.getcolors() == [(4, (5, 235, 248))]


def test_the_window_comes_up_and_the_plug_ins_dialog(python_fu):
    log = python_fu.work / "window.log"
    room = python_fu.room

    def xdotool(*arguments: str) -> str:
        return room.run(["xdotool", *arguments]).stdout.strip()

    def found(title: str, seconds: float) -> str:
        search = ("search", "--onlyvisible", "--name", title)
        return wait_for(lambda: xdotool(*search), seconds).partition("\n")[0]

    with open(log, "wb") as output:
        command = [room.window, "--no-splash", str(python_fu.picture)]
        options = {"environment": python_fu.environment, "stdout": output, "stderr": output}
        process = room.start(command, **options)
    try:
        window = found(r"\[red\]", 60)
        assert window, log.read_text()
        dialog = ""
        for _attempt in range(3):  # a key can be lost while the window still comes up
            time.sleep(1)
            xdotool("windowactivate", "--sync", window, "key", "--clearmodifiers", "ctrl+alt+i")
            if dialog := found("^python_fu_lab_invert$", 8):
                break
        assert dialog, log.read_text()
    finally:
        lab.kill_tree(process.pid)
        process.wait()
