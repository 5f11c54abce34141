"""GIMP without a window: the commands as the documentation has them, and exit statuses."""

import re
import shutil

import pytest
from PIL import Image, ImageChops

from .program import ROOT, SHARED

pytestmark = pytest.mark.gimp

README = ROOT / "README.md"


def commands(program="gimp-console"):
    text = README.read_text(encoding="utf-8")
    return re.findall(rf"```sh\n({re.escape(program)} .*?)```", text, re.S)


@pytest.fixture
def pictures(gimp):
    return pictures_for(gimp)


@pytest.fixture
def pictures210(gimp210):
    return pictures_for(gimp210)


def pictures_for(gimp):
    """A folder with a photo and a painting, its name with a space and letters beyond ASCII."""
    folder = gimp.work / "Bilder für Übung 사진"
    if not folder.exists():
        folder.mkdir()
        for name in ("photo", "painting", "other", "photos/a", "photos/b c"):
            path = folder / f"{name}.png"
            path.parent.mkdir(exist_ok=True)
            Image.effect_noise((24, 16), 80).convert("RGB").save(path)
    for name in ("painted.png", "painted"):
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    (folder / "painted").mkdir()
    return folder


def shell(gimp, folder, command):
    program = gimp.room.console
    script = f'cd "{folder}" && ' + command.replace("gimp-console", program, 1)
    return gimp.room.run(["bash", "-c", script], 120, environment=gimp.environment)


def test_gimp_reads_its_memory_of_plug_ins_back(gimp):
    """Where it cannot, it asks all plug-ins at every start, which takes seconds."""
    gimp.batch("print('it writes its memory')")
    done = gimp.batch("print('started')")
    assert "started" in done.stdout
    assert "pluginrc" not in done.stderr


COMMANDS = ["python", "script-fu", "folder", "styles", "masks"]


@pytest.mark.parametrize("index", range(len(COMMANDS)), ids=COMMANDS)
def test_documented_command(gimp, pictures, index):
    done = shell(gimp, pictures, commands()[index])
    assert done.returncode == 0, done.stderr
    names = ["painted/a.png", "painted/b c.png"] if index == 2 else ["painted.png"]
    for name in names:
        painted = pictures / name
        assert painted.is_file(), done.stderr
        assert painted.read_bytes() != (pictures / "photo.png").read_bytes()
    assert "CRITICAL" not in "\n".join(
        line for line in done.stderr.splitlines() if "neural-style" in line
    )


def test_documented_masks(gimp, pictures):
    """In the middle is the photo, in the upper corner the other style, and below neither."""
    done = shell(gimp, pictures, commands()[COMMANDS.index("masks")])
    assert done.returncode == 0, done.stderr
    painted, photo, other = (
        Image.open(pictures / f"{name}.png").convert("RGB")
        for name in ("painted", "photo", "other")
    )
    assert painted.getpixel((12, 8)) == photo.getpixel((12, 8))
    assert painted.getpixel((23, 0)) == other.getpixel((0, 0))
    below = (23, 15)
    assert painted.getpixel(below) == ImageChops.invert(photo).getpixel(below)


@pytest.mark.parametrize("index", range(2), ids=["python", "script-fu"])
def test_failure_has_a_status_and_a_sentence(gimp, pictures, index):
    gimp.use_fake_engine("crash")
    done = shell(gimp, pictures, commands()[index])
    assert done.returncode == [64, 70][index], done.stderr
    assert "stopped unexpectedly" in done.stderr
    assert not (pictures / "painted.png").exists()


def test_script_fu_refuses_a_value_out_of_range(gimp, pictures):
    done = shell(gimp, pictures, commands()[1].replace("#:strength 70", "#:strength 170"))
    assert done.returncode == 70, done.stderr
    assert "strength is 170 but should be a number from 0 to 100" in done.stderr


