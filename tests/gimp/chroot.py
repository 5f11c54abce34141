"""Debian in a chroot of its own, from the archive that this machine's apt uses."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
APT = ("apt-get", "-o", "DPkg::Lock::Timeout=300")
"""apt, which waits for another one instead of failing at once."""

LOCALES = "de_DE.UTF-8 UTF-8\\nen_US.UTF-8 UTF-8\\nko_KR.UTF-8 UTF-8\\n"


class LabError(Exception):
    """This machine cannot have that GIMP, for the reason given."""


@dataclass(frozen=True)
class Recipe:
    """What a chroot is made of.

    Args:
        suites: Debian's; a package comes from the one that has it in the newest version.
        packages: their names, `locales` and `dbus` among them.
        fingerprint: changes with whatever else goes in.
        prepare: called with the archive's address before the chroot is made; returns more options
            for mmdebstrap, such as hooks.
    """

    suites: tuple[str, ...]
    packages: list[str]
    fingerprint: str = ""
    prepare: Callable[[str], list[str]] = lambda _archive: []

    @property
    def stamp(self) -> str:
        return " ".join(filter(None, [*self.suites, *self.packages, self.fingerprint]))


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "neural-style-gimp-lab"


def complete(root: Path, recipe: Recipe) -> bool:
    """Whether the chroot was made to its end, and by this recipe."""
    note = root / ".complete"
    return note.is_file() and note.read_text() == recipe.stamp


def build(root: Path, recipe: Recipe) -> Path:
    """Make the chroot unless it is complete.

    Raises:
        LabError: not root, no archive, or the build failed.
    """
    if complete(root, recipe):
        return root
    if os.geteuid() != 0:
        raise LabError("building a chroot with GIMP needs root")
    root.parent.mkdir(parents=True, exist_ok=True)
    with _lock(root.with_name(f"{root.name}.lock")):
        if not complete(root, recipe):
            try:
                _make(root, recipe)
            except LabError:  # a server that broke off, or another apt at work
                _make(root, recipe)
    return root


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Two test runs may want the same chroot at the same time."""
    import fcntl  # not on Windows, where the tests skip what needs this

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(root: Path, recipe: Recipe) -> None:
    archive = _archive()
    if not shutil.which("mmdebstrap"):
        task = "installing mmdebstrap"
        call(task, [*APT, "update", "-q"])
        call(task, [*APT, "install", "-yq", "--no-install-recommends", "mmdebstrap"])
    shutil.rmtree(root, ignore_errors=True)
    # mmdebstrap, as bookworm's debootstrap knows no later suites. A frozen mirror serves a
    # testing suite past its date, hence Check-Valid-Until. In namespaces of its own, so that an
    # interrupted build leaves neither processes nor mounts.
    call(
        "making the chroot",
        [
            "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
            "mmdebstrap", "--variant=minbase", "--components=main", f"--keyring={KEYRING}",
            '--aptopt=Acquire::Check-Valid-Until "false"',
            '--aptopt=APT::Install-Recommends "false"',
            '--aptopt=Acquire::Languages "none"',
            '--aptopt=Acquire::Retries "3"',
            "--dpkgopt=path-exclude=/usr/share/man/*",
            "--dpkgopt=path-exclude=/usr/share/doc/*",
            f"--include={','.join(recipe.packages)}",
            f"--customize-hook=printf '{LOCALES}' >\"$1/etc/locale.gen\"; chroot \"$1\" locale-gen",
            '--customize-hook=chroot "$1" dbus-uuidgen --ensure=/etc/machine-id',
            *recipe.prepare(archive),
            recipe.suites[0], str(root),
            *(f"deb {archive} {suite} main" for suite in recipe.suites),
        ],
        preexec_fn=die_with_parent,
    )  # fmt: skip
    (root / ".complete").write_text(recipe.stamp)


def _archive() -> str:
    """The Debian archive in this machine's own sources."""
    if not shutil.which("apt-get"):
        raise LabError("that GIMP is not installed, and without apt none can be fetched")
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"],
        capture_output=True,
        text=True,
    )
    for site in listing.stdout.splitlines():
        if re.search(r"/debian/?$", site):
            return site
    raise LabError("this machine's apt has no Debian archive to fetch GIMP from")


def call(task: str, command: list[str], **options) -> None:
    """Run a command of apt's family; `task` says what it is for.

    Raises:
        LabError: it failed.
    """
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    done = subprocess.run(command, stdout=sys.stderr, env=environment, **options)
    if done.returncode:
        raise LabError(f"{task} failed with status {done.returncode}")


def die_with_parent() -> None:
    """In the child: a killed test run must leave nothing behind that runs, or builds, on."""
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
