"""Every GIMP on this computer that an edition is for, and where each looks for plug-ins.

A GIMP that can be started says itself where its folder is; rules are for those that cannot.

Tried: Linux, GIMP3_DIRECTORY, GIMP2_DIRECTORY and --gimp. Flatpak, Snap, AppImage, Windows and
macOS follow GIMP's sources and the documentation of these packagings, and stand-ins in the tests.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from installer import machine
from installer.editions import EDITIONS, GIMP_3, Edition, edition_of
from installer.errors import InstallError

SECONDS = 60
FIRST_SECONDS = 300
"""GIMP's first start asks every plug-in, which takes long on a slow disk."""
NO_PYTHON = "unbound variable: python-fu-eval"
"""What Script-Fu says of it in a GIMP 2.10 without Python; GIMP 3 ends with status 69."""
FLATPAK_ID = "org.gimp.GIMP"
LEAVE_SANDBOX = ("flatpak-spawn", "--host")


@dataclass(frozen=True)
class Gimp:
    """One GIMP: its configuration folder and how to start it without a window."""

    name: str
    config: Path
    console: tuple[str, ...] = ()
    edition: Edition = GIMP_3
    named: bool = False
    """Whether GIMP has to be told its configuration folder, by the edition's variable."""
    engine_prefix: tuple[str, ...] = ()
    """Words before the engine's command, which take it out of GIMP's sandbox."""
    problem: InstallError | None = field(default=None, compare=False)
    """Why the plug-in could not work in it."""
    registered: bool = False
    """Whether it knew the plug-in when it was asked."""
    silence: InstallError | None = field(default=None, compare=False)
    """Why it did not answer."""

    @property
    def plugins(self) -> Path:
        return self.config / "plug-ins"

    @property
    def plugin(self) -> Path:
        return self.plugins / "neural-style"

    @property
    def without_python(self) -> bool:
        """Whether it cannot take the plug-in, whatever is done about it."""
        return self.problem is not None and self.problem.code == "gimp_without_python"


def find(chosen: Path | None = None) -> list[Gimp]:
    """The GIMPs to serve: the chosen configuration folder, or all there are; those of an edition
    whose variable is set, such as GIMP3_DIRECTORY, have their folder there.

    Each is started once and asked, which also lets one that never ran make its own folder: a folder
    made by somebody else would keep it from taking over the settings of an older GIMP.
    """
    if chosen:
        return [ask(_named(chosen))]
    names = {edition: os.environ.get(edition.variable) for edition in EDITIONS}
    named = [_named(Path(name), edition) for edition, name in names.items() if name]
    others = [gimp for gimp in (*_programs(), *_flatpak(), *_snap()) if not names[gimp.edition]]
    # A folder may belong to several; the first program that works counts.
    asked = sorted(map(ask, [*named, *others]), key=lambda gimp: gimp.problem is not None)
    found: dict[Path, Gimp] = {}
    for gimp in [*asked, *(gimp for gimp in _folders() if not names[gimp.edition])]:
        if gimp.config not in found:
            found[gimp.config] = gimp
        elif gimp.problem:
            found[gimp.config / gimp.name] = gimp
    return list(found.values())


def ask(gimp: Gimp) -> Gimp:
    """Have a GIMP say what its folder is and whether it knows the plug-in, if it can be started."""
    if not gimp.console or gimp.problem:
        return gimp
    try:
        said = run_code(gimp, gimp.edition.ask, FIRST_SECONDS)
    except InstallError as error:
        if error.code == "gimp_without_python" and gimp.edition.needs_python_fu:
            what = "It has no Python-Fu, in which the plug-in is written"
            return replace(gimp, problem=InstallError(error.code, what))
        return replace(gimp, silence=error)
    answer = re.search(r'FOLDER (".*") (True|False)', said)
    if not answer:
        what = f"{gimp.name} did not answer: {said[-300:].strip()}"
        return replace(gimp, silence=InstallError("gimp_failed", what))
    folder = gimp.config if gimp.named else Path(json.loads(answer[1]))
    return replace(gimp, config=folder, registered=answer[2] == "True")


def run_code(gimp: Gimp, code: str, seconds: float) -> str:
    """Run Python inside a GIMP without a window; returns everything that it said.

    Raises:
        InstallError: `gimp_failed` or `gimp_without_python`.
    """
    named = {gimp.edition.variable: str(gimp.config)} if gimp.named else {}
    # Not this terminal's Python variables, which a GIMP started from the menu does not see.
    environment = machine.environment(**named)
    command = [*gimp.console, *gimp.edition.batch(code)]
    done = machine.run(command, seconds, environment=environment)
    if ("python-fu-eval" in done.stderr and done.returncode == 69) or NO_PYTHON in done.stderr:
        raise InstallError("gimp_without_python", f"{gimp.name} has no Python")
    if done.returncode in (124, 127):
        raise InstallError("gimp_failed", f"{gimp.name} did not run: {done.stderr.strip()}")
    return done.stdout + done.stderr


def _named(folder: Path, wanted: Edition | None = None) -> Gimp:
    """A configuration folder by its name; its `plug-ins` folder will do too.

    It is for an edition's GIMP, or for the version that the folder is named after, or for any.
    """
    folder = folder.expanduser()
    folder = (Path.home() / folder) if not folder.is_absolute() else folder
    if folder.name == "plug-ins":
        folder = folder.parent
    if not folder.is_dir():
        raise InstallError("file_missing", f"There is no folder {folder}")
    if wanted is None:
        wanted = next((edition for edition in EDITIONS if edition.is_folder(folder)), None)
    programs = [gimp for gimp in _programs() if wanted in (None, gimp.edition)]
    fitting = [gimp for gimp in programs if gimp.config.name == folder.name]
    program = next(iter(fitting or programs), Gimp("", folder, edition=wanted or GIMP_3))
    return replace(program, name=f"GIMP in {folder}", config=folder, named=True)


