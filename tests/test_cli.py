"""The command line, as a person or a script uses it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import neural_style
from conftest import drawn
from neural_style import cli, console, job, output, protocol
from neural_style.image import read_picture, write_picture, writing
from neural_style.settings import Settings, parse_settings

COMMAND = Path(sys.executable).with_name("neural-style")
COMPACT = "network/compact.safetensors"
QUICK = ["--size", "48", "--coarsest", "32", "--steps", "4", "--final-steps", "3"]


def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, Path]:
    """A photo and a painting in a folder whose name is not plain."""
    folder = tmp_path / "mein Ördner 그림"
    folder.mkdir()
    for name in ("photo", "painting"):
        write_picture(folder / f"{name}.png", drawn(40, 60, name))
    return folder / "photo.png", folder / "painting.png"


def test_stylize_writes_the_picture(pictures: tuple[Path, Path]) -> None:
    photo, painting = pictures
    out = photo.with_name("out.png")
    done = run("stylize", photo, painting, "-o", out, *QUICK, "--seed", 7)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with Image.open(out) as written:
        assert written.size == (48, 32)
        described = json.loads(written.getexif()[0x010E])
        assert written.info["icc_profile"]
    assert parse_settings(described) == parse_settings(
        {"size": 48, "coarsest": 32, "steps": 4, "final_steps": 3, "seed": 7}
    )
    assert sorted(path.name for path in photo.parent.iterdir()) == [
        "out.png",
        "painting.png",
        "photo.png",
    ]


@pytest.mark.parametrize(
    ("command", "meant"), [("stylize", "batch PHOTOS --style STYLE"), ("film", "film FOLDER STYLE")]
)
def test_a_pattern_of_the_shell_is_told(
    pictures: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
    command: str,
    meant: str,
) -> None:
    """As `stylize shots/*.png painting.png`: all photos but the first are styles."""
    shots = [pictures[0].with_name(f"{number}.png") for number in range(3)]
    for shot in shots:
        write_picture(shot, drawn(40, 60))
    painting = pictures[1].rename(pictures[1].parent.parent / "painting.png")
    film = [shots[0].parent] if command == "film" else []

    def told(*words: object) -> str:
        assert cli.main([command, *map(str, words), "--plan", *QUICK]) == 0
        return capsys.readouterr().err

    sentence = f"{shots[1]} and 2 more pictures are taken for styles of {shots[0]}; "
    sentence += f"to paint all of them, use `neural-style {meant}`"
    assert told(*shots, painting) == f"warning: {sentence}.\n"
    assert told(*shots) == ""  # two paintings that lie with the photo
    assert told(*(film or shots[:1]), *shots[1:], painting, "--blend", "1,1,1") == ""
    assert told(*(film or shots[:1]), painting) == ""


@pytest.mark.slow
def test_real_photo_to_jpeg(photo_files: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "out.jpg"
    done = run("stylize", photo_files["chelsea"], photo_files["china"], "-o", out, *QUICK)
    assert done.returncode == 0, done.stderr
    assert read_picture(out).pixels.std() > 0.05


def test_16_bit_and_alpha(pictures: tuple[Path, Path]) -> None:
    photo, painting = pictures
    rgba = np.zeros((40, 60, 4), np.uint8)
    rgba[..., :3] = 99
    rgba[..., 30:, 3] = 255
    Image.fromarray(rgba, "RGBA").save(photo)
    out = photo.with_name("out.tif")
    done = run("stylize", photo, painting, "-o", out, *QUICK, "--depth", 16)
    assert done.returncode == 0, done.stderr
    picture = read_picture(out)
    assert picture.depth == 16
    assert not picture.alpha[:, :20].any()
    assert picture.alpha[:, 28:].all()


def test_a_network_of_any_name_is_in_the_tiff(pictures: tuple[Path, Path]) -> None:
    photo, painting = pictures
    out, network = photo.with_name("out.tif"), photo.with_name("그물 ü.safetensors")
    network.write_bytes((Path(neural_style.__file__).parent / COMPACT).read_bytes())
    done = run("stylize", photo, painting, "-o", out, *QUICK, "--network", network)
    assert (done.returncode, done.stderr) == (0, "")
    with Image.open(out) as written:
        assert json.loads(written.getexif()[0x010E])["network"] == str(network)


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_what_a_file_cannot_hold_is_left_out_with_a_warning(
    pictures: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
) -> None:
    def fail(description: bytes | None) -> bytes:
        if description:
            raise ValueError("no room")
        return b""

    monkeypatch.setattr(writing, "_exif", fail)
    photo, painting = map(str, pictures)
    out = pictures[0].with_name("out.jpg")
    assert cli.main(["stylize", photo, painting, "-o", str(out), *QUICK, *more]) == 0
    assert read_picture(out).pixels.shape == (32, 48, 3)
    shown = capsys.readouterr()
    sentence = f"{out} was written without its settings: JPEG cannot hold them"
    if more:
        messages = [json.loads(line) for line in shown.out.splitlines()]
        (warning,) = [message for message in messages if message["type"] == "warning"]
        assert (warning["code"], warning["message"]) == ("metadata_left_out", sentence)
        assert shown.err == ""
    else:
        assert shown.err == f"warning: {sentence}.\n"


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_photo_without_its_end_is_planned_with_a_warning(
    photo_files: dict[str, Path], tmp_path: Path, more: list[str]
) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(photo_files["china"].read_bytes()[:-3])
    done = run("stylize", photo, photo_files["china"], "--plan", *more)
    assert done.returncode == 0
    if more:
        assert json.loads(done.stdout.splitlines()[0])["code"] == "image_truncated"
        assert done.stderr == ""
    else:
        assert done.stderr.startswith(f"warning: {photo} lacks its end")
        assert done.stderr.count("\n") == 1


def test_into_a_folder_under_the_photos_name(pictures: tuple[Path, Path]) -> None:
    """And no file that is there already is replaced, as nobody named it."""
    photo, painting = pictures
    before, folder = photo.read_bytes(), photo.with_name("out.png")  # a folder, all the same
    folder.mkdir()
    for where in (folder, f"{folder}{os.sep}", photo.parent):
        done = run("stylize", photo, painting, "-o", where, *QUICK, "--json")
        assert done.returncode == 0, done.stderr
        written = json.loads(done.stdout.splitlines()[-1])["file"]
        assert read_picture(written).pixels.shape == (32, 48, 3)
    assert sorted(path.name for path in folder.iterdir()) == ["photo-2.png", "photo.png"]
    assert photo.with_name("photo-2.png").exists()
    assert photo.read_bytes() == before


@pytest.mark.parametrize(
    ("photo", "depth", "name"),
    [
        ("a.b.jpg", None, "a.b.jpg"),
        ("a.JPG", 8, "a.JPG"),
        ("a.jpg", 16, "a.png"),
        ("a.tif", 16, "a.tif"),
        ("a.heic", None, "a.png"),
        ("a", None, "a.png"),
        (".jpg", None, ".jpg.png"),
        ("../x/a.gif", None, "a.png"),
    ],
)
def test_name_in_a_folder(tmp_path: Path, photo: str, depth: int | None, name: str) -> None:
    assert output.output_in(str(tmp_path), photo, depth) == str(tmp_path / name)


def test_a_folder_that_is_not_there_is_not_made(pictures: tuple[Path, Path]) -> None:
    done = run("stylize", *pictures, "-o", f"{pictures[0].with_name('none')}/", *QUICK)
    assert done.returncode == 1
    assert "There is no folder" in done.stderr
    assert not pictures[0].with_name("none").exists()


def test_picture_to_standard_output(pictures: tuple[Path, Path]) -> None:
    command = [COMMAND, "stylize", *pictures, "-o", "-", *QUICK, "--depth", "16"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    out = pictures[0].with_name("out.png")
    out.write_bytes(done.stdout)
    picture = read_picture(out)
    assert (picture.pixels.shape, picture.depth) == ((32, 48, 3), 16)
    with Image.open(out) as written:
        assert json.loads(written.getexif()[0x010E])["size"] == 48
    assert sorted(path.name for path in out.parent.iterdir()) == [
        "out.png",
        "painting.png",
        "photo.png",
    ]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_full_disk_at_standard_output(pictures: tuple[Path, Path]) -> None:
    command = [COMMAND, "stylize", *pictures, "-o", "-", *QUICK]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: There is no room left")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX")
def test_no_picture_into_a_terminal(pictures: tuple[Path, Path]) -> None:
    ours, theirs = pty.openpty()
    command = [COMMAND, "stylize", *pictures, "-o", "-"]
    done = subprocess.run(
        command, stdout=theirs, stderr=subprocess.PIPE, text=True, timeout=120, check=False
    )
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 1
    assert "terminal" in done.stderr
    assert "-o - > " in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_several_styles_and_frames(pictures: tuple[Path, Path]) -> None:
    photo, painting = pictures
    frames = photo.with_name("frames")
    done = run(
        "stylize", photo, painting, photo, "-o", photo.with_name("o.png"), *QUICK,
        "--blend", "2,1", "--every", 2, "--final-steps", 5, "--frames", frames,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in frames.iterdir())
    assert names == ["frame-000002.png", "frame-000004.png"]
    assert read_picture(frames / names[0]).pixels.shape == (32, 48, 3)


@pytest.mark.slow
def masks(photo: Path) -> tuple[Path, Path]:
    """White to the left, and a black one."""
    left, black = photo.with_name("left.png"), photo.with_name("black.png")
    values = np.zeros((40, 60), np.uint8)
    Image.fromarray(values).save(black)
    values[:, :30] = 255
    Image.fromarray(values).save(left)
    return left, black


def test_masks_and_going_on(pictures: tuple[Path, Path]) -> None:
    photo, painting = pictures
    left, _ = masks(photo)
    out, more = photo.with_name("out.png"), photo.with_name("more.png")
    quick = [*QUICK[2:], "--colours", "free"]
    region = ["--region", left, painting, 90]
    done = run("stylize", photo, painting, "-o", out, *quick, "--protect", left, *region)
    assert (done.returncode, done.stderr) == (0, "")
    change = np.abs(read_picture(out).pixels - read_picture(photo).pixels).mean((0, 2))
    assert change[:28].max() < 0.005 < 0.01 < change[32:].mean()
    done = run("stylize", photo, painting, "-o", more, *quick, "--json", "--continue", out)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [stage["width"] for stage in lines[0]["stages"]] == [60]
    assert np.abs(read_picture(more).pixels - read_picture(out).pixels).mean() < 0.1


@pytest.mark.parametrize(
    ("options", "status", "sentence"),
    [
        (["--region", "left.png"], 2, "--region cannot be left.png. Give a mask, a painting"),
        (["--region", "left.png", "painting.png", "lots"], 2, "left.png is lots. Give a number"),
        (["--region", "left.png", "painting.png", "101"], 2, "left.png is 101. Give a number"),
        (["--region", "gone.png", "painting.png"], 1, "There is no file gone.png"),
        (["--region", "left.png", "gone.png"], 1, "There is no file gone.png"),
        (["--protect", "gone.png"], 1, "There is no file gone.png"),
        (["--continue", "gone.png"], 1, "There is no file gone.png"),
        (["--protect", "black.png"], 1, "black.png is black everywhere"),
        (["--protect", "small.png"], 1, "small.png has 20 x 20 pixels, and the photo 60 x 40"),
        (["--protect", "out.png"], 1, "out.png is one of the pictures to paint from"),
    ],
)
def test_masks_that_cannot_be_used_get_one_clear_line(
    pictures: tuple[Path, Path], options: list[str], status: int, sentence: str
) -> None:
    photo, painting = pictures
    masks(photo)
    Image.new("L", (20, 20), 255).save(photo.with_name("small.png"))
    if options[-1] == "out.png":
        Image.new("L", (60, 40), 255).save(photo.with_name("out.png"))
    command = ["stylize", photo.name, painting.name, "-o", "out.png", *options]
    done = run(*command, cwd=photo.parent)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (status, "", 1)
    assert sentence in done.stderr


def test_json_speaks_the_workers_words(pictures: tuple[Path, Path]) -> None:
    photo, painting = pictures
    out = photo.with_name("out.webp")
    done = run("stylize", photo, painting, "-o", out, *QUICK, "--json")
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert [messages[0]["type"], messages[-1]["type"]] == ["accepted", "result"]
    assert messages[-1]["file"] == str(out)
    assert (messages[-1]["width"], messages[-1]["height"]) == (48, 32)


def test_a_plan_in_json_is_the_workers_answer(pictures: tuple[Path, Path]) -> None:
    done = run("stylize", *pictures, "--plan", "--json", *QUICK)
    (planned,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert planned["type"] == "planned"
    assert [planned["stages"][-1][side] for side in ("width", "height")] == [48, 32]
    assert planned["total"] == sum(stage["steps"] for stage in planned["stages"])


def test_a_blend_that_does_not_fit_has_no_plan(pictures: tuple[Path, Path]) -> None:
    done = run("stylize", *pictures, "--plan", "--blend", "1,2")
    assert done.returncode == 2
    assert "blend has 2 weights" in done.stderr


def test_picture_and_json_do_not_mix(pictures: tuple[Path, Path]) -> None:
    done = run("stylize", *pictures, "-o", "-", "--json")
    assert done.returncode == 2
    assert "--json" in json.loads(done.stdout)["message"]


def test_json_has_the_error_too(pictures: tuple[Path, Path]) -> None:
    photo, _ = pictures
    done = run("stylize", photo, "none.png", "-o", photo.with_name("o.png"), "--json")
    assert json.loads(done.stdout)["code"] == "file_missing"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["P", "none.png", "-o", "o.png"], 1, ["none.png"]),
        (["P", "S", "-o", "o.xyz"], 1, ["o.xyz", ".png"]),
        (["P", "S", "-o", "nowhere/o.png"], 1, ["nowhere"]),
        (["P", "S", "-o", "S"], 1, ["painting.png", "one of the pictures"]),
        (["P", "S", "-o", "o.png", "--network", "none.pth"], 1, ["none.pth"]),
        (["P", "S", "-o", "o.png", "--style-layers", "conv5_4"], 2, ["conv5_4", "conv5_1"]),
        (["P", "S", "-o", "o.png", "--strength", "101"], 2, ["strength", "0 to 100"]),
        (["P", "S", "-o", "o.png", "--strength", "much"], 2, ["strength", "0 to 100"]),
        (["P", "S", "-o", "o.png", "--blend", "1,2"], 2, ["blend"]),
        (["P", "S", "-o", "o.png", "--every", "5"], 2, ["--frames"]),
        (["P", "S", "-o", "o.png", "--every", "0", "--frames", "f"], 2, ["--every is 0"]),
        (["P", "S", "-o", "o.png", "--preset", "best"], 2, ["best", "draft"]),
        (["P", "S"], 2, ["-o"]),
        (["P", "S", "-o", ""], 2, ["-o"]),
        (["P", ".", "-o", "o.png"], 1, [". is a folder"]),
        (["P", "-o", "o.png"], 2, ["STYLE"]),
    ],
)
def test_mistakes_get_one_clear_line(
    pictures: tuple[Path, Path], arguments: list[str], status: int, words: list[str]
) -> None:
    names = {"P": str(pictures[0]), "S": str(pictures[1])}
    done = run("stylize", *[names.get(a, a) for a in arguments], cwd=pictures[0].parent)
    assert done.returncode == status
    assert done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert "error: " in last
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in last
    assert not pictures[0].with_name("o.png").exists()


def test_verbose_shows_where(pictures: tuple[Path, Path]) -> None:
    done = run("stylize", pictures[0], "none.png", "-o", pictures[0], "--verbose")
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")


@pytest.mark.slow
def test_an_existing_output_survives_a_failure(pictures: tuple[Path, Path]) -> None:
    photo, painting = pictures
    before = photo.read_bytes()
    assert run("stylize", painting, "none.png", "-o", photo).returncode == 1
    assert photo.read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="Ctrl+C is sent as a POSIX signal")
@pytest.mark.slow
@pytest.mark.parametrize("frames", [False, True])
def test_interrupted_writes_nothing(pictures: tuple[Path, Path], frames: bool) -> None:
    """But the frames that were asked for, and says so."""
    photo, painting = pictures
    out, folder = photo.with_name("out.png"), photo.with_name("film")
    command = [COMMAND, "stylize", photo, painting, "-o", out, "--final-steps", "100000", "--json"]
    command += ["--every", "1000", "--frames", folder] if frames else []
    # Tests that were started in the background ignore Ctrl+C, and so would what they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, before)
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    kept = f"only the frames so far are in {folder}" if frames else "nothing was written"
    assert process.stderr.read() == f"Interrupted; {kept}.\n"
    left = ["film"] * frames + ["painting.png", "photo.png"]
    assert sorted(path.name for path in photo.parent.iterdir()) == left
    process.stdout.close()
    process.stderr.close()


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX")
@pytest.mark.slow
def test_a_terminal_gets_a_bar(pictures: tuple[Path, Path]) -> None:
    photo, painting = pictures
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 120, 0, 0))
    process = subprocess.Popen(
        [COMMAND, "stylize", photo, painting, "-o", photo.with_name("o.png"), *QUICK],
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # Linux' way to say that the other end is closed
        pass
    os.close(ours)
    assert process.wait(60) == 0
    for word in (b"48 x 32 |", b"loss", b"left", b"step ", b"Written: ", b"o.png, 48 x 32, in "):
        assert word in shown


def test_a_warning_while_painting_is_one_line(
    pictures: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def warned(*given: Any, **options: Any) -> Iterator[job.Event]:
        yield job.Warned("less_memory", "The memory ran out")
        yield from paint(*given, **options)

    paint = job.paint
    monkeypatch.setattr(console, "paint", warned)
    photo, painting = map(str, pictures)
    out = str(pictures[0].with_name("out.png"))
    assert cli.main(["stylize", photo, painting, "-o", out, *QUICK]) == 0
    assert capsys.readouterr().err == "warning: The memory ran out.\n"


def test_describe_is_all_a_host_needs() -> None:
    about = json.loads(run("describe").stdout)
    assert about["protocol"] == protocol.PROTOCOL
    assert [entry["name"] for entry in about["settings"]] == list(Settings.model_fields)


def test_colours_may_be_spelt_the_american_way(pictures: tuple[Path, Path]) -> None:
    done = run("stylize", *pictures, "--colors", "red")
    assert "'painting', 'photo', 'luminance' or 'free'" in done.stderr


def test_without_a_command_there_is_help() -> None:
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run("--help").stdout
    examples = [line for line in done.stdout.splitlines() if line.startswith("  neural-style ")]
    assert len(examples) == 7
    for example in examples:
        words = example.split("#")[0].split()[1:]
        assert cli._parser().parse_args(words).run


def test_an_unknown_command_is_a_mistake() -> None:
    done = run("paint")
    assert done.returncode == 2
    assert "paint" in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["photo.png", "impast"], "There is no file or style impast. Did you mean impasto?"),
        (["photo.png", "Mosiac"], "There is no file or style Mosiac. Did you mean mosaic?"),
        (
            ["photo.png", "mosaic", "--strenght=70"],
            "no option --strenght=70. Did you mean --strength?",
        ),
        (["photo.png", "mosaic", "--beautiful"], "There is no option --beautiful. `neural-style"),
    ],
)
def test_a_slip_of_the_pen(pictures: tuple[Path, Path], words: list[str], sentence: str) -> None:
    done = run("stylize", *words, "-o", "out.png", cwd=pictures[0].parent)
    assert (done.returncode != 0, done.stdout, len(done.stderr.splitlines())) == (True, "", 1)
    assert sentence in done.stderr


def test_names_of_styles_in_capitals(pictures: tuple[Path, Path]) -> None:
    done = run("stylize", "photo.png", "Mosaic", "--plan", cwd=pictures[0].parent)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_has_seen_enough() -> None:
    with subprocess.Popen(
        [COMMAND, "describe"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""


def test_every_setting_is_an_option() -> None:
    usage = run("stylize", "--help").stdout
    for name in Settings.model_fields:
        assert f"--{name.replace('_', '-')} " in usage


@pytest.mark.slow
def test_devices() -> None:
    assert "cpu " in run("devices").stdout
    devices = json.loads(run("devices", "--json").stdout)
    assert devices[-1]["name"] == "cpu"
    assert 0 < devices[-1]["memory_free"] <= devices[-1]["memory"]


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["--help"],
        ["stylize", "--help"],
        ["describe"],
        ["--version"],
        ["stylize", "none.png", "none.png", "-o", "o.png"],
        ["matrix", "--help"],
        ["matrix", "none.png", "none.png", "-o", "o.png", "--figure", "depth"],
    ],
)
def test_answers_without_torch(command: list[str]) -> None:
    """Torch takes seconds to load; what does not need it must not wait for it."""
    script = (
        "import sys\n"
        "from neural_style.cli import main\n"
        f"sys.argv[1:] = {command!r}\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stdout or b"none.png" in done.stderr


@pytest.mark.slow
def test_works_without_a_home_folder(pictures: tuple[Path, Path]) -> None:
    photo, painting = pictures
    environment = {key: value for key, value in os.environ.items() if key != "HOME"}
    environment["HOME"] = "/nonexistent"
    out = photo.with_name("out.png")
    started = time.monotonic()
    done = run("stylize", photo, painting, "-o", out, *QUICK, env=environment)
    assert done.returncode == 0, done.stderr
    assert out.exists()
    assert time.monotonic() - started < 60
