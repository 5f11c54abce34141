"""Which build of PyTorch to install, where it comes from and how large it is."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from installer import constraints, machine
from installer.errors import InstallError

INDEX = "https://download.pytorch.org/whl/"
BUILDS = ("cpu", "cu126", "cu130", "rocm", "xpu", "mps")
ROCM_FOLDERS = ("rocm7.2", "rocm7.1", "rocm7.0", "rocm6.4", "rocm6.3")
"""The index has a folder for each ROCm, and none for the newest; the newest of these is taken."""
OLDEST = (2, 6)
"""As in setup.cfg."""
SECONDS = 30

_GB = 10**9
SIZES = {
    # To download, and on disk with everything else that the engine needs; rounded up, Linux.
    "cpu": (_GB // 4, 3 * _GB // 2),
    "cu126": (3 * _GB, 8 * _GB),
    "cu130": (5 * _GB // 2, 7 * _GB),
    "rocm": (5 * _GB, 20 * _GB),
    "xpu": (3 * _GB, 9 * _GB),
    "mps": (_GB // 10, _GB),
}


@dataclass(frozen=True)
class Choice:
    """What to tell pip, and what to tell the person who waits."""

    build: str
    requirement: str
    options: tuple[str, ...]
    origin: str
    tested: bool = True
    """Whether it is none newer than what was tested."""

    @property
    def sizes(self) -> tuple[int, int] | None:
        """About how many bytes to download and on disk; None for a requirement of one's own."""
        return SIZES.get(self.build)


def find(python: Path, wanted: str, source: Sequence[str] = (), newest: bool = False) -> Choice:
    """Where to get a build of PyTorch from.

    Args:
        python: the Python that it is for; its pip knows which builds fit.
        wanted: one of `BUILDS`, or a requirement or wheel file of one's own.
        source: pip's options for a folder of wheels; then no other place is asked.
        newest: whether it may be newer than what was tested, even if that can be had.

    Raises:
        InstallError: `pytorch_missing`, or `gpu_unused` where a build for the processor may be
            had; `file_missing` for a wheel that is not there.
    """
    if wanted not in BUILDS:
        return Choice("own", _requirement(wanted), tuple(source), "the option --torch")
    limits = _limits(python)
    tested = f"{limits},<={constraints.tested_torch()}"
    if not newest and (choice := _find(python, wanted, source, tested)):
        return choice
    if choice := _find(python, wanted, source, limits):
        return replace(choice, tested=newest)
    missing = f"No PyTorch ({wanted}) was found for Python {sys.version.split()[0]}"
    if wanted in ("cpu", "mps"):
        raise InstallError("pytorch_missing", missing)
    raise InstallError("gpu_unused", missing)


def _find(python: Path, wanted: str, source: Sequence[str], limits: str) -> Choice | None:
    """The same among the versions within limits, which are written as in a requirement."""

    def versions(options: tuple[str, ...]) -> list[str]:
        return _within(python, limits, _versions(python, options))

    places = [(tuple(source), "your folder")] if source else _places(wanted)
    for options, origin in places:
        version = pick(versions(options), wanted, strict=not options)
        if version:
            return Choice(wanted, f"torch=={version}", options, origin)
    return None if source else _last_resort(versions(()), wanted)


def is_known(wanted: str) -> bool:
    """Whether it is a build, a requirement for torch itself, or a wheel file."""
    return (
        wanted in BUILDS
        or wanted.endswith(".whl")
        or re.fullmatch(r"torch\s*([=<>!~].+)?", wanted) is not None
    )


def _last_resort(versions: list[str], wanted: str) -> Choice | None:
    """The build without a label: for the processor, but on Linux a large one with CUDA."""
    linux = sys.platform.startswith("linux")
    if wanted != "cpu" and not (linux and wanted.startswith("cu")):
        return None
    version = pick(versions, "", strict=False)
    origin = "pip's own index"
    if linux and wanted == "cpu":
        origin += ", which has only the large build for NVIDIA cards"
    build = "cu130" if linux else "cpu"
    return Choice(build, f"torch=={version}", (), origin) if version else None


def _places(wanted: str) -> list[tuple[tuple[str, ...], str]]:
    """Options of pip for each place to look at, in their order, with their names."""
    own: tuple[tuple[str, ...], str] = ((), "pip's own index")
    if wanted == "mps":
        return [own]
    folders = ROCM_FOLDERS if wanted == "rocm" else (wanted,)
    official = [(("--index-url", INDEX + folder), "PyTorch's index") for folder in folders]
    # Somebody who set pip up with CPU builds wants them; the others are large, and the official
    # index is their home.
    return [own, *official] if wanted == "cpu" else [*official, own]


def pick(versions: Sequence[str], build: str, strict: bool) -> str | None:
    """The newest version of a build, by its label such as `+cpu`; the list's own order counts.

    Without `strict`, a version without a label will do too: Windows and macOS have no other
    builds for the CPU, and a folder of wheels is its owner's choice.
    """
    fitting = [version for version in versions if _release(version) >= OLDEST]
    labelled = [version for version in fitting if _label(version).startswith(build or "+")]
    plain = [version for version in fitting if not _label(version)]
    chosen = labelled or ([] if strict and build != "mps" else plain)
    return chosen[0] if chosen else None


def _release(version: str) -> tuple[int, ...]:
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _label(version: str) -> str:
    return version.partition("+")[2]


@cache
def _versions(python: Path, options: tuple[str, ...]) -> list[str]:
    """The versions of torch that pip can install from there, newest first; none on any failure."""
    command = ["-m", "pip", "--disable-pip-version-check", "index", "versions", "torch"]
    patience = ["--retries", "1", "--timeout", "10"]
    said = machine.run_python(python, *command, *patience, *options, timeout=SECONDS)
    found = re.search(r"Available versions: (.*)", said.stdout or "")
    return found[1].split(", ") if found and said.returncode == 0 else []


def _limits(python: Path) -> str:
    """What pip's own settings allow of torch, such as `<2.14`; empty if they say nothing.

    `pip index` does not heed constraints. But pip names them, merged from all their files, when it
    is asked for a version that nobody has.
    """
    command = ["-m", "pip", "--disable-pip-version-check", "install", "--no-index", "torch==0"]
    said = machine.run_python(python, *command, timeout=SECONDS)
    found = re.search(r"\(constraint\) torch(\S+)", said.stdout + said.stderr)
    return found[1] if found else ""


def _within(python: Path, limits: str, versions: list[str]) -> list[str]:
    """The versions within limits, as pip understands them."""
    done = machine.run_python(python, "-c", WITHIN, limits.strip(","), *versions, timeout=SECONDS)
    return json.loads(done.stdout) if done.returncode == 0 else versions


WITHIN = """
import json, sys
from pip._vendor.packaging.specifiers import SpecifierSet
limits = SpecifierSet(sys.argv[1])
print(json.dumps([version for version in sys.argv[2:] if version in limits]))
"""


def _requirement(wanted: str) -> str:
    if not wanted.endswith(".whl"):
        return wanted
    wheel = Path(wanted).expanduser().resolve()
    if not wheel.is_file():
        raise InstallError("file_missing", f"There is no wheel {wheel}")
    return str(wheel)
