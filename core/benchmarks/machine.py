"""The machine that is measured on: what it is, its memory's high-water mark, its peak speed."""

from __future__ import annotations

import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import torch

from neural_style.precision import choose_precision

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}

TF32 = "tf32"
"""One more, only measured: float32, of which convolutions on NVIDIA's cards take 10 bits."""

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def describe() -> dict[str, Any]:
    """Everything about the machine and the software that the figures depend on."""
    facts = {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": psutil.cpu_count(logical=True),
        "threads": torch.get_num_threads(),
        "memory_bytes": psutil.virtual_memory().total,
        "load": psutil.getloadavg()[0],
        "python": platform.python_version(),
        "torch": torch.__version__,
        "date": time.strftime("%Y-%m-%d %H:%M"),
    }
    if torch.cuda.is_available():
        facts["graphics_card"] = torch.cuda.get_device_name()
    return facts


def precisions(device: torch.device) -> list[str]:
    """Float32, and what the engine would choose on this device where that is another."""
    chosen = choose_precision(device, "auto")
    return [name for name, dtype in PRECISIONS.items() if dtype in (torch.float32, chosen)]


def dtype(precision: str) -> torch.dtype:
    """The number format of one of PRECISIONS, or of TF32."""
    return torch.float32 if precision == TF32 else PRECISIONS[precision]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor()
    lines = cpuinfo.read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), "unknown")


def wait(device: torch.device) -> None:
    """Until the device has done all it was given."""
    if device.type != "cpu":
        getattr(torch, device.type).synchronize()


def seconds(work: Callable[[], object], device: torch.device, *, warm: int, repeats: int) -> float:
    """Median time of `work` in seconds, after `warm` calls that do not count."""
    for _ in range(warm):
        work()
    times = []
    for _ in range(repeats):
        wait(device)
        start = time.perf_counter()
        work()
        wait(device)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak_flops(device: torch.device, precision: str) -> float:
    """Floating-point operations per second of a large matrix product.

    On CUDA, float32 is all of its bits, as in the engine; the textbook's convolutions take TF32
    there, as PyTorch's do unless told not to.
    """
    side = 2048 if device.type == "cpu" else 8192
    one, two = (torch.randn(side, side, device=device).to(dtype(precision)) for _ in "ab")
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = precision == TF32
    try:
        return 2 * side**3 / seconds(lambda: torch.mm(one, two), device, warm=2, repeats=7)
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


class Memory:
    """Memory in use on a device, in bytes, above what it was when this began.

    On the CPU it is the process's, so measure in a process of its own. Linux can lower the
    high-water mark to the present use; `ru_maxrss` cannot be lowered, and on Linux a process
    inherits its parent's, so it serves only where there is nothing better.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._lower()
        cuda = device.type == "cuda"
        self.before = torch.cuda.memory_allocated() if cuda else psutil.Process().memory_info().rss

    def peak(self) -> int:
        """The most there was since the last call."""
        cuda = self.device.type == "cuda"
        peak = torch.cuda.max_memory_allocated() if cuda else _high_water()
        self._lower()
        return peak - self.before

    def _lower(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        elif _CLEAR.exists():
            _CLEAR.write_text("5")


def _high_water() -> int:
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if "VmHWM" in line)
        return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
