"""`python3 tests [--quick] [PYTEST ARGUMENTS]`: all tests, in an environment of their own.

The environment lives in the user's cache folder, not in the checkout, and is made anew when
setup.cfg changes. Nothing but a Python 3.10 or newer with its `venv` module is needed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if sys.version_info < (3, 10):  # noqa: UP036 - this file runs before anything is installed
    sys.exit("error: the tests need Python 3.10 or newer")

from installer import torch_build  # noqa: E402


def main(arguments: list[str]) -> int:
    python = environment()
    if "--quick" in arguments:
        arguments = [
            "-m",
            "not slow and not gimp",
            *(word for word in arguments if word != "--quick"),
        ]
    return subprocess.call(
        [python, "-m", "pytest", "-o", f"cache_dir={cache() / 'pytest'}", *arguments], cwd=ROOT
    )


def cache() -> Path:
    """The folder for what the tests keep from run to run."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return Path(base or Path.home() / ".cache") / "neural-style-tests"


def environment() -> Path:
    """The Python of the tests' environment, which is made if it is not there."""
    recipe = f"{ROOT} {sys.version} {(ROOT / 'setup.cfg').read_text()}"
    folder = cache() / hashlib.sha256(recipe.encode()).hexdigest()[:12]
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    complete = folder / "complete"
    if complete.exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    print(f"Making the tests' environment in {folder}", flush=True)
    subprocess.check_call([sys.executable, "-m", "venv", folder])
    choice = torch_build.find(python, "cpu")
    pip(python, "install", choice.requirement, *choice.options)
    pip(python, "install", "setuptools>=77")
    # torchvision is the oracle for the network. Only its Python part is used, so its requirement
    # of one exact torch (on Linux a build for graphics cards) need not be met.
    pip(python, "install", "--no-deps", "torchvision")
    pip(python, "install", "--no-build-isolation", "--editable", f"{ROOT}[tests]")
    complete.touch()
    return python


def pip(python: Path, *arguments: str | Path) -> None:
    command = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.check_call(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
