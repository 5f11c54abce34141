"""The archive to publish, and the files to double-click in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from installer import archive, package, plugin
from installer.editions import EDITIONS

ROOT = Path(__file__).resolve().parent.parent
WINDOWS, MACOS, LINUX = archive.STARTERS


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive's folder, unpacked as a file manager does it, execute bits and all."""
    folder = tmp_path_factory.mktemp("Téléchargements et autres")
    with zipfile.ZipFile(archive.write(folder)) as packed:
        for entry in packed.infolist():
            path = Path(packed.extract(entry, folder))
            path.chmod(entry.external_attr >> 16 & 0o777)
    return folder / f"neural-style-{package.read_version()}"


def run(*command: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=home,
        check=False,
    )


def test_commands_work_from_the_archive(unpacked: Path, tmp_path: Path) -> None:
    """Without any package, hence -S."""
    program = (sys.executable, "-S", unpacked / "installer")
    helped = run(*program, "--help", home=tmp_path)
    assert helped.returncode == 0, helped.stderr
    looked = run(*program, "doctor", "--json", home=tmp_path)
    codes = {finding.get("code") for finding in json.loads(looked.stdout)["findings"]}
    assert "engine_missing" in codes


def test_archive_holds_all_that_is_installed(unpacked: Path) -> None:
    assert package.fingerprint(unpacked) == package.fingerprint()
    there = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*")}
    for edition in EDITIONS:
        files = plugin.source_files(edition.folder).values()
        assert {path.relative_to(ROOT).as_posix() for path in files} <= there
    assert {f"installer/{path.name}" for path in (ROOT / "installer").glob("*.*")} <= there
    assert not [name for name in there if name.startswith(("tests", "core/training", ".ci"))]


def test_archive_of_the_archive_is_the_same(unpacked: Path, tmp_path: Path) -> None:
    """So nothing of it depends on times, modes or files outside."""
    done = run(sys.executable, unpacked / "installer", "archive", home=tmp_path)
    assert done.returncode == 0, done.stderr
    made = tmp_path / f"{unpacked.name}.zip"
    assert done.stdout == f"Written: {made}\n"
    assert made.read_bytes() == unpacked.with_name(made.name).read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="execute bits")
def test_execute_bits(unpacked: Path) -> None:
    programs = {
        path.relative_to(unpacked).as_posix()
        for path in unpacked.rglob("*")
        if path.is_file() and os.access(path, os.X_OK)
    }
    assert programs == archive.EXECUTABLE
    for name in programs:
        assert os.access(ROOT / name, os.X_OK)


@pytest.mark.skipif(os.name == "nt", reason="shell scripts")
@pytest.mark.parametrize("name", [MACOS, LINUX])
def test_shell_starters_run_the_installer(unpacked: Path, tmp_path: Path, name: str) -> None:
    done = run(unpacked / name, "--help", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "usage: python3 installer" in done.stdout
    assert run(unpacked / name, "--torch", "nonsense", home=tmp_path).returncode == 2


def test_windows_starter() -> None:
    """It cannot be run here: its line ends, the Pythons it tries, and that its window stays."""
    data = (ROOT / WINDOWS).read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n") > 0
    lines = data.decode("ascii").splitlines()
    assert lines[0] == "@echo off"
    assert 'cd /d "%~dp0"' in lines
    assert any("(python py)" in line for line in lines)
    assert any("-I installer %*" in line for line in lines)
    assert any("https://www.python.org/downloads/" in line for line in lines)
    assert lines[-1] == "pause"
