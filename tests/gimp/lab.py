#!/usr/bin/env python3
"""GIMP 2.10, 3.0 and 3.2 for the tests: an installed one, or Debian's in a chroot of its own.

    lab.py build [VERSION]        make what is missing (root, about two minutes each)
    lab.py run VERSION COMMAND .. run a command where that GIMP is, under its own X server
    lab.py info                   say which GIMP would be used
    lab.py clean [VERSION]        remove the chroots

The chroots lie in $XDG_CACHE_HOME/neural-style-gimp-lab. They come from the archive that this
machine's apt uses and, for 2.10, from pip's index, so nothing is asked of any other host.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if not __package__:  # run as a program
    __package__ = "gimp"
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from . import chroot, lab210
from .chroot import LabError, Recipe, cache

SUITES = {"3.0": "trixie", "3.2": "forky"}
"""Those of GIMP 3; lab210.py has the recipe of 2.10."""
ALL = ["2.10", *SUITES]
GIMP3 = """gimp gir1.2-gimp-3.0 gir1.2-gegl-0.4 gir1.2-gtk-3.0 python3 python3-gi
    python3-gi-cairo""".split()
PACKAGES = """xvfb xauth xdotool x11-utils imagemagick openbox dbus dbus-daemon at-spi2-core
    procps locales fonts-dejavu-core fonts-nanum adwaita-icon-theme""".split()
SCREEN = "1280x900"
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    "LANG": "C.UTF-8",
    "HOME": "/root",
    "XDG_RUNTIME_DIR": "/tmp/run",
    "NO_AT_BRIDGE": "1",
    "GIO_USE_VFS": "local",
    "GSETTINGS_BACKEND": "memory",
    # With more threads, other programs have a part in the last bits: see `neural_style.threads`.
    "OMP_NUM_THREADS": "1",
}


def recipe(version: str) -> Recipe:
    """What that version's chroot is made of."""
    if version == "2.10":
        bare = lab210.recipe()
        return dataclasses.replace(bare, packages=[*bare.packages, *PACKAGES])
    return Recipe((SUITES[version],), [*GIMP3, *PACKAGES])


@functools.cache
def installed(version: str) -> str | None:
    """The console program of an installed GIMP of that version, or None."""
    for name in (f"gimp-console-{version}", "gimp-console-3", "gimp-console"):
        program = shutil.which(name)
        if program:
            said = subprocess.run([program, "--version"], capture_output=True, text=True)
            if not re.search(rf"\b{re.escape(version)}\.\d", said.stdout):
                continue
            if version != "2.10" or lab210.has_python_fu(program):
                return program
    return None


def build(version: str) -> Path:
    """Make the chroot unless it is complete.

    Raises:
        LabError: not root, no archive, or the build failed.
    """
    return chroot.build(cache() / version, recipe(version))


# -- running -------------------------------------------------------------------------------------


