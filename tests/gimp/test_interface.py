"""The windows, driven like a person would: one GIMP for each version and kind of engine.

The screenshots lie in NEURAL_STYLE_SHOTS if that is set.
"""

import json
import struct
import time
import zlib

import pytest
from PIL import Image

from .conftest import WINDOWS, prepared
from .program import VERSIONS, engines, folders, plugins, wait_for
from .ui import TITLE, Ui, Ui210

pytestmark = [pytest.mark.gimp, WINDOWS]

RUNNING = "% - Neural Style$"
RESULT = "Neural Style (painting.png)"
BOTH = "Neural Style (painting.png + photo.png)"


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
    with prepared(request.param, work) as one:
        yield one


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
    if not ui.windows(r"\[photo\]"):
        ui.restart()  # a test has closed it
    yield
    if not ui.windows(r"\[photo\]"):
        return
    for title in ("GIMP Message", TITLE, RUNNING):
        for window in ui.windows(title):
            ui.key(window, "Escape")
    ui.undo_until(lambda: ui.layers() == ["photo.png"])


def start(ui, mode):
    """Press Paint with an engine of that kind; returns the dialog, which is about to close."""
    ui.gimp.use_fake_engine(mode)
    dialog = ui.open_dialog()
    ui.choose_style(dialog, ui.gimp.work / "painting.png")
    ui.key(dialog, "alt+p")
    return dialog


def start_slowly(ui):
    """Press Paint with an engine that takes its time; returns the window with the progress."""
    start(ui, "slow")
    window = ui.wait_for_window(RUNNING)
    assert wait_for(lambda: list(folders(ui.gimp, "*-preview-*.raw")), 20)
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
    repeated = [RESULT + " #1", RESULT, "photo.png"]
    assert ui.layers(repeated) == repeated
    ui.wait_until_ended()
    # the entry for a layer that Neural Style made opens the dialog filled
    dialog = ui.open_dialog("ctrl+alt+r")
    assert dialog in ui.windows("^Repeat Neural Style$")
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
    ui.dismiss(dialog)
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
    ui.dismiss(dialog)
    assert ui.layers() == ["photo.png"]
    assert no_process_left(gimp)


def test_try_nine(ui, gimp):
    """By keys: the picture at the bottom left gives its settings."""
    if gimp.version == "2.10":
        pytest.skip("GIMP 2.10's dialog has no such window")
    dialog = ui.open_dialog()
    ui.choose_style(dialog, gimp.work / "painting.png")
    planned_sizes(gimp)
    ui.key(dialog, "alt+n")
    nine = ui.wait_for_window("^Try Nine$")
    time.sleep(15)
    ui.shot("nine")
    ui.key(nine, "Tab", "Tab", "Down", "Down", "space")
    ui.shot("nine-chosen")
    ui.key(nine, "alt+u")
    ui.wait_until_gone("^Try Nine$")
    planned_sizes(gimp)
    settings = gimp.plans()[-1]["settings"]
    assert (settings["strength"], settings["style_scale"]) == (75, 0.5)
    ui.key(dialog, "alt+n")
    nine = ui.wait_for_window("^Try Nine$")
    ui.key(nine, "alt+p")  # the middle, at once
    ui.wait_until_ended()
    assert ui.layers([RESULT, "photo.png"]) == [RESULT, "photo.png"]
    assert no_process_left(gimp)


@pytest.fixture
def at_hand(gimp):
    """What the strip remembers; forgotten afterwards."""
    if gimp.version == "2.10":
        pytest.skip("GIMP 2.10 has a menu instead")
    path = gimp.config / "neural-style-styles.json"
    path.unlink(missing_ok=True)
    yield lambda: json.loads(path.read_text())
    path.unlink(missing_ok=True)


def open_strip(ui):
    """The dialog, with the focus on the first thumbnail, which is before the list's."""
    dialog = ui.open_dialog()
    time.sleep(1)
    ui.key(dialog, "alt+y", "shift+Tab")
    return dialog


def test_styles_at_hand(ui, gimp, at_hand):
    dialog = open_strip(ui)
    ui.key(dialog, "Right", "Right", "Return")
    ui.shot("strip-drawn")
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    woodcut = gimp.plugin.as_uri() + "/styles/woodcut.jpg"
    assert ui.layers()[0] == "Neural Style (woodcut.jpg)"
    assert at_hand()["recent"] == [woodcut]
    dialog = open_strip(ui)
    ui.key(dialog, "shift+Tab", "Home", "Tab")  # Last used
    ui.key(dialog, "shift+F10", "f")
    time.sleep(0.5)
    assert at_hand()["favourites"] == [woodcut]
    ui.shot("strip-last-used")
    ui.key(dialog, "shift+Tab", "Down")  # the next group
    time.sleep(0.5)
    assert at_hand()["group"] == "favourites"
    ui.key(dialog, "Tab", "Menu", "r")
    time.sleep(0.5)
    assert at_hand()["favourites"] == []
    ui.shot("strip-no-favourites")
    ui.dismiss(dialog)
    assert no_process_left(gimp)


