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


class LockedFolder(object):
    """A folder that is this process's until it is closed; `path(name)` names a file in it.

    Raises:
        IOError, OSError: it is not there, or another process's.
    """

    def __init__(self, folder):
        self._folder = folder
        path = os.path.join(folder, LOCK)
        if fcntl is None and os.path.exists(path):
            os.remove(path)  # Windows refuses while the owner has it open
        self._lock = open(path, "wb")
        if fcntl:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (IOError, OSError):
                self._lock.close()
                raise

    def path(self, name=""):
        """A file's path, or the folder's own."""
        return os.path.join(self._folder, name) if name else self._folder

    def names(self):
        """The names of the files in it."""
        return [name for name in os.listdir(self._folder) if name != LOCK]

    def close(self, remove=True):
        if fcntl is None:
            self._lock.close()  # Windows removes no open file
        if remove:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()


class TempFolder(LockedFolder):
    """A new one, for as long as this run lasts."""

    def __init__(self):
        try:
            folder = tempfile.mkdtemp(prefix=PREFIX, dir=_base())
        except (IOError, OSError) as error:
            raise writable(error)
        try:
            LockedFolder.__init__(self, folder)
        except (IOError, OSError) as error:
            shutil.rmtree(folder, ignore_errors=True)  # nobody would sweep it
            raise writable(error)


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
        if _is_ours(folder) and is_free(os.path.join(folder, LOCK)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder):
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    owner = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return owner and stat.S_ISDIR(status.st_mode)


def is_free(lock):
    """Whether nobody has that file locked; without a file its folder is one just being made."""
    try:
        if fcntl is None:
            os.remove(lock)  # Windows refuses while the owner has it open
            open(lock, "wb").close()
            return True
        with open(lock, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except (IOError, OSError):
        return False
