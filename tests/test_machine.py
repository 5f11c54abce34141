"""What a container leaves of the computer, from files as Linux writes them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from neural_style import machine

MIB = 2**20
NONE = "9223372036854771712"
"""No limit, in version 1 of control groups."""

STAT_1 = """cache 46137344
rss 314572800
mapped_file 4194304
inactive_file 1048576
active_file 1048576
unevictable 0
hierarchical_memory_limit 1258291200
total_cache 46137344
total_rss 314572800
total_inactive_file 31457280
total_active_file 10485760
total_unevictable 0"""

STAT_2 = """anon 314572800
file 46137344
kernel 2097152
shmem 4194304
inactive_anon 318767104
active_anon 0
inactive_file 31457280
active_file 10485760
unevictable 0
slab_reclaimable 1048576"""

USED, FILES = 360 * MIB, 40 * MIB

Groups = Callable[..., None]


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Groups:
    """Writes what this process sees of its control groups, on a computer of 64 GiB and 16 cores."""
    memory = SimpleNamespace(available=60 * 1024 * MIB, total=64 * 1024 * MIB)
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(machine.psutil, "cpu_count", lambda **_: 16)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(machine, "_PROCESS", tmp_path / "proc")
    (tmp_path / "proc").mkdir()

    def write(own: str, mounts: str, files: dict[str, str]) -> None:
        """`TOP` in mounts is the folder of the files' paths."""
        top = tmp_path / "sys fs"
        (tmp_path / "proc" / "cgroup").write_text(own)
        name = str(top).replace(" ", "\\040")
        (tmp_path / "proc" / "mountinfo").write_text(mounts.replace("TOP", name))
        for path, text in files.items():
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_text(text + "\n")

    return write


PROC = "24 30 0:22 / /proc rw,nosuid,nodev,noexec,relatime shared:13 - proc proc rw\n"
MOUNTS_1 = (
    PROC
    + """31 23 0:28 / TOP rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 ROOT TOP/cpu,cpuacct ro,nosuid master:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 ROOT TOP/memory ro,nosuid master:15 - cgroup cgroup rw,memory
"""
)
MOUNTS_2 = PROC + "29 23 0:26 ROOT TOP rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


def group_1(folder: str, limit: str, quota: str = "-1") -> dict[str, str]:
    memory, cpu = f"memory/{folder}", f"cpu,cpuacct/{folder}"
    return {
        f"{memory}/memory.limit_in_bytes": limit,
        f"{memory}/memory.usage_in_bytes": str(USED),
        f"{memory}/memory.stat": STAT_1,
        f"{cpu}/cpu.cfs_quota_us": quota,
        f"{cpu}/cpu.cfs_period_us": "100000",
    }


def group_2(
    folder: str, limit: str, quota: str = "max 100000", high: str = "max"
) -> dict[str, str]:
    return {
        f"{folder}/memory.max": limit,
        f"{folder}/memory.high": high,
        f"{folder}/memory.current": str(USED),
        f"{folder}/memory.stat": STAT_2,
        f"{folder}/cpu.max": quota,
    }


LIMIT = str(1200 * MIB)
MORE = str(4000 * MIB)
FREE = 1200 * MIB - USED + FILES

OWN_1 = "12:cpu,cpuacct:PATH\n4:memory:PATH\n1:name=systemd:PATH\n0::/\n"
OWN_2 = "0::PATH\n"

