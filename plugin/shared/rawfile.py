# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's raw pictures: rows of red, green, blue and alpha as little-endian 32-bit floats.

Python 2.7 can run it.
"""

import array
import math
import os
import sys

from engine import writable
from messages import PluginError
from paths import native

PIXEL_BYTES = 16
STRIP_BYTES = 16 * 2**20


def strips(row_bytes, height):
    """Pairs of first row and the one after the last: strips that do not take much memory."""
    rows = max(1, STRIP_BYTES // row_bytes)
    return [(top, min(top + rows, height)) for top in range(0, height, rows)]


def write(path, parts):
    """Write a file of these bytes."""
    try:
        with open(path, "wb") as file:
            for part in parts:
                file.write(part)
    except (IOError, OSError) as error:
        raise writable(error)


def read(message):
    """The bytes of a file that the engine wrote; checks that they are all there."""
    path, width, height = native(message["file"]), message["width"], message["height"]
    try:
        size = os.path.getsize(path)
        if size != width * height * PIXEL_BYTES:
            what = "%d bytes for %d x %d pixels" % (size, width, height)
            raise PluginError("bad_result", what)
        with open(path, "rb") as file:
            return file.read()
    except (IOError, OSError) as error:
        raise writable(error)


def read_result(message, region):
    """The same for a picture at full size."""
    size, wanted = (message["width"], message["height"]), (region.width, region.height)
    if size != wanted:
        raise PluginError("bad_result", "%d x %d instead of %d x %d pixels" % (size + wanted))
    return read(message)


def numbers(data):
    """A part's floats in this machine's order; they are numbers, or it is `bad_result`."""
    values = array.array("f")
    values.frombytes(data) if sys.version_info[0] > 2 else values.fromstring(data)
    if sys.byteorder == "big":
        values.byteswap()
    total = sum(values)
    if math.isnan(total) or math.isinf(total):
        raise PluginError("bad_result", "some of its values are not numbers")
    return values
