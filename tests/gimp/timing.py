"""What GIMP's route costs beside the command `batch`, for a folder of small pictures.

    python3 tests/gimp/timing.py PHOTOS STYLE [VERSION]

Run with the tests' Python. Each of the ways twice, in turn: a call for each picture, one call with
all layers, `neural-style batch` with one job, and with as many as it takes by itself.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "core")]

from PIL import Image  # noqa: E402

from tests.gimp.program import Gimp  # noqa: E402

COUNT, SIDE = 20, 256

LOAD = """
import glob
procedure = Gimp.get_pdb().lookup_procedure('plug-in-neural-style')
paths = sorted(glob.glob({photos!r} + '/*.png'))
def load(path):
    return Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))
def paint(images):
    layers = [image.get_selected_layers()[0] for image in images]
    config = procedure.create_config()
    config.set_property('image', images[0])
    config.set_core_object_array('drawables', layers)
    config.set_property('style', Gio.File.new_for_path({style!r}))
    config.set_property('preset', 'draft')
    result = procedure.run(config)
    if result.index(0) != Gimp.PDBStatusType.SUCCESS: raise RuntimeError(result.index(1))
def save(image, path):
    name = {out!r} + '/' + path.split('/')[-1]
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(name), None)
    image.delete()
"""
EACH = """
for path in paths:
    image = load(path)
    paint([image])
    save(image, path)
"""
TOGETHER = """
images = [load(path) for path in paths]
paint(images)
for image, path in zip(images, paths):
    save(image, path)
"""


def main(photos: Path, style: Path, version: str = "3.2") -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        gimp = Gimp(version, work / "gimp")
        gimp.use_real_engine()
        small = work / "gimp" / "photos"
        small.mkdir()
        files = [path for path in sorted(photos.iterdir()) if path.suffix in (".jpg", ".png")]
        for number in range(COUNT):
            with Image.open(files[number % len(files)]) as photo:
                photo = photo.convert("RGB")
                photo.thumbnail((SIDE, SIDE))
                photo.rotate(90 * (number // len(files)), expand=True).save(
                    small / f"{number:02}.png"
                )
        painting = work / "gimp" / "painting.png"
        with Image.open(style) as picture:
            picture.convert("RGB").save(painting)
        ways = {
            "GIMP, a call for each": lambda out: in_gimp(gimp, small, painting, out, EACH),
            "GIMP, one call": lambda out: in_gimp(gimp, small, painting, out, TOGETHER),
            "batch, one job": lambda out: by_command(small, painting, out, "--jobs", "1"),
            "batch": lambda out: by_command(small, painting, out),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(2):
            for name, way in ways.items():
                out = work / "gimp" / f"out-{turn}-{len(seconds)}-{name}"
                out.mkdir()
                started = time.monotonic()
                way(out)
                seconds[name].append(time.monotonic() - started)
                assert len(list(out.glob("*.png"))) == COUNT, name
                print(f"{name}: {seconds[name][-1]:.1f} s", flush=True)
        base = statistics.mean(seconds["batch, one job"])
        for name, taken in seconds.items():
            mean = statistics.mean(taken)
            more = (mean - base) / COUNT
            print(f"{name}: {mean / COUNT:.2f} s a picture, {more:+.2f} beside one job of batch")
        gimp.room.close()


def in_gimp(gimp: Gimp, photos: Path, style: Path, out: Path, code: str) -> None:
    places = {"photos": str(photos), "style": str(style), "out": str(out)}
    done = gimp.batch(LOAD.format(**places) + code, timeout=600)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)


def by_command(photos: Path, style: Path, out: Path, *options: str) -> None:
    command = [
        sys.executable,
        "-m",
        "neural_style.cli",
        "batch",
        photos,
        "--style",
        style,
        "-o",
        out,
    ]
    words = [*map(str, command), "--preset", "draft", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "core")}
    subprocess.run(words, check=True, env=environment, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