class Room:
    """A place where one GIMP version runs: this machine, or a chroot in its own namespaces.

    Whatever is started in a chroot ends with the room at the latest. Host folders named in
    `binds` are seen there under their own paths.
    """

    def __init__(
        self, version: str, binds: list[str], x: bool = True, screen: str = SCREEN
    ) -> None:
        self.version = version
        self.console = installed(version) or "gimp-console"
        self.window = self.console.replace("-console", "")
        self.environment = dict(ENVIRONMENT)
        self.helpers: list[subprocess.Popen[bytes]] = []
        self._enter: list[str] = []
        if installed(version):
            self.environment = {**os.environ, "NO_AT_BRIDGE": "1", "LANG": "C.UTF-8"}
        else:
            self._open_chroot(build(version), binds)
        if x:
            self._start_x(screen)

    def _open_chroot(self, root: Path, binds: list[str]) -> None:
        # bash stays process 1 of the namespace: it reaps, and its end ends everything.
        script = [
            'set -e; root=$1; shift; mount --make-rprivate /; mount -t proc proc "$root/proc"',
            'mount --rbind /sys "$root/sys"; mount --rbind /dev "$root/dev"',
            'mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"; mkdir -m 700 "$root/tmp/run"',
            'for path; do if [ -d "$path" ]; then mkdir -p "$root$path"; else',
            '  mkdir -p "$(dirname "$root$path")"; touch "$root$path"; fi',
            '  mount --rbind "$path" "$root$path"; done',
            "exec chroot \"$root\" /bin/bash -c 'echo ready; while :; do sleep 60; done'",
        ]
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        command = [*unshare, "bash", "-c", "\n".join(script), "-", str(root), *binds]
        holder = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            preexec_fn=chroot.die_with_parent,
        )
        self.helpers.append(holder)
        if holder.stdout is None or holder.stdout.readline() != b"ready\n":
            raise LabError("the chroot could not be entered (it needs root)")
        inside = _children(holder.pid)[0]
        self._enter = ["nsenter", f"--target={inside}", "--mount", "--pid", "--root", "--wd"]

    def _start_x(self, screen: str) -> None:
        # X clients try the abstract socket first, and that one is the whole machine's: so the
        # server picks a free number itself.
        command = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{screen}x24", "-nolisten", "tcp"]
        server = self.start(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.helpers.append(server)
        number = server.stdout.readline().strip().decode() if server.stdout else ""
        if not number:
            raise LabError("Xvfb did not start")
        self.environment["DISPLAY"] = f":{number}"
        self.helpers.append(
            self.start(["openbox"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )

    def start(self, command: list[str], **options) -> subprocess.Popen[Any]:
        """Start a command in the room; `environment` adds to the room's own."""
        extra = options.pop("environment", {})
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(
            [*self._enter, *command], env={**self.environment, **extra}, **options
        )

    def run(
        self, command: list[str], timeout: float = 60, **options
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; kill it and all it started when that takes too long.

        Its standard error is in the answer unless `stderr` sends it elsewhere.
        """
        options = {"stderr": subprocess.PIPE, **options}
        process = self.start(command, stdout=subprocess.PIPE, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            kill_tree(process.pid)
            out, err = process.communicate()
            err = (err or b"") + f"\nkilled after {timeout} s".encode()
        err = err or b""
        return subprocess.CompletedProcess(
            command, process.returncode, out.decode(errors="replace"), err.decode(errors="replace")
        )

    def close(self) -> None:
        for helper in reversed(self.helpers):
            kill_tree(helper.pid)
            helper.wait()
        self.helpers = []


def _children(pid: int) -> list[int]:
    try:
        return [int(x) for x in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def tasks(pid: int) -> Iterator[Path]:
    """The threads of a process and of all its descendants, as folders of /proc."""
    yield from Path(f"/proc/{pid}/task").glob("*")
    for child in _children(pid):
        yield from tasks(child)


def kill_tree(pid: int) -> None:
    """Kill a process and all its descendants."""
    for child in _children(pid):
        kill_tree(child)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 9)


def main(arguments: list[str]) -> int:
    action, *rest = arguments or ["help"]
    chosen = rest[:1] or ALL
    if not set(chosen) <= set(ALL):
        action = "help"
    if action == "build":
        for version in chosen:
            started = time.monotonic()
            print(version, installed(version) or build(version), end=" ")
            print(f"{time.monotonic() - started:.0f} s")
    elif action == "run" and len(rest) > 1:
        room = Room(rest[0], [str(Path(__file__).resolve().parents[2])])
        try:
            return room.start(rest[1:], stdin=None).wait()
        finally:
            room.close()
    elif action == "info":
        for version in chosen:
            ready = chroot.complete(cache() / version, recipe(version))
            print(version, installed(version) or (cache() / version if ready else "not built"))
    elif action == "clean":
        for version in chosen:
            shutil.rmtree(cache() / version, ignore_errors=True)
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LabError as error:
        sys.exit(f"lab: {error}")
