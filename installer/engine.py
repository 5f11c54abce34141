"""The engine's virtual environments: made beside each other, one of them in use.

    PREFIX/engines/20261123-154500-1f3a/   an environment; complete when complete.json is in it
    PREFIX/current.json                    the name of the one in use
    PREFIX/bin/neural-style                starts its command line; .cmd on Windows

An environment is made under a new name, proves that it can paint, is marked as complete and then
taken into use by replacing one small file. Whoever interrupts that, at whatever moment, leaves the
old one in use; the next run removes the half-made one and starts anew, and pip's cache keeps what
was downloaded.
"""

from __future__ import annotations

import csv
import json
import os
import re
import secrets
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from installer import constraints, gpu, machine, marks, package, proof, torch_build
from installer.errors import InstallError

COMPLETE = "complete.json"
CHECK_SECONDS = 300
"""The first import reads a gigabyte, perhaps from a slow disk."""
PROOF_SIZE = 96
MARGIN = 300 * 10**6
CARD_FAILURES = ("gpu_unused", "engine_broken", "painting_failed", "disk_full")
"""What the build for the processor may do better; a lost network is not among it."""
NO_SUCH_VERSION = ("No matching distribution", "ResolutionImpossible")
"""What pip says if a version cannot be had; a lost connection it words otherwise."""
INSTEAD = "The processor paints instead; `python3 installer upgrade` tries the graphics card again."

Say = Callable[[str], None]


@dataclass(frozen=True)
class Engine:
    """An environment and what its marker says about it."""

    folder: Path
    about: dict[str, Any]

    @property
    def python(self) -> Path:
        return python_of(self.folder)


@dataclass(frozen=True)
class Wish:
    """What the engine shall be: a build of PyTorch (None is as before), where packages lie, and
    whether they shall be the newest instead of those that were tested."""

    torch: str | None = None
    source: tuple[str, ...] = ()
    newest: bool = False


def python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if machine.WINDOWS else "bin/python")


def engines(prefix: Path) -> Path:
    return prefix / "engines"


def current(prefix: Path) -> Engine | None:
    """The environment in use, if it is complete."""
    name = machine.read_note(prefix / "current.json").get("engine")
    folder = engines(prefix) / str(name)
    about = machine.read_note(folder / COMPLETE) if name else {}
    return Engine(folder, about) if about else None


def is_up_to_date(engine: Engine, wish: Wish) -> bool:
    """Whether the environment has this checkout's engine and the wished-for PyTorch."""
    as_wished = wish.torch in (None, engine.about.get("torch"))
    return as_wished and engine.about.get("fingerprint") == package.fingerprint()


def switch(prefix: Path, engine: Engine) -> None:
    machine.write_note(prefix / "current.json", {"engine": engine.folder.name})


def launcher(prefix: Path) -> Path:
    """What people type on the command line: its path stays when the engine is made anew."""
    return prefix / "bin" / ("neural-style.cmd" if machine.WINDOWS else "neural-style")


def write_launcher(prefix: Path, engine: Engine) -> None:
    path = launcher(prefix)
    machine.make_folder(path.parent)
    command = " ".join((*machine.ISOLATED, "-m", "neural_style.cli"))
    if machine.WINDOWS:
        # Relative to itself, as the encoding of such files is not to be relied upon.
        python = f'"%~dp0{os.path.relpath(engine.python, path.parent)}"'
        unset = [f'@set "{name}="' for name in machine.LAUNCHER_VARIABLES]
        script = "\r\n".join(["@setlocal", *unset, f"@{python} {command} %*", ""])
    else:
        python = shlex.quote(str(engine.python))
        unset = f"unset {' '.join(machine.LAUNCHER_VARIABLES)}"
        script = f'#!/bin/sh\n{unset}\nexec {python} {command} "$@"\n'
    machine.write_file(path, script.encode())
    path.chmod(0o755)


def own(prefix: Path) -> list[Path]:
    """All environments that this installer made, half-made ones too; nothing else is among them."""
    return [folder for folder in sorted(engines(prefix).glob("*")) if _is_ours(folder)]


