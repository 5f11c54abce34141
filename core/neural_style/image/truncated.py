"""Pictures that lack their end, as cameras and broken copies leave them.

Decoders refuse them or fill the rest with grey or black, and do not say how much that is.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

MOST_MISSING = 0.01
"""The part of a picture that may be missing: hardly seen, once it is filled."""

_END_OF_IMAGE = b"\xff\xd9"

_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
_ADAM7 += ((0, 1, 1, 2),)
"""First column and row of each pass of an interlaced PNG, and from one to the next."""


def whole_jpeg(data: bytes) -> Image.Image | None:
    """A JPEG without its end, decoded, each missing pixel filled with the one above.

    Returns:
        The picture with its metadata, loaded; None if more than `MOST_MISSING` lacks.

    Raises:
        Exception: whatever Pillow raises where the file is damaged otherwise.
    """
    data = data.removesuffix(b"\xff")  # half a marker
    if not _all_scans_began(data):
        return None
    image = Image.open(io.BytesIO(data + _END_OF_IMAGE))
    pixels = np.asarray(image)
    other = np.asarray(Image.open(io.BytesIO(data + _noise(data) + _END_OF_IMAGE)))
    # What depends on what comes next is not in the file. Of a progressive file, these may also be
    # pixels that lack no more than their last bit.
    missing = (pixels != other).reshape(*pixels.shape[:2], -1).any(2)
    if missing.mean() > MOST_MISSING or missing[0].any():
        return None
    rows = np.where(missing, 0, np.arange(len(missing))[:, None])
    filled = pixels[np.maximum.accumulate(rows), np.arange(missing.shape[1])]
    image.paste(Image.fromarray(filled, image.mode))
    return image


def _all_scans_began(data: bytes) -> bool:
    """Whether every coefficient of every component is in the file, at least for the first blocks.

    A baseline file has one scan for all; a progressive one many, each more precise.
    """
    frame = max(data.rfind(b"\xff" + bytes([kind])) for kind in (0xC0, 0xC1, 0xC2))
    if frame < 0 or len(data) < frame + 10:
        return False
    components, exact = data[frame + 9], 0
    for scan in re.finditer(rb"\xff\xda", data[frame:]):
        start = frame + scan.end()
        count = data[start + 2] if len(data) > start + 2 else 0
        first, last, precision = data[start + 3 + 2 * count :][:3].ljust(3, b"\xff")
        if precision & 15 == 0:
            exact += count * (last - first + 1)
    return exact >= 64 * components


def _noise(data: bytes) -> bytes:
    """Bytes that go on where a JPEG file breaks off: enough to paint as much again."""
    random = np.random.default_rng(0)
    marks = re.findall(rb"\xff[\xd0-\xd7]", data) if b"\xff\xdd\0\4" in data else []
    if not marks:
        return random.integers(0, 255, max(len(data), 1 << 20), dtype=np.uint8).tobytes()
    # With restart markers, a decoder reads on only behind the next one; their numbers go round.
    blocks = random.integers(0, 255, (len(marks) + 8, 4 * len(data) // len(marks)), dtype=np.uint8)
    return b"".join(
        block.tobytes() + bytes([0xFF, 0xD0 + number % 8])
        for number, block in enumerate(blocks, marks[-1][1] - 0xD0 + 1)
    )


def whole_png(data: bytes) -> bytes | None:
    """A PNG file without its end as a whole one, each missing row filled with the one above.

    Returns:
        The file; None if more than `MOST_MISSING` lacks, or if it is damaged otherwise.
    """
    before, packed = [], b""
    for kind, content, good in _png_chunks(data):
        if not good:
            return None
        if kind == b"IDAT":
            packed += content
        elif not packed:
            before.append((kind, content))
    if not before or before[0][0] != b"IHDR" or len(before[0][1]) != 13:
        return None
    lengths = list(_png_rows(before[0][1]))
    total = sum(length * count for length, count in lengths)
    try:
        values = zlib.decompressobj().decompress(packed, total)
    except zlib.error:
        return None
    if len(values) < (1 - MOST_MISSING) * total:
        return None
    rows, place = [], 0
    for length, count in lengths:
        there = min(count, (len(values) - place) // length)
        rows.append(values[place : place + there * length])
        rows.append((b"\2" + bytes(length - 1)) * (count - there))  # "as above", no difference
        place += length * count
    chunks = [*before, (b"IDAT", zlib.compress(b"".join(rows), 1)), (b"IEND", b"")]
    return data[:8] + b"".join(_png_chunk(kind, content) for kind, content in chunks)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Kind and content of each chunk, and whether its checksum is right or cut off."""
    place = 8
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        content, end = data[place + 8 : place + 8 + length], place + 12 + length
        whole = end <= len(data)
        yield kind, content, not whole or _png_chunk(kind, content) == data[place:end]
        place = end


def _png_rows(header: bytes) -> Iterator[tuple[int, int]]:
    """Bytes of a row, with its filter, and number of rows, for each pass."""
    width, height, depth, colours, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    bits = depth * _PNG_CHANNELS.get(colours, 1)
    for column, row, right, down in _ADAM7 if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - column) // right), -(-(height - row) // down)
        if columns > 0 and rows > 0:
            yield 1 + -(-columns * bits // 8), rows