# -- programs ------------------------------------------------------------------------------------


def _programs() -> Iterator[Gimp]:
    """Programs that say which GIMP they are, each version once."""
    seen = set()
    for path in _candidates():
        said = machine.run([path, "--version"], SECONDS)
        known = edition_of(said.stdout) if said.returncode == 0 else None
        if not known:
            continue
        edition, version = known
        if version[1] not in seen:
            seen.add(version[1])
            config = machine.config_base() / "GIMP" / version[1]
            yield Gimp(f"GIMP {version[0]} ({path})", config, (str(path),), edition)


def _candidates() -> Iterator[Path]:
    """Files that may be a GIMP; in order of preference."""
    suffixes = ("-3.2", "-3.0", "-3", "-2.10", "")
    names = [kind + suffix for kind in ("gimp-console", "gimp") for suffix in suffixes]
    found: dict[Path, Path] = {}
    for name in names:
        program = shutil.which(name)
        # Snap's and Flatpak's starters are in the PATH too, and are looked for elsewhere.
        if program and not any(word in program for word in ("/snap/", "/flatpak/")):
            found.setdefault(Path(program).resolve(), Path(program))
    for folder in _program_folders():
        for pattern in ("gimp-console*", "gimp"):
            for path in sorted(folder.glob(pattern), reverse=True):
                found.setdefault(path.resolve(), path)
    yield from found.values()
    if sys.platform.startswith("linux"):
        yield from _appimages()


def _program_folders() -> Iterator[Path]:
    if machine.WINDOWS:
        for variable, below in (("LOCALAPPDATA", "Programs"), ("ProgramFiles", "")):
            if base := os.environ.get(variable):
                yield from Path(base, below).glob("GIMP*/bin")
    elif machine.MACOS:
        for base in (Path("/Applications"), Path.home() / "Applications"):
            yield from base.glob("GIMP*.app/Contents/MacOS")


def _appimages() -> Iterator[Path]:
    """AppImages lie wherever they were saved."""
    home = Path.home()
    places = ("Applications", "AppImages", "Downloads", "Desktop", "bin", ".local/bin", "")
    for folder in [*(home / place for place in places), Path("/opt")]:
        for path in sorted(folder.glob("*.[Aa]pp[Ii]mage"), reverse=True):
            if "gimp" in path.name.lower() and os.access(path, os.X_OK):
                yield path


def _folders() -> Iterator[Gimp]:
    """Configuration folders of a GIMP that was started once, wherever its program is."""
    for edition, folder in _config_folders(machine.config_base() / "GIMP"):
        yield Gimp(f"GIMP {folder.name} ({folder})", folder, edition=edition)


def _config_folders(base: Path) -> Iterator[tuple[Edition, Path]]:
    for edition in EDITIONS:
        for folder in sorted(base.glob("*")):
            if edition.is_folder(folder) and folder.is_dir():
                yield edition, folder


# -- sandboxes -----------------------------------------------------------------------------------


def _flatpak() -> Iterator[Gimp]:
    """Flatpak's GIMP sees neither our Python nor its libraries.

    It uses the user's own folder where there is one already, and else one of its own.
    """
    program = shutil.which("flatpak")
    if not program:
        return
    said = machine.run([program, "info", FLATPAK_ID], SECONDS)
    known = edition_of(said.stdout) if said.returncode == 0 else None
    if not known:
        return
    edition, version = known
    config = machine.config_base() / "GIMP" / version[1]
    if not config.is_dir():
        config = Path.home() / ".var/app" / FLATPAK_ID / "config/GIMP" / version[1]
    console = (program, "run", f"--command=gimp-console-{version[1]}", FLATPAK_ID)
    name = f"GIMP {version[0]} (Flatpak)"
    gimp = Gimp(name, config, console, edition, engine_prefix=LEAVE_SANDBOX)
    rights = machine.run([program, "info", "--show-permissions", FLATPAK_ID], SECONDS).stdout
    rights += machine.run([program, "override", "--user", "--show", FLATPAK_ID], SECONDS).stdout
    if re.search(r"^org\.freedesktop\.Flatpak=talk", rights or "", re.MULTILINE):
        yield gimp
        return
    command = f"flatpak override --user --talk-name=org.freedesktop.Flatpak {FLATPAK_ID}"
    yield replace(
        gimp,
        problem=InstallError(
            "gimp_sandboxed",
            "Flatpak's GIMP may not start the engine, which lies outside its sandbox",
            f"Allow it with: {command}. Then run the installer again.",
        ),
    )


def _snap() -> Iterator[Gimp]:
    """Snap's GIMP sees no hidden folders and starts nothing from outside."""
    for edition, folder in _config_folders(Path.home() / "snap/gimp/current/.config/GIMP"):
        yield Gimp(
            f"GIMP {folder.name} (Snap)",
            folder,
            edition=edition,
            problem=InstallError(
                "gimp_sandboxed",
                "Snap's GIMP cannot start the engine, which lies outside its sandbox",
                "Install GIMP from your system's packages, as AppImage or from Flathub.",
            ),
        )
