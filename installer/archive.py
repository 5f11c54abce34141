"""The zip file to publish: what the installer needs, and nothing for development.

The same checkout gives the same bytes whenever and wherever it is made (with the same zlib).
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from installer import machine, package, plugin
from installer.editions import EDITIONS
from installer.machine import ROOT

STARTERS = ("Install Neural Style.bat", "Install Neural Style.command", "install-neural-style.sh")
"""To double-click, on Windows, macOS and Linux."""
PATTERNS = (
    *STARTERS,
    "LICENSE",
    "README.md",
    "docs/*",
    "installer/*.py",
    "installer/*.txt",
    "pyproject.toml",
    "setup.cfg",
)
EXECUTABLE = {*STARTERS[1:], *(f"plugin/{each.folder}/{plugin.MAIN}" for each in EDITIONS)}


def files() -> list[str]:
    """The archive's files, relative to the checkout, in their order."""
    found = [path for pattern in PATTERNS for path in ROOT.glob(pattern)]
    found += package.sources()
    found += [path for each in EDITIONS for path in plugin.source_files(each.folder).values()]
    return sorted({path.relative_to(ROOT).as_posix() for path in found})


def write(folder: Path) -> Path:
    """Write the archive into a folder; returns it.

    Raises:
        InstallError: `cannot_write` or `disk_full`.
    """
    name = f"neural-style-{package.read_version()}"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files():
            entry = zipfile.ZipInfo(f"{name}/{path}")  # of 1980: the files' own times differ
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, whose execute bit is kept on Windows too
            entry.external_attr = (0o100755 if path in EXECUTABLE else 0o100644) << 16
            archive.writestr(entry, (ROOT / path).read_bytes())
    target = folder / f"{name}.zip"
    machine.write_file(target, content.getvalue())
    return target
