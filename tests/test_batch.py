"""Many photos: names, what is there already, and what goes wrong on the way."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

import neural_style as ns
from conftest import drawn
from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.image import Picture, read_picture, write_picture
from neural_style.series import run as series_run
from neural_style.series.inputs import Photo, find_photos, name_results, read_list
from neural_style.series.manifest import LOCK, NAME, PART, WORK, Entry, Manifest
from neural_style.series.run import Series, paint_series, prepare_series
from neural_style.settings import Settings, parse_settings

COMMAND = Path(sys.executable).with_name("neural-style")
QUICK = ["--size", "32", "--coarsest", "32", "--steps", "2", "--final-steps", "2", "--faces", "0"]


def command(*arguments: object) -> list[str]:
    return [str(COMMAND), "batch", *map(str, arguments)]


def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=300, check=False, **options
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with photos in folders, and a painting beside it."""
    folder = tmp_path / "mein Ördner"
    (folder / "photos" / "beach").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.jpg", "beach/a.png", "beach/c.bmp")):
        picture = drawn(40, 48, f"photo {number}")
        if name.endswith(".bmp"):
            pixels = (picture.pixels * 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "photos" / name)
        else:
            write_picture(folder / "photos" / name, picture)
    (folder / "photos" / "notes.txt").write_text("no picture")
    (folder / "photos" / ".hidden.png").write_bytes(b"")
    for name in ("painting", "other"):
        write_picture(folder / f"{name}.png", drawn(40, 40, name))
    return folder


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / NAME).read_text().splitlines()]


def results(out: Path) -> set[str]:
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    return files - {NAME}


# -- which photos, and their names -----------------------------------------------------------------


def names(*sources: str | Path, besides: Path) -> list[str]:
    return [photo.name for photo in find_photos(sources, besides=besides)]