def test_a_folder_of_the_artists_own(ui, gimp, at_hand):
    own = gimp.work / "my styles"
    (own / "waves").mkdir(parents=True)
    for path, blue in ((own / "one.png", 0), (own / "two.png", 200), (own / "waves/sea.png", 90)):
        write_png(path, 90, 60, lambda x, y, blue=blue: (x * 2, y * 4, blue))
    (own / "notes.txt").write_text("no picture")
    dialog = open_strip(ui)
    ui.key(dialog, "shift+F10", "d")
    ui.wait_for_window("^Choose a folder of style pictures$")
    time.sleep(1)
    ui.type("/")
    time.sleep(1)
    ui.tool("key", "ctrl+a")
    ui.type(str(own))
    time.sleep(1)
    ui.tool("key", "Delete")  # what GTK would add: the subfolder
    ui.tool("key", "Return")
    ui.wait_until_gone("^Choose a folder of style pictures$")
    time.sleep(1)
    ui.shot("strip-folder")
    assert at_hand()["folder"] == own.as_uri()
    ui.key(dialog, "Right", "Return")
    ui.key(dialog, "shift+Tab", "Down", "Tab", "shift+F10", "a")  # the subfolder's, besides
    time.sleep(0.5)
    ui.shot("strip-subfolder")
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    assert ui.layers()[0] == "Neural Style (two.png + sea.png)"
    assert [uri.rsplit("/", 1)[1] for uri in at_hand()["recent"]] == ["two.png", "sea.png"]
    dialog = ui.open_dialog()
    remove_last_style(ui, dialog)  # the next test begins with one
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    assert no_process_left(gimp)


def add_layer_as_style(ui, dialog):
    """The uppermost layer, from the menu."""
    ui.key(dialog, "alt+a", "l", "Return")
    time.sleep(1)


def remove_last_style(ui, dialog):
    ui.key(dialog, "alt+a", "Escape", "shift+Tab", "space")
    time.sleep(1)


@pytest.fixture
def one_style_again(ui, gimp):
    """GIMP's last values have one style picture afterwards, as the other tests expect."""
    yield
    dialog = ui.open_dialog()
    remove_last_style(ui, dialog)
    ui.choose_style(dialog, gimp.work / "painting.png")
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()


@pytest.mark.usefixtures("one_style_again")
def test_several_styles(ui, gimp):
    dialog = ui.open_dialog()
    ui.choose_style(dialog, gimp.work / "painting.png")
    add_layer_as_style(ui, dialog)
    ui.key(dialog, "shift+Tab", "shift+Tab", "Left", "Left", "Left")
    planned_sizes(gimp)
    assert gimp.plans()[-1]["settings"]["blend"] == "100,97"
    ui.shot("dialog-styles")
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    assert ui.layers([BOTH, "photo.png"]) == [BOTH, "photo.png"]
    dialog = ui.open_dialog("ctrl+alt+r")
    ui.shot("dialog-styles-repeat")
    remove_last_style(ui, dialog)
    planned_sizes(gimp)
    assert "blend" not in gimp.plans()[-1]["settings"]
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    assert RESULT in ui.layers([BOTH, RESULT, "photo.png"])
    assert no_process_left(gimp)


@pytest.mark.usefixtures("one_style_again")
def test_repeat_with_a_layer_that_is_gone(ui, gimp):
    dialog = ui.open_dialog()
    ui.choose_style(dialog, gimp.work / "painting.png")
    add_layer_as_style(ui, dialog)
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    assert ui.layers([BOTH, "photo.png"]) == [BOTH, "photo.png"]
    ui.key(ui.main, "Next", "ctrl+alt+d")  # the layer below
    assert ui.layers([BOTH]) == [BOTH]
    dialog = ui.open_dialog("ctrl+alt+r")
    ui.shot("dialog-style-gone")
    ui.key(dialog, "alt+p")
    time.sleep(2)
    assert dialog in ui.windows(TITLE), "Paint must not work with a style picture that is gone"
    remove_last_style(ui, dialog)
    add_layer_as_style(ui, dialog)
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    names = ui.probe()[0]["layers"]
    assert [one["name"] for one in names][1:] == [BOTH], names
    assert names[0]["name"].startswith("Neural Style (painting.png + Neural Style")


def test_before_and_after(ui, gimp):
    """By a button that stays down, and as long as the mouse is held on the picture."""
    x, y = 530, 150  # in the picture

    def colour():
        time.sleep(0.7)
        pixel = Image.open(ui.shot("before", dialog)).crop((x, y, x + 1, y + 1))
        return pixel.convert("RGB").tobytes()

    dialog = ui.open_dialog()
    ui.choose_style(dialog, gimp.work / "painting.png")
    photo = colour()
    ui.key(dialog, "alt+v")
    assert wait_for(lambda: colour() != photo, 20)
    time.sleep(2)  # until it is finished
    painted = colour()
    assert painted != photo
    ui.key(dialog, "alt+b")
    assert colour() == photo
    ui.key(dialog, "alt+b")
    assert colour() == painted
    ui.tool("mousemove", "--window", dialog, str(x), str(y), "mousedown", "1")
    assert colour() == photo
    ui.tool("mouseup", "1")
    assert colour() == painted
    ui.dismiss(dialog)


