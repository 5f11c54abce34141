# SPDX-License-Identifier: GPL-3.0-or-later
"""Style pictures as URIs, as GIMP 3 has them, and as the paths of GIMP 2.10: bytes in UTF-8."""

import os
import urllib


def from_path(path):
    """A path as Python-Fu has it, made absolute, as a URI in ASCII."""
    path = os.path.abspath(native(path))
    if isinstance(path, unicode):
        path = path.encode("utf-8")
    if os.name == "nt":
        path = path.replace("\\", "/")
        path = path[2:] if path.startswith("//") else "/" + path
    return unicode("file://" + urllib.quote(path, safe="/:"))


def to_path(uri):
    """The path for GIMP; other places than files stay URIs, which GIMP opens too."""
    uri = uri.encode("ascii")
    if not uri.startswith("file://"):
        return uri
    path = urllib.unquote(uri[len("file://") :])
    if os.name != "nt":
        return path
    # /C:/folder/file, or server/folder/file
    return (path[1:] if path.startswith("/") else "//" + path).replace("/", "\\")


def name_of(uri):
    """The file's name, to be shown."""
    return urllib.unquote(uri.encode("ascii")).rpartition("/")[2].decode("utf-8", "replace")


def native(path):
    """A path from GIMP or the engine as this system's functions for files want it."""
    if os.name == "nt":
        return path if isinstance(path, unicode) else path.decode("utf-8")
    return path.encode("utf-8") if isinstance(path, unicode) else path
