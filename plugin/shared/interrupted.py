# SPDX-License-Identifier: GPL-3.0-or-later
"""Paintings that were interrupted: what the engine keeps of each, and what it was to be.

Each painting has a folder of its own in GIMP's, locked while somebody works on it. The engine
writes a checkpoint there, the first after some minutes, and the plug-in a note. Both are gone when
the painting is there or was cancelled; after a crash or a failure they stay. Standard library
only, and Python 2.7 can run it.
"""

import io
import json
import os
import shutil
import tempfile
import time

import host
import schema
from paths import replace
from tempfolder import LOCK, LockedFolder, is_free

FOLDER = "neural-style-interrupted"
CHECKPOINT, NOTE = "checkpoint", "note.json"
KEEP_DAYS = 30


class Kept(LockedFolder):
    """What is kept of a painting that somebody works on."""

    @property
    def checkpoint(self):
        """The engine's file."""
        return self.path(CHECKPOINT)

    def write(self, what, how, fraction):
        """Write down that the checkpoint was written: `what` is painted, `how`, and how far it is.

        Without a note nobody will be offered to go on.
        """
        note = {"what": what, "how": how, "fraction": fraction}
        try:
            replace(self.path(NOTE), json.dumps(note).encode("ascii"))
        except (IOError, OSError):
            pass

    def close(self, remove=True):
        """Remove it, or leave it to whoever goes on, if there is something to go on from."""
        is_complete = all(os.path.exists(self.path(name)) for name in (CHECKPOINT, NOTE))
        LockedFolder.close(self, remove or not is_complete)


class Interrupted(object):
    """A painting that was interrupted: `how` it was to be painted, and the `fraction` done."""

    def __init__(self, folder, note):
        self._folder = folder
        self.how = note["how"]
        self.fraction = note["fraction"]

    def take(self):
        """Go on with it: what is kept, or None if that is gone or somebody else's meanwhile."""
        try:
            return Kept(self._folder)
        except (IOError, OSError):
            return None

    def forget(self):
        kept = self.take()
        if kept:
            kept.close()


def begin():
    """Where the next painting is kept, or None where nothing can be written."""
    base = host.config_file(FOLDER)
    _sweep(base)
    try:
        if not os.path.isdir(base):
            os.mkdir(base, 0o700)
        return Kept(tempfile.mkdtemp(dir=base))
    except (IOError, OSError):
        return None


def find(what):
    """The last painting of the same that was interrupted, or None."""
    what = json.loads(json.dumps(what))  # as it is read
    found = []
    for folder in _free(host.config_file(FOLDER)):
        note = _note(folder)
        if note and note["what"] == what:
            found.append((_age(folder), Interrupted(folder, note)))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _note(folder):
    """What is known of a painting to go on with, or None."""
    try:
        with io.open(os.path.join(folder, NOTE), "rb") as file:
            note = schema.interrupted(file.read())
    except (IOError, OSError, ValueError):
        return None
    return note if os.path.exists(os.path.join(folder, CHECKPOINT)) else None


def _age(folder):
    """Seconds since it was kept."""
    try:
        return time.time() - os.path.getmtime(os.path.join(folder, NOTE))
    except OSError:  # it was forgotten just now
        return float("inf")


def _free(base):
    """The folders that nobody works on."""
    try:
        folders = [os.path.join(base, name) for name in os.listdir(base)]
    except OSError:
        return []
    return [folder for folder in folders if is_free(os.path.join(folder, LOCK))]


def _sweep(base):
    """Remove what is old, and what was killed before there was anything to go on from."""
    for folder in _free(base):
        if _note(folder) is None or _age(folder) > KEEP_DAYS * 86400:
            shutil.rmtree(folder, ignore_errors=True)
