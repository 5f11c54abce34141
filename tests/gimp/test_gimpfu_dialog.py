"""Where the dialog of GIMP 2.10's edition cannot be loaded, gimpfu's own asks the main settings."""

import pytest

from .test_interface import write_png
from .ui import Ui210

pytestmark = pytest.mark.gimp


@pytest.fixture
def ui(gimp210):
    dialog = gimp210.plugin / "dialog.py"
    good = dialog.read_bytes()
    dialog.write_text("import no_gtk_here\n")
    write_png(gimp210.work / "photo.png", 160, 120, lambda x, y: (x, y, 90))
    window = Ui210(gimp210, gimp210.work / "photo.png")
    yield window
    window.close()
    dialog.write_bytes(good)


def test_gimpfus_dialog(ui, gimp210):
    dialog = ui.key_for_window(ui.main, "ctrl+alt+n", "python-fu-neural-style")
    ui.type(str(gimp210.work / "photo.png"))  # the style's path has the focus
    ui.shot("dialog-gimpfu")
    ui.key(dialog, "alt+o")
    ui.wait_until_ended()
    assert ui.layers(["Neural Style (photo.png)", "photo.png"])[0] == "Neural Style (photo.png)"
