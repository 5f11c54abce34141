"""Variations over two settings: what is asked for, what is painted, what is kept, the sheet."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import neural_style as ns
from conftest import drawn
from neural_style import cells, cli, job, store
from neural_style.axes import FIGURES, MOST_CELLS, Grid, axis, grid_of, parse_axis
from neural_style.errors import NeuralStyleError
from neural_style.image import Picture, to_pillow, write_picture
from neural_style.network import VGG, build
from neural_style.settings import Keywords, parse_settings
from neural_style.sheet import draw_sheet, sheet_size

QUICK = Keywords(size=32, coarsest=32, steps=2, final_steps=2)
OPTIONS = ["--size", "32", "--coarsest", "32", "--steps", "2", "--final-steps", "2"]
AXES = ["--rows", "strength=25,75", "--columns", "seed=0,1"]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("photo", "painting"):
        write_picture(tmp_path / f"{name}.png", drawn(40, 60, name))
    return tmp_path / "photo.png", tmp_path / "painting.png"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the pictures are kept."""
    folder = tmp_path / "cache" / "cells"
    monkeypatch.setattr(store, "cells_folder", lambda: folder)
    return folder


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, int]]:
    """Strength and seed of what was painted so far."""
    done = []

    def counted(content: Picture, styles: Sequence[Picture], settings: Any) -> Iterator[job.Event]:
        yield from job.paint(content, styles, settings)
        done.append((settings.strength, settings.seed))

    monkeypatch.setattr(cells, "paint", counted)
    return done


def run(files: tuple[Path, Path], *arguments: str, out: str = "sheet.png") -> int:
    output = str(files[0].with_name(out))
    return cli.main(["matrix", *map(str, files), "-o", output, *OPTIONS, *arguments])


# -- what is asked for ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "setting", "labels"),
    [
        ("strength=25,50", "strength", ["25", "50"]),
        (" style-scale = 0.5 , 2,", "style_scale", ["0.5", "2"]),
        ("colors=photo,free", "colours", ["photo", "free"]),
        ("blend=2,1;1,2", "blend", ["2,1", "1,2"]),
        ("blend=2,1;", "blend", ["2,1"]),
        (
            "style_layers=conv1_1:1,conv2_1; conv3_1",
            "style_layers",
            ["conv1_1:1,conv2_1", "conv3_1"],
        ),
    ],
)
def test_an_axis_as_it_is_typed(text: str, setting: str, labels: list[str]) -> None:
    found = parse_axis(text, "Rows")
    assert (found.setting, found.labels) == (setting, labels)


def test_each_picture_has_the_values_of_its_row_and_column() -> None:
    layers = [{"conv1_1": 2.0, "conv3_1": 0.5}, "conv2_1"]
    grid = grid_of(
        axis("strength", [10, 20.5], "Rows"), axis("style_layers", layers, "Columns"), {}
    )
    assert [[cell.strength for cell in row] for row in grid.settings] == [[10, 10], [20.5, 20.5]]
    assert [cell.style_layers for cell in grid.settings[1]] == [layers[0], {"conv2_1": 1.0}]
    assert (grid.rows.labels, grid.columns.labels) == (
        ["10", "20.5"],
        ["conv1_1:2,conv3_1:0.5", "conv2_1"],
    )
    assert {cell.size for row in grid.settings for cell in row} == {256}


def test_a_preset_can_be_an_axis_and_a_size_too() -> None:
    grid = grid_of(axis("preset", ["draft", "fine"], "Rows"), axis("size", [64, 99], "Columns"), {})
    assert [cell.steps for cell in grid.settings[1]] == [250, 250]
    assert [cell.size for cell in grid.settings[1]] == [64, 99]


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_ready(name: str) -> None:
    rows, columns = FIGURES[name]
    grid = grid_of(parse_axis(rows, "Rows"), parse_axis(columns, "Columns"), {"strength": 75})
    assert [len(cell.style_layers) for cell in next(zip(*grid.settings, strict=True))] == list(
        range(1, 6)
    )


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--rows", "strenght=1,2", "--columns", "seed=0,1"], 2, ["no setting named strenght"]),
        (["--rows", "strength=1,200", "--columns", "seed=0"], 2, ["strength is '200'", "0 to 100"]),
        (["--rows", "strength=1", "--columns", "strength=2"], 2, ["both strength"]),
        (["--rows", "strength", "--columns", "seed=0"], 2, ["Rows are 'strength'", "=25,50,75"]),
        (["--rows", "strength=1", "--columns", "seed= ,"], 2, ["Columns have no values of seed"]),
        ([*AXES, "--strength", "50"], 2, ["strength is given once for all"]),
        (["--rows", "strength=1,2"], 2, ["There are no columns", "--columns NAME=VALUES"]),
        ([], 2, ["There are no rows", "--figure"]),
        ([*AXES, "--figure", "depth"], 2, ["--figure has rows and columns of its own"]),
        (["--figure", "depth", "--content-weight", "1"], 2, ["content_weight is given once"]),
        (["--rows", "formula=relative,gatys2015", "--columns", "seed=0"], 2, ["statistic gram"]),
        ([*AXES, "--blend", "1,2"], 2, ["blend has 2 weights"]),
        ([*AXES, "--network", "none.pth"], 1, ["none.pth"]),
        (["--rows", "network=compact,none.pth", "--columns", "seed=0"], 1, ["none.pth"]),
    ],
)
def test_mistakes_are_one_sentence_before_anything_is_painted(
    files: tuple[Path, Path],
    painted: list[Any],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    words: list[str],
) -> None:
    assert run(files, *arguments) == status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    for word in words:
        assert word in shown.err
    assert not painted
    assert not files[0].with_name("sheet.png").exists()


