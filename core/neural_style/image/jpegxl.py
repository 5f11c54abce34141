"""JPEG XL. libjxl, in imagecodecs, decodes the pixels; what they mean stands in the file's header.

Its colour profile cannot be had from imagecodecs, and the other libraries reduce pictures to 8 bits
or may not be used by every program. So the header (ISO 18181-1, annexes B to E) is read here.
"""

from __future__ import annotations

from dataclasses import dataclass

import imagecodecs

from neural_style.image.heif import Decoded
from neural_style.image.profiles import is_known, profile_of

CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
MAGIC = (b"\xff\x0a", CONTAINER)

_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_PRIMARIES = {1: 1, 9: 9, 11: 12}
"""JPEG XL's numbers of primaries as those of H.273; where they differ, the white is D65 here."""


@dataclass(frozen=True)
class Header:
    """What the pixels are.

    Attributes:
        width: in pixels, before the picture is turned.
        height: the same.
        bits: per channel, 0 for floats.
        profile: an ICC profile of colours that are named by numbers, None for sRGB.
        guessed: whether there are colours that cannot be converted.
    """

    width: int
    height: int
    bits: int = 8
    profile: bytes | None = None
    guessed: bool = False


def original_jpeg(data: bytes) -> bytes | None:
    """The JPEG file that was packed into this one without loss, if it was."""
    if data.startswith(CONTAINER) and any(kind == b"jbrd" for kind, _ in _boxes(data)):
        return bytes(imagecodecs.jpegxl_decode_jpeg(data, numthreads=1))
    return None


def decode_jpegxl(data: bytes, header: Header) -> Decoded:
    """Decode the first frame; libjxl turns it as the file says, whatever EXIF says.

    Raises:
        Exception: whatever libjxl makes of a damaged file.
    """
    array = imagecodecs.jpegxl_decode(data, index=0)
    bits = 0 if array.dtype.kind == "f" else header.bits
    return Decoded(array, bits, header.profile, guessed=header.guessed)


def read_header(data: bytes) -> Header:
    """Read the header of a JPEG XL file.

    Raises:
        EOFError: if the file ends within it.
    """
    stream = data
    if data.startswith(CONTAINER):
        parts = [(kind, content) for kind, content in _boxes(data) if kind in (b"jxlc", b"jxlp")]
        stream = b"".join(content[4 * (kind == b"jxlp") :] for kind, content in parts)
    bits = _Bits(stream[2:1000])
    width, height = _size(bits)
    if bits.take(1):  # the usual
        return Header(width, height)
    if bits.take(1):
        bits.take(3)  # orientation
        if bits.take(1):
            _size(bits)
        if bits.take(1):
            _preview(bits)
        if bits.take(1):
            _animation(bits)
    depth = _depth(bits)
    bits.take(1)
    for _ in range(bits.choice(0, 1, (4, 2), (12, 1))):
        _extra_channel(bits)
    transformed = bool(bits.take(1))  # by the encoder, which named colours to change back to
    if bits.take(1):
        return Header(width, height, depth)
    embedded, space = bool(bits.take(1)), bits.enumeration()
    if embedded:  # the pixels are in sRGB, or else in the profile's own colours
        return Header(width, height, depth, None, not transformed)
    if space not in (0, 1):
        return Header(width, height, depth, None, space != 2)
    if custom_white := bits.enumeration() == 2:
        _point(bits)
    primaries = _PRIMARIES.get(bits.enumeration(), 0) if space == 0 else 1
    if primaries == 0:
        return Header(width, height, depth, None, True)
    transfer = 0
    if bits.take(1):  # a power, counted in ten millionths
        transfer = 4 if abs(bits.take(24) / 1e7 - 1 / 2.2) < 0.01 else 0
    else:
        transfer = bits.enumeration()
    known = is_known(primaries, transfer) and transfer != 0 and not custom_white
    profile = profile_of(primaries, transfer) if known else None
    return Header(width, height, depth, profile, not known)


class _Bits:
    """Numbers of so many bits, the lowest first."""

    def __init__(self, data: bytes) -> None:
        self.value, self.left = int.from_bytes(data, "little"), 8 * len(data)

    def take(self, count: int) -> int:
        if count > self.left:
            raise EOFError
        number = self.value & ((1 << count) - 1)
        self.value, self.left = self.value >> count, self.left - count
        return number

    def choice(self, *choices: int | tuple[int, int]) -> int:
        """One of four: a number, or so many bits and what is added to them."""
        chosen = choices[self.take(2)]
        return chosen if isinstance(chosen, int) else self.take(chosen[0]) + chosen[1]

    def enumeration(self) -> int:
        return self.choice(0, 1, (4, 2), (6, 18))


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)

    def side() -> int:
        if small:
            return 8 * (bits.take(5) + 1)
        return bits.choice((9, 1), (13, 1), (18, 1), (30, 1))

    height, ratio = side(), bits.take(3)
    if ratio:
        times, parts = _RATIOS[ratio - 1]
        return height * times // parts, height
    return side(), height


def _preview(bits: _Bits) -> None:
    eighths = bits.take(1)

    def side() -> int:
        if eighths:
            return bits.choice(16, 32, (5, 1), (9, 33))
        return bits.choice((6, 1), (8, 65), (10, 321), (12, 1345))

    side()
    if not bits.take(3):
        side()


def _animation(bits: _Bits) -> None:
    bits.choice(100, 1000, (10, 1), (30, 1))
    bits.choice(1, 1001, (8, 1), (10, 1))
    bits.choice(0, (3, 0), (16, 0), (32, 0))
    bits.take(1)


def _depth(bits: _Bits) -> int:
    """Bits per sample, 0 for floats."""
    if bits.take(1):
        bits.choice(32, 16, 24, (6, 1))
        bits.take(4)
        return 0
    return bits.choice(8, 10, 12, (6, 1))


def _extra_channel(bits: _Bits) -> None:
    if bits.take(1):  # the usual alpha
        return
    kind = bits.enumeration()
    _depth(bits)
    bits.choice(0, 3, 4, (3, 1))
    bits.take(8 * bits.choice(0, (4, 0), (5, 16), (10, 48)))
    if kind == 0:
        bits.take(1)
    elif kind == 2:  # a spot colour
        bits.take(64)
    elif kind == 5:  # of a camera's filter
        bits.choice(1, (2, 0), (4, 3), (8, 19))


def _point(bits: _Bits) -> None:
    for _ in "xy":
        bits.choice((19, 0), (19, 1 << 19), (20, 1 << 20), (21, 1 << 21))


def _boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and content of the boxes of a container."""
    boxes, place = [], 0
    while place + 8 <= len(data):
        length, start = int.from_bytes(data[place : place + 4], "big"), place + 8
        if length == 1:
            length, start = int.from_bytes(data[start : start + 8], "big"), start + 8
        end = place + length if length else len(data)
        boxes.append((data[place + 4 : place + 8], data[start:end]))
        if end <= place:
            break
        place = end
    return boxes
