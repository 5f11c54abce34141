"""What the engine can compute on here."""

from __future__ import annotations

import ctypes
import itertools
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress

import torch
from torch.nn import functional as F

from neural_style import machine
from neural_style.errors import NeuralStyleError
from neural_style.protocol import Device

_CARDS = {"cuda": torch.cuda, "xpu": torch.xpu, "mps": torch.backends.mps}
_CPU = torch.device("cpu")

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
    working = [card for card, problem in _tried() if problem is None]
    return [_described(device) for device in [*working, _CPU]]


def unusable_devices() -> dict[str, str]:
    """Devices that are there but do not work, and what they say."""
    return {name_of(card): problem for card, problem in _tried() if problem is not None}


def passed_over() -> dict[str, str]:
    """Devices that `auto` would choose if they worked, and what they say."""
    failing = itertools.takewhile(lambda tried: tried[1] is not None, _tried())
    return {name_of(card): problem or "" for card, problem in failing}


def choose_device(wanted: str) -> torch.device:
    """The device that the setting `device` means. No card is touched but those that are asked for:
    on each one that it uses, a process takes hundreds of megabytes.

    Raises:
        NeuralStyleError: `device_unavailable`.
    """
    if wanted == "auto":
        return next((card for card, problem in _tried() if problem is None), _CPU)
    device = device_of(wanted)
    if device == _CPU:
        return device
    problem = _problem(device) if device in _cards() else ""
    if problem is not None:
        message = f"This computer has no {wanted} device that PyTorch {torch.__version__} can use"
        if problem:
            message += f" ({problem})"
        raise NeuralStyleError("device_unavailable", message)
    return device


def device_of(name: str) -> torch.device:
    """The device with a name, written as its tensors have it: cuda is cuda:0, as to PyTorch these
    two are not equal."""
    device = torch.device(name)
    return torch.device(device.type, device.index or 0) if device.type in _CARDS else device


def name_of(device: torch.device) -> str:
    """What a device is called here: the first card of a kind as its kind, others as cuda:1."""
    return f"{device.type}:{device.index}" if device.index else device.type


def seen_alone(device: torch.device) -> tuple[str, dict[str, str]]:
    """How another process sees one device and no other: what it calls it, and its environment.

    On each card that a process sees, it may take hundreds of megabytes. Intel's cards are left as
    they are, as its variables count them in another order than PyTorch.
    """
    names = ["HIP_VISIBLE_DEVICES"] * bool(torch.version.hip) + ["CUDA_VISIBLE_DEVICES"]
    if device == _CPU:
        return "cpu", {names[0]: "-1"}  # as no number is so, none
    if device.type != "cuda":
        return name_of(device), {}
    # What this process sees is a choice already, of numbers or of identifiers.
    seen = next(filter(None, map(os.environ.get, names)), None)
    own = seen.split(",")[device.index].strip() if seen else str(device.index)
    return "cuda", {names[0]: own}


def free_memory(device: torch.device) -> int:
    """Bytes that are free on a device."""
    return _memory(device)[0]


def try_convolution(device: torch.device, dtype: torch.dtype = torch.float32) -> None:
    """Compute something small: a card may be seen, and have no code that runs on it.

    Raises:
        Exception: whatever the driver raises, or RuntimeError for a wrong result.
    """
    picture = torch.ones(1, 3, 8, 8, device=device, dtype=dtype)
    weight = torch.ones(4, 3, 3, 3, device=device, dtype=dtype)
    if F.conv2d(picture, weight, padding=1).amax().item() != 27:
        raise RuntimeError("it computes wrong numbers")


def _cards() -> list[torch.device]:
    """All cards that are there, those included whose driver fails when it is asked for them."""
    cards = []
    for kind, module in _CARDS.items():
        count = 1
        with suppress(Exception):  # as below; and Apple's are not counted
            count = module.device_count() if module.is_available() else 0
        cards += [torch.device(kind, number) for number in range(count)]
    return cards


def _tried() -> Iterator[tuple[torch.device, str | None]]:
    """Each card, and its problem."""
    return ((card, _problem(card)) for card in _cards())


def _problem(card: torch.device) -> str | None:
    """What is wrong with a card, in one line; None if it computes, which is all that counts."""
    # Each time, as a card may fail later. Drivers raise whatever they like, and a card that fails
    # must not take the CPU with it.
    try:
        try_convolution(card)
    except Exception as error:
        return (str(error).strip() or type(error).__name__).splitlines()[0]
    return None


def _described(device: torch.device) -> Device:
    free, memory = _memory(device)
    name, about = name_of(device), {"mps": "Apple GPU"}.get(device.type, device.type)
    if device == _CPU:
        about = f"CPU ({min(torch.get_num_threads(), machine.cores())} cores)"
    else:
        with suppress(Exception):
            about = str(getattr(torch, device.type).get_device_name(device.index))
    return Device(name=name, description=about, memory=memory, memory_free=free)


def _memory(device: torch.device) -> tuple[int, int]:
    """Bytes that are free, and in all."""
    with suppress(Exception):
        if device.type == "mps":  # shares the computer's memory
            memory = torch.mps.recommended_max_memory()
            return memory - torch.mps.driver_allocated_memory(), memory
        if device.type in _CARDS:
            return _memory_of_card(device)
    return machine.memory()


def _memory_of_card(device: torch.device) -> tuple[int, int]:
    module, index = getattr(torch, device.type), device.index
    try:
        free, memory = module.mem_get_info(index)
    except Exception:
        # Some of Intel's drivers do not tell what is free. Most of these cards have no memory of
        # their own and share the computer's.
        memory = module.get_device_properties(index).total_memory
        return min(memory - module.memory_allocated(index), machine.memory()[0]), memory
    # What PyTorch keeps for its next tensors is ours to use.
    return free + module.memory_reserved(index) - module.memory_allocated(index), memory


def is_limited(device: torch.device) -> bool:
    """Whether PyTorch may lack operations there that it has everywhere else.

    On Apple's graphics cards: bicubic resizing that averages (before PyTorch 2.8), going back
    through max pooling, and memory of one type seen as another (not proven).
    """
    return device.type == "mps"


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
