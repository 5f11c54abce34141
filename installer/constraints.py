"""The versions that were tested together; `python3 tests --newest` writes them.

    constraints.txt    one version of each package, as pip's -c takes it

PyTorch's line is for `torch_build.py`: its version depends on the build, and may be chosen by hand.
"""

from __future__ import annotations

import re
from pathlib import Path

FILE = Path(__file__).with_name("constraints.txt")
PYTORCH = re.compile(r"^torch==(\S+)\n", re.MULTILINE)


def tested_torch() -> str:
    """The newest version of PyTorch that was tested."""
    found = PYTORCH.search(FILE.read_text(encoding="utf-8"))
    assert found, FILE  # noqa: S101 - a mistake in the file
    return found[1]


def write_for_pip(folder: Path) -> Path:
    """Write the constraints without PyTorch's into a folder."""
    path = folder / FILE.name
    path.write_text(PYTORCH.sub("", FILE.read_text(encoding="utf-8")), encoding="utf-8")
    return path
