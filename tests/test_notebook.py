"""The notebook in docs/: what is stored in it, and that it still runs."""

from __future__ import annotations

import base64
import io

import nbformat
import numpy as np
import pytest
from PIL import Image

from run_notebook import NOTEBOOK, executed

LARGEST = 700_000
"""Bytes of the file: it is part of every archive."""


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kinds(cell: nbformat.NotebookNode) -> list[str]:
    """What comes out of a cell: names of streams and types of data."""
    return [output.get("name") or ",".join(output.data) for output in cell.outputs]


def pictures(cell: nbformat.NotebookNode) -> list[Image.Image]:
    data = [output.data for output in cell.outputs if "data" in output]
    return [Image.open(io.BytesIO(base64.b64decode(one["image/jpeg"]))) for one in data]


def printed(cell: nbformat.NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


def check(notebook: nbformat.NotebookNode) -> None:
    """Each cell ran once, in order; pictures show something, and errors are those expected."""
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    shown = [picture for cell in cells for picture in pictures(cell)]
    assert len(shown) == 5
    for picture in shown:
        assert np.asarray(picture).std() > 30
    said = "".join(map(printed, cells)).splitlines()
    assert [line.partition(":")[0] for line in said] == [
        "cancelled",
        "file_missing",
        "bad_settings",
    ]
    (bar,) = [out.text for cell in cells for out in cell.outputs if out.get("name") == "stderr"]
    assert "100%, step 96/96, loss " in bar


def test_what_is_stored() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    check(notebook)
    assert NOTEBOOK.stat().st_size < LARGEST


@pytest.mark.slow
def test_it_runs_and_gives_the_same_again() -> None:
    stored, new = nbformat.read(NOTEBOOK, as_version=4), executed()
    check(new)
    for before, now in zip(code_cells(stored), code_cells(new), strict=True):
        assert kinds(now) == kinds(before)
        assert printed(now) == printed(before)
