# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures of files, where file managers and GIMP keep theirs too. Python 2.7 can run it.

The rules are those of the Thumbnail Managing Standard (freedesktop.org): a PNG named by the MD5 of
the file's URI, which says of which file, changed when, it was made; else it is none of it.
"""

import hashlib
import os
import struct
import sys

from paths import replace

SIZES = (("normal", 128), ("large", 256))
"""Folders, and the longest side of the pictures in them."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"
LONGEST_TEXT = 65536


def folder():
    """Where the folders of thumbnails are."""
    home = os.path.expanduser("~")
    if os.name == "nt":
        cache = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        cache = os.path.join(home, "Library", "Caches")
    else:
        cache = os.environ.get("XDG_CACHE_HOME", "")
        cache = cache if os.path.isabs(cache) else os.path.join(home, ".cache")
    return os.path.join(cache, "thumbnails")


def side_for(longest):
    """How large a thumbnail is made to be shown with that longer side; 0 if none is so large."""
    return min([side for _name, side in SIZES if side >= longest] or [0])


def path_of(uri, side):
    """Where the thumbnail of a file, at most `side` large, is or would be."""
    name = hashlib.md5(uri.encode("utf-8")).hexdigest() + ".png"  # noqa: S324 - the standard's
    return os.path.join(folder(), dict((s, name) for name, s in SIZES)[side], name)


def facts(uri, path):
    """What a thumbnail has to say of its file.

    Raises:
        OSError: the file is not there.
    """
    return {"Thumb::URI": uri, "Thumb::MTime": "%d" % os.stat(path).st_mtime}


def is_valid(thumbnail, wanted):
    """Whether a file is a thumbnail that says all the `facts` wanted."""
    try:
        with open(thumbnail, "rb") as file:
            said = texts(file)
    except (IOError, OSError):
        return False
    return all(said.get(key) == value for key, value in wanted.items())


def texts(file):
    """A PNG's texts by keyword; none if the file is none."""
    found = {}
    if file.read(8) != SIGNATURE:
        return found
    while True:
        head = file.read(8)
        if len(head) < 8:
            return found
        length, kind = struct.unpack(">I4s", head)
        if kind == b"tEXt" and length <= LONGEST_TEXT:
            key, _zero, text = file.read(length).partition(b"\0")
            found[key.decode("latin-1")] = text.decode("latin-1")
            length = 0
        file.seek(length + 4, os.SEEK_CUR)


def keep(thumbnail, data):
    """Write a thumbnail's PNG for the user alone; nothing is lost if it cannot be written."""
    place = os.path.dirname(thumbnail)
    try:
        for each in (folder(), place):
            if not os.path.isdir(each):
                os.makedirs(each, 0o700)
        replace(thumbnail, data)
    except (IOError, OSError):
        pass  # it is made anew the next time
