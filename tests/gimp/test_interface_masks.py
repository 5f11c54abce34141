"""Protection and regions in the dialog of GIMP 3.0 and 3.2, by keys."""

import time

import pytest

from .conftest import WINDOWS, prepared
from .program import VERSIONS
from .test_interface import no_process_left, write_png
from .ui import TITLE, Ui

pytestmark = [pytest.mark.gimp, WINDOWS]

RESULT = "Neural Style (painting.png)"
PICTURE = """
from helpers import *
image = new_image(320, 240)
photo = add_layer(image, 320, 240, Gimp.ImageType.RGB_IMAGE)
add_plain_layer(image, (100, 80), (20, 20), (220, 30, 10, 255), "clouds")
add_channel(image, "face", (100, 60, 90, 90))
add_channel(image, "sky", (0, 0, 320, 60))
image.set_selected_layers([photo])
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path({!r}), None)
"""


@pytest.fixture(scope="module", params=VERSIONS)
def gimp(request, tmp_path_factory):
    work = tmp_path_factory.mktemp(f"gimp-{request.param}-masks")
    with prepared(request.param, work) as one:
        yield one


@pytest.fixture(scope="module")
def ui(gimp):
    picture = gimp.work / "photo.xcf"
    done = gimp.batch(gimp.with_cases(PICTURE.format(str(picture))))
    assert picture.exists(), done.stderr
    write_png(gimp.work / "painting.png", 64, 64, lambda x, y: (x * 4, 40, y * 4))
    window = Ui(gimp, picture)
    yield window
    window.close()


@pytest.fixture(autouse=True)
def _as_opened(ui):
    """A test's layers go, and a channel that it has deleted comes back."""
    ui.gimp.use_fake_engine()
    yield
    for window in ui.windows(TITLE):
        ui.key(window, "Escape")
    ui.undo_until(
        lambda: ui.layers() == ["clouds", "photo"] and ui.probe()[0]["channels"] == ["sky", "face"]
    )


def open_with_masks(ui):
    """The dialog with the sky protected and the layer's clouds as the style of the face, as an
    earlier test has left it or chosen now."""
    dialog = ui.open_dialog()
    if ui.gimp.plans() and planned_masks(ui.gimp) == 2:
        return dialog
    ui.choose_style(dialog, ui.gimp.work / "painting.png")
    ui.key(dialog, "alt+k", "alt+t", "Down", "Down")  # Selection, Channel: sky
    ui.key(dialog, "alt+g")
    time.sleep(1)
    ui.key(dialog, "space", "l", "Return")  # the menu's layers; the uppermost
    return dialog


def planned_masks(gimp):
    """How many regions the last plan had, once no other has come for a while, and one more if
    something was protected."""
    known = -1
    for _attempt in range(15):
        time.sleep(1.5)
        plans = gimp.plans()
        if len(plans) == known > 0:
            break
        known = len(plans)
    plan = gimp.plans()[-1]
    return plan["regions"] + plan["protect"]


def check_painted(layer, untouched):
    """The sky is protected, the rest is not."""
    assert layer["first"] == untouched["first"], layer
    assert layer["middle"] == [220, 30, 10, 255], layer
    assert layer["last"] == [255 - value for value in untouched["last"][:3]] + [255], layer


def test_protects_and_paints_a_region(ui, gimp):
    dialog = open_with_masks(ui)
    assert planned_masks(gimp) == 2
    ui.shot("masks")
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    layers = {layer["name"]: layer for layer in ui.probe()[0]["layers"]}
    assert list(layers) == ["clouds", RESULT, "photo"]
    check_painted(layers[RESULT], layers["photo"])


def test_remembered_and_repeated(ui, gimp):
    dialog = open_with_masks(ui)
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    for keys in ("ctrl+alt+r", "ctrl+alt+n"):  # the layer's own, the last ones
        gimp.use_fake_engine()
        dialog = ui.open_dialog(keys)
        ui.key(dialog, "alt+k")
        assert planned_masks(gimp) == 2
        ui.shot("masks-repeat")
        ui.key(dialog, "Escape")
        ui.wait_until_ended()
    assert no_process_left(gimp)


def test_a_channel_that_is_deleted_meanwhile(ui, gimp):
    dialog = open_with_masks(ui)
    assert planned_masks(gimp) == 2
    ui.delete_channel("sky")
    time.sleep(2)
    ui.shot("masks-gone")
    ui.key(dialog, "alt+p")
    time.sleep(2)
    assert dialog in ui.windows(TITLE), "Paint must not work with a mask that is gone"
    ui.key(dialog, "alt+t", "Home")  # Nothing
    gimp.use_fake_engine()
    time.sleep(1)
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    assert ui.layers()[0] == "clouds" and RESULT in ui.layers()
