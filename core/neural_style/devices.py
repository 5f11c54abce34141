"""What the engine can compute on here."""

from __future__ import annotations

import psutil
import torch

from neural_style.errors import NeuralStyleError
from neural_style.protocol import Device

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