def _is_ours(folder: Path) -> bool:
    if marks.is_ours(folder):
        return True
    # Before there was a mark, a complete one had its note.
    named = re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{4}", folder.name) and not machine.is_link(folder)
    if not named or not folder.is_dir():
        return False
    return not any(folder.iterdir()) or "fingerprint" in machine.read_note(folder / COMPLETE)


def remove_others(prefix: Path, keep: Sequence[Path]) -> list[Path]:
    """Remove half-made environments and those that nobody uses any more.

    Returns those that a painting is using now; the next run removes them.
    """
    busy = []
    for folder in own(prefix):
        if folder in keep:
            continue
        if is_busy(folder):
            busy.append(folder)
            continue
        if not marks.is_ours(folder):
            marks.mark(folder)
        # Without its note it counts as half-made, should we be interrupted now.
        machine.remove(folder / COMPLETE)
        marks.remove(folder)
    return busy


def is_busy(folder: Path) -> bool:
    """Whether a process paints with the environment, and so holds its note, or still makes it."""
    return any(marks.is_held(folder / name) for name in (COMPLETE, marks.MARK))


# -- making one ----------------------------------------------------------------------------------


def make(prefix: Path, wish: Wish, confirm: Callable[[torch_build.Choice], None], say: Say):
    """Make an environment that has painted a picture; returns it, not yet in use.

    A build that was chosen for the graphics card and does not work gives way to the processor's.

    Args:
        prefix: the installer's folder.
        wish: which PyTorch, and from where.
        confirm: is shown each choice before anything is downloaded, and raises to give up.
        say: prints a line.

    Raises:
        InstallError: whatever went wrong; nothing is left in use that was not before.
    """
    wanted = wish.torch or "auto"
    card = (
        gpu.detect()
        if wanted == "auto"
        else gpu.Card(wanted, "not looked at, as --torch chooses the build")
    )
    say(f"Graphics card: {card.found}")
    if card.warning:
        say(f"warning: {InstallError('gpu_unused', card.warning)}")
    try:
        return _make(prefix, wish, card.build, card.warning, confirm, say)
    except InstallError as error:
        # `mps` and `cpu` are the same build.
        if wanted != "auto" or card.build in ("cpu", "mps") or error.code not in CARD_FAILURES:
            raise
        unused = f"PyTorch ({card.build}) is not used: {error.message}"
    say(f"warning: {InstallError('gpu_unused', unused, INSTEAD)}")
    return _make(prefix, wish, "cpu", unused, confirm, say)


def _make(
    prefix: Path, wish: Wish, build: str, gpu_unused: str, confirm: Callable, say: Say
) -> Engine:
    check_venv()
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    folder = engines(prefix) / name
    try:
        marks.make(folder)
        machine.require_space(prefix, MARGIN, "The engine")
        say(f"Making the engine's environment in {folder}")
        _make_environment(folder)
        choice = torch_build.find(python_of(folder), build, wish.source, wish.newest)
        if not choice.tested:
            say(f"warning: {_untested('PyTorch')}")
        if choice.sizes:
            machine.require_space(prefix, choice.sizes[1], f"PyTorch ({choice.build})")
        confirm(choice)
        _install(folder, choice, wish, say)
        devices = check_devices(python_of(folder))
        if build in torch_build.BUILDS[1:] and devices == ["cpu"]:
            raise InstallError("gpu_unused", f"PyTorch ({build}) cannot use the graphics card here")
        proof.paint_with_engine(python_of(folder), folder / "proof.png", folder, PROOF_SIZE)
        about = {
            "torch": wish.torch or "auto",
            "build": build,
            "gpu_unused": gpu_unused,
            "requirement": choice.requirement,
            "version": package.read_version(),
            "fingerprint": package.fingerprint(),
            "python": sys.version.split()[0],
            "devices": devices,
        }
        machine.write_note(folder / COMPLETE, about)
    except BaseException:
        marks.remove(folder)
        raise
    return Engine(folder, about)


def check_venv() -> None:
    """Debian and its kin ship Python without the part that makes environments.

    Raises:
        InstallError: `venv_missing`.
    """
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        name = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise InstallError(
            "venv_missing",
            f"This Python cannot make environments: the package {name} is missing",
            f"On Debian, Ubuntu and Mint: sudo apt install {name}. Then run the installer again.",
        )


