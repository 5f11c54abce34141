# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as URIs, as GIMP 3 has them, and as the paths of GIMP 2.10: bytes in UTF-8. Python 2.7 can
run it."""

import os
import re
import sys

if sys.version_info[0] > 2:
    from urllib.parse import quote
    from urllib.parse import unquote_to_bytes as unquote
else:
    from urllib import quote, unquote

from paths import native

PLAIN = "/:!$&'()*+,=@~"
"""What stays as it is in a path: as in GLib, since two spellings would be two style pictures."""


def from_path(path):
    """A path as Python-Fu has it, made absolute, as a URI in ASCII."""
    path = os.path.abspath(native(path))
    if not isinstance(path, bytes):
        path = path.encode("utf-8")
    if os.name == "nt":
        path = path.replace(b"\\", b"/")
        # Of a server's folder GLib wants four slashes: between two and three it has the host.
        path = path if path.startswith(b"//") else b"/" + path
    # Python 2.7's quote gives bytes.
    return ("file://" + quote(path, safe=PLAIN)).encode("ascii").decode("ascii")


def to_path(uri):
    """The path for GIMP; other places than files stay URIs, which GIMP opens too."""
    uri = uri.encode("utf-8")
    if not uri.startswith(b"file://"):
        return uri
    path = unquote(uri[len("file://") :])
    if os.name != "nt":
        return path
    # /C:/folder/file, //server/folder/file, or server/folder/file
    if not path.startswith(b"//"):
        path = path[1:] if path.startswith(b"/") else b"//" + path
    return path.replace(b"/", b"\\")


def plain(uri):
    """A file's URI with three slashes: GIMP 3.2 adds one whenever it remembers a file, and two
    spellings would be two style pictures. On Windows, four without a drive are a server's."""
    drive = "(?=[A-Za-z]:)" if os.name == "nt" else ""
    return re.sub("^file:/{3,}" + drive, "file:///", uri)


def name_of(uri):
    """The file's name, to be shown."""
    return unquoted(uri.rstrip("/").rpartition("/")[2])


def quoted(name):
    """A name as a part of a URI in ASCII."""
    return quote(name.encode("utf-8"), safe="").encode("ascii").decode("ascii")


def unquoted(part):
    """The name that `quoted` has made a part of a URI."""
    return unquote(part.encode("utf-8")).decode("utf-8", "replace")
