"""The command `matrix`: variations of a picture over two settings."""

from __future__ import annotations

import argparse

from neural_style import styles
from neural_style.axes import CELL_SIZE, FIGURES, Axis, grid_of, parse_axis
from neural_style.errors import NeuralStyleError
from neural_style.options import (
    STYLE_HELP,
    add_output,
    add_settings,
    check_has_output,
    given_settings,
)

ABOUT = f"""\
Paint a picture several times, with other values of two settings, onto one sheet. Its pictures are \
kept on disk: when the sheet is made again, or a larger one, only what is new is painted. They are \
{CELL_SIZE} pixels wide or high if --size is not given, or more for a very long photo.
"""

AXIS_HELP = (
    "any setting with its values, as in strength=25,50,75; if values have commas themselves, "
    "separated by semicolons: 'blend=2,1; 1,2'"
)

FIGURE_HELP = (
    "rows and columns that are ready; depth is a figure of Gatys et al. 2015: down, the style of "
    "more and more layers of the network, from colours to strokes to swirls; across, "
    "content_weight from 0.002 to 0.25, from painting to photo"
)


def add_matrix(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    command.description = ABOUT
    command.usage = (
        "%(prog)s CONTENT STYLE [STYLE ...] --rows NAME=VALUES --columns NAME=VALUES -o OUT "
        "[options]"
    )
    command.add_argument("content", metavar="CONTENT", help="the photo")
    command.add_argument("styles", metavar="STYLE", nargs="+", help=STYLE_HELP)
    command.add_argument("--rows", metavar="NAME=VALUES", help=AXIS_HELP)
    command.add_argument("--columns", metavar="NAME=VALUES", help="the same for the columns")
    command.add_argument("--figure", choices=tuple(FIGURES), help=FIGURE_HELP)
    add_output(command, "what the new pictures would take in memory and time")
    add_settings(command)
    kept = "no sheet was written, and its finished pictures are kept for the next time"
    command.set_defaults(run=_matrix, depth=8, kept=kept)


def _matrix(options: argparse.Namespace) -> None:
    rows, columns = _axes(options)
    given = given_settings(options)
    grid_of(rows, columns, given)  # whether there is a mistake in it
    check_has_output(options)
    options.styles = [styles.find(style) for style in options.styles]

    # As late as in `stylize`, and for the same reason.
    from neural_style import output
    from neural_style.image import check_writable, read_picture
    from neural_style.schedule import longest_side
    from neural_style.sheet import sheet_size

    if not options.plan:
        options.output = output.checked(options, [options.content, *options.styles])
    content = read_picture(options.content)
    paintings = [read_picture(style) for style in options.styles]
    height, width = content.alpha.shape
    grid = grid_of(rows, columns, given, longest=longest_side(width, height, CELL_SIZE))
    size = sheet_size(width, height, grid)
    if not options.plan and options.output != output.STDOUT:
        check_writable(options.output, size=size)

    from neural_style import matrix_console

    if options.plan:
        matrix_console.show_plan(content, paintings, grid, size, options)
    else:
        matrix_console.paint_to_file(content, paintings, grid, size, options)


def _axes(options: argparse.Namespace) -> tuple[Axis, Axis]:
    """Rows and columns.

    Raises:
        NeuralStyleError: `bad_settings`.
    """
    rows, columns = options.rows, options.columns
    if options.figure and (rows or columns):
        message = "--figure has rows and columns of its own"
        raise NeuralStyleError("bad_settings", message, "Leave out --rows and --columns.")
    if options.figure:
        rows, columns = FIGURES[options.figure]
    if not (rows and columns):
        message = f"There are no {'columns' if rows else 'rows'}"
        hint = "Give --rows NAME=VALUES and --columns NAME=VALUES, or --figure."
        raise NeuralStyleError("bad_settings", message, hint)
    return parse_axis(rows, "Rows"), parse_axis(columns, "Columns")