def test_folders_patterns_and_files(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    out = place / "out"
    every = ["a.png", "b.jpg", "beach/a.png", "beach/c.bmp"]
    assert names("photos", besides=out) == every
    assert names(place / "photos", "photos/a.png", besides=out) == every  # each once
    assert names("photos/**/*.png", besides=out) == ["a.png", "beach/a.png"]
    assert names("photos/beach/c.bmp", besides=out) == ["c.bmp"]
    assert names("photos/notes.txt", besides=out) == ["notes.txt"]
    with pytest.raises(NeuralStyleError, match="There is no file or folder gone/") as caught:
        names("photos", "gone/", besides=out)
    assert caught.value.code == "file_missing"
    for source in ("photos/*.tif", out):
        out.mkdir(exist_ok=True)
        with pytest.raises(NeuralStyleError, match="There are no pictures in") as caught:
            names(source, besides=out)
        assert caught.value.code == "file_missing"


def test_results_in_a_folder_above_the_photos(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They lie elsewhere than the photos, however these are named."""
    monkeypatch.chdir(place / "photos")
    every = ["a.png", "b.jpg", "beach/a.png", "beach/c.bmp"]
    assert names(".", besides=Path("..")) == every
    assert names("*.png", besides=Path("..")) == ["a.png"]
    assert names("../photos/**/a.png", besides=place) == ["a.png", "beach/a.png"]


def test_results_among_the_photos_are_no_photos(place: Path) -> None:
    out = place / "photos" / "painted"
    out.mkdir()
    write_picture(out / "a.png", drawn(20, 20))
    assert "painted/a.png" not in names(place / "photos", besides=out)
    (place / "link").symlink_to(place / "photos")
    for same in (place / "photos/beach/../painted", place / "link/painted"):
        assert "painted/a.png" not in names(place / "photos", besides=same)
        assert "painted/a.png" not in names(place / "link", besides=out)
    assert names(place / "photos" / "**" / "a.png", besides=out) == ["a.png", "beach/a.png"]


def test_a_list_of_files(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes("\ufeffa.png\r\n\r\nb Ö.jpg\n".encode())
    assert read_list(file) == ["a.png", "b Ö.jpg"]
    file.write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(NeuralStyleError, match="is no list of files"):
        read_list(file)


def test_names_that_are_nearly_right_are_told(tmp_path: Path) -> None:
    write_picture(tmp_path / "caf\u00e9.png", drawn(20, 20))
    for name, hint in (("cafe\u0301.png", "looks the same"), ('"caf\u00e9.png"', "quotation")):
        given = f'"{tmp_path / name[1:-1]}"' if '"' in name else tmp_path / name
        with pytest.raises(NeuralStyleError, match="There is no file or folder") as caught:
            find_photos([given], besides=tmp_path / "out")
        assert hint in caught.value.hint
        with pytest.raises(NeuralStyleError, match="There is no file") as caught:
            read_picture(given)
        assert hint in caught.value.hint


def test_no_two_results_have_one_name() -> None:
    given = ["a.png", "a.heic", "a.HEIC", "A.png", "b/a.gif", "c.tif", "c.jpg", "c"]
    found = list(name_results([Photo(Path(name), name) for name in given], None))
    assert found == [
        "a.png", "a-heic.png", "a-2.png", "A-png.png", "b/a.png", "c.tif", "c.jpg", "c.png"
    ]  # fmt: skip
    assert list(name_results([Photo(Path("c.jpg"), "c.jpg")], 16)) == ["c.png"]


# -- what is there already -------------------------------------------------------------------------


class Brush:
    """Paints in no time: the photo's negative, as large as the settings say."""

    def __init__(self, fail: Callable[[Picture], None] = lambda _: None) -> None:
        self.fail, self.painted, self.closed, self.gone = fail, 0, False, False

    def paint(
        self, content: Picture, styles: Sequence[int], settings: Settings
    ) -> tuple[Picture, list[NeuralStyleWarning]]:
        self.fail(content)
        self.painted += 1
        return replace(content, pixels=1 - content.pixels), []

    def close(self) -> None:
        self.closed = True


def paint_all(
    place: Path,
    *,
    styles: Sequence[str] = ("painting.png",),
    each: bool = False,
    depth: int | None = None,
    brush: Brush | None = None,
    **settings: Any,
) -> tuple[Series, list[Entry]]:
    out = place / "out"
    brush = brush or Brush()
    photos = find_photos([place / "photos"], besides=out)
    with Manifest(out) as manifest:
        series = prepare_series(
            photos,
            [place / style for style in styles],
            parse_settings(settings),
            manifest,
            each=each,
            depth=depth,
        )
        entries = list(paint_series(series, manifest, [brush, brush], brush))
    assert brush.closed
    assert not [path for path in out.iterdir() if path.name in (LOCK, WORK)]
    return series, entries


def test_nothing_is_painted_twice(place: Path) -> None:
    series, entries = paint_all(place)
    assert results(place / "out") == {"a.png", "b.jpg", "beach/a.png", "beach/c.png"}
    assert {entry.output for entry in entries} == results(place / "out")
    before = read_picture(place / "photos/a.png").pixels
    assert np.abs(read_picture(place / "out/a.png").pixels - (1 - before)).max() < 0.01
    series, entries = paint_all(place)
    assert (len(series.missing), len(series.there), entries) == (0, 4, [])


def test_what_an_older_version_painted_is_painted_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that no folder has pictures of two looks. Its results are replaced, as they are ours."""
    monkeypatch.setattr(series_run, "LOOK", series_run.LOOK - 1)
    paint_all(place)
    monkeypatch.undo()
    series, entries = paint_all(place)
    assert (len(series.missing), len(series.there)) == (4, 0)
    assert [entry.code for entry in entries] == [None] * 4
    assert len(paint_all(place)[0].there) == 4


def test_only_what_is_new_is_painted(place: Path) -> None:
    paint_all(place)
    write_picture(place / "photos/d.png", drawn(40, 40, "new"))
    write_picture(place / "photos/a.png", drawn(40, 40, "changed"))
    os.utime(place / "photos/b.jpg")  # only touched
    (place / "out/beach/a.png").unlink()
    _, entries = paint_all(place)
    assert {entry.output for entry in entries} == {"a.png", "d.png", "beach/a.png"}


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({"strength": 20}, 4),
        ({"depth": 16}, 4),
        ({"styles": ("other.png",)}, 4),
        ({"device": "cpu", "memory": 3, "precision": "float32"}, 0),
    ],
)
def test_other_settings_are_other_pictures(place: Path, change: dict[str, Any], again: int) -> None:
    paint_all(place)
    assert len(paint_all(place, **change)[1]) == again


def test_every_photo_after_every_painting(place: Path) -> None:
    paint_all(place, styles=("painting.png", "other.png"), each=True)
    photos = {"a.png", "b.jpg", "beach/a.png", "beach/c.png"}
    assert results(place / "out") == {
        f"{style}/{photo}" for style in ("painting", "other") for photo in photos
    }
    _, entries = paint_all(place, styles=("painting.png",), each=True)
    assert entries == []


def test_a_file_of_somebody_elses_is_not_replaced(place: Path) -> None:
    (place / "out").mkdir()
    (place / "out/a.png").write_text("mine")
    _, entries = paint_all(place)
    assert (place / "out/a.png").read_text() == "mine"
    assert {entry.output: entry.code for entry in entries}["a.png"] == "cannot_write"
    # Nor after that, though there is a line about it now.
    _, entries = paint_all(place)
    assert [entry.code for entry in entries] == ["cannot_write"]
    assert (place / "out/a.png").read_text() == "mine"


def test_a_result_is_not_painted_over_itself(place: Path) -> None:
    paint_all(place)
    before = (place / "out/a.png").read_bytes()
    photos = find_photos([place / "out/a.png"], besides=place / "out")
    with Manifest(place / "out") as manifest:
        series = prepare_series(
            photos, [place / "painting.png"], parse_settings({}), manifest, each=False, depth=None
        )
        (entry,) = paint_series(series, manifest, [Brush()])
    assert entry.code == "cannot_write"
    assert (place / "out/a.png").read_bytes() == before


def test_a_result_that_was_drawn_into_is_not_replaced(place: Path) -> None:
    paint_all(place)
    (place / "out/a.png").write_text("mine")
    _, entries = paint_all(place, strength=70)
    assert (place / "out/a.png").read_text() == "mine"
    codes = {entry.output: entry.code for entry in entries}
    assert codes.pop("a.png") == "cannot_write"
    assert set(codes.values()) == {None}


@pytest.mark.parametrize("output", ["../thesis.txt", "{}/thesis.txt", "sub/../../thesis.txt", ""])
@pytest.mark.parametrize("act", ["recover", "remove"])
def test_a_strangers_list_reaches_no_file_outside_its_folder(
    tmp_path: Path, output: str, act: str
) -> None:
    """A folder that was passed on may hold a list of results with any text in it."""
    (tmp_path / "thesis.txt").write_text("mine")
    out = tmp_path / "out"
    with Manifest(out) as manifest:
        manifest.finish(entry("a.png"), b"another text")
    line = json.loads((out / NAME).read_text()) | {"output": output.format(tmp_path)}
    (out / NAME).write_text(json.dumps(line) + "\n")
    (out / "sub").mkdir()
    (out / WORK).mkdir()
    (out / "a.png").rename(out / WORK / PART)
    with Manifest(out) as manifest:
        if act == "remove":
            manifest.remove()
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_removing_results_leaves_what_others_put_in_their_place(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        for name in ("sub/a.png", "sub/b.png"):
            manifest.finish(entry(name), b"painted")
        (tmp_path / "sub/b.png").write_text("mine")
        manifest.remove()
    assert [path.name for path in tmp_path.rglob("*")] == ["sub", "b.png"]


# -- what goes wrong -------------------------------------------------------------------------------


def test_one_bad_photo_is_one_line(place: Path) -> None:
    (place / "photos/bad.jpg").write_bytes(b"no picture")
    (place / "photos/empty.png").write_bytes(b"")
    (place / "photos/locked.png").symlink_to("/proc/1/mem" if os.name == "posix" else "gone")
    _, entries = paint_all(place)
    codes = {entry.output: entry.code for entry in entries if entry.code}
    assert set(codes) == {"bad.jpg", "empty.png", "locked.png"}
    assert codes["bad.jpg"] == codes["empty.png"] == "not_an_image"
    assert len(results(place / "out")) == 4
    assert {line["output"] for line in lines(place / "out") if "code" in line} == set(codes)
    write_picture(place / "photos/bad.jpg", drawn(40, 40))
    assert {e.output: e.code for e in paint_all(place)[1]}["bad.jpg"] is None


def test_what_needs_all_the_memory_is_painted_alone(place: Path) -> None:
    crowd, lock = Counter(), threading.Lock()

    def fail(_: Picture) -> None:
        with lock:
            crowd["all"] += 1
        if threading.current_thread() is not threading.main_thread():
            raise NeuralStyleError("out_of_memory", "The memory does not hold it")

    _, entries = paint_all(place, brush=Brush(fail))
    assert [entry.code for entry in entries] == [None] * 4
    assert crowd["all"] == 8


def test_a_full_disk_ends_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is finished is kept, and nothing half written."""
    real, count = os.fsync, Counter()

    def fsync(number: int) -> None:
        count["calls"] += 1
        if count["calls"] == 6:  # the second picture's line, or the third picture
            raise OSError(28, "No space left on device")
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(NeuralStyleError) as caught:
        paint_all(place)
    assert caught.value.code == "disk_full"
    done = {line["output"] for line in lines(place / "out")}
    assert done == results(place / "out")
    assert 1 <= len(done) <= 3
    _, entries = paint_all(place)
    assert {entry.output for entry in entries} | done == results(place / "out")


def test_what_a_lost_painter_had_is_painted_by_another(place: Path) -> None:
    """It is tried once more; with nobody left, the batch ends."""
    photos = find_photos([place / "photos"], besides=place / "out")

    def lose(_: Picture) -> None:
        bad.gone = True
        raise NeuralStyleError("painter_lost", "The node is gone")

    bad, good = Brush(lose), Brush()
    settings, styles = parse_settings({}), [place / "painting.png"]
    with Manifest(place / "out") as manifest:
        series = prepare_series(photos, styles, settings, manifest, each=False, depth=None)
        entries = list(paint_series(series, manifest, [bad, good]))
        assert [entry.code for entry in entries] == [None] * 4
        assert good.painted == 4
        series = replace(series, settings=parse_settings({"strength": 1}))
        with pytest.raises(NeuralStyleError, match="Nobody is left") as caught:
            list(paint_series(series, manifest, [bad]))
        assert caught.value.code == "painter_lost"


def test_a_picture_that_kills_its_painters_fails(place: Path) -> None:
    def die(_: Picture) -> None:
        raise NeuralStyleError("painter_lost", "The process that painted it ended (-9)")

    _, entries = paint_all(place, brush=Brush(die))
    assert [entry.code for entry in entries] == ["painter_lost"] * 4


def entry(output: str) -> Entry:
    return Entry(photo=output, styles=[], output=output, key="k")


def test_half_a_line_is_none(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        manifest.finish(entry("a.png"), b"one")
    with open(tmp_path / NAME, "ab") as file:
        file.write(b'{"photo": "b.png", "styles": [], "outp')
    with Manifest(tmp_path) as manifest:
        assert manifest.is_there("a.png", "k")
        manifest.finish(entry("b.png"), b"two")
    assert [line["output"] for line in lines(tmp_path)] == ["a.png", "b.png"]


@pytest.mark.parametrize("moment", ["before its line", "before its name"])
def test_killed_while_a_picture_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    manifest = Manifest(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        patch.setattr(*((Manifest, "_append") if "line" in moment else (os, "replace")), die)
        with pytest.raises(Killed):
            manifest.finish(entry("sub/a.png"), b"picture")
    assert (tmp_path / WORK / PART).exists()
    manifest._lock.release()  # as the system does
    with Manifest(tmp_path) as manifest:
        there = "line" not in moment
        assert manifest.is_there("sub/a.png", "k") == there
        assert (tmp_path / "sub/a.png").exists() == there
        assert list((tmp_path / WORK).iterdir()) == []
    assert not (tmp_path / WORK).exists()


def test_two_at_once_is_one_too_many(tmp_path: Path) -> None:
    with Manifest(tmp_path), pytest.raises(NeuralStyleError, match="Another batch") as caught:
        Manifest(tmp_path)
    assert caught.value.code == "batch_busy"
    Manifest(tmp_path).close()


# -- the command -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command(place: Path) -> None:
    """Bad photos in between; then again with what is new, as JSON."""
    (place / "photos/bad.jpg").write_bytes(b"no picture")
    out = place / "out"
    arguments = [place / "photos", "--style", place / "painting.png", "-o", out, *QUICK]
    done = run(*arguments, "--dry-run")
    assert (done.returncode, out.exists()) == (0, False)
    assert "pictures 4, and 0 that are there already" in done.stdout
    assert "bad.jpg" in done.stderr
    done = run(*arguments, "--jobs", 2)
    assert (done.returncode, done.stdout) == (1, "")
    first, last = done.stderr.splitlines()
    assert first.endswith("bad.jpg is not a picture in any known format. [not_an_image]")
    assert last.startswith(f"error: 1 of 5 pictures could not be painted (see {out / NAME})")
    assert results(out) == {"a.png", "b.jpg", "beach/a.png", "beach/c.png"}
    with Image.open(out / "b.jpg") as image:
        assert max(image.size) == 32
        assert json.loads(image.getexif()[0x010E])["size"] == 32
        assert image.info["icc_profile"]
    (place / "photos/bad.jpg").unlink()
    (out / "a.png").unlink()
    done = run(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["output"] == str(out / "a.png")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["photos", "-o", "out"], "There is no style picture. Give --style STYLE."),
        (["photos", "--style", "impasto"], "There is no folder for the results. Give -o OUT."),
        (["--style", "impasto", "-o", "out"], "There are no photos. Give files or folders."),
        (["photos", "--style", "impasto", "-o", "out", "--jobs", "0"], "jobs is 0. Give a"),
        (["photos", "--style", "impasto", "-o", "out", "--devices", "gpu"], "device is 'gpu' but"),
        (["gone/*.jpg", "--style", "impasto", "-o", "out"], "There are no pictures in gone/*.jpg"),
        (["photos", "--style", "inpasto", "-o", "out"], "Did you mean impasto?"),
    ],
)
def test_mistakes_get_one_clear_line(place: Path, arguments: list[str], sentence: str) -> None:
    done = run(*arguments, cwd=place)
    assert (done.returncode != 0, done.stdout, len(done.stderr.splitlines())) == (True, "", 1)
    assert sentence in done.stderr
    assert not (place / "out").exists()


def children(marker: Path) -> list[psutil.Process]:
    """Processes that have to do with a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(marker) in " ".join(process.cmdline()) + process.cwd():
                found.append(process)
        except psutil.Error:
            pass
    return found


@pytest.mark.slow
def test_killed_at_twenty_random_moments(tmp_path: Path) -> None:
    """Each time the same command goes on; nothing is painted twice, nothing is left behind."""
    (tmp_path / "photos").mkdir()
    for number in range(30):
        write_picture(tmp_path / f"photos/{number:02}.png", drawn(32, 32, str(number)))
    write_picture(tmp_path / "painting.png", drawn(32, 32, "painting"))
    out, random_moment = tmp_path / "out", random.Random(20)  # noqa: S311
    words = command("photos", "--style", "painting.png", "-o", "out", *QUICK, "--jobs", 2)
    kills = 0
    for _ in range(20):
        process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE)
        # Half of them while it starts, the others while pictures are painted and kept.
        count = len(lines(out)) if (out / NAME).exists() else 0
        if random_moment.random() < 0.5:
            time.sleep(random_moment.uniform(0, 4))
        else:
            end = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < end:
                if (out / NAME).exists() and len(lines_or_none(out)) > count:
                    break
                time.sleep(0.01)
            time.sleep(random_moment.uniform(0, 0.1))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()
    assert kills >= 10
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert results(out) == {f"{number:02}.png" for number in range(30)}
    for name in results(out):
        with Image.open(out / name) as image:
            image.load()
    painted = Counter(line["output"] for line in lines(out))
    assert set(painted.values()) == {1}
    end = time.monotonic() + 10
    while children(tmp_path) and time.monotonic() < end:
        time.sleep(0.1)
    assert children(tmp_path) == []


def lines_or_none(out: Path) -> list[str]:
    path = out / NAME
    return path.read_text(errors="replace").splitlines() if path.exists() else []


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kills by signals")
def test_ctrl_c_keeps_what_is_finished(place: Path) -> None:
    out = place / "out"
    words = command("photos", "--style", "painting.png", "-o", "out", *QUICK, "--jobs", 1)
    words += ["--steps", "100", "--final-steps", "100"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, cwd=place, stderr=pipe, text=True, start_new_session=True
    ) as process:
        end = time.monotonic() + 60
        while not (out / NAME).exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does, to all of them
        assert process.stderr
        said = process.stderr.read()
        assert process.wait() == 130
    assert said == "Interrupted; what is finished is kept, and the same command goes on.\n"
    assert 1 <= len(results(out)) < 4
    assert children(place) == []
    assert not (out / WORK).exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kills by signals")
def test_a_painter_that_dies_costs_time_only(place: Path) -> None:
    out = place / "out"
    words = command("photos", "--style", "painting.png", "-o", "out", *QUICK, "--jobs", 1)
    words += ["--steps", "400", "--final-steps", "400"]
    with subprocess.Popen(words, cwd=place, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            workers = psutil.Process(process.pid).children()
            if workers and list((out / WORK).glob("*-content.raw")):
                time.sleep(3)
                workers[0].kill()
                break
            time.sleep(0.05)
        else:
            pytest.fail("Nothing was painted")
        assert process.stderr
        said = process.stderr.read()
        assert (process.wait(), said) == (0, "")
    assert len(results(out)) == 4
    assert not (out / WORK).exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounting needs root")
def test_a_disk_that_is_really_full(place: Path) -> None:
    for number in range(6):
        write_picture(place / f"photos/{number}.png", drawn(100, 100, str(number)))
    out = place / "out"
    out.mkdir()
    keep = place / "kept"
    script = """
        mount -t tmpfs -o size=400k tmpfs "$0"
        kept="$1"
        shift
        "$@"
        echo $? > "$kept"
        ls -a "$0" >> "$kept"
    """
    words = command("photos", "--style", "painting.png", "-o", "out", *QUICK, "--size", "0")
    shell = ["unshare", "--mount", "sh", "-c", script, str(out), str(keep)]
    done = subprocess.run([*shell, *words], cwd=place, capture_output=True, text=True, check=False)
    status, *files = keep.read_text().split()
    assert status == "1"
    assert "There is no room left on the disk" in done.stderr
    assert "Traceback" not in done.stderr
    assert LOCK not in files
    assert WORK not in files


# -- the library -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_library_goes_on_where_the_command_ended(place: Path) -> None:
    quick: Any = {"size": 32, "coarsest": 32, "steps": 2, "final_steps": 2, "faces": 0}
    out = place / "out"
    seen: list[Any] = []
    (place / "photos/bad.jpg").write_bytes(b"no picture")
    given = [place / "photos/a.png", place / "photos/bad.jpg"]
    first = ns.batch(given, place / "painting.png", out, jobs=1, on_picture=seen.append, **quick)
    assert sorted(seen, key=str) == sorted(first, key=str)
    good = next(one for one in first if one.output)
    bad = next(one for one in first if one.error)
    assert (good.photo, good.output) == (given[0], out / "a.png")
    assert (bad.photo, bad.error and bad.error.code) == (given[1], "not_an_image")
    done = run(place / "photos", "--style", place / "painting.png", "-o", out, *QUICK, "--json")
    painted = {json.loads(line)["photo"] for line in done.stdout.splitlines()[:-1]}
    assert str(given[0]) not in painted
    assert len(painted) == 4


def test_the_librarys_mistakes(place: Path) -> None:
    out = place / "out"
    given: list[tuple[Any, dict[str, Any], str]] = [
        ([], {}, "bad_settings"),
        (place / "photos/*.tif", {}, "file_missing"),
        (place / "photos", {"devices": ["gpu"]}, "bad_settings"),
        (place / "photos", {"strength": 101}, "bad_settings"),
        (place / "photos", {"jobs": 0}, "bad_settings"),
    ]
    for photos, more, code in given:
        with pytest.raises(NeuralStyleError) as caught:
            ns.batch(photos, place / "painting.png", out, **more)
        assert caught.value.code == code
        assert not out.exists()


# -- several computers -----------------------------------------------------------------------------


@pytest.mark.slow
def test_two_nodes_one_of_which_dies(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was painting is painted by the other."""
    # Beside other tests its processes would get no time otherwise.
    monkeypatch.setenv("RAY_worker_niceness", "0")
    from ray.cluster_utils import Cluster

    for number in range(6):
        write_picture(place / f"photos/{number}.png", drawn(40, 40, str(number)))
    head = {"num_cpus": 1, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        node = cluster.add_node(num_cpus=1)
        out = place / "out"
        words = command("photos", "--style", "painting.png", "-o", "out", *QUICK)
        words += ["--steps", "40", "--final-steps", "40", "--ray", cluster.address]
        with subprocess.Popen(words, cwd=place, stderr=subprocess.PIPE, text=True) as process:
            end = time.monotonic() + 200
            while process.poll() is None and len(lines_or_none(out)) < 3 and time.monotonic() < end:
                time.sleep(0.1)
            assert process.poll() is None, "It has to be in the middle"
            cluster.remove_node(node, allow_graceful=False)
            assert process.stderr
            said = process.stderr.read()
            assert process.wait() == 0, said
        # Ray itself may say something of the node.
        assert not [line for line in said.splitlines() if line.startswith(("error", "warning"))]
        assert len(results(out)) == 10
        assert set(Counter(line["output"] for line in lines(out)).values()) == {1}
        # The library, twice from the same process.
        quick: Any = {"size": 32, "coarsest": 32, "steps": 2, "final_steps": 2, "faces": 0}
        for name in ("again", "once more"):
            (one,) = ns.batch(
                place / "photos/0.png",
                place / "painting.png",
                place / name,
                ray=cluster.address,
                **quick,
            )
            assert one.output == place / name / "0.png"
    finally:
        cluster.shutdown()


def test_a_cluster_that_is_not_there(place: Path) -> None:
    done = run(place / "photos", "--style", "impasto", "-o", place / "out", "--ray", "nowhere:1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: There is no Ray cluster at nowhere:1. Start one with")
