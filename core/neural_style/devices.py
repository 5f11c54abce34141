"""What the engine can compute on here."""

from __future__ import annotations

import ctypes
import sys
import time
from functools import cache

import psutil
import torch
from torch.nn import functional as F

from neural_style.errors import NeuralStyleError
from neural_style.protocol import Device

FASTER = 1.3
"""How many times faster bfloat16 must be than float32 to be chosen: so much that the choice is
the same each time, however busy the computer."""

_CARDS = {"cuda": torch.cuda, "xpu": torch.xpu, "mps": torch.backends.mps}


def available_devices() -> list[Device]:
    """Devices that work here, the fastest first; the CPU is always the last."""
    memory = psutil.virtual_memory()
    cpu = Device(
        name="cpu",
        description=f"CPU ({torch.get_num_threads()} cores)",
        memory=memory.total,
        memory_free=memory.available,
    )
    return [_card(kind) for kind, module in _CARDS.items() if module.is_available()] + [cpu]


def _card(kind: str) -> Device:
    if kind == "mps":  # shares the computer's memory
        memory = torch.mps.recommended_max_memory()
        free = memory - torch.mps.driver_allocated_memory()
        return Device(name=kind, description="Apple GPU", memory=memory, memory_free=free)
    module = torch.cuda if kind == "cuda" else torch.xpu
    free, memory = module.mem_get_info()
    name = module.get_device_name()
    return Device(name=kind, description=name, memory=memory, memory_free=free)


def choose_device(wanted: str) -> torch.device:
    """The device that the setting `device` means.

    Raises:
        NeuralStyleError: `device_unavailable`.
    """
    names = [device.name for device in available_devices()]
    if wanted == "auto":
        return torch.device(names[0])
    if wanted not in names:
        raise NeuralStyleError(
            "device_unavailable",
            f"This computer has no {wanted} device that PyTorch {torch.__version__} can use",
        )
    return torch.device(wanted)


def free_memory(device: torch.device) -> int:
    """Bytes that are free on a device."""
    return next(d.memory_free for d in available_devices() if d.name == device.type)


def choose_precision(device: torch.device, wanted: str) -> torch.dtype:
    """The number format of features that the setting `precision` means.

    For `auto`, bfloat16 where a convolution in it is clearly faster than in float32. It has
    float32's range, so that no sum overflows, with 8 bits of mantissa; pictures, statistics and
    losses are float32 in any case.
    """
    if wanted == "auto":
        return torch.bfloat16 if _gain_of_bfloat16(device) >= FASTER else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[wanted]


@cache
def _gain_of_bfloat16(device: torch.device) -> float:
    """How many times faster than in float32 a convolution is; 0 where it does not work."""
    threads = torch.get_num_threads()
    # Two threads that wait for each other are slow by chance where other programs run.
    torch.set_num_threads(1)
    try:
        slow, fast = (_seconds(device, dtype) for dtype in (torch.float32, torch.bfloat16))
    except (RuntimeError, TypeError):  # some devices have no such convolution
        return 0.0
    finally:
        torch.set_num_threads(threads)
    return slow / fast


def _seconds(device: torch.device, dtype: torch.dtype) -> float:
    """Shortest time that a convolution of middling size took."""
    features = torch.ones(1, 64, 96, 96, device=device, dtype=dtype)
    features = features.contiguous(memory_format=torch.channels_last)
    weight = torch.ones(64, 64, 3, 3, device=device, dtype=dtype)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        float(F.conv2d(features, weight, padding=1)[0, 0, 0, 0])  # waits for the device
        times.append(time.perf_counter() - start)
    return min(times)


def keep_memory() -> None:
    """Let this process keep the memory that it frees, for its next tensor of that size.

    By default glibc returns large blocks to the system at once, and the system hands them out
    page by page, cleared, a quarter of a step's time. Other systems' allocators are left alone.
    """
    if libc := _glibc():
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def release_memory() -> None:
    """Give back to the system what is free, on all devices."""
    if libc := _glibc():
        libc.malloc_trim(0)
    for kind, module in _CARDS.items():
        if module.is_available():
            getattr(torch, kind).empty_cache()


_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None