def _make_environment(folder: Path) -> None:
    # Killed, we take venv with us, but not what it has started, which writes on for a while.
    with (folder / marks.MARK).open("rb") as mark:
        marks.hold(mark)
        done = machine.run_python(sys.executable, "-m", "venv", folder, stdin=mark)
    if done.returncode != 0:
        detail = machine.last_lines(done.stderr + done.stdout)
        raise _failure("Python could not make an environment", detail, folder)


def _install(folder: Path, choice: torch_build.Choice, wish: Wish, say: Say) -> None:
    """Install PyTorch and then the engine with the rest of its requirements."""
    say(f"Installing PyTorch: {choice.requirement}")
    _pip(folder, choice.requirement, *choice.options)
    say("Installing the engine")
    # Only ready-made packages: nobody who paints has a compiler.
    wheel, tested = package.build_wheel(folder), constraints.write_for_pip(folder)
    command = (str(wheel), "--only-binary=:all:", *wish.source)
    try:
        _pip(folder, *command, *(() if wish.newest else ("-c", str(tested))))
    except InstallError as error:
        if wish.newest or not any(words in error.message for words in NO_SUCH_VERSION):
            raise
        say(f"warning: {_untested('the packages')}")
        _pip(folder, *command)
    machine.remove(wheel)
    machine.remove(tested)


def _untested(what: str) -> InstallError:
    python = sys.version.split()[0]
    message = (
        f"The tested versions of {what} cannot be had for Python {python}, so it is the newest"
    )
    return InstallError("versions_untested", message)


def _pip(folder: Path, *arguments: str) -> None:
    show = sys.stdout.isatty()
    command = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    # pip unpacks in the folder for temporary files, which is often small and in memory.
    temporary = machine.make_folder(folder / "tmp")
    names = ("TMPDIR", "TEMP", "TMP")
    places = dict.fromkeys(names, str(temporary))
    quiet = () if show else ("--quiet",)
    done = machine.run_python(python_of(folder), *command, *quiet, *arguments, show=show, **places)
    machine.remove(temporary)
    if done.returncode != 0:
        detail = machine.last_lines(done.stderr)
        raise _failure("pip could not install a package", detail, folder)


def _failure(what: str, detail: str, folder: Path) -> InstallError:
    if "No space left on device" in detail or "Disk quota" in detail:
        return InstallError("disk_full", f"The disk of {folder} is full")
    return InstallError("packages_failed", f"{what}: {detail}".rstrip("."))


# -- checking one --------------------------------------------------------------------------------


def check_devices(python: Path) -> list[str]:
    """What the engine can compute on, the best first; this loads the whole engine.

    Raises:
        InstallError: `engine_broken`.
    """
    command = ["-m", "neural_style.cli", "devices", "--json"]
    said = machine.run_python(python, *command, timeout=CHECK_SECONDS)
    try:
        devices = json.loads(said.stdout) if said.returncode == 0 else []
    except ValueError:
        devices = []
    if not devices:
        detail = machine.last_lines(said.stderr, 1) or f"status {said.returncode}"
        raise InstallError("engine_broken", f"The engine does not start: {detail}".rstrip("."))
    return [str(device["name"]) for device in devices]


def damaged_files(engine: Engine) -> list[str]:
    """Files of the environment's packages that are missing or not as they were installed.

    Every package lists its files with size and hash; the engine's own are hashed, while for the
    gigabyte of PyTorch sizes must do.
    """
    damaged = []
    packages = "Lib/site-packages" if machine.WINDOWS else "lib/python*/site-packages"
    for record in engine.folder.glob(f"{packages}/*.dist-info/RECORD"):
        own = record.parent.name.startswith("gimp_neural_style")
        with record.open(encoding="utf-8", newline="") as file:
            for name, digest, size in csv.reader(file):
                path = record.parent.parent / name
                if size and not _is_intact(path, int(size), digest if own else ""):
                    damaged.append(name)
    return damaged


def _is_intact(path: Path, size: int, digest: str) -> bool:
    if path.suffix == ".pyc":
        return True
    try:
        if path.stat().st_size != size:
            return False
        return not digest or package.digest(path.read_bytes()) == digest
    except OSError:
        return False
