"""The dialog never stands still: with a photo of 12 megapixels that has live filters and with style
pictures on a drive that is gone, in real GIMP with its windows."""

import json
import time

import pytest

from .conftest import WINDOWS, prepared
from .gone import Gone
from .program import HERE, VERSIONS, wait_for
from .ui import Ui

pytestmark = [pytest.mark.gimp, WINDOWS]

MOST, MOST_AT_FIRST = 0.05, 0.15
"""Seconds that the main loop may stand still, and while the window comes to the screen: GTK itself
takes 0.05 for that where its theme and icons are not in memory yet."""
DRIVE_ANSWERS = 12.0
"""Seconds."""
PHOTO = """
from gi.repository import Gegl, Gimp, Gio
image = Gimp.Image.new(4000, 3000, Gimp.ImageBaseType.RGB)
for name in ("below", "photo"):
    size, kind = (4000, 3000), Gimp.ImageType.RGBA_IMAGE
    layer = Gimp.Layer.new(image, name, *size, kind, 100.0, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    buffer = layer.get_buffer()
    for top in range(0, 3000, 100):
        row = b"".join(bytes((x % 256, top % 256, 90, 255)) for x in range(4000))
        buffer.set(Gegl.Rectangle.new(0, top, 4000, 100), "R'G'B'A u8", row * 100)
    buffer.flush()
    del buffer
for operation in ("gegl:gaussian-blur", "gegl:unsharp-mask"):
    layer.append_filter(Gimp.DrawableFilter.new(layer, operation, operation))
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path({path!r}), None)
image.delete()
"""


@pytest.fixture(scope="module", params=VERSIONS)
def gimp(request, tmp_path_factory):
    """Another GIMP than that of the other tests, as its plug-in measures."""
    work = tmp_path_factory.mktemp(f"gimp-{request.param}-standstill")
    gone = Gone(work / "gone", DRIVE_ANSWERS)  # before the room, which sees what is mounted then
    try:
        with prepared(request.param, work) as one:
            measure(one)
            yield one
    finally:
        gone.close()


def measure(gimp):
    """Make the plug-in note its standstills."""
    (gimp.plugin / "standstill.py").write_bytes(
        (HERE / "inside_shared" / "standstill.py").read_bytes()
    )
    program = gimp.plugin / "neural-style.py"
    program.write_text(
        program.read_text().replace("import sys\n", "import standstill\nimport sys\n", 1)
    )
    gimp.standstills = gimp.work / "standstills"
    gimp.environment["NEURAL_STYLE_STANDSTILL"] = str(gimp.standstills)


@pytest.fixture(scope="module")
def ui(gimp):
    photo = gimp.work / "photo.xcf"
    done = gimp.batch(PHOTO.format(path=str(photo)))
    assert photo.exists(), done.stdout + done.stderr
    gimp.use_fake_engine()
    window = Ui(gimp, photo)
    yield window
    window.close()


class Standstills:
    """What the main loop did for longest, by the name of what the artist did."""

    def __init__(self, gimp):
        self._gimp = gimp
        self._too_long = {}

    def note(self, name, most=MOST):
        file = self._gimp.standstills
        lines = file.read_text().splitlines() if file.exists() else []
        file.write_text("")
        seconds, doing = max([json.loads(line) for line in lines], default=[0.0, ""])
        print(f"{self._gimp.version}: {name}: {seconds:.3f} s\n{doing}")
        if seconds > most:
            self._too_long[name] = seconds

    def check(self):
        assert not self._too_long


def test_live_filters(ui, gimp):
    """The dialog opened, the photo looked at, and looked at again with other settings."""
    found = Standstills(gimp)
    dialog = ui.open_dialog()
    found.note("opened", MOST_AT_FIRST)
    ui.key(dialog, "alt+y", "shift+Tab", "Return")  # the first of the strip
    assert wait_for(gimp.plans, 60)
    found.note("style chosen")
    ui.key(dialog, "alt+v")
    time.sleep(15)
    found.note("first preview")
    ui.key(dialog, "alt+v", "alt+v", "alt+z")
    time.sleep(10)
    found.note("again, and a part")
    ui.shot("standstill")
    ui.dismiss(dialog)
    found.check()


def test_a_drive_that_is_gone(ui, gimp):
    """Style pictures used last, favourites and the folder are there, and so are those chosen."""
    away = [(gimp.work / "gone" / f"{number}.png").as_uri() for number in range(4)]
    state = {"recent": away[:2], "favourites": away[2:3], "group": "recent"}
    state["folder"] = (gimp.work / "gone").as_uri()
    (gimp.config / "neural-style-styles.json").write_text(json.dumps(state))
    found = Standstills(gimp)
    started = time.monotonic()
    dialog = ui.open_dialog()
    assert time.monotonic() - started < DRIVE_ANSWERS, "the window waited for the drive"
    found.note("opened", MOST_AT_FIRST)
    ui.key(dialog, "alt+y", "shift+Tab", "Return")  # the first of the strip
    ui.shot("gone-chosen")
    time.sleep(2 * DRIVE_ANSWERS)
    ui.shot("gone-told")
    found.note("one chosen")
    ui.dismiss(dialog)
    found.check()
