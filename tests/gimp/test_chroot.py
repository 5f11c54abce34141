"""How a chroot is made, without one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from required import REQUIRED, say_once

from . import chroot
from .conftest import no_gimp

RECIPE = chroot.Recipe(("bookworm",), ["gimp"])


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have run, on a machine without mmdebstrap; the first build fails."""
    called: list[list[str]] = []

    def call(_: str, command: list[str], **__: object) -> None:
        called.append(command)
        if "unshare" in command and sum("unshare" in one for one in called) == 1:
            raise chroot.LabError("the server broke off")

    monkeypatch.setattr(chroot, "call", call)
    monkeypatch.setattr(chroot, "_archive", lambda: "http://archive/debian")
    monkeypatch.setattr(chroot.shutil, "which", lambda _: None)
    monkeypatch.setattr(chroot.os, "geteuid", lambda: 0)
    return called


def test_a_build_that_failed_is_tried_once_more(calls: list[list[str]], tmp_path: Path) -> None:
    root = tmp_path / "3.2"
    with pytest.raises(FileNotFoundError):  # the commands did not run, so there is no folder
        chroot.build(root, RECIPE)
    assert sum("unshare" in command for command in calls) == 2


def test_apt_waits_for_another_one(calls: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / "3.2").mkdir()
    with pytest.raises(FileNotFoundError):
        chroot.build(tmp_path / "3.2", RECIPE)
    apt = [command for command in calls if command[0] == "apt-get"]
    assert len(apt) == 4
    assert all("DPkg::Lock::Timeout=300" in command for command in apt)


def test_why_there_is_no_gimp_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEURAL_STYLE_REQUIRE_GIMP", "1")
    with pytest.raises(pytest.fail.Exception) as caught:
        no_gimp("3.2", chroot.LabError("the server broke off"))
    reports = [SimpleNamespace(longreprtext=f"Failed: {caught.value}\n")] * 100
    said: list[str] = []
    reporter = SimpleNamespace(
        stats={"error": reports, "failed": [SimpleNamespace(longreprtext="another")]},
        write_line=lambda line, **_: said.append(line),
    )
    say_once(reporter)
    assert said == [f"GIMP 3.2 {REQUIRED}: the server broke off"]