def test_a_grid_has_an_end(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    many = ",".join(map(str, range(101)))
    assert run(files, "--rows", f"strength={many}", "--columns", "seed=0,1,2,3") == 2
    assert f"404 pictures. {MOST_CELLS} are the most" in capsys.readouterr().err


def test_a_sheet_has_an_end_too(
    files: tuple[Path, Path], painted: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    axes = ["--rows", "seed=0,1", "--columns", "size=30000,20000"]
    arguments = ["matrix", *map(str, files), *axes]
    assert cli.main([*arguments, "-o", str(files[0].with_name("sheet.png"))]) == 2
    assert "The sheet would have 5" in capsys.readouterr().err
    axes[1] = "seed=0,1,2,3"
    wide = ["--rows", "strength=50", "--columns", "seed=" + "0," * 20, "--size", "1000"]
    arguments = ["matrix", *map(str, files), *wide]
    assert cli.main([*arguments, "-o", str(files[0].with_name("sheet.webp"))]) == 1
    assert "WebP ends at 16383" in capsys.readouterr().err
    assert not painted


def test_the_sheet_does_not_replace_a_source(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(files, *AXES, out="painting.png") == 1
    assert "one of the pictures to paint from" in capsys.readouterr().err


# -- what is painted, and what is kept -----------------------------------------------------------


def test_only_what_is_new_is_painted(
    files: tuple[Path, Path], painted: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(files, *AXES) == 0
    assert painted == [(25, 0), (25, 1), (75, 0), (75, 1)]
    sheet = files[0].with_name("sheet.png")
    first = sheet.read_bytes()
    with Image.open(sheet) as written:
        described = json.loads(written.getexif()[0x010E])
    assert described["rows"] == {"strength": ["25", "75"]}
    assert described["columns"] == {"seed": ["0", "1"]}
    assert described["settings"]["size"] == "32"
    assert run(files, *AXES) == 0
    assert len(painted) == 4
    assert sheet.read_bytes() == first
    assert run(files, "--rows", "seed=1,2", "--columns", "strength=75,80") == 0
    assert painted[4:] == [(80, 1), (75, 2), (80, 2)]
    assert capsys.readouterr().err == ""


def test_the_same_picture_twice_is_painted_once(
    files: tuple[Path, Path], painted: list[Any]
) -> None:
    assert run(files, "--rows", "strength=25,25", "--columns", "memory=0,4") == 0
    assert painted == [(25, 0)]


def test_a_damaged_or_foreign_picture_is_painted_anew(
    files: tuple[Path, Path], painted: list[Any], kept: Path
) -> None:
    assert run(files, *AXES) == 0
    sheet = files[0].with_name("sheet.png").read_bytes()
    cut, flipped, exchanged, folder = sorted(kept.iterdir())
    cut.write_bytes(cut.read_bytes()[:-40])
    data = bytearray(flipped.read_bytes())
    data[len(data) // 2] ^= 255
    flipped.write_bytes(data)
    exchanged.write_bytes(files[0].read_bytes())
    folder.unlink()
    folder.mkdir()
    assert run(files, *AXES) == 0
    assert len(painted) == 8
    assert files[0].with_name("sheet.png").read_bytes() == sheet
    assert run(files, *AXES) == 0
    assert len(painted) == 9  # what a folder's place is taken by cannot be kept


def test_interrupted_it_keeps_what_is_finished(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = []

    def interrupted(*given: Any) -> Iterator[job.Event]:
        if len(done) == 3:
            done.append(None)
            raise KeyboardInterrupt
        yield from job.paint(*given)
        done.append(given[2].seed)

    monkeypatch.setattr(cells, "paint", interrupted)
    assert run(files, *AXES) == 130
    assert capsys.readouterr().err == (
        "Interrupted; no sheet was written, and its finished pictures are kept for the next time.\n"
    )
    assert sorted(path.name for path in files[0].parent.iterdir()) == [
        "cache",
        "painting.png",
        "photo.png",
    ]
    assert run(files, *AXES) == 0
    assert done == [0, 1, 0, None, 1]


def test_where_nothing_can_be_kept_there_is_a_sheet_and_a_warning(
    files: tuple[Path, Path], kept: Path, painted: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    kept.parent.write_text("no folder")
    assert run(files, *AXES) == 0
    shown = capsys.readouterr().err
    assert shown.startswith("warning: The pictures are not kept for the next time: ")
    assert shown.count("\n") == 1
    assert files[0].with_name("sheet.png").exists()


def test_a_plan_counts_what_is_new(
    files: tuple[Path, Path], painted: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(files, *AXES) == 0
    more = ["--rows", "strength=25,75", "--columns", "seed=0,1,2", "--plan"]
    assert run(files, *more) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "pictures 6, of which 2 have to be painted"
    assert lines[-1].startswith("time ")
    assert run(files, *more, "--json") == 0
    planned = json.loads(capsys.readouterr().out)
    assert (planned["type"], planned["cells"], planned["missing"]) == ("matrix", 6, 2)
    assert planned["total"] == 2 * 2
    assert len(painted) == 4


def test_each_picture_builds_its_network_once_for_the_plan_and_once_to_paint(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often the progress of the whole is told."""
    built = []

    class Counted(VGG):
        def __init__(self, *arguments: Any) -> None:
            built.append(arguments)
            super().__init__(*arguments)

    monkeypatch.setattr(job, "REPORT_SECONDS", 0.0)
    monkeypatch.setattr(build, "VGG", Counted)
    build._network.cache_clear()
    columns = ["--columns", "style_layers=conv1_1;conv2_1;conv3_1"]
    assert run(files, "--rows", "seed=0,1", *columns, "--steps", "10") == 0
    build._network.cache_clear()
    assert len(built) == 2 * 6


def test_json_tells_of_the_whole(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(files, *AXES, "--json") == 0
    messages = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {message["job"] for message in messages} == {"matrix"}
    assert (messages[0]["type"], messages[-1]["type"]) == ("matrix", "result")
    between = messages[1:-1]
    assert {message["type"] for message in between} == {"progress"}
    fractions = [message["fraction"] for message in between]
    assert fractions == sorted(fractions)
    assert (between[-1]["fraction"], between[-1]["step"]) == (
        pytest.approx(1),
        messages[0]["total"],
    )
    assert [between[0]["stage"], between[-1]["stage"]] == ["0 of 4 done", "3 of 4 done"]
    with Image.open(messages[-1]["file"]) as sheet:
        assert sheet.size == (messages[0]["width"], messages[0]["height"])


def made_of(weights: str = "a", **settings: Any) -> str:
    return cells._made_of(["photo", "painting"], weights, parse_settings(settings))


def test_what_a_picture_is_made_of() -> None:
    same: list[dict[str, Any]] = [
        {"memory": 4},
        {"preset": "standard"},
        {"network": "elsewhere"},  # the file's content counts, not its name
        {"blend": "3"},
        {"style_layers": "conv2_1,conv1_1,conv3_1,conv4_1,conv5_1"},
    ]
    for settings in same:
        assert made_of(**settings) == made_of(), settings
    other: list[dict[str, Any]] = [
        {"strength": 51},
        {"seed": 1},
        {"size": 99},
        {"preset": "draft"},
        {"device": "cpu"},
        {"precision": "float32"},
    ]
    assert len({made_of(**settings) for settings in other} | {made_of(), made_of("b")}) == 8


def test_a_panorama_is_painted_as_large_as_it_must_be(tmp_path: Path) -> None:
    """256 pixels wide it would be 13 high, which is too little."""
    photo, painting = tmp_path / "photo.png", tmp_path / "painting.png"
    write_picture(photo, drawn(32, 640))
    write_picture(painting, drawn(40, 60, "painting"))
    few: dict[str, Any] = {"steps": 1, "final_steps": 1, "coarsest": 320}
    axes: dict[str, Any] = {"rows": ("strength", [25]), "columns": ("seed", [0])}
    assert ns.matrix(photo, painting, **axes, **few).pictures[0][0].size == (320, 16)
    plan = ["matrix", str(photo), str(painting), "--rows=strength=25", "--columns=seed=0"]
    assert cli.main([*plan, "--plan"]) == 0
    with pytest.raises(NeuralStyleError, match="256 x 13 pixels"):
        ns.matrix(photo, painting, **axes, size=256, **few)


# -- the folder ----------------------------------------------------------------------------------


def test_a_picture_comes_back_as_it_was(kept: Path) -> None:
    picture = drawn(20, 30)
    alpha = np.linspace(0, 1, 600, dtype=np.float32).reshape(20, 30)
    for name, whole in (("opaque", picture), ("clear", Picture(picture.pixels, alpha, 16))):
        assert store.load(name) is None
        store.save(name, whole)
        assert store.load(name) == to_pillow(whole)
    assert len(list(kept.iterdir())) == 2


def test_the_oldest_pictures_go_first(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save("first", drawn(20, 30))
    (size,) = [path.stat().st_size for path in kept.iterdir()]
    monkeypatch.setattr(store, "MOST", int(3.5 * size))
    (kept / ".left.part").write_bytes(bytes(size))
    store.save("second", drawn(20, 30))
    for path in kept.iterdir():
        os.utime(path, (2000, 2000) if path.suffix == ".png" else (1000, 1000))
    assert store.load("first")  # and so it is young again
    store.save("third", drawn(20, 30))
    assert not (kept / ".left.part").exists()
    store.save("fourth", drawn(20, 30))
    assert [bool(store.load(name)) for name in ("first", "third", "fourth")] == [True, True, True]
    assert store.load("second") is None


# -- the sheet -----------------------------------------------------------------------------------


def grid_with(rows: str, columns: str, **settings: Any) -> Grid:
    return grid_of(parse_axis(rows, "Rows"), parse_axis(columns, "Columns"), settings)


@pytest.mark.parametrize("side", [16, 60, 256, 700])
@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ("strength=25,50", "style_scale=0.5,1"),
        FIGURES["depth"],
        ("network=/a/long/way/to/some/weights.safetensors;compact", "optimiser=torch-adam"),
    ],
)
def test_labels_lie_beside_the_pictures_at_any_size(side: int, rows: str, columns: str) -> None:
    grid = grid_with(rows, columns, size=side)
    width, height = side, side * 2 // 3
    wide, high = len(grid.columns.values), len(grid.rows.values)
    pictures = [[Image.new("RGB", (width, height), "red")] * wide for _ in range(high)]
    sheet = draw_sheet(pictures, grid)
    assert sheet.size == sheet_size(width, height, grid)
    pixels = np.asarray(sheet)
    red = (pixels == [255, 0, 0]).all(2)
    assert red.sum() == width * height * wide * high
    ink = (pixels != 255).any(2) & ~red
    top, left = red.any(1).argmax(), red.any(0).argmax()
    assert not ink[top:, left:].any()
    for y in np.flatnonzero(np.diff(red.any(1).astype(int)) == 1):
        assert ink[y : y + height, :left].any()  # each row has its label
    for edge in (pixels[:5], pixels[-5:], pixels[:, :5], pixels[:, -5:]):
        assert (edge == 255).all()  # nothing is cut off


def test_pictures_of_several_sizes_and_with_transparency() -> None:
    grid = grid_with("seed=0,1", "size=32,64")
    small, large = Image.new("RGBA", (32, 20), "#0000ff80"), Image.new("RGB", (64, 40), "lime")
    sheet = draw_sheet([[small, large], [small, large]], grid)
    assert sheet.size == sheet_size(64, 40, grid)
    pixels = np.asarray(sheet)
    assert (pixels == [0, 255, 0]).all(2).sum() == 2 * 64 * 40
    assert (pixels == [127, 127, 255]).all(2).sum() == 2 * 32 * 20


# -- the library ---------------------------------------------------------------------------------


def test_the_library_gives_pictures_and_sheet(files: tuple[Path, Path]) -> None:
    made = ns.matrix(*files, rows=("strength", [25, 75]), columns=("seed", (0, 1)), **QUICK)
    assert [[picture.size for picture in row] for row in made.pictures] == [[(32, 21)] * 2] * 2
    expected = ns.stylize(*files, **{**QUICK, "strength": 75, "seed": 1})
    assert made.pictures[1][1].tobytes() == expected.tobytes()
    assert made.sheet.mode == "RGB"
    assert run(files, *AXES, "--plan") == 0


@pytest.mark.parametrize("rows", ["strength=25,50", ("strength", 25), ("strength",), (1, 2), None])
def test_the_library_says_what_rows_are(files: tuple[Path, Path], rows: Any) -> None:
    with pytest.raises(
        NeuralStyleError, match=r"Rows are .* setting's name and its values"
    ) as caught:
        ns.matrix(*files, rows=rows, columns=("seed", [0]))
    assert caught.value.code == "bad_settings"
