"""Files that are read or written in whole, and what goes wrong with them."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from neural_style.errors import NeuralStyleError

Path = str | os.PathLike[str]


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """An ordinary file, open for reading.

    Raises:
        NeuralStyleError: `file_missing` or `cannot_read`.
    """
    name = printable(path)
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):  # opening a pipe could wait for ever
            what = "is a folder" if stat.S_ISDIR(mode) else "is not an ordinary file"
            raise NeuralStyleError("file_missing", f"{name} {what}")
        file = open(path, "rb")  # noqa: SIM115 - closed below, beyond these errors
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise missing("file", path) from error
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror}"
        raise NeuralStyleError("cannot_read", message) from error
    with file:
        yield file


def missing(what: str, path: Path) -> NeuralStyleError:
    """The error to raise where there is no such file or folder, with the reason if it is known:
    quotation marks around a name, or letters that look the same and are stored otherwise, as é is
    one character or two.

    Args:
        what: what it should be.
        path: where.
    """
    given, hint = os.fsdecode(path), None
    for form in ("NFC", "NFD"):
        other = unicodedata.normalize(form, given)
        if other != given and os.path.lexists(other):
            hint = "There is one whose name only looks the same: copy the name from its folder."
    if given[:1] in ("'", '"') and os.path.lexists(given.strip("'\"")):
        hint = "Leave out the quotation marks."
    return NeuralStyleError("file_missing", f"There is no {what} {printable(path)}", hint)


def check_readable(paths: Iterable[Path]) -> None:
    """See whether ordinary files are there, before long work.

    Raises:
        NeuralStyleError: `file_missing` or `cannot_read`.
    """
    for path in paths:
        with opened(path):
            pass


def replace_file(path: Path, data: bytes) -> None:
    """Write under another name first, so that no failure leaves half a file or harms an old one.

    Raises:
        NeuralStyleError: `cannot_write` or `disk_full`.
    """
    target = os.path.realpath(path)  # what is a link stays one
    temporary = os.path.join(os.path.dirname(target), f".{secrets.token_hex(8)}.part")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        with suppress(FileNotFoundError):
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        raise writing_failed(printable(path), error) from error
    finally:
        with suppress(OSError):
            os.unlink(temporary)


def writing_failed(name: str, error: OSError) -> NeuralStyleError:
    """The error to raise: `disk_full` or `cannot_write`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NeuralStyleError("disk_full", f"There is no room left on the disk for {name}")
    return NeuralStyleError("cannot_write", f"{name} cannot be written: {error.strerror}")


def printable(path: Path) -> str:
    """The name for messages, which must be proper Unicode even where file names need not be."""
    return os.fsencode(path).decode("utf-8", "replace")
