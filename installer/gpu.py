"""Which graphics card this computer has and which build of PyTorch goes with it.

PyTorch is not there yet, so the drivers are asked. Each is asked in a process of its own, as a
broken driver may crash or hang; the last word has PyTorch, once it is installed.
"""

from __future__ import annotations

import ctypes
import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from installer import machine

CUDA_LIBRARIES = ("libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1", "nvcuda.dll")
XPU_LIBRARIES = ("libze_loader.so.1", "ze_loader.dll")
KFD_NODES = Path("/sys/class/kfd/kfd/topology/nodes")
SECONDS = 30


@dataclass(frozen=True)
class Card:
    """The build of PyTorch for this computer's card, what was found, and what is wrong with it."""

    build: str
    found: str
    warning: str = ""


def detect() -> Card:
    """The build of PyTorch for this computer; `cpu` if there is no card that it could use."""
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return Card("mps", "Apple GPU")
    if nvidia := _ask("cuda"):
        return choose_cuda(**nvidia)
    if has_rocm():
        return Card("rocm", "AMD GPU with the ROCm driver")
    if _ask("xpu"):
        return Card("xpu", "Intel GPU")
    return Card("cpu", "no graphics card that PyTorch could use")


def _ask(driver: str) -> dict[str, Any]:
    """What a driver says about its card; nothing if there is no such driver or card."""
    code = f"import sys; sys.path.insert(0, {str(machine.ROOT)!r}); "
    code += f"from installer import gpu; gpu.tell({driver!r})"
    said = machine.run_python(sys.executable, "-c", code, timeout=SECONDS)
    return json.loads(said.stdout) if said.returncode == 0 else {}


def choose_cuda(driver: int, capability: list[int], name: str) -> Card:
    """The CUDA build for a driver (12040 is CUDA 12.4) and a card's compute capability.

    CUDA 13 needs a driver of its own and a Turing card (7.5) or newer; the builds of CUDA 12.6
    run with every driver of CUDA 12 and know cards from Maxwell (5.0) to Hopper (9.0).
    """
    found = f"{name}, driver for CUDA {driver // 1000}.{driver % 1000 // 10}"
    version = tuple(capability)
    if driver >= 13000 and version >= (7, 5):
        return Card("cu130", found)
    if version < (5, 0):
        return Card("cpu", found, f"{name} is too old for PyTorch")
    if driver >= 12000 and version < (10, 0):
        return Card("cu126", found)
    return Card("cpu", found, f"The driver of {name} is too old for PyTorch")


def has_rocm() -> bool:
    """Whether Linux's kernel driver for AMD's computing shows a node that has shader units."""
    for properties in KFD_NODES.glob("*/properties"):
        try:
            pairs = [line.split() for line in properties.read_text().splitlines()]
        except OSError:
            continue
        if any(pair[0] == "simd_count" and int(pair[1]) > 0 for pair in pairs if len(pair) == 2):
            return True
    return False


# -- in a process of its own ---------------------------------------------------------------------


def tell(driver: str) -> None:
    """Print as JSON what a driver says; without such a driver or card, end this process."""
    print(json.dumps(_ask_cuda() if driver == "cuda" else _ask_xpu()))


def _ask_cuda() -> dict[str, object]:
    cuda = _load(CUDA_LIBRARIES)
    number, device = ctypes.c_int(), ctypes.c_int()
    _check(cuda.cuInit(0))
    _check(cuda.cuDriverGetVersion(ctypes.byref(number)))
    driver = number.value
    _check(cuda.cuDeviceGet(ctypes.byref(device), 0))
    name = ctypes.create_string_buffer(100)
    _check(cuda.cuDeviceGetName(name, len(name), device))
    capability = []
    for attribute in (75, 76):  # COMPUTE_CAPABILITY_MAJOR, _MINOR
        _check(cuda.cuDeviceGetAttribute(ctypes.byref(number), attribute, device))
        capability.append(number.value)
    return {"driver": driver, "capability": capability, "name": name.value.decode()}


def _ask_xpu() -> dict[str, object]:
    zero = _load(XPU_LIBRARIES)
    _check(zero.zeInit(1))  # GPU drivers only
    count = ctypes.c_uint32(0)
    _check(zero.zeDriverGet(ctypes.byref(count), None))
    _check(0 if count.value else 1)
    return {"drivers": count.value}


def _load(names: tuple[str, ...]) -> ctypes.CDLL:
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    sys.exit(1)


def _check(status: int) -> None:
    if status != 0:
        sys.exit(1)
