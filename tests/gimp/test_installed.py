"""The installer with a real GIMP: it finds it, puts the plug-in there and has it paint."""

from __future__ import annotations

import json
import sys

import pytest

from installer import package

from .program import ROOT

pytestmark = [pytest.mark.gimp, pytest.mark.slow]


def home_with_engine(gimp):
    """A home in which the engine is the Python that runs the tests, with this checkout's code."""
    home = gimp.work / "Zuhause im Wald"
    prefix = home / ".local/share/neural-style"
    python = prefix / "engines" / "tests" / "bin" / "python"
    if not python.exists():
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        about = {"torch": "auto", "fingerprint": package.fingerprint()}
        (python.parents[1] / "complete.json").write_text(json.dumps(about))
        (prefix / "current.json").write_text(json.dumps({"engine": "tests"}))
    return home


def installer(gimp, *arguments):
    home = home_with_engine(gimp)
    command = [sys.executable, str(ROOT / "installer"), *arguments]
    done = gimp.room.run(command, 300, environment={"HOME": str(home)})
    return home, done


def test_installs_paints_and_uninstalls(gimp):
    check(gimp)


def test_gimp_210(gimp210):
    check(gimp210)


def check(gimp):
    """GIMP has never run in this home, and makes its own folder first."""
    home, done = installer(gimp, "--yes", "--offline", "--wheels", str(gimp.work))
    assert done.returncode == 0, done.stdout + done.stderr
    config = home / ".config" / "GIMP" / gimp.version
    assert f"Painting a first picture with GIMP {gimp.version}" in done.stdout
    assert "warning" not in done.stdout
    assert (config / "plug-ins/neural-style/neural-style.py").exists()
    assert (config / "gimprc").exists() or (config / "pluginrc").exists()
    picture = home / ".local/share/neural-style/proof/painted.png"
    assert picture.read_bytes() != (picture.parent / "photo.png").read_bytes()
    _, done = installer(gimp, "doctor")
    assert done.returncode == 0, done.stdout
    assert "knows the procedure" in done.stdout
    # A plug-in that once did not answer: GIMP remembers that, and the installer makes it ask again.
    main = config / "plug-ins/neural-style/neural-style.py"
    main.chmod(0o644)
    _, done = installer(gimp, "doctor")
    assert "[plugin_not_executable]" in done.stdout
    _, done = installer(gimp, "--yes", "--offline", "--wheels", str(gimp.work))
    assert "warning" not in done.stdout, done.stdout
    _, done = installer(gimp, "uninstall", "--yes")
    assert done.returncode == 0
    assert not main.parent.exists()
