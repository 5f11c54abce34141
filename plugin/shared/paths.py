# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of files in both Pythons, and writing one whole. Python 2.7 can run it."""

import os
import sys
import tempfile


def native(path):
    """A path from GIMP, a note or a message as this Python's functions for files want it.

    In Python 2.7, but for Windows, that is bytes; all that GIMP and the engine say is UTF-8.
    """
    if sys.version_info[0] > 2:
        return path
    if os.name == "nt":
        return path.decode("utf-8") if isinstance(path, bytes) else path
    return path if isinstance(path, bytes) else path.encode("utf-8")


def argument(word):
    """A word of a command line as this Python's subprocess wants it."""
    if sys.version_info[0] == 2 and os.name == "nt" and not isinstance(word, bytes):
        return word.encode("mbcs")  # the system's code page; what is not in it cannot be said
    return native(word)


def replace(path, data):
    """Write a file of bytes for its owner alone; whoever reads it meanwhile sees the old one.

    Raises:
        IOError, OSError: it cannot be written; the old one is still there.
    """
    folder, name = os.path.split(path)
    stem, ending = os.path.splitext(name)
    handle, new = tempfile.mkstemp(ending, stem + "-", folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if os.name == "nt" and sys.version_info[0] == 2 and os.path.exists(path):
            os.remove(path)  # its rename does not replace
        getattr(os, "replace", os.rename)(new, path)
    except (IOError, OSError):
        os.remove(new)
        raise
