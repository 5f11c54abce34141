"""Makes a wheel of the engine, which pip then installs.

The engine is Python and data files, so its wheel is a zip file of them. To let pip build it
would need setuptools from an index, and would write into the checkout, which may be read-only.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import re
import zipfile
from pathlib import Path

from installer.machine import ROOT

SUFFIXES = {".py", ".typed", ".safetensors", ".md", ".jpg", ".json"}


def sources(root: Path = ROOT) -> list[Path]:
    """The engine's files, in a fixed order."""
    files = (root / "core" / "neural_style").rglob("*")
    return sorted(path for path in files if path.suffix in SUFFIXES and path.is_file())


def fingerprint(root: Path = ROOT) -> str:
    """Changes when the engine's files or its requirements do."""
    digest = hashlib.sha256((root / "setup.cfg").read_bytes())
    for path in sources(root):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def build_wheel(folder: Path, root: Path = ROOT) -> Path:
    """Write the engine's wheel into a folder."""
    setup = read_setup(root)
    name = setup["metadata"]["name"].replace("-", "_")
    version = read_version(root)
    info = f"{name}-{version}.dist-info"
    content = {
        path.relative_to(root / "core").as_posix(): path.read_bytes() for path in sources(root)
    }
    content[f"{info}/METADATA"] = _metadata(setup, version).encode()
    content[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    scripts = setup["options.entry_points"]["console_scripts"].strip()
    content[f"{info}/entry_points.txt"] = f"[console_scripts]\n{scripts}\n".encode()
    record = "".join(f"{path},{digest(data)},{len(data)}\n" for path, data in content.items())
    content[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in content.items():
            archive.writestr(path, data)
    return wheel


def read_setup(root: Path = ROOT) -> configparser.ConfigParser:
    setup = configparser.ConfigParser()
    setup.read(root / "setup.cfg", encoding="utf-8")
    return setup


def read_version(root: Path = ROOT) -> str:
    text = (root / "core" / "neural_style" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    return found[1] if found else "0"


def _metadata(setup: configparser.ConfigParser, version: str) -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {setup['metadata']['name']}", f"Version: {version}"]
    lines.append(f"Requires-Python: {setup['options']['python_requires']}")
    required = setup["options"]["install_requires"].split("\n")
    lines += [f"Requires-Dist: {line.strip()}" for line in required if line.strip()]
    return "\n".join(lines) + "\n"


def digest(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return "sha256=" + digest.decode()