def test_engine_not_installed(gimp, pictures):
    gimp.use_engine(None)
    done = shell(gimp, pictures, commands()[1])
    assert done.returncode == 70
    assert "engine of Neural Style was not found" in done.stderr
    assert "installer" in done.stderr
    gimp.use_engine("/nowhere/bin/python")
    done = shell(gimp, pictures, commands()[1])
    assert done.returncode == 70
    assert "[engine_missing]" in done.stderr
    assert "/nowhere/bin/python" in done.stderr


def test_engine_from_the_environment_or_the_path(gimp, pictures):
    fake = str(ROOT / "tests" / "gimp" / "fake_engine.py")
    gimp.use_engine(None)
    gimp.environment["NEURAL_STYLE_PYTHON"] = fake
    try:
        assert shell(gimp, pictures, commands()[1]).returncode == 0
    finally:
        del gimp.environment["NEURAL_STYLE_PYTHON"]
    place = gimp.work / "bin"
    place.mkdir(exist_ok=True)
    (place / "neural-style").write_text(f"#!/bin/sh\nexec '{fake}'\n")
    (place / "neural-style").chmod(0o755)
    command = f'export PATH="{place}:$PATH"\n' + commands()[1]
    script = f'cd "{pictures}" && {command}'
    done = gimp.room.run(["bash", "-c", script], 120, environment=gimp.environment)
    assert done.returncode == 0, done.stderr


def test_full_disk(gimp, pictures):
    """The folder for temporary files has 4 KB left."""
    small = gimp.work / "small"
    small.mkdir(exist_ok=True)
    mount = gimp.room.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(small)])
    if mount.returncode:
        pytest.skip("a small file system needs root")
    keep = gimp.environment["TMPDIR"]
    gimp.environment["TMPDIR"] = str(small)
    try:
        done = shell(gimp, pictures, commands()[1])
    finally:
        gimp.environment["TMPDIR"] = keep
        gimp.room.run(["umount", "-l", str(small)])
    assert done.returncode == 70, done.stderr
    assert "[disk_full]" in done.stderr


# -- GIMP 2.10 -----------------------------------------------------------------------------------

PROGRAM = "gimp-console-2.10"


def shell210(gimp, folder, command):
    script = f'cd "{folder}" && ' + command.replace(PROGRAM, gimp.room.console)
    return gimp.room.run(["bash", "-c", script], 120, environment=gimp.environment)


def test_documented_order(monkeypatch):
    monkeypatch.syspath_prepend(str(SHARED))
    from arguments import POSITIONAL

    section = README.read_text(encoding="utf-8").partition("### GIMP 2.10")[2]
    order = re.search(r"in this order:\n\n((?:    .+\n)+)", section)
    assert order
    names = [name.replace("_", "-") for name in POSITIONAL]
    assert order[1].split() == [*names, "protect", "regions"]


@pytest.mark.parametrize("index", range(4), ids=["script-fu", "python", "folder", "styles"])
def test_documented_command_210(gimp210, pictures210, index):
    done = shell210(gimp210, pictures210, commands(PROGRAM)[index])
    names = ["painted/a.png", "painted/b c.png"] if index == 2 else ["painted.png"]
    for name in names:
        assert (pictures210 / name).is_file(), done.stderr
        painted = Image.open(pictures210 / name).convert("RGB")
        photo = Image.open(pictures210 / name.replace("painted", ("photo", "photos")[index == 2]))
        assert painted.tobytes() == ImageChops.invert(photo).tobytes()


@pytest.mark.parametrize("index", range(2), ids=["script-fu", "python"])
def test_failure_has_a_sentence_210(gimp210, pictures210, index):
    gimp210.use_fake_engine("crash")
    done = shell210(gimp210, pictures210, commands(PROGRAM)[index])
    assert "stopped unexpectedly" in done.stderr
    assert not (pictures210 / "painted.png").exists()


def test_full_disk_210(gimp210, pictures210):
    """The folder for temporary files has 4 KB left."""
    script = (
        'mkdir -p small && mount -t tmpfs -o size=4k tmpfs small && export TMPDIR="$PWD/small"\n'
    )
    done = shell210(gimp210, pictures210, script + commands(PROGRAM)[0] + "\numount -l small")
    assert "[disk_full]" in done.stderr
