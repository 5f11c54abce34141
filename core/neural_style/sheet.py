"""A sheet: the pictures of a matrix in rows and columns, labelled with their settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median

from PIL import Image, ImageDraw, ImageFont

from neural_style.axes import Grid
from neural_style.errors import NeuralStyleError
from neural_style.image import MAX_PIXELS
from neural_style.schedule import painted_size

Size = tuple[int, int]
"""Width and height in pixels."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

PAPER, INK, FAINT = "white", "black", "#606060"

SMALLEST, LARGEST = 14, 48
"""Size of the letters, in pixels."""

LETTERS = 10
"""The shorter side of the pictures is so many letters long."""

WIDEST = 10
"""Letters that a line beside a row may be long."""


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """Where everything goes, in pixels.

    Attributes:
        letters: size of the letters, which is also the width of the margins.
        x, y: where each column begins, and each row; last, where the sheet ends.
        widths, heights: of the columns and the rows.
        rows, columns: what is written beside each, in lines.
    """

    letters: int
    x: list[int]
    y: list[int]
    widths: list[int]
    heights: list[int]
    rows: list[str]
    columns: list[str]


def sheet_size(width: int, height: int, grid: Grid) -> Size:
    """Width and height of the sheet on which a photo of `width` times `height` pixels is painted.

    Raises:
        NeuralStyleError: `bad_settings` if that is too large.
    """
    sizes = [[painted_size(width, height, settings) for settings in row] for row in grid.settings]
    layout = _layout(sizes, grid)
    wide, high = layout.x[-1], layout.y[-1]
    if wide * high > MAX_PIXELS:
        message = f"The sheet would have {wide} x {high} pixels, and {MAX_PIXELS} are the most"
        hint = "Choose a smaller size, or fewer values."
        raise NeuralStyleError("bad_settings", message, hint)
    return wide, high


def draw_sheet(pictures: Sequence[Sequence[Image.Image]], grid: Grid) -> Image.Image:
    """The sheet, RGB.

    Args:
        pictures: RGB or RGBA, by row and column; shown as large as they are, on white.
        grid: what they show.
    """
    layout = _layout([[picture.size for picture in row] for row in pictures], grid)
    sheet = Image.new("RGB", (layout.x[-1], layout.y[-1]), PAPER)
    for y, height, row in zip(layout.y, layout.heights, pictures, strict=False):
        for x, width, picture in zip(layout.x, layout.widths, row, strict=False):
            place = x + (width - picture.width) // 2, y + (height - picture.height) // 2
            sheet.paste(picture, place, picture if picture.mode == "RGBA" else None)
    _label(ImageDraw.Draw(sheet), layout, grid)
    return sheet


def _label(draw: ImageDraw.ImageDraw, layout: _Layout, grid: Grid) -> None:
    """Write titles and values above the columns and to the left of the rows."""
    font, margin = ImageFont.load_default(layout.letters), layout.letters
    right, bottom = layout.x[0] - margin // 2, layout.y[0] - margin // 2
    middle = (layout.x[0] + layout.x[-1] - margin) // 2
    draw.text((middle, margin), grid.columns.title, FAINT, font, anchor="ma")
    draw.text((right, bottom), grid.rows.title, FAINT, font, anchor="rd")
    for x, width, text in zip(layout.x, layout.widths, layout.columns, strict=False):
        place = x + width // 2, bottom
        draw.multiline_text(place, text, INK, font, anchor="md", align="center")
    for y, height, text in zip(layout.y, layout.heights, layout.rows, strict=False):
        place = right, y + height // 2
        draw.multiline_text(place, text, INK, font, anchor="rm", align="right")


def _layout(sizes: Sequence[Sequence[Size]], grid: Grid) -> _Layout:
    """Rows and columns as large as their largest picture, and as their labels need it."""
    shorter = median(min(size) for row in sizes for size in row)
    letters = min(max(round(shorter / LETTERS), SMALLEST), LARGEST)
    font, gap = ImageFont.load_default(letters), letters // 2
    widths = [max(width for width, _ in column) for column in zip(*sizes, strict=True)]
    heights = [max(height for _, height in row) for row in sizes]

    columns = [
        _in_lines(text, font, width)
        for text, width in zip(grid.columns.labels, widths, strict=True)
    ]
    rows = [_in_lines(text, font, WIDEST * letters) for text in grid.rows.labels]
    above, beside = ([_text_size(text, font) for text in texts] for texts in (columns, rows))
    widths = [max(width, label[0]) for width, label in zip(widths, above, strict=True)]
    heights = [max(height, label[1]) for height, label in zip(heights, beside, strict=True)]

    title, corner = (_text_size(axis.title, font) for axis in (grid.columns, grid.rows))
    widths[-1] += max(0, title[0] - sum(widths) - gap * (len(widths) - 1))
    left = letters + max(width for width, _ in [*beside, corner]) + gap
    top = letters + title[1] + gap + max(height for _, height in [*above, corner]) + gap
    x = list(accumulate((width + gap for width in widths), initial=left))
    y = list(accumulate((height + gap for height in heights), initial=top))
    x[-1] += letters - gap
    y[-1] += letters - gap
    return _Layout(
        letters=letters, x=x, y=y, widths=widths, heights=heights, rows=rows, columns=columns
    )


def _in_lines(text: str, font: Font, most: int) -> str:
    """The text in lines of at most `most` pixels, as far as it has commas and slashes."""
    lines = [""]
    for piece in re.findall(r"[^,/]*[,/]|[^,/]+$", text):
        if lines[-1] and font.getlength(lines[-1] + piece) > most:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)


def _text_size(text: str, font: Font) -> Size:
    """Of the text in its lines, those parts of letters included that hang below the last one."""
    draw = ImageDraw.Draw(Image.new("L", (1, 1)))
    _, top, right, bottom = draw.multiline_textbbox((0, 0), text + "g", font, anchor="la")
    return round(right), round(bottom - min(top, 0))
