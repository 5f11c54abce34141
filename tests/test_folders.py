"""The user's folders, on each system."""

from __future__ import annotations

from pathlib import Path

import pytest

from neural_style import folders


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WINDOWS", "MACOS"):
        monkeypatch.setattr(folders, name, False)
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))


@pytest.mark.parametrize("base", [None, "", "relative", "/data/with space"])
def test_weights_on_linux(base: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if base is not None:
        monkeypatch.setenv("XDG_DATA_HOME", base)
    place = base if base and base.startswith("/") else "/home/me/.local/share"
    assert folders.weights_folder() == Path(place, "neural-style", "weights")


def test_cells_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    assert folders.cells_folder() == Path("/home/me/.cache/neural-style/cells")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert folders.cells_folder() == Path("/cache/neural-style/cells")


def test_macos_and_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MACOS", True)
    assert folders.data_folder() == Path("/home/me/Library/Application Support/neural-style")
    assert folders.cells_folder() == Path("/home/me/Library/Caches/neural-style/cells")
    monkeypatch.setattr(folders, "WINDOWS", True)
    assert folders.data_folder() == Path("/home/me/AppData/Local/neural-style")
    monkeypatch.setenv("LOCALAPPDATA", "/elsewhere")
    assert folders.data_folder() == Path("/elsewhere/neural-style")
    assert folders.cells_folder() == Path("/elsewhere/neural-style/cache/cells")
