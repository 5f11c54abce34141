"""The windows, driven like a person would: one GIMP for each version and kind of engine.

The screenshots lie in NEURAL_STYLE_SHOTS if that is set.
"""

import struct
import time
import zlib

import pytest

from . import lab
from .conftest import no_gimp
from .program import VERSIONS, Gimp, Gimp210, engines, folders, plugins, wait_for
from .ui import Ui, Ui210

pytestmark = pytest.mark.gimp

TITLE = "^Neural Style$"
RESULT = "Neural Style (painting.png)"


def write_png(path, width, height, colour):
    """A small PNG: `colour(x, y)` gives red, green, blue."""
    rows = b"".join(
        b"\0" + b"".join(bytes(colour(x, y)) for x in range(width)) for y in range(height)
    )

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))


@pytest.fixture(scope="module", params=[*VERSIONS, "2.10"])
def gimp(request, tmp_path_factory):
    """Another GIMP than that of the other tests, and of all versions."""
    work = tmp_path_factory.mktemp(f"gimp-{request.param}-window")
    try:
        one = Gimp210(work) if request.param == "2.10" else Gimp(request.param, work)
    except lab.LabError as error:
        no_gimp(request.param, error)
    yield one
    one.room.close()


@pytest.fixture(scope="module")
def ui(gimp):
    write_png(gimp.work / "photo.png", 320, 240, lambda x, y: (x * 255 // 320, y, 90))
    write_png(gimp.work / "painting.png", 64, 64, lambda x, y: (x * 4, 40, y * 4))
    gimp.use_fake_engine()
    window = (Ui210 if gimp.version == "2.10" else Ui)(gimp, gimp.work / "photo.png")
    yield window
    window.close()


@pytest.fixture(autouse=True)
def _as_opened(ui):
    """Whatever a test left open is closed, and its layers are undone."""
    yield
    if not ui.windows(r"\[photo\]"):
        return  # the last test has closed it
    for title in ("GIMP Message", TITLE):
        for window in ui.windows(title):
            ui.key(window, "Escape")
    for _ in range(6):
        if ui.layers() == ["photo.png"]:
            return
        ui.key(ui.main, "ctrl+z")


def start(ui, mode):
    """Press Paint with an engine of that kind; returns the dialog, which is about to close."""
    ui.gimp.use_fake_engine(mode)
    dialog = ui.open_dialog()
    ui.choose_style(dialog, ui.gimp.work / "painting.png")
    ui.key(dialog, "alt+p")
    return dialog


def start_slowly(ui):
    """Press Paint with an engine that takes its time; returns the window with the progress."""
    dialog = start(ui, "slow")
    window = ui.wait_for_window(TITLE, besides=dialog)
    assert wait_for(lambda: list(folders(ui.gimp, "preview-*.raw")), 20)
    return window


def repeat_last(ui):
    """Filters > Repeat, with the last values and no window; the probe must not have run since."""
    time.sleep(1)
    ui.key(ui.main, "ctrl+f")


def no_process_left(gimp):
    return wait_for(lambda: not engines(gimp) and not plugins(gimp) and not folders(gimp), 3)


def test_menu_entry(ui):
    ui.key(ui.main, "alt+r", "a")  # Filters > Artistic
    time.sleep(0.5)
    ui.shot("menu")
    ui.tool("key", "Escape", "Escape", "Escape")


def test_paint_and_undo(ui, gimp):
    dialog = ui.open_dialog()
    ui.shot("dialog-empty")
    ui.key(dialog, "alt+p")
    assert ui.windows(TITLE), "Paint must not work without a style picture"
    ui.choose_style(dialog, gimp.work / "painting.png")
    ui.shot("dialog")
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    image = ui.probe()[0]
    assert [layer["name"] for layer in image["layers"]] == [RESULT, "photo.png"]
    assert image["selected"] == [RESULT]
    assert image["layers"][0]["first"] == [255, 255, 165, 255]
    ui.shot("painted")
    ui.key(ui.main, "ctrl+z")
    assert ui.layers() == ["photo.png"], "one Undo must remove the layer"
    ui.key(ui.main, "ctrl+y")
    assert ui.layers() == [RESULT, "photo.png"]
    assert no_process_left(gimp)


def test_values_are_remembered_and_repeated(ui, gimp):
    dialog = ui.open_dialog()
    ui.shot("dialog-remembered")
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    repeat_last(ui)
    assert wait_for(lambda: plugins(gimp), 20)
    ui.wait_until_ended()
    assert ui.layers() == [RESULT + " #1", RESULT, "photo.png"]
    # the entry for a layer that Neural Style made opens the dialog filled
    dialog = ui.open_dialog("ctrl+alt+r")
    ui.shot("dialog-repeat")
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    assert len(ui.layers()) == 4


def planned_sizes(gimp):
    """Those the engine was asked to plan, once there is one and no other has come for a while."""
    known = []
    for _attempt in range(15):
        time.sleep(1.5)
        sizes = [(plan["width"], plan["height"]) for plan in gimp.plans()]
        if sizes and sizes == known:
            break
        known = sizes
    return known


def test_expected_time_follows_settings_and_selection(ui, gimp):
    dialog = ui.open_dialog()
    ui.choose_style(dialog, gimp.work / "painting.png")
    assert set(planned_sizes(gimp)) == {(320, 240)}
    ui.shot("dialog-planned")
    ui.select(100, 80, 60, 40)
    sizes = planned_sizes(gimp)
    assert sizes[-1] == (124, 104)
    ui.key(dialog, "alt+v")  # a preview changes nothing, and needs no plan
    assert planned_sizes(gimp) == sizes
    ui.key(ui.main, "ctrl+shift+a")
    assert planned_sizes(gimp) == [*sizes, (320, 240)]
    ui.key(dialog, "Escape")
    ui.wait_until_ended()
    assert no_process_left(gimp)


def test_a_refused_plan_keeps_from_painting_until_something_changes(ui, gimp):
    gimp.use_fake_engine("refuse")
    dialog = ui.open_dialog()
    ui.choose_style(dialog, gimp.work / "painting.png")
    assert planned_sizes(gimp)
    ui.shot("dialog-refused")
    ui.key(dialog, "alt+p")
    time.sleep(2)
    assert dialog in ui.windows(TITLE), "Paint must not work with settings that the engine refuses"
    gimp.use_fake_engine("good")
    ui.select(100, 80, 60, 40)
    assert planned_sizes(gimp) == [(124, 104)]
    ui.key(ui.main, "ctrl+shift+a")
    assert planned_sizes(gimp)[-1] == (320, 240)
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    assert ui.layers() == [RESULT, "photo.png"]


def test_preview_is_live(ui, gimp):
    gimp.use_fake_engine("slow")
    dialog = ui.open_dialog()
    ui.choose_style(dialog, gimp.work / "painting.png")
    ui.key(dialog, "alt+v")
    time.sleep(3)
    first = ui.shot("preview-running").read_bytes()
    time.sleep(1.5)
    second = ui.shot("preview-later").read_bytes()
    assert first != second, "the preview does not grow"
    gimp.use_fake_engine("good")
    ui.key(dialog, "Escape")
    ui.wait_until_ended()
    assert ui.layers() == ["photo.png"]
    assert no_process_left(gimp)


def test_more_settings(ui):
    dialog = ui.open_dialog()
    ui.key(dialog, "alt+m")
    time.sleep(1)
    ui.shot("dialog-more")
    ui.key(dialog, "Escape")
    ui.wait_until_ended()


def test_cancel_leaves_nothing(ui, gimp):
    window = start_slowly(ui)
    ui.shot("running")
    assert len(engines(gimp)) == 1
    ui.key(window, "alt+c")
    ui.wait_until_ended()
    assert ui.layers() == ["photo.png"]
    assert no_process_left(gimp)


def test_cancel_while_live_leaves_nothing(ui, gimp):
    window = start_slowly(ui)
    ui.key(window, "alt+s")
    assert ui.layers([RESULT, "photo.png"]) == [RESULT, "photo.png"]
    ui.shot("running-live")
    ui.key(window, "Escape")
    ui.wait_until_ended()
    image = ui.probe()[0]
    assert [layer["name"] for layer in image["layers"]] == ["photo.png"]
    assert image["selected"] == ["photo.png"]
    assert no_process_left(gimp)


@pytest.mark.parametrize("live", [False, True])
def test_stop_and_keep(ui, gimp, live):
    window = start_slowly(ui)
    if live:
        ui.key(window, "alt+s")
        assert ui.layers([RESULT, "photo.png"]) == [RESULT, "photo.png"]
    ui.key(window, "alt+k")
    ui.wait_until_ended()
    image = ui.probe()[0]
    assert [layer["name"] for layer in image["layers"]] == [RESULT, "photo.png"]
    assert image["layers"][0]["first"] == [255, 255, 165, 255]
    ui.shot(f"kept-{'live' if live else 'plain'}")
    ui.key(ui.main, "ctrl+z")
    assert ui.layers() == ["photo.png"]
    assert no_process_left(gimp)


def test_cancel_of_gimps_own_bar(ui, gimp):
    """Repeat Last shows GIMP's progress bar; its Cancel is a SIGKILL to the plug-in."""
    dialog = ui.open_dialog()
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    gimp.use_fake_engine("slow")
    repeat_last(ui)
    assert wait_for(lambda: engines(gimp), 20)
    time.sleep(2)
    shot = ui.shot("own-bar")
    assert shot.exists()
    ui.click(*ui.cancel_of_bar)
    assert wait_for(lambda: not plugins(gimp), 3), "GIMP's Cancel did not end the plug-in"
    assert wait_for(lambda: not engines(gimp), 2), "the engine outlived GIMP's Cancel"
    assert ui.layers() == [RESULT, "photo.png"]


@pytest.mark.parametrize("mode", ["crash", "oom"])
def test_failure_is_told_and_changes_nothing(ui, gimp, mode):
    start(ui, mode)
    message = ui.wait_for_window("GIMP Message")
    ui.shot(f"failure-{mode}")
    ui.key(message, "Escape")
    assert ui.layers() == ["photo.png"]
    assert no_process_left(gimp)


def test_layer_deleted_while_running(ui, gimp):
    start_slowly(ui)
    message = ui.key_for_window(ui.main, "ctrl+alt+d", "GIMP Message")
    ui.shot("failure-deleted")
    ui.key(message, "Escape")
    ui.key(ui.main, "ctrl+z")
    assert ui.layers() == ["photo.png"]
    assert no_process_left(gimp)


def test_image_closed_while_running(ui, gimp):
    """The last test: it closes the picture."""
    start_slowly(ui)
    ui.key(ui.main, "ctrl+w")
    time.sleep(1)
    ui.tool("key", "ctrl+d")  # Discard Changes, where GIMP asks
    ui.wait_for_window("GIMP Message", 15)
    ui.shot("failure-closed")
    assert no_process_left(gimp)
