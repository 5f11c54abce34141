"""The style pictures that come with the program, and the program that draws them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style import cli
from neural_style.errors import NeuralStyleError
from neural_style.styles import FOLDER, descriptions, find, path_of
from styles import __main__ as command
from styles import canvas, pictures

QUICK = ["--size", "48", "--coarsest", "32", "--steps", "3", "--final-steps", "2"]


def small(path: Path) -> np.ndarray:
    """What is left of a picture at 64 x 48, as floats 0..255."""
    with Image.open(path) as image:
        return np.asarray(image.resize((64, 48), Image.Resampling.BOX), np.float32)


@pytest.mark.parametrize(
    "name",
    [
        name if name in ("batik", "ink-wash") else pytest.param(name, marks=pytest.mark.slow)
        for name in pictures.DRAWN
    ],
)
def test_the_package_has_what_the_program_draws(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As seen from afar: rounding in OpenCV is not the same everywhere."""
    assert command.main(["--output", str(tmp_path), "--only", name]) == 0
    drawn = tmp_path / f"{name}.jpg"
    assert capsys.readouterr().out == f"{drawn}\n"
    assert np.abs(small(drawn) - small(path_of(name))).mean() < 4


def test_every_style_has_a_line_and_a_picture_and_nothing_else_lies_there() -> None:
    names = list(descriptions())
    assert names == list(pictures.DRAWN)
    there = {path.name for path in FOLDER.iterdir() if path.name != "__pycache__"}
    assert there == {"__init__.py", "styles.json", *(f"{name}.jpg" for name in names)}
    assert sum(path_of(name).stat().st_size for name in names) < 4_000_000


@pytest.mark.parametrize("name", pictures.DRAWN)
def test_a_style_has_darks_and_lights_and_detail_everywhere(name: str) -> None:
    with Image.open(path_of(name)) as image:
        assert image.size == (canvas.WIDTH, canvas.HEIGHT)
        grey = np.asarray(image.convert("L"), np.float32)
    dark, light = np.percentile(grey, [5, 95])
    assert light - dark > 100
    blocks = grey.reshape(12, 64, 16, 64).std((1, 3))
    assert (blocks < 6).mean() < 0.03


def test_a_file_comes_before_the_style_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find("mosaic") == str(path_of("mosaic"))
    assert find(Path("mosaic")) == str(path_of("mosaic"))
    Path("mosaic").mkdir()
    assert find("mosaic") == str(path_of("mosaic"))
    Path("batik").write_bytes(b"a picture without an ending")
    assert find("batik") == "batik"
    assert find("none.png") == "none.png"
    with pytest.raises(NeuralStyleError, match="Did you mean mosaic") as caught:
        find("mosaik")
    assert caught.value.code == "file_missing"


def test_the_command_lists_them_without_pytorch(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["styles"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(descriptions())
    assert max(map(len, lines)) < 80
    code = "import sys; from neural_style import cli; cli.main(['styles', '--json']); "
    code += "print('torch' in sys.modules or 'numpy' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "False\n"
    listed = json.loads(done.stdout)
    assert [one["name"] for one in listed] == list(descriptions())
    assert all(Path(one["file"]).is_file() and one["description"] for one in listed)


def test_a_style_paints_by_its_name(tmp_path: Path) -> None:
    photo, out = tmp_path / "photo.png", tmp_path / "out.png"
    Image.radial_gradient("L").convert("RGB").save(photo)
    assert cli.main(["stylize", str(photo), "mosaic", "batik", "-o", str(out), *QUICK]) == 0
    with Image.open(out) as image:
        assert np.ptp(np.asarray(image).reshape(-1, 3), axis=0).min() > 40


def test_a_misspelt_style_names_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["stylize", "photo.jpg", "mosaik", "-o", str(tmp_path / "out.png")]
    assert cli.main(words) == 1
    assert "no file or style mosaik" in capsys.readouterr().err
