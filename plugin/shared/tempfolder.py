# SPDX-License-Identifier: GPL-3.0-or-later
"""A private folder for one run's raw pictures, and the removal of those left by killed runs.

GIMP ends a plug-in with SIGKILL, so no run can promise to clean up after itself. Each folder
holds a lock file that its owner keeps locked; the next run removes every folder whose lock is
free. Standard library only, and Python 2.7 can run it.
"""

import os
import shutil
import stat
import tempfile

from engine import writable

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

PREFIX = "neural-style-"
LOCK = "in-use"


class TempFolder(object):
    """The folder; `path(name)` names a file in it, `close` removes it."""

    def __init__(self):
        try:
            self._folder = tempfile.mkdtemp(prefix=PREFIX, dir=_base())
        except (IOError, OSError) as error:
            raise writable(error)
        try:
            self._lock = open(os.path.join(self._folder, LOCK), "wb")
        except (IOError, OSError) as error:
            shutil.rmtree(self._folder, ignore_errors=True)  # nobody would sweep it
            raise writable(error)
        if fcntl:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def path(self, name=""):
        """A file's path, or the folder's own."""
        return os.path.join(self._folder, name) if name else self._folder

    def close(self):
        self._lock.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _base():
    base = tempfile.gettempdir()
    # Windows with Python 2.7: its bytes are in the system's code page, and messages are Unicode.
    return base.decode("mbcs") if os.name == "nt" and isinstance(base, bytes) else base


def sweep():
    """Remove the folders of runs that are over."""
    base = _base()
    try:
        names = [name for name in os.listdir(base) if name.startswith(PREFIX)]
    except OSError:
        return
    for name in names:
        folder = os.path.join(base, name)
        if _is_ours(folder) and _is_free(os.path.join(folder, LOCK)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder):
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    owner = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return owner and stat.S_ISDIR(status.st_mode)


def _is_free(lock):
    # A folder without a lock file is one that is just being made.
    try:
        if fcntl is None:
            os.remove(lock)  # Windows refuses while the owner has it open
            return True
        with open(lock, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except (IOError, OSError):
        return False
