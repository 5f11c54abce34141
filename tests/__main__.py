"""`python3 tests [--quick] [PYTEST ARGUMENTS]`: all tests, in an environment of their own.

The environment lives in the user's cache folder, not in the checkout, and is made anew when
setup.cfg changes. Nothing but a Python 3.10 or newer with its `venv` module is needed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 10):  # noqa: UP036 - this file runs before anything is installed
        print("error: the tests need Python 3.10 or newer", file=sys.stderr)
        return 1
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
    pip(python, "install", "setuptools>=77", *torch_requirement(python))
    # torchvision is the oracle for the network. Only its Python part is used, so its requirement
    # of one exact torch (on Linux a build for graphics cards) need not be met.
    pip(python, "install", "--no-deps", "torchvision")
    pip(python, "install", "--no-build-isolation", "--editable", f"{ROOT}[tests]")
    complete.touch()
    return python


def torch_requirement(python: Path) -> list[str]:
    """What to tell pip to get torch for the CPU: a tenth of the size of the usual Linux build."""
    if not sys.platform.startswith("linux"):
        return ["torch"]
    found = pip(python, "index", "versions", "torch", capture=True)
    versions = re.search(r"Available versions: (.*)", found)
    for version in versions[1].split(", ") if versions else []:
        if version.endswith("+cpu"):
            return [f"torch=={version}"]
    return [
        "torch",
        "--index-url",
        PYTORCH_CPU_INDEX,
        "--extra-index-url",
        "https://pypi.org/simple",
    ]


def pip(python: Path, *arguments: str | Path, capture: bool = False) -> str:
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments]
    if capture:
        # A failed look-up is no error: the next place is tried.
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
    subprocess.check_call([*command, "--quiet"])
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
