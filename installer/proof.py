"""Proof that it works: a picture that the installer draws, painted in a style that it draws.

GIMP is started without a window, asked for the plug-in's procedure and then made to run it.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from installer import machine
from installer.errors import InstallError
from installer.gimps import Gimp, run_code

WIDTH, HEIGHT = 320, 240
SECONDS = 900
CELLS = 8
LIKENESS = 0.5
"""Painted pictures had a correlation of 0.79 and more with the photo; noise stays below 0.4."""
Colour = tuple[float, float, float]


# -- the pictures --------------------------------------------------------------------------------


def draw_pictures(folder: Path) -> tuple[Path, Path]:
    """Write a photo, of a hill and the sun, and a painting, of broad dabs."""
    photo, painting = folder / "photo.png", folder / "painting.png"
    machine.write_file(photo, png(WIDTH, HEIGHT, _landscape))
    dabs = _dabs(260)
    machine.write_file(painting, png(WIDTH // 2, HEIGHT // 2, lambda x, y: _dabbed(dabs, x, y)))
    return photo, painting


def png(width: int, height: int, colour: Callable[[float, float], Colour]) -> bytes:
    """A PNG file of a function of places 0..1 that gives colours 0..1."""
    rows = bytearray()
    for row in range(height):
        rows.append(0)
        for column in range(width):
            values = colour(column / width, row / height)
            rows.extend(round(255 * min(1.0, max(0.0, value))) for value in values)
    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _landscape(x: float, y: float) -> Colour:
    far = 0.52 + 0.07 * math.sin(7 * x + 1) + 0.03 * math.sin(19 * x)
    near = 0.72 + 0.06 * math.sin(4 * x + 4) + 0.015 * math.sin(31 * x)
    if y > near:
        grain = 0.04 * math.sin(90 * x + 40 * y) * math.sin(70 * y)
        return (0.24 + grain, 0.42 - 0.3 * (y - near) + grain, 0.16)
    if y > far:
        return (0.36 + 0.3 * (near - y), 0.45, 0.55 - 0.3 * (y - far))
    if math.hypot((x - 0.72) * WIDTH / HEIGHT, y - 0.22) < 0.09:
        return (1.0, 0.92, 0.62)
    glow = max(0.0, 1 - 2.2 * math.hypot(x - 0.72, y - 0.22))
    return (0.45 + 0.4 * y + 0.3 * glow, 0.65 + 0.2 * y + 0.1 * glow, 0.92 - 0.15 * y)


def _dabs(count: int) -> list[tuple[float, float, float, float, Colour]]:
    """Strokes of a brush: place, direction and colour."""
    dice = random.Random(1)  # noqa: S311
    palette = [(0.1, 0.16, 0.42), (0.16, 0.36, 0.62), (0.93, 0.74, 0.2), (0.86, 0.42, 0.16)]
    palette += [(0.93, 0.9, 0.74), (0.3, 0.5, 0.4)]
    strokes = []
    for _ in range(count):
        x, y = dice.random(), dice.random()
        angle = 2.5 * math.sin(3 * x + 1) + 2 * y
        light = dice.uniform(-0.08, 0.08)
        red, green, blue = dice.choice(palette)
        colour = (red + light, green + light, blue + light)
        strokes.append((x, y, math.cos(angle), math.sin(angle), colour))
    return strokes


def _dabbed(strokes: list[tuple[float, float, float, float, Colour]], x: float, y: float) -> Colour:
    """The colour of the uppermost stroke at a place, or of the bare canvas."""
    for left, top, cosine, sine, (red, green, blue) in strokes:
        along = (x - left) * cosine + (y - top) * sine
        across = (y - top) * cosine - (x - left) * sine
        if (along / 0.11) ** 2 + (across / 0.028) ** 2 < 1:
            hair = 0.07 * math.sin(500 * across)
            return (red + hair, green + hair, blue + hair)
    return (0.82, 0.76, 0.6)


def is_painted(output: Path, photo: Path) -> bool:
    """Whether a picture still shows the photo: a broken card may as well paint noise or nothing.

    Told by the correlation of their green, in cells too large for brush strokes to count.
    """
    try:
        first, second = _cells(output), _cells(photo)
    except (struct.error, zlib.error, LookupError, ArithmeticError):
        return False  # not even a whole picture
    spread = _covariance(first, first) * _covariance(second, second)
    return spread > 0 and _covariance(first, second) > LIKENESS * math.sqrt(spread)


def _cells(path: Path) -> list[float]:
    """The mean green of each of CELLS x CELLS parts of a picture."""
    rows = _read_green(path)
    cells = []
    for top, bottom in itertools.pairwise(len(rows) * i // CELLS for i in range(CELLS + 1)):
        width = len(rows[0])
        for left, right in itertools.pairwise(width * i // CELLS for i in range(CELLS + 1)):
            part = [value for row in rows[top:bottom] for value in row[left:right]]
            cells.append(sum(part) / len(part))
    return cells


def _covariance(first: Sequence[float], second: Sequence[float]) -> float:
    count = len(first)
    mean = sum(first) / count * sum(second) / count
    return sum(a * b for a, b in zip(first, second, strict=True)) / count - mean


def _read_green(path: Path) -> list[bytes]:
    """The green of a PNG file as this installer and the engine write them: RGB in 8 bits."""
    data = path.read_bytes()
    width, height = struct.unpack_from(">2I", data, 16)
    packed, position = b"", 8
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == b"IDAT":
            packed += data[position + 8 : position + 8 + length]
        position += length + 12
    rows = zlib.decompress(packed)
    above, green = bytes(3 * width), []
    for start in range(0, height * (3 * width + 1), 3 * width + 1):
        above = _unfilter(rows[start], rows[start + 1 : start + 3 * width + 1], above)
        green.append(above[1::3])
    return green


def _unfilter(kind: int, row: bytes, above: bytes) -> bytes:
    """A row of a PNG file, which holds differences to the pixels at its left and above it."""
    known = bytearray(3)  # the pixel left of the first
    corners = bytes(3) + above
    for value, up, corner in zip(row, above, corners, strict=False):
        left = known[-3]
        guess = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]
        known.append((value + guess) % 256)
    return bytes(known[3:])


def _paeth(left: int, up: int, corner: int) -> int:
    return min((left, up, corner), key=lambda value: abs(left + up - corner - value))


# -- painting ------------------------------------------------------------------------------------


def paint_with_engine(python: Path, output: Path, folder: Path, size: int = 0) -> None:
    """Run the main job through `neural-style`, at the photo's own size or another.

    Raises:
        InstallError: `painting_failed`, also for a picture that does not show the photo.
    """
    photo, painting = draw_pictures(folder)
    command = ["-m", "neural_style.cli", "stylize", photo, painting]
    options = ["-o", output, "--network", "compact", "--size", str(size)]
    done = machine.run_python(python, *command, *options, timeout=SECONDS)
    if done.returncode != 0 or not output.is_file():
        detail = machine.last_lines(done.stderr, 1) or f"status {done.returncode}"
        raise InstallError("painting_failed", f"The engine could not paint: {detail}".rstrip("."))
    if not is_painted(output, photo):
        raise InstallError("painting_failed", f"The engine painted a wrong picture: {output}")


def paint_with_gimp(gimp: Gimp, output: Path, folder: Path) -> None:
    """Run the main job through GIMP.

    Raises:
        InstallError: `painting_failed`, or as `run_code`.
    """
    photo, painting = draw_pictures(folder)
    machine.remove(output)
    paths = {"photo": photo, "painting": painting, "output": output, "plugin": gimp.plugin}
    literal = repr(json.dumps({name: str(path) for name, path in paths.items()}))
    said = run_code(gimp, gimp.edition.paint.replace("PATHS", literal), SECONDS)
    if "PAINTED" not in said or not output.is_file():
        what = f"{gimp.name} could not paint: {_reason(said)}".rstrip(".")
        raise InstallError("painting_failed", what)


def _reason(said: str) -> str:
    """Why GIMP could not paint: the plug-in's last sentence with a code, or else Python's."""
    for mark in (r"\[\w+\]$", r"^\w+(Error|Exception)\b"):
        if lines := [line for line in said.splitlines() if re.search(mark, line)]:
            who = r"^(\w+(Error|Exception)|[\w .]+-\w+): "  # the second as "Neural Style-Warning"
            return re.sub(who, "", lines[-1])
    return machine.last_lines(said, 1)
