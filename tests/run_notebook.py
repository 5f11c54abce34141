"""Runs docs/notebook.ipynb and writes what comes out into it: `python3 tests/run_notebook.py`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

NOTEBOOK = Path(__file__).resolve().parent.parent / "docs" / "notebook.ipynb"


def executed() -> nbformat.NotebookNode:
    """The notebook with new outputs, from a kernel of this Python in a folder of its own."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    metadata = dict(notebook.metadata)
    with tempfile.TemporaryDirectory() as folder:
        # Files instead of ports, which others could listen to.
        connection = {"transport": "ipc", "connection_file": f"{folder}/kernel.json"}
        NotebookClient(
            notebook,
            timeout=600,
            kernel_name="python3",
            coalesce_streams=True,
            record_timing=False,
            resources={"metadata": {"path": folder}},
            config=Config(KernelManager=connection),
        ).execute()
    notebook.metadata.clear()
    notebook.metadata.update(metadata)  # without this Python's version
    return notebook


if __name__ == "__main__":
    nbformat.write(executed(), NOTEBOOK)