def test_zoom(ui, gimp):
    """The middle of the photo, which has less of its colours than all of it, and back again."""
    if gimp.version == "2.10":
        pytest.skip("GIMP 2.10's dialog has no such button")
    dialog = ui.open_dialog()
    ui.choose_style(dialog, gimp.work / "painting.png")
    planned_sizes(gimp)

    def shown():
        time.sleep(1)
        picture = Image.open(ui.shot("zoom", dialog)).convert("RGB")
        return picture.crop((520, 0, 840, 420))

    whole = shown()
    ui.key(dialog, "alt+z")
    part = shown()
    assert part.tobytes() != whole.tobytes()
    ui.key(dialog, "alt+z")
    assert shown().tobytes() == whole.tobytes()
    ui.dismiss(dialog)


def test_continue(ui, gimp):
    """From the layer that was painted; where its source is gone it says so."""
    dialog = ui.open_dialog()
    ui.choose_style(dialog, gimp.work / "painting.png")
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    assert ui.layers([RESULT, "photo.png"]) == [RESULT, "photo.png"]
    dialog = ui.open_dialog("ctrl+alt+c")
    assert dialog in ui.windows("^Continue Neural Style$")
    ui.shot("dialog-continue")
    planned_sizes(gimp)
    assert gimp.plans()[-1]["begun"] is True
    ui.key(dialog, "alt+p")
    ui.wait_until_ended()
    assert ui.layers() == [RESULT + " #1", RESULT, "photo.png"]
    assert ui.probe()[0]["selected"] == [RESULT + " #1"], "it would not be seen below the other"
    assert no_process_left(gimp)


def test_more_settings(ui):
    dialog = ui.open_dialog()
    ui.key(dialog, "alt+m")
    time.sleep(1)
    ui.shot("dialog-more")
    ui.dismiss(dialog)


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


def test_minimised_while_the_artist_works_on(ui, gimp):
    """In a copy of the image, which is filled meanwhile."""

    def state():
        return ui.room.run(["xprop", "-id", window, "WM_STATE", "WM_TRANSIENT_FOR"]).stdout

    def percent():
        return int(ui.tool("getwindowname", window).split()[0])

    window = start_slowly(ui)
    assert "Normal" in state() and "window id" not in state()
    ui.key(window, "alt+m")
    assert wait_for(lambda: "Iconic" in state(), 5)
    begun = percent()
    ui.key(ui.main, "ctrl+d")
    time.sleep(2)
    ui.key(ui.main, "ctrl+comma")
    time.sleep(1)
    ui.shot("minimised")
    assert "Iconic" in state()
    assert begun < percent() < 100, "the task bar does not tell how far it is"
    ui.tool("windowactivate", "--sync", window)
    ui.shot("restored")
    ui.key(window, "alt+k")
    ui.wait_until_ended()
    copy, photo = sorted(ui.probe(), key=lambda image: len(image["layers"]))
    assert copy["layers"][0]["first"][:3] == [0, 0, 0], "the copy could not be painted in"
    assert [layer["name"] for layer in photo["layers"]] == [RESULT, "photo.png"]
    ui.key(ui.main, "ctrl+w")
    time.sleep(1)
    ui.tool("key", "ctrl+d")  # Discard Changes
    assert wait_for(lambda: len(ui.probe()) == 1, 5)
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


def test_an_interrupted_painting_is_gone_on_with(ui, gimp):
    start(ui, "kept_crash")
    ui.key(ui.wait_for_window("GIMP Message"), "Escape")
    kept = gimp.config / "neural-style-interrupted"
    (note,) = kept.glob("*/note.json")
    what = json.loads(note.read_text())["what"]
    assert what["image"] == (gimp.work / "photo.png").as_uri(), (
        "else another GIMP would not find it"
    )
    gimp.use_fake_engine()
    dialog = ui.open_dialog()
    ui.shot("dialog-interrupted")
    ui.dismiss(dialog)
    assert len(list(kept.iterdir())) == 1, "it is offered again"
    ui.key(ui.open_dialog(), "alt+o")
    ui.wait_until_ended()
    assert ui.layers([RESULT, "photo.png"]) == [RESULT, "photo.png"]
    assert not list(kept.iterdir())
    assert no_process_left(gimp)


def test_an_interrupted_painting_is_forgotten(ui, gimp):
    start(ui, "kept_crash")
    ui.key(ui.wait_for_window("GIMP Message"), "Escape")
    kept = gimp.config / "neural-style-interrupted"
    assert len(list(kept.iterdir())) == 1
    gimp.use_fake_engine()
    dialog = ui.open_dialog()
    ui.key(dialog, "alt+f")
    assert wait_for(lambda: not list(kept.iterdir()), 5)
    ui.shot("dialog-forgotten")
    ui.dismiss(dialog)
    assert ui.layers() == ["photo.png"]


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
