"""The plug-in's files in GIMP's folder, each recorded before it is written."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from installer import machine
from installer.editions import GIMP_3
from installer.errors import InstallError, of_file
from installer.gimps import Gimp

MAIN = "neural-style.py"
NOTE = "engine.json"


def source_files(edition: str = GIMP_3.folder) -> dict[str, Path]:
    """An edition's files, those that all editions share, and the style pictures that come with the
    program, by their name in GIMP's folder."""
    folders = [machine.ROOT / "plugin" / name for name in ("shared", edition)]
    pictures = machine.ROOT / "core" / "neural_style" / "styles"
    files = {
        path.relative_to(folder).as_posix(): path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    for path in (*sorted(pictures.glob("*.jpg")), *pictures.glob("*.json")):
        files[f"styles/{path.name}"] = path
    return files


def install(prefix: Path, gimp: Gimp, python: Path) -> None:
    """Copy the plug-in into a GIMP's folder and connect it with the engine.

    All files are written beside their places first, so a full disk leaves the old plug-in whole.

    Raises:
        InstallError: `plugin_foreign`, `cannot_write` or `disk_full`.
    """
    note: dict[str, Any] = {"python": str(python)}
    if gimp.engine_prefix:
        note["prefix"] = list(gimp.engine_prefix)
    sources = source_files(gimp.edition.folder)
    content = {name: path.read_bytes() for name, path in sources.items()}
    content[NOTE] = machine.json_bytes(note)
    before = recorded(prefix).get(str(gimp.plugin), {})
    is_link = machine.is_link(gimp.plugin)  # somebody's, to a checkout
    if not (before or is_link):
        _check_is_ours(gimp.plugin, content)
    names = {name: _hash(data) for name, data in content.items()}
    _record(prefix, gimp.plugin, {**before, **names})
    machine.make_folder(gimp.plugins)
    try:
        if is_link:
            gimp.plugin.unlink()
        staged = [_stage(gimp.plugin / name, data) for name, data in content.items()]
        for new, path in staged:
            os.replace(new, path)
        for name in set(before) - set(content):
            _remove(gimp.plugin / name)
        forget(gimp)
    except OSError as error:
        for name in content:
            machine.remove(gimp.plugin / f"{name}.new")
        raise of_file(error, gimp.plugin) from None
    _record(prefix, gimp.plugin, names)


def _check_is_ours(folder: Path, content: Mapping[str, bytes]) -> None:
    """Raise if files would be replaced that are neither ours nor the same.

    The note of an engine says that they are ours: it was installed with another prefix, or the
    record is lost.
    """
    if machine.read_note(folder / NOTE).get("python"):
        return
    paths = ((folder / name, data) for name, data in content.items())
    for path, data in paths:
        if path.is_file() and _digest_of(path) != _hash(data):
            what = f"{path} is there already, and not of this program"
            raise InstallError("plugin_foreign", what)


def _stage(path: Path, data: bytes) -> tuple[Path, Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_bytes(data)
    new.chmod(0o755 if path.name == MAIN else 0o644)
    return new, path


# -- the record ----------------------------------------------------------------------------------


def recorded(prefix: Path) -> dict[str, dict[str, str]]:
    """Folders of plug-ins that this installer made, each with its files and their SHA-256."""
    found = machine.read_note(prefix / "installed.json").get("plugins")
    return found if isinstance(found, dict) else {}


def _record(prefix: Path, folder: Path, files: dict[str, str] | None) -> None:
    plugins = {**recorded(prefix), str(folder): files or {}}
    if files is None:
        del plugins[str(folder)]
    machine.write_note(prefix / "installed.json", {"plugins": plugins})


def remove(prefix: Path, folder: Path) -> list[Path]:
    """Remove a plug-in's recorded files; returns what others have put into its folder, or the
    folder if it is a link now, as the files that it leads to are theirs."""
    if machine.is_link(folder):
        _record(prefix, folder, None)
        return [folder]
    files = recorded(prefix).get(str(folder), {})
    for name in files:
        _remove(folder / name)
        machine.remove(folder / f"{name}.new")
    for place in {(folder / name).parent for name in files}:
        machine.remove(place / "__pycache__")
    # Deepest first, and only those that are empty now.
    for path in sorted((folder / name for name in files), key=lambda p: -len(p.parts)):
        for parent in path.parents:
            if parent == folder.parent:
                break
            with suppress(OSError):
                parent.rmdir()
    _record(prefix, folder, None)
    return sorted(folder.rglob("*")) if folder.exists() else []


def _remove(path: Path) -> None:
    """Remove a file, and what Python 2 writes beside a module and would still import."""
    machine.remove(path)
    if path.suffix == ".py":
        machine.remove(path.with_suffix(".pyc"))


# -- faults --------------------------------------------------------------------------------------


def faults(prefix: Path, gimp: Gimp, python: Path | None) -> list[InstallError]:
    """What is wrong with the plug-in in a GIMP, as far as its files show."""
    main = gimp.plugin / MAIN
    if not main.is_file():
        return [InstallError("plugin_missing", f"{gimp.name} has no plug-in Neural Style")]
    found = []
    files = recorded(prefix).get(str(gimp.plugin), {})
    wrong = [name for name, digest in files.items() if _digest_of(gimp.plugin / name) != digest]
    if wrong or not files:
        what = ", ".join(wrong[:3]) or "all of it"
        found.append(InstallError("plugin_damaged", f"Changed or missing in {gimp.plugin}: {what}"))
    if not machine.WINDOWS and not os.access(main, os.X_OK):
        found.append(InstallError("plugin_not_executable", f"{main} may not be executed"))
    note = machine.read_note(gimp.plugin / NOTE)
    if python is not None and note.get("python") != str(python):
        there = note.get("python") or "nowhere"
        found.append(InstallError("plugin_disconnected", f"{gimp.plugin / NOTE} leads to {there}"))
    elif not Path(str(note.get("python"))).exists():
        found.append(
            InstallError("plugin_disconnected", f"There is no Python {note.get('python')}")
        )
    if is_stale(gimp):
        found.append(
            InstallError(
                "plugin_not_registered",
                f"{gimp.config / 'pluginrc'} remembers that the plug-in did not answer",
            )
        )
    return found


def is_stale(gimp: Gimp) -> bool:
    """Whether GIMP's memory has this very file, without its procedure."""
    main = gimp.plugin / MAIN
    try:
        text = (gimp.config / "pluginrc").read_text(encoding="utf-8", errors="replace")
        changed = int(main.stat().st_mtime)
    except OSError:
        return False
    entries = re.split(r"^\(plug-in-def ", text, flags=re.MULTILINE)[1:]
    for entry in entries:
        head = re.match(r'"([^"]*)"\s+(\d+)', entry)
        if head and head[1].replace("\\", "/").endswith(f"neural-style/{MAIN}"):
            return int(head[2]) == changed and f'"{gimp.edition.procedure}"' not in entry
    return False


def forget(gimp: Gimp) -> None:
    """Make GIMP ask the plug-in again, which it does when the file's time has changed."""
    main = gimp.plugin / MAIN
    with suppress(OSError):
        later = max(time.time(), main.stat().st_mtime + 2)
        os.utime(main, (later, later))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest_of(path: Path) -> str:
    try:
        return _hash(path.read_bytes())
    except OSError:
        return ""
