"""An ICC profile with wide primaries (those of Adobe RGB), and its colours without GIMP's help."""

import struct

import numbers210

GAMMA = 563 / 256.0
TO_XYZ = (
    (0.60974, 0.20528, 0.14919),
    (0.31111, 0.62567, 0.06322),
    (0.01947, 0.06087, 0.74457),
)
"""Adapted to D50, as the profile has it: its columns are the primaries."""
SRGB_TO_XYZ = (
    (0.43607, 0.38515, 0.14307),
    (0.22249, 0.71687, 0.06061),
    (0.01392, 0.09708, 0.71410),
)
LABEL = "Wide profile of the tests"


def profile():
    """The profile's bytes, as GIMP's procedures take them."""
    tags = []
    for name, primary in zip((b"r", b"g", b"b"), zip(*TO_XYZ)):
        tags += [(name + b"XYZ", _xyz(*primary)), (name + b"TRC", _curve(GAMMA))]
    return _profile(b"RGB ", tags)


def grey_profile(gamma):
    """One for grey images, of that gamma."""
    return _profile(b"GRAY", [(b"kTRC", _curve(gamma))])


def _profile(space, tags):
    label = LABEL.encode("ascii") + b"\0"
    # After the text come Unicode's and Macintosh's, both empty.
    description = b"desc\0\0\0\0" + struct.pack(">I", len(label)) + label + b"\0" * 78
    tags = [
        (b"desc", description),
        (b"cprt", b"text\0\0\0\0None\0"),
        (b"wtpt", _xyz(0.9642, 1.0, 0.8249)),
    ] + tags
    table, body, begin = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags:
        table += name + struct.pack(">II", begin + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    data = _header(space, begin + len(body)) + struct.pack(">I", len(tags)) + table + body
    return tuple(bytearray(data))


def _curve(gamma):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, int(gamma * 256)) + b"\0\0"


def _xyz(*numbers):
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(int(round(x * 65536)) for x in numbers))


def _header(space, size):
    date = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    version_2_4 = 0x02400000
    head = struct.pack(">I4xI", size, version_2_4) + b"mntr" + space + b"XYZ " + date + b"acsp"
    head += b"\0" * 28 + _xyz(0.9642, 1.0, 0.8249)[8:]
    return head + b"\0" * (128 - len(head))


# -- colours -------------------------------------------------------------------------------------


def to_srgb(colour, linear):
    """A colour in the profile, or in its linear light, as non-linear sRGB."""
    light = colour if linear else [_power(value, GAMMA) for value in colour]
    light = _times(_inverse(SRGB_TO_XYZ), _times(TO_XYZ, light))
    return [numbers210.from_linear(value) for value in light]


def from_srgb(colour, linear):
    light = [numbers210.to_linear(value) for value in colour]
    light = _times(_inverse(TO_XYZ), _times(SRGB_TO_XYZ, light))
    return light if linear else [_power(value, 1 / GAMMA) for value in light]


def _power(value, exponent):
    return value**exponent if value > 0 else 0.0


def _times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector)) for row in matrix]


def _inverse(matrix):
    (a, b, c), (d, e, f), (g, h, i) = matrix
    minors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    determinant = a * minors[0][0] + b * minors[1][0] + c * minors[2][0]
    return [[value / determinant for value in row] for row in minors]
