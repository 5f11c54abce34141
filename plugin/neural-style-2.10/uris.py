# SPDX-License-Identifier: GPL-3.0-or-later
"""Style pictures as URIs, as GIMP 3 has them, and as the paths of GIMP 2.10: bytes in UTF-8."""

import os
import sys

if sys.version_info[0] > 2:
    from urllib.parse import quote
    from urllib.parse import unquote_to_bytes as unquote
else:
    from urllib import quote, unquote

from paths import native


def from_path(path):
    """A path as Python-Fu has it, made absolute, as a URI in ASCII."""
    path = os.path.abspath(native(path))
    if not isinstance(path, bytes):
        path = path.encode("utf-8")
    if os.name == "nt":
        path = path.replace(b"\\", b"/")
        path = path[2:] if path.startswith(b"//") else b"/" + path
    # Python 2.7's quote gives bytes.
    return ("file://" + quote(path, safe="/:")).encode("ascii").decode("ascii")


def to_path(uri):
    """The path for GIMP; other places than files stay URIs, which GIMP opens too."""
    uri = uri.encode("ascii")
    if not uri.startswith(b"file://"):
        return uri
    path = unquote(uri[len("file://") :])
    if os.name != "nt":
        return path
    # /C:/folder/file, or server/folder/file
    return (path[1:] if path.startswith(b"/") else b"//" + path).replace(b"/", b"\\")


def name_of(uri):
    """The file's name, to be shown."""
    return unquote(uri.encode("ascii")).rpartition(b"/")[2].decode("utf-8", "replace")
