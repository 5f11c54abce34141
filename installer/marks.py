"""Folders that the installer may remove: those that it made itself, and marked before all else."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from installer import machine
from installer.errors import of_file

MARK = "made-by-neural-style"
"""The file that says so."""

ABOUT = (
    b"The installer of Neural Style made this folder, and may remove it with all that is in it.\n"
)


def make(folder: Path) -> Path:
    """The folder, made if need be, and marked if nothing is in it yet.

    Raises:
        InstallError: `cannot_write` or `disk_full`.
    """
    machine.make_folder(folder)
    if not any(folder.iterdir()):
        mark(folder)
    return folder


def mark(folder: Path) -> None:
    """Say that a folder is ours. The name counts, so that half a file does too.

    Raises:
        InstallError: `cannot_write` or `disk_full`.
    """
    try:
        (folder / MARK).write_bytes(ABOUT)
    except OSError as error:
        raise of_file(error, folder) from None


def is_ours(folder: Path) -> bool:
    """Whether a folder carries the mark; never one that is only a link to it."""
    return not machine.is_link(folder) and (folder / MARK).is_file()


def hold(file: BinaryIO) -> None:
    """Let `is_held` see that an open file is in use: as long as this process, or one that has the
    file as its standard input, has not ended."""
    if not machine.WINDOWS:  # where it is enough that it is open
        import fcntl

        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_SH)


def is_held(path: Path) -> bool:
    """Whether a process holds a file; not if the file is not there."""
    if not path.exists():
        return False
    if machine.WINDOWS:  # which renames no file that a process has open, not even to its own name
        try:
            os.rename(path, path)
        except OSError:
            return True
        return False
    import fcntl

    # For writing, as network file systems want it for such a lock.
    with suppress(OSError), path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def remove(folder: Path) -> None:
    """Remove a folder of ours, its mark last: interrupted, the next run goes on."""
    if not is_ours(folder):
        return
    for path in folder.iterdir():
        if path.name != MARK:
            machine.remove(path)
    if [path.name for path in folder.iterdir()] == [MARK]:
        machine.remove(folder / MARK)
        try:
            folder.rmdir()
        except OSError:  # what was killed while making it may still have a child that writes
            mark(folder)
