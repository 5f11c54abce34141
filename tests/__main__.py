"""`python3 tests [--quick] [PYTEST ARGUMENTS]`: all tests, in an environment of their own.

The environment lives in the user's cache folder, not in the checkout, and is made anew when
setup.cfg or the constraints change. Nothing but a Python 3.10 or newer with its `venv` module is
needed. Several files are tested at a time; `-n 0` tests one after the other, as `--pdb` wants it.

`python3 tests --newest` makes it of the newest packages instead, and if the tests pass writes them
into installer/constraints.txt: the versions that the installer takes.
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
sys.path[:0] = [str(ROOT), str(ROOT / "core")]

if sys.version_info < (3, 10):  # noqa: UP036 - this file runs before anything is installed
    sys.exit("error: the tests need Python 3.10 or newer")

from installer import constraints, torch_build  # noqa: E402

CONSTRAINTS = """# The newest packages with which all tests passed, on Python {}.{}.
# Written by python3 tests --newest.
"""


def main(arguments: list[str]) -> int:
    newest = "--newest" in arguments
    arguments = [word for word in arguments if word != "--newest"]
    python = environment(newest)
    if "--quick" in arguments:
        arguments = [
            "-m",
            "not slow and not gimp",
            *(word for word in arguments if word != "--quick"),
        ]
    # A process for each core, with one thread, and one for the tests that wait for windows; few, as
    # each may hold a GIMP.
    workers = ["-n", str(min(4, os.cpu_count() or 1) + 1), "--dist", "loadfile"]
    status = subprocess.call(
        [python, "-m", "pytest", "-o", f"cache_dir={cache() / 'pytest'}", *workers, *arguments],
        cwd=ROOT,
        env={"OMP_NUM_THREADS": "1", **os.environ},
    )
    if newest and status == 0:
        write_constraints(python)
    return status


def cache() -> Path:
    """The folder for what the tests keep from run to run."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return Path(base or Path.home() / ".cache") / "neural-style-tests"


def environment(newest: bool) -> Path:
    """The Python of the tests' environment, which is made if it is not there or shall be newest."""
    files = (ROOT / "setup.cfg", constraints.FILE)
    recipe = " ".join([str(ROOT), sys.version, *(path.read_text() for path in files)])
    name = "newest" if newest else hashlib.sha256(recipe.encode()).hexdigest()[:12]
    folder = cache() / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    complete = folder / "complete"
    if complete.exists() and not newest:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    print(f"Making the tests' environment in {folder}", flush=True)
    subprocess.check_call([sys.executable, "-m", "venv", folder])
    choice = torch_build.find(python, "cpu", newest=newest)
    pip(python, "install", choice.requirement, *choice.options)
    pip(python, "install", "setuptools>=77")
    # torchvision is the oracle for the network. Each of its versions goes with one of torch, 0.15
    # with 2.0 and so on; its own requirement would bring a build for graphics cards on Linux.
    minor = re.findall(r"==2\.(\d+)", choice.requirement)[0]
    pip(python, "install", "--no-deps", f"torchvision==0.{15 + int(minor)}.*")
    package = ("--no-build-isolation", "--editable", f"{ROOT}[tests]")
    try:
        tested = () if newest else ("-c", constraints.write_for_pip(folder))
        pip(python, "install", *package, *tested)
    except subprocess.CalledProcessError:
        if newest:
            raise
        print("warning: the versions of constraints.txt cannot be had, so it is the newest")
        pip(python, "install", *package)
    complete.touch()
    return python


def write_constraints(python: Path) -> None:
    """Write the versions of an environment, without the builds' labels such as +cpu."""
    command = [python, "-m", "pip", "freeze", "--exclude-editable"]
    packages = subprocess.check_output(command, text=True)
    text = CONSTRAINTS.format(*sys.version_info) + re.sub(r"\+\w+$", "", packages, flags=re.M)
    constraints.FILE.write_text(text)


def pip(python: Path, *arguments: str | Path) -> None:
    command = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.check_call(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
