"""What of a series is finished: a file of JSON Lines beside the results.

A picture is written under another name, then its line, then it gets its name. So a name stands for
a complete picture; and of a picture whose line is there, either its name is there too or that other
file, which only has to be renamed. After a crash between any two of these nothing is lost.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Annotated, Any

from filelock import FileLock, Timeout
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from neural_style.errors import NeuralStyleError
from neural_style.image import writing_failed

NAME = "neural-style.jsonl"
LOCK, WORK = ".neural-style.lock", ".neural-style.work"
"""A file that is locked, and a folder for what is there only while the series is painted."""

PART = "result.part"


def _below(output: str) -> str:
    """The path, which is refused if it leads out of the folder: a manifest may be a stranger's."""
    path = PurePath(output)
    if path.anchor or ".." in path.parts or not path.parts:
        raise ValueError("It is no path below the folder")
    return output


class Entry(BaseModel):
    """A line: a picture that was painted, or could not be.

    Attributes:
        photo, styles: the files.
        output: the result's path below the folder, with `/`; a line with another path is none.
        key: all that the result depends on, digested; equal keys, equal pictures.
        digest, size, mtime_ns: of the photo's file. As long as its size and time are the same, it
            is not read again to see whether it is.
        settings: all of them.
        seconds: it took.
        result: digest of the result's file.
        code, message: why it could not be painted; None if it could.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    photo: str
    styles: list[str]
    output: Annotated[str, AfterValidator(_below)]
    key: str = ""
    digest: str = ""
    size: int = 0
    mtime_ns: int = 0
    settings: dict[str, Any] = {}
    seconds: float = 0.0
    result: str | None = None
    code: str | None = None
    message: str | None = None


class Manifest:
    """The manifest of a folder, which is locked until it is closed; to be used with `with`.

    Args:
        folder: of the results; it is made if it is not there.

    Raises:
        NeuralStyleError: `batch_busy`, `cannot_write` or `disk_full`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / WORK
        self._path = folder / NAME
        self._lines = threading.Lock()
        self._lock = FileLock(folder / LOCK, timeout=0)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            message = f"Another batch is painting into {folder}"
            raise NeuralStyleError("batch_busy", message) from None
        except OSError as error:
            raise writing_failed(str(folder), error) from error
        try:
            self._entries = {one.output: one for one in self._read() if one.code is None}
            self._recover()
            self.work.mkdir()
        except OSError as error:
            self.close()
            raise writing_failed(str(folder), error) from error

    def __enter__(self) -> Manifest:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave nothing behind but results and the manifest."""
        shutil.rmtree(self.work, ignore_errors=True)
        if os.name != "nt":  # there, an open file cannot be removed, and filelock does it
            (self.folder / LOCK).unlink(missing_ok=True)
        self._lock.release()

    def remove(self) -> None:
        """Remove the results and the list of them; what else is in the folder stays."""
        for output in filter(self.is_own, self._entries):
            path = self.folder / output
            with suppress(OSError):
                path.unlink(missing_ok=True)
                for folder in path.parents:
                    if folder == self.folder:
                        break
                    folder.rmdir()
        with suppress(OSError):
            self._path.unlink()

    def get(self, output: str) -> Entry | None:
        """The line about the finished result of that name, if it was there once."""
        return self._entries.get(output)

    def is_there(self, output: str, key: str) -> bool:
        """Whether that result is finished, and would be the same again."""
        entry = self.get(output)
        same = entry is not None and entry.key == key
        return same and os.path.lexists(self.folder / output)

    def is_own(self, output: str) -> bool:
        """Whether nothing has that name, or the very file that was kept: what was drawn into, or
        put in its place, is somebody's work."""
        path, entry = self.folder / output, self.get(output)
        if not os.path.lexists(path):
            return True
        try:
            return entry is not None and entry.result in (None, _digest(path.read_bytes()))
        except OSError:
            return False

    def finish(self, entry: Entry, picture: bytes) -> Entry:
        """Keep a result; returns its line.

        Raises:
            NeuralStyleError: `cannot_write` or `disk_full`; then there is neither picture nor line.
        """
        entry = entry.model_copy(update={"result": _digest(picture)})
        target = self.folder / entry.output
        with self._lines:
            part = self.work / PART
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with open(part, "wb") as file:
                    file.write(picture)
                    file.flush()
                    os.fsync(file.fileno())
                self._append(entry)
                os.replace(part, target)
            except OSError as error:
                raise writing_failed(str(target), error) from error
            finally:
                with suppress(OSError):
                    part.unlink()
            self._entries[entry.output] = entry
        return entry

    def fail(self, entry: Entry, error: NeuralStyleError) -> Entry:
        """Write down that a picture could not be painted; returns its line."""
        entry = entry.model_copy(update={"code": error.code, "message": error.message})
        with self._lines, suppress(OSError):  # it will be tried again in any case
            self._append(entry)
        return entry

    def _append(self, entry: Entry) -> None:
        line = (entry.model_dump_json(exclude_none=True) + "\n").encode()
        with open(self._path, "ab") as file:
            start = file.tell()
            try:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                with suppress(OSError):  # half a line would be in the way of the next one
                    os.truncate(self._path, start)
                raise

    def _read(self) -> list[Entry]:
        """All lines that are one; of the last only half may have been written."""
        try:
            lines = self._path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        if lines and not lines[-1].endswith(b"\n"):
            os.truncate(self._path, sum(map(len, lines[:-1])))
            lines.pop()
        entries = []
        for line in lines:
            with suppress(ValidationError):
                entries.append(Entry.model_validate_json(line))
        return entries

    def _recover(self) -> None:
        """Give the last picture its name if a crash came between, and forget all else."""
        part = self.work / PART
        with suppress(FileNotFoundError):
            digest = _digest(part.read_bytes())
            for entry in reversed(self._entries.values()):
                if entry.result == digest:
                    os.replace(part, self.folder / entry.output)
                    break
        shutil.rmtree(self.work, ignore_errors=True)


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
