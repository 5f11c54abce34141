"""Which build of PyTorch to install, where it comes from and how large it is."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from installer import machine
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

    @property
    def sizes(self) -> tuple[int, int] | None:
        """About how many bytes to download and on disk; None for a requirement of one's own."""
        return SIZES.get(self.build)


def find(python: Path, wanted: str, source: Sequence[str] = ()) -> Choice:
    """Where to get a build of PyTorch from.

    Args:
        python: the Python that it is for; its pip knows which builds fit.
        wanted: one of `BUILDS`, or a requirement or wheel file of one's own.
        source: pip's options for a folder of wheels; then no other place is asked.

    Raises:
        InstallError: `pytorch_missing`, or `gpu_unused` where a build for the processor may be
            had; `file_missing` for a wheel that is not there.
    """
    if wanted not in BUILDS:
        return Choice("own", _requirement(wanted), tuple(source), "the option --torch")
    places = [(tuple(source), "your folder")] if source else _places(wanted)
    for options, origin in places:
        version = pick(_versions(python, options), wanted, strict=not options)
        if version:
            return Choice(wanted, f"torch=={version}", options, origin)
    if not source and (choice := _last_resort(python, wanted)):
        return choice
    missing = f"No PyTorch ({wanted}) was found for Python {sys.version.split()[0]}"
    if wanted in ("cpu", "mps"):
        raise InstallError("pytorch_missing", missing)
    raise InstallError("gpu_unused", missing)


def is_known(wanted: str) -> bool:
    """Whether it is a build, a requirement for torch itself, or a wheel file."""
    return (
        wanted in BUILDS
        or wanted.endswith(".whl")
        or re.fullmatch(r"torch\s*([=<>!~].+)?", wanted) is not None
    )


def _last_resort(python: Path, wanted: str) -> Choice | None:
    """The build without a label: for the processor, but on Linux a large one with CUDA."""
    linux = sys.platform.startswith("linux")
    if wanted != "cpu" and not (linux and wanted.startswith("cu")):
        return None
    version = pick(_versions(python, ()), "", strict=False)
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


def _versions(python: Path, options: Sequence[str]) -> list[str]:
    """The versions of torch that pip can install from there, newest first; none on any failure."""
    command = ["-m", "pip", "--disable-pip-version-check", "index", "versions", "torch"]
    patience = ["--retries", "1", "--timeout", "10"]
    said = machine.run_python(python, *command, *patience, *options, timeout=SECONDS)
    found = re.search(r"Available versions: (.*)", said.stdout or "")
    return found[1].split(", ") if found and said.returncode == 0 else []


def _requirement(wanted: str) -> str:
    if not wanted.endswith(".whl"):
        return wanted
    wheel = Path(wanted).expanduser().resolve()
    if not wheel.is_file():
        raise InstallError("file_missing", f"There is no wheel {wheel}")
    return str(wheel)
