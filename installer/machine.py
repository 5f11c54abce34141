"""This computer: its folders, its disk and its processes."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from installer.errors import InstallError, of_file
from neural_style.folders import MACOS, WINDOWS, windows_folder, xdg_folder

ROOT = Path(__file__).resolve().parent.parent
"""The checkout that this installer belongs to."""


# -- folders -------------------------------------------------------------------------------------


def config_base() -> Path:
    """The folder in which GIMP's own configuration folder lies."""
    if WINDOWS:
        return windows_folder("APPDATA", "AppData/Roaming")
    if MACOS:
        return Path.home() / "Library" / "Application Support"
    return xdg_folder("XDG_CONFIG_HOME") or Path.home() / ".config"


def make_folder(folder: Path) -> Path:
    """The folder, made if need be.

    Raises:
        InstallError: `cannot_write` or `disk_full`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise of_file(error, folder) from None
    if not os.access(folder, os.W_OK):
        raise InstallError("cannot_write", f"{folder} may not be written to")
    return folder


def require_space(folder: Path, size: int, purpose: str) -> None:
    """Refuse to begin what cannot end for want of disk space.

    Raises:
        InstallError: `disk_full`.
    """
    free = free_space(folder)
    if free < size:
        raise InstallError(
            "disk_full", f"{purpose} needs {words(size)} in {folder}, and {words(free)} are free"
        )


def free_space(folder: Path) -> int:
    """Free bytes on the disk where a folder is or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def words(size: float) -> str:
    """A number of bytes as people write it."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def is_link(path: Path) -> bool:
    """Whether a path is a link, on Windows also a junction, which is no symbolic link."""
    try:
        os.readlink(path)
    except (OSError, ValueError):
        return False
    return True


def remove(path: Path) -> None:
    """Remove a file, link or folder; what cannot be removed now is left for the next run."""
    if path.is_dir() and not is_link(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


# -- notes ---------------------------------------------------------------------------------------


def read_note(path: Path) -> dict[str, Any]:
    """A JSON file of the installer; empty if it is missing or nonsense."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def write_note(path: Path, note: Mapping[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    write_file(path, json_bytes(note))


def json_bytes(note: Mapping[str, Any]) -> bytes:
    return (json.dumps(note, indent=2, ensure_ascii=False) + "\n").encode()


def write_file(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all, also if the power fails meanwhile.

    Raises:
        InstallError: `cannot_write` or `disk_full`.
    """
    new = path.with_name(path.name + ".new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError as error:
        remove(new)
        raise of_file(error, path) from None


def checksum(path: Path) -> str:
    """A file's SHA-256."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            hasher.update(block)
    return hasher.hexdigest()


# -- processes -----------------------------------------------------------------------------------

ISOLATED = ("-I", "-X", "utf8")
"""Python's options for a Python of our own. With the first it ignores its variables, such as
PYTHONPATH and PYTHONHOME, the user's packages and the working directory: all may hold the numpy of
some other program. So whoever wants other settings of Python cannot have them here."""
LAUNCHER_VARIABLES = ("PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__")
"""These Python heeds in spite of it, and takes itself for the program that they name."""
FOREIGN = (
    *LAUNCHER_VARIABLES,
    "VIRTUAL_ENV",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_PYTHON",
)
"""What would lead another Python, or its pip, somewhere else; besides all that is Python's own."""


def environment(**more: str) -> dict[str, str]:
    """The environment without what is meant for some other Python, with some more."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in FOREIGN and not name.startswith("PYTHON")
    }
    return {**clean, **more}


def run(
    command: Sequence[str | Path],
    timeout: float | None = None,
    show: bool = False,
    environment: Mapping[str, str] | None = None,
    stdin: BinaryIO | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; status 124 if that took too long, 127 if it cannot be started.

    `show` lets its standard output through to the terminal; `stdin` is a file to read from.
    """
    words = [str(word) for word in command]
    try:
        return subprocess.run(  # noqa: S603
            words,
            stdin=stdin or subprocess.DEVNULL,
            stdout=None if show else subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            env=environment,
            check=False,
            preexec_fn=_die_with_parent if sys.platform.startswith("linux") else None,
            creationflags=0x08000000 if WINDOWS else 0,  # CREATE_NO_WINDOW
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, 124, "", f"no end after {timeout:.0f} seconds")
    except OSError as error:
        return subprocess.CompletedProcess(words, 127, "", str(error))


def run_python(
    python: str | Path,
    *arguments: str | Path,
    timeout: float | None = None,
    show: bool = False,
    stdin: BinaryIO | None = None,
    **more: str,
) -> subprocess.CompletedProcess[str]:
    """Run a Python, isolated, with some more variables in its environment; see `run`."""
    return run([python, *ISOLATED, *arguments], timeout, show, environment(**more), stdin)


def quoted(path: Path) -> str:
    """A path as one types it."""
    return f'"{path}"' if WINDOWS and " " in str(path) else shlex.quote(str(path))


def _die_with_parent() -> None:
    """In the child: a killed installer must leave no pip behind that still writes."""
    import ctypes

    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL


def last_lines(text: str | None, count: int = 3) -> str:
    """The end of what a program said, in one line."""
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return " / ".join(lines[-count:])[-600:]


class Lock:
    """One installer at a time; the system takes the lock back however the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("a+b")
        except OSError as error:
            raise of_file(error, path) from None
        try:
            if WINDOWS:
                import msvcrt

                msvcrt.locking(self._file.fileno(), msvcrt.LK_NBLCK, 1)  # pyright: ignore
            else:
                import fcntl

                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise InstallError("installer_running", "Another installer is at work here") from None

    def remove(self) -> None:
        """Remove the file too, which Windows does only when it is closed."""
        if WINDOWS:
            self._file.close()
        remove(self._path)

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