LIMITED = {
    # As Docker shows it: the container's own group is the top one.
    "1, in a container": (
        OWN_1.replace("PATH", "/docker/4f5e"),
        MOUNTS_1.replace("ROOT", "/docker/4f5e"),
        group_1(".", LIMIT, "200000"),
    ),
    "1, on the computer": (
        OWN_1.replace("PATH", "/docker/4f5e"),
        MOUNTS_1.replace("ROOT", "/"),
        {
            **group_1(".", NONE),
            **group_1("docker", NONE),
            **group_1("docker/4f5e", LIMIT, "200000"),
        },
    ),
    "1, above": (
        OWN_1.replace("PATH", "/a/b/c"),
        MOUNTS_1.replace("ROOT", "/"),
        {
            **group_1("a", LIMIT, "800000"),
            **group_1("a/b", MORE, "200000"),
            **group_1("a/b/c", NONE, "1600000"),
        },
    ),
    "1, of somewhere else": (
        OWN_1.replace("PATH", "/kubepods/pod1"),
        MOUNTS_1.replace("ROOT", "/docker/4f5e"),
        group_1(".", LIMIT, "200000"),
    ),
    "2, in a container": (
        OWN_2.replace("PATH", "/"),
        MOUNTS_2.replace("ROOT", "/"),
        group_2(".", LIMIT, "200000 100000"),
    ),
    "2, above": (
        OWN_2.replace("PATH", "/user.slice/user-1000.slice/session-2.scope"),
        MOUNTS_2.replace("ROOT", "/"),
        {
            "cgroup.controllers": "cpu memory",  # the computer's own has no limits
            **group_2("user.slice", MORE, "400000 100000"),
            **group_2("user.slice/user-1000.slice", LIMIT, "200000 100000"),
            **group_2("user.slice/user-1000.slice/session-2.scope", "max"),
        },
    ),
    "2, where it slows down": (
        OWN_2.replace("PATH", "/app.slice"),
        MOUNTS_2.replace("ROOT", "/"),
        group_2("app.slice", MORE, "100000 50000", high=LIMIT),
    ),
    "both": (
        "4:memory:/a\n0::/a\n",
        MOUNTS_1.replace("ROOT", "/") + "41 31 0:38 / TOP/unified rw - cgroup2 cgroup2 rw\n",
        {**group_1("a", LIMIT), "unified/a/cpu.max": "200000 100000"},
    ),
}


@pytest.mark.parametrize("case", LIMITED)
def test_the_smallest_limit_counts(case: str, groups: Groups) -> None:
    """What the kernel keeps of files is free, what programs hold is not."""
    groups(*LIMITED[case])
    assert machine.memory() == (FREE, 1200 * MIB)
    assert machine.cores() == 2


@pytest.mark.parametrize(
    ("own", "mounts", "files"),
    [
        ("", "", {}),
        (OWN_1.replace("PATH", "/"), MOUNTS_1.replace("ROOT", "/"), group_1(".", NONE)),
        (OWN_2.replace("PATH", "/"), MOUNTS_2.replace("ROOT", "/"), group_2(".", "max")),
        (OWN_2.replace("PATH", "/gone"), MOUNTS_2.replace("ROOT", "/"), {}),
        (OWN_2.replace("PATH", "/"), MOUNTS_2.replace("ROOT", "/"), group_2(".", str(2**50), "?")),
    ],
)
def test_without_a_limit_all_of_the_computer_counts(
    own: str, mounts: str, files: dict[str, str], groups: Groups
) -> None:
    groups(own, mounts, files)
    assert machine.memory() == (60 * 1024 * MIB, 64 * 1024 * MIB)
    assert machine.cores() == 16


def test_other_programs_count_more_than_a_limit_that_is_larger(
    groups: Groups, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups(*LIMITED["2, in a container"])
    memory = SimpleNamespace(available=200 * MIB, total=64 * 1024 * MIB)
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: memory)
    assert machine.memory() == (200 * MIB, 1200 * MIB)


def test_memory_that_is_full_is_not_less_than_none(groups: Groups) -> None:
    groups(OWN_2.replace("PATH", "/"), MOUNTS_2.replace("ROOT", "/"), group_2(".", str(200 * MIB)))
    assert machine.memory() == (0, 200 * MIB)


@pytest.mark.parametrize(
    ("quota", "expected"), [("50000 100000", 1), ("160000 100000", 2), ("3200000 100000", 16)]
)
def test_a_share_of_a_core_is_rounded(quota: str, expected: int, groups: Groups) -> None:
    top = group_2(".", "max", quota)
    groups(OWN_2.replace("PATH", "/"), MOUNTS_2.replace("ROOT", "/"), top)
    assert machine.cores() == expected


def test_cores_that_the_process_may_not_use_do_not_count(
    groups: Groups, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups("", "", {})
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 7}, raising=False)
    assert machine.cores() == 2
