"""Memory and cores of this computer that the program may use: a container's, if it is in one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

_PROCESS = Path("/proc/self")

_NO_LIMIT = 2**60
"""Bytes from which on a limit is none: version 1 of Linux's control groups has no word for it."""


def memory() -> tuple[int, int]:
    """Bytes that are free, and in all.

    What the system keeps of files counts as free, as it gives that up when memory is asked for.
    """
    machine = psutil.virtual_memory()
    found = [(machine.available, machine.total), *map(_memory_of, _groups("memory"))]
    free, total = zip(*found, strict=True)
    return max(int(min(free)), 0), int(min(total))


def cores() -> int:
    """Cores that may be kept busy at a time: real ones, no hyper-threads."""
    found = [
        psutil.cpu_count(logical=False) or os.cpu_count() or 1,
        *map(_cores_of, _groups("cpu")),
    ]
    if hasattr(os, "sched_getaffinity"):
        found.append(len(os.sched_getaffinity(0)))
    return max(round(min(found)), 1)


def _memory_of(group: Path) -> tuple[float, float]:
    """Bytes that are free in a control group, and in all."""
    # Where "high" is reached, the kernel slows the group down instead of ending it.
    limits = [_number(group / f"memory.{name}") for name in ("max", "high", "limit_in_bytes")]
    limit = min(limits)
    if limit >= _NO_LIMIT:
        return limit, limit
    used = min(_number(group / f"memory.{name}") for name in ("current", "usage_in_bytes"))
    statistics = dict(line.split() for line in _text(group / "memory.stat").splitlines())
    # Those with "total" count the groups below too, as the others do in version 2.
    files = sum(
        float(statistics.get(f"total_{name}", statistics.get(name, 0)))
        for name in ("active_file", "inactive_file")
    )
    return limit - (used - files), limit


def _cores_of(group: Path) -> float:
    """Cores that a control group may keep busy."""
    quota, _, period = _text(group / "cpu.max").partition(" ")
    if not period:
        quota, period = (_text(group / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
    with suppress(ValueError):  # "max"
        if float(quota) > 0:  # version 1 has -1 for no limit
            return float(quota) / float(period)
    return float("inf")


def _groups(controller: str) -> Iterator[Path]:
    """Folders of the control groups of this process that may limit something, of both versions:
    its own and all above it."""
    mounts = list(_mounts())
    for line in _text(_PROCESS / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") or not controllers:
            for kind, root, top in mounts:
                if kind == (controller if controllers else ""):
                    # A container may see its own group, or what is above it, as the root of all.
                    inside = Path(path).is_relative_to(root)
                    own = top / Path(path).relative_to(root) if inside else top
                    yield own
                    yield from (above for above in own.parents if above.is_relative_to(top))


def _mounts() -> Iterator[tuple[str, str, Path]]:
    """Controller, "" in version 2; path of the group that is seen; the folder where it is."""
    for line in _text(_PROCESS / "mountinfo").splitlines():
        place, _, system = line.partition(" - ")
        root, top = (_unescaped(field) for field in place.split()[3:5])
        kind, _, options = system.split(" ", 2)
        if kind == "cgroup2":
            yield "", root, Path(top)
        elif kind == "cgroup":
            for controller in options.split(","):
                yield controller, root, Path(top)


def _unescaped(field: str) -> str:
    """A path of `mountinfo`, which has a space as \\040."""
    return re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), field)


def _number(file: Path) -> float:
    """The number in a file; infinite if there is none."""
    try:
        return float(_text(file))
    except ValueError:
        return float("inf")


def _text(file: Path) -> str:
    """What is in a file; nothing if it cannot be read."""
    try:
        return file.read_text().strip()
    except (OSError, UnicodeError):
        return ""
