"""What the README promises."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest
from PIL import Image

from conftest import drawn
from installer import errors as installer_errors
from neural_style.cli import main
from neural_style.errors import HINTS
from neural_style.image import read_picture, write_picture
from neural_style.settings import PRESETS
from readme import PLUGIN_SETTINGS, README, with_table


def plugin_codes() -> set[str]:
    """The codes in the plug-in's own table, which is plain Python without imports."""
    path = PLUGIN_SETTINGS.with_name("messages.py")
    return set(runpy.run_path(str(path))["TABLE"])


def test_settings_table_is_the_present_one() -> None:
    assert with_table(README.read_text()) == README.read_text(), "run python3 tests/readme.py"


def test_every_error_code_has_its_troubleshooting_entry() -> None:
    _, _, section = README.read_text().partition("## Troubleshooting")
    section = section.partition("\n## ")[0]
    entries = re.findall(r"^### (\S+)$", section, re.MULTILINE)
    assert sorted(entries) == sorted({*HINTS, *plugin_codes(), *installer_errors.HINTS})


def test_examples_have_options_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """Each example parses: its only mistake is that the photo is not here."""
    examples = re.findall(
        r"^ +neural-style ((?:stylize|matrix|batch|film) [^#\n]+)", README.read_text(), re.MULTILINE
    )
    assert len(examples) >= 10
    for example in examples:
        assert main(shlex.split(example)) == 1
        assert re.search(r"photo\.jpg|photos/|in\.mp4|shots", capsys.readouterr().err), example


@pytest.mark.slow
def test_scripts_run_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With few steps, as the pictures are as large as written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setitem(PRESETS, "standard", {"steps": 2, "final_steps": 1, "size_ratio": 4.0})
    for name in ("photo", "painting", "one", "two", "rest", "turner", "hokusai"):
        write_picture(f"{name}.jpg", drawn(40, 60, name))
    Path("frames").mkdir()
    for number in range(2):
        write_picture(f"frames/{number}.jpg", drawn(40, 60, "frame"))
    for name in ("face", "sky", "sea"):
        write_picture(f"{name}.png", drawn(40, 60, name))
    scripts = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    assert len(scripts) == 6
    for script in scripts:
        exec(script, {})  # noqa: S102
    assert read_picture("painted.png").pixels.shape == (40, 60, 3)
    assert read_picture("blended.png").pixels.shape == (533, 800, 3)
    assert read_picture("regions.png").pixels.shape == (40, 60, 3)
    assert read_picture("so-far.png").pixels.shape[1] == 200
    assert {path.name for path in Path("painted").glob("*.jpg")} == {"one.jpg", "two.jpg"}
    assert {path.name for path in Path("painted-frames").glob("*.png")} == {"0.png", "1.png"}
    with Image.open("sheet.png") as sheet:
        assert min(sheet.size) > 2 * 171
    assert "100%, 0 s left, loss " in capsys.readouterr().out
