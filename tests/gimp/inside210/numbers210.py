"""The bytes of GIMP 2.10's drawables as numbers and back, without GIMP's help.

A picture is non-linear sRGB with alpha, four floats a pixel. A form is GIMP's number of the
precision, whether the picture is grey, has alpha, and is in the profile of wide.py.
"""

import array
import math

import wide

INTEGERS = {1: ("B", 255.0), 2: ("H", 65535.0), 3: ("I", 4294967295.0)}
FLOATS = {6: "f", 7: "d"}


def decoded(data, precision, grey, alpha, profile):
    stored = _numbers(data, precision // 100)
    linear = precision % 100 < 50
    colours = 1 if grey else 3
    values = array.array("f")
    for start in range(0, len(stored), colours + alpha):
        colour = list(stored[start : start + colours]) * (3 if grey else 1)
        if profile:
            colour = wide.to_srgb(colour, linear)
        elif linear:
            colour = [from_linear(value) for value in colour]
        values.extend(colour + [stored[start + colours] if alpha else 1.0])
    return values


def encoded(values, precision, grey, alpha, profile):
    linear = precision % 100 < 50
    stored = []
    for start in range(0, len(values), 4):
        colour = list(values[start : start + (1 if grey else 3)])
        if profile:
            colour = wide.from_srgb(colour, linear)
        elif linear:
            colour = [to_linear(value) for value in colour]
        stored.extend(colour + ([values[start + 3]] if alpha else []))
    return _bytes(stored, precision // 100)


def _numbers(data, kind):
    if kind == 5:
        return [_from_half(bits) for bits in array.array("H", data)]
    if kind in FLOATS:
        return array.array(FLOATS[kind], data)
    code, most = INTEGERS[kind]
    return [value / most for value in array.array(code, data)]


def _bytes(numbers, kind):
    if kind == 5:
        return array.array("H", [_to_half(number) for number in numbers]).tostring()
    if kind in FLOATS:
        return array.array(FLOATS[kind], numbers).tostring()
    code, most = INTEGERS[kind]
    whole = [int(round(min(1.0, max(0.0, number)) * most)) for number in numbers]
    return array.array(code, whole).tostring()


def _from_half(bits):
    sign = -1.0 if bits & 0x8000 else 1.0
    exponent, mantissa = bits >> 10 & 31, bits & 1023
    assert exponent < 31, "not a number"
    return sign * math.ldexp(mantissa + (1024 if exponent else 0), max(exponent, 1) - 25)


def _to_half(number):
    """For numbers from 0 to 1, those near 0 to the nearest one that is not subnormal or to 0."""
    mantissa, exponent = math.frexp(number)
    if exponent < -13:
        return 0
    return (exponent + 14 << 10) + int(round(mantissa * 2048)) - 1024


def from_linear(value):
    if value <= 0.0031308:
        return 12.92 * value
    return 1.055 * value ** (1 / 2.4) - 0.055


def to_linear(value):
    if value <= 0.04045:
        return value / 12.92
    return ((value + 0.055) / 1.055) ** 2.4
