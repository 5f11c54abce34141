"""Looks at everything and says what is wrong and what to do about it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from installer import engine, gimps, machine, plugin, torch_build, weights
from installer.errors import InstallError


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; without a fault it is well, or only worth a note."""

    what: str
    detail: str
    fault: InstallError | None = None
    note: InstallError | None = None

    def as_json(self) -> dict[str, object]:
        told = self.fault or self.note
        found = {"what": self.what, "ok": not self.fault}
        if not told:
            return {**found, "detail": self.detail}
        return {**found, "detail": told.message, "code": told.code, "hint": told.hint}

    def as_text(self) -> str:
        mark = "fault" if self.fault else "note" if self.note else "ok"
        return f"{mark:5}  {self.what}: {self.fault or self.note or self.detail}"


def examine(prefix: Path, chosen: Path | None = None) -> Iterator[Finding]:
    """Everything, one finding after the other; starting GIMP and the engine takes a while."""
    yield Finding("Python", f"{sys.version.split()[0]}, {sys.executable}")
    yield _disk(prefix)
    used = engine.current(prefix)
    yield from _engine(prefix, used)
    yield from _weights(used)
    try:
        found = gimps.find(chosen)
    except InstallError as error:
        yield Finding("GIMP", "", error)
        return
    if all(gimp.without_python for gimp in found):
        missing = InstallError("gimp_missing", "No GIMP that can have the plug-in was found")
        # The command line does without; but where the plug-in was installed, one is missed.
        missed = bool(plugin.recorded(prefix))
        yield Finding("GIMP", "", missing) if missed else Finding("GIMP", "", note=missing)
    for gimp in found:
        yield from _gimp(prefix, gimp, used)


def _disk(prefix: Path) -> Finding:
    try:
        if prefix.exists():
            machine.make_folder(prefix)
        free = machine.free_space(prefix)
        machine.require_space(prefix, engine.MARGIN, "The engine")
    except InstallError as error:
        return Finding("Folder", "", error)
    return Finding("Folder", f"{prefix}, {machine.words(free)} free")


def _engine(prefix: Path, used: engine.Engine | None) -> Iterator[Finding]:
    if not used:
        half = any(engine.engines(prefix).glob("*"))
        what = "Only a half-made engine was found" if half else "No engine is installed"
        yield Finding("Engine", "", InstallError("engine_missing", f"{what} in {prefix}"))
        return
    if damaged := engine.damaged_files(used):
        names = ", ".join(damaged[:3])
        what = f"{len(damaged)} of its files are missing or changed, such as {names}"
        yield Finding("Engine's files", "", InstallError("engine_broken", what))
    else:
        yield Finding("Engine's files", f"all there, in {used.folder}")
    try:
        devices = engine.check_devices(used.python)
    except InstallError as error:
        yield Finding("Engine", "", error)
    else:
        detail = f"version {used.about.get('version')}, {used.about.get('requirement')}, "
        yield Finding("Engine", detail + f"computes on {', '.join(devices)}")
        yield _launcher(engine.launcher(prefix))
        build = used.about.get("build")
        if unused := used.about.get("gpu_unused"):
            error = InstallError("gpu_unused", str(unused), engine.INSTEAD)
            yield Finding("Graphics card", "", note=error)
        elif build in torch_build.BUILDS[1:] and devices == ["cpu"]:
            what = f"PyTorch ({build}) cannot use the graphics card"
            yield Finding("Graphics card", "", InstallError("gpu_unused", what))
    if not engine.is_up_to_date(used, engine.Wish()):
        what = "The engine is not of this checkout's version"
        yield Finding("Version", "", InstallError("engine_outdated", what))


def _launcher(path: Path) -> Finding:
    missing = InstallError("engine_broken", f"There is no {path}")
    return Finding("Command line", str(path), None if path.is_file() else missing)


def _weights(used: engine.Engine | None) -> Iterator[Finding]:
    if used:
        yield Finding("Network compact", "part of the engine")
    for name in weights.KNOWN:
        path = weights.installed(name)
        if weights.damaged(name):
            what = f"{path} is not as it was installed"
            hint = f"Fetch it again: `python3 installer weights {name}`."
            yield Finding(f"Network {name}", "", InstallError("weights_damaged", what, hint))
        else:
            how = f"not installed; `python3 installer weights {name}` adds it"
            yield Finding(f"Network {name}", str(path) if path.is_file() else how)


def _gimp(prefix: Path, gimp: gimps.Gimp, used: engine.Engine | None) -> Iterator[Finding]:
    if gimp.without_python:  # no fault, as nobody can mend it
        yield Finding(gimp.name, "", note=gimp.problem)
        return
    if gimp.problem:
        yield Finding(gimp.name, "", gimp.problem)
        return
    faults = plugin.faults(prefix, gimp, used.python if used else None)
    for fault in faults:
        yield Finding(gimp.name, "", fault)
    if faults:
        return
    if not gimp.console:
        yield Finding(gimp.name, "plug-in in place; its program was not found, so not started")
        return
    what = f"{gimp.name} does not know the procedure {gimp.edition.procedure}"
    unregistered = None if gimp.registered else InstallError("plugin_not_registered", what)
    known = f"knows the procedure {gimp.edition.procedure}"
    yield Finding(gimp.name, known, gimp.silence or unregistered)
