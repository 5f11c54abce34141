"""Which pictures there are, and the files they are kept in."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from styles import (
    batik,
    charcoal,
    grainy_print,
    hatching,
    impasto,
    ink_wash,
    low_poly,
    marbling,
    mosaic,
    pointillism,
    stained_glass,
    woodcut,
)

DRAWN = {
    "impasto": impasto.draw,
    "pointillism": pointillism.draw,
    "woodcut": woodcut.draw,
    "ink-wash": ink_wash.draw,
    "stained-glass": stained_glass.draw,
    "mosaic": mosaic.draw,
    "charcoal": charcoal.draw,
    "hatching": hatching.draw,
    "marbling": marbling.draw,
    "low-poly": low_poly.draw,
    "batik": batik.draw,
    "grainy-print": grainy_print.draw,
}
"""What draws each style."""

SEED = 3
"""Of all of them: chosen by eye."""

QUALITY = 88


def write(folder: Path, name: str) -> Path:
    """Draw one style into a folder; returns the file."""
    draw, seed = DRAWN[name], SEED
    path = folder / f"{name}.jpg"
    Image.fromarray(draw(seed)).save(path, quality=QUALITY, optimize=True, progressive=True)
    return path
