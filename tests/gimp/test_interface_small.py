"""The dialog of GIMP 3.0 and 3.2 on a small screen: its buttons are always on it."""

import re
import time

import pytest

from .conftest import WINDOWS, prepared
from .program import VERSIONS
from .test_interface import write_png
from .ui import Ui

pytestmark = [pytest.mark.gimp, WINDOWS]

HEIGHT = 768


@pytest.fixture(scope="module", params=VERSIONS)
def ui(request, tmp_path_factory):
    work = tmp_path_factory.mktemp(f"gimp-{request.param}-small")
    with prepared(request.param, work, f"1366x{HEIGHT}") as gimp:
        write_png(gimp.work / "photo.png", 320, 240, lambda x, y: (x * 255 // 320, y, 90))
        window = Ui(gimp, gimp.work / "photo.png")
        yield window
        window.close()


def looked_at(ui, dialog, name):
    """The dialog's picture; its lower edge, where the buttons are, is on the screen."""
    ui.tool("mousemove", "1", "1")  # no tooltip
    time.sleep(1)
    said = ui.room.run(["xwininfo", "-id", dialog]).stdout
    (top,) = re.findall(r"Absolute upper-left Y: +(-?[0-9]+)", said)
    (height,) = re.findall(r"Height: +([0-9]+)", said)
    assert int(top) >= 0 and int(top) + int(height) <= HEIGHT, said
    return ui.shot(name, dialog).read_bytes()


def test_sections_are_shown_and_the_buttons_stay(ui):
    dialog = ui.open_dialog()
    looked_at(ui, dialog, "small")
    ui.key(dialog, "alt+m")
    more = looked_at(ui, dialog, "small-more")
    ui.key(dialog, "alt+m", "alt+k")
    looked_at(ui, dialog, "small-masks")
    ui.key(dialog, "alt+m")
    assert looked_at(ui, dialog, "small-more-from-masks") == more
    ui.key(dialog, "alt+k", "alt+g", "alt+g")
    looked_at(ui, dialog, "small-regions")
    ui.key(dialog, "alt+a", "l", "Return", "alt+a", "l", "Return")
    looked_at(ui, dialog, "small-styles")
    ui.dismiss(dialog)
