"""What the command `matrix` shows and writes, once PyTorch is loaded."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from neural_style import protocol
from neural_style.axes import Grid
from neural_style.cells import AllPainted, Cells, paint_cells, prepare_cells
from neural_style.console import duration, shown, write
from neural_style.devices import keep_memory
from neural_style.image import Picture, from_pillow
from neural_style.jsonlines import emit
from neural_style.options import given_settings
from neural_style.sheet import Size, draw_sheet


def show_plan(
    content: Picture,
    styles: Sequence[Picture],
    grid: Grid,
    size: Size,
    options: argparse.Namespace,
) -> None:
    """Print what painting would take."""
    cells = prepare_cells(content, styles, grid)
    if options.json:
        emit(_planned(cells, grid, size, options))
        return
    pictures = len(grid.rows.values) * len(grid.columns.values)
    print(f"sheet    {size[0]} x {size[1]}")
    print(f"pictures {pictures}, of which {len(cells.missing)} have to be painted")
    if cells.missing:
        print(f"devices  {', '.join(sorted({plan.device for plan in cells.plans}))}")
        print(f"memory   at most {cells.memory / 2**30:.1f} GiB beside the program")
        print(f"time     about {duration(cells.seconds)}")


def paint_to_file(
    content: Picture,
    styles: Sequence[Picture],
    grid: Grid,
    size: Size,
    options: argparse.Namespace,
) -> None:
    """Paint what is missing, and write the sheet."""
    keep_memory()
    started = time.monotonic()
    cells = prepare_cells(content, styles, grid)
    if options.json:
        emit(_planned(cells, grid, size, options))
    for event in shown(paint_cells(content, styles, cells), options):
        if isinstance(event, AllPainted):
            sheet = from_pillow(draw_sheet(event.images, grid), "The sheet")
            write(sheet, _description(grid, options), options, started)


def _planned(cells: Cells, grid: Grid, size: Size, options: argparse.Namespace) -> protocol.Matrix:
    return protocol.Matrix(
        job=options.command,
        width=size[0],
        height=size[1],
        cells=len(grid.rows.values) * len(grid.columns.values),
        missing=len(cells.missing),
        total=cells.steps,
        memory=cells.memory,
        seconds=cells.seconds,
    )


def _description(grid: Grid, options: argparse.Namespace) -> dict[str, object]:
    """What makes the same sheet again."""
    axes = {"rows": grid.rows, "columns": grid.columns}
    labels = {name: {axis.setting: axis.labels} for name, axis in axes.items()}
    return {**labels, "settings": given_settings(options)}
