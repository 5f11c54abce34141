"""What the engine can compute on here."""

from __future__ import annotations

import ctypes
import re
import sys
import time
from contextlib import suppress
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

_OUT_OF_MEMORY = re.compile(
    r"out of memory|out_of_(device_|host_)?memory|outofmemory|out_of_resources"
    r"|not enough memory|can't allocate memory|failed to allocate|bad_alloc|invalid buffer size"
    r"|alloc_?failed|allocation_failed|allocation_failure"
    r"|could not create a (memory|primitive(?! descriptor))"
    r"|unable to find (an engine|a valid cudnn algorithm)",
    re.IGNORECASE,
)
"""What PyTorch and the libraries below it say where memory runs out: CUDA, cuDNN (which finds no
algorithm that fits), HIP, Level Zero and its predecessors, Metal, oneDNN, C++, and the CPU's
allocator, which has no exception type of its own."""


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out, on whatever device."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(str(error)) is not None


def available_devices() -> list[Device]:
    """Devices that work here, the fastest first; the CPU is always the last."""
    memory = psutil.virtual_memory()
    cpu = Device(
        name="cpu",
        description=f"CPU ({torch.get_num_threads()} cores)",
        memory=memory.total,
        memory_free=memory.available,
    )
    return [card for card in map(_card, _cards()) if isinstance(card, Device)] + [cpu]


def unusable_devices() -> dict[str, str]:
    """Devices that are there but do not work, and what they say."""
    return {name: card for name in _cards() if isinstance(card := _card(name), str)}


def name_of(device: torch.device) -> str:
    """What a device is called here: the first card of a kind as its kind, others as cuda:1."""
    return f"{device.type}:{device.index}" if device.index else device.type


def _cards() -> list[str]:
    """Names of all cards that might be there."""
    names = []
    for kind, module in _CARDS.items():
        count = 1
        with suppress(Exception):  # as below
            count = module.device_count()
        names += [kind, *(f"{kind}:{number}" for number in range(1, count))]
    return names


def _card(name: str) -> Device | str | None:
    """A card, what is wrong with it, or None where there is none."""
    kind = torch.device(name).type
    # Drivers raise whatever they like, and at the first look or any later one. A card that fails
    # must not take the CPU with it.
    try:
        if not _CARDS[kind].is_available():
            return None
        _try(name)
        free, memory = _memory(name)
        index = torch.device(name).index
        about = "Apple GPU" if kind == "mps" else str(getattr(torch, kind).get_device_name(index))
        return Device(name=name, description=about, memory=memory, memory_free=free)
    except Exception as error:
        return (str(error).strip() or type(error).__name__).splitlines()[0]


@cache
def _try(name: str) -> None:
    """A tiny convolution: a card may be seen, and have no code that runs on it."""
    device = torch.device(name)
    picture = torch.ones(1, 3, 8, 8, device=device)
    convolved = F.conv2d(picture, torch.ones(4, 3, 3, 3, device=device), padding=1)
    if convolved.amax().item() != 27:
        raise RuntimeError("it computes wrong numbers")


def _memory(name: str) -> tuple[int, int]:
    """Bytes that are free, and in all."""
    kind, index = torch.device(name).type, torch.device(name).index
    if kind == "mps":  # shares the computer's memory
        memory = torch.mps.recommended_max_memory()
        return memory - torch.mps.driver_allocated_memory(), memory
    module = torch.cuda if kind == "cuda" else torch.xpu
    free, memory = module.mem_get_info(index)
    # What PyTorch keeps for its next tensors is ours to use.
    return free + module.memory_reserved(index) - module.memory_allocated(index), memory


def is_limited(device: torch.device) -> bool:
    """Whether PyTorch may lack operations there that it has everywhere else.

    On Apple's graphics cards: bicubic resizing that averages (before PyTorch 2.8), going back
    through max pooling, and memory of one type seen as another (not proven).
    """
    return device.type == "mps"


def choose_device(wanted: str) -> torch.device:
    """The device that the setting `device` means.

    Raises:
        NeuralStyleError: `device_unavailable`.
    """
    names = [device.name for device in available_devices()]
    if wanted == "auto":
        return torch.device(names[0])
    if name_of(torch.device(wanted)) not in names:
        message = f"This computer has no {wanted} device that PyTorch {torch.__version__} can use"
        if reason := unusable_devices().get(name_of(torch.device(wanted))):
            message += f" ({reason})"
        raise NeuralStyleError("device_unavailable", message)
    return torch.device(wanted)


def free_memory(device: torch.device) -> int:
    """Bytes that are free on a device; none on one that does not answer any more."""
    return next((d.memory_free for d in available_devices() if d.name == name_of(device)), 0)


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
    """Shortest time that convolutions of middling size took; on cards many large ones, so that
    it is not the time to start them that is measured."""
    side, count = (96, 1) if device.type == "cpu" else (512, 20)
    features = torch.ones(1, 64, side, side, device=device, dtype=dtype)
    features = features.contiguous(memory_format=torch.channels_last)
    weight = torch.ones(64, 64, 3, 3, device=device, dtype=dtype)
    times = []
    for _ in range(5):
        convolved = features
        start = time.perf_counter()
        for _ in range(count):
            convolved = F.conv2d(features, weight, padding=1)
        float(convolved[0, 0, 0, 0])  # waits for the device
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
        with suppress(Exception):  # a card that fails has nothing of ours
            if module.is_available():
                getattr(torch, kind).empty_cache()


_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None
