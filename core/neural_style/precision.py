"""Number formats of features, and that convolutions and matrix products are computed in them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from typing import Any

import torch
from torch.nn import functional as F

from neural_style.devices import try_convolution
from neural_style.errors import NeuralStyleError

FASTER = 1.3
"""How many times faster bfloat16 must be than float32 to be chosen: so much that the choice is
the same each time, however busy the computer."""

ALLOW_TF32 = False
"""Whether convolutions in float32 may take 10 bits of its 23 on NVIDIA's cards, as they do by
default, and in which the line search of L-BFGS gets lost; a benchmark sets it."""


def choose_precision(device: torch.device, wanted: str) -> torch.dtype:
    """The number format of features that the setting `precision` means.

    For `auto`, bfloat16 where a convolution in it is clearly faster than in float32. It has
    float32's range, so that no sum overflows, with 8 bits of mantissa; pictures, statistics and
    losses are float32 in any case.

    Raises:
        NeuralStyleError: `device_unavailable` where bfloat16 is wanted and does not work.
    """
    if wanted == "auto":
        return torch.bfloat16 if _gain_of_bfloat16(device) >= FASTER else torch.float32
    dtype = {"float32": torch.float32, "bfloat16": torch.bfloat16}[wanted]
    if dtype == torch.bfloat16:
        # Said here, as what cuDNN says of it in the middle of a painting also means lack of memory.
        try:
            try_convolution(device, dtype)
        except (RuntimeError, TypeError) as error:
            reason = str(error).splitlines()[0]
            message = f"The {device.type} device does not compute in bfloat16 ({reason})"
            hint = "Set the precision to float32 or auto."
            raise NeuralStyleError("device_unavailable", message, hint) from None
    return dtype


@cache
def _gain_of_bfloat16(device: torch.device) -> float:
    """How many times faster than in float32 a convolution is; 0 where it does not work."""
    threads = torch.get_num_threads()
    # Two threads that wait for each other are slow by chance where other programs run.
    torch.set_num_threads(1)
    try:
        with exact_float32():
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


_backends: Any = torch.backends
_lock = threading.Lock()
_inside = 0
_before = ExitStack()


@contextmanager
def exact_float32() -> Iterator[None]:
    """A context, or a decorator, in which float32 is computed as float32, the same each time.

    By default NVIDIA's library takes fewer bits, and the fastest algorithm of the day; whoever
    calls this may have asked PyTorch for fewer bits on every device. PyTorch's flags hold for the
    whole process, so the first thread that comes here sets them, and the last one that leaves sets
    them back. What is right already, on the CPU nearly always everything, is left alone.
    """
    global _inside, _before
    with _lock:
        if not _inside:
            _before = _set_flags()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                _before.close()


def _set_flags() -> ExitStack:
    """Set what is not right; closing the result sets it back."""
    with ExitStack() as before:
        on_card = torch.cuda.is_initialized()
        if on_card:
            _set(before, "deterministic", value=True)
            _set(before, "benchmark", value=False)
            with suppress(RuntimeError):  # raised where the newer flags were set
                _set(before, "allow_tf32", value=ALLOW_TF32)
        if hasattr(_backends.cudnn, "conv"):
            _set_precisions(before, on_card=on_card)
        else:  # before PyTorch 2.9
            _set_products(before)
        return before.pop_all()


def _set_precisions(before: ExitStack, *, on_card: bool) -> None:
    """Set the precision of each kind of operation."""
    products = [_backends.mkldnn.matmul, _backends.cuda.matmul]
    wanted = [(_backends.mkldnn.conv, "ieee"), (products[0], "ieee")]
    if on_card:
        convolution = "tf32" if ALLOW_TF32 else "ieee"
        wanted += [(_backends.cudnn.conv, convolution), (products[1], "ieee")]
    wrong = [(kind, value) for kind, value in wanted if not _is(kind.fp32_precision, value)]
    if not wrong:
        return
    for kind in [*products, *(kind for kind, _ in wrong)]:  # the older flag sets all products
        before.callback(_set_back, kind, kind.fp32_precision)
    _set_products(before)
    for kind, value in wrong:
        kind.fp32_precision = value


def _is(found: str, wanted: str) -> bool:
    """Whether two of PyTorch's names for a precision are the same."""
    return found == wanted or (found, wanted) == ("none", "ieee")


def _set_back(kind: Any, precision: str) -> None:
    """Give a kind of operation the precision that it had: of its own, or its backend's."""
    kind.fp32_precision = "none"
    if kind.fp32_precision != precision:
        kind.fp32_precision = precision


def _set_products(before: ExitStack) -> None:
    """Set the older flag of matrix products: PyTorch raises where it and the newer ones differ."""
    try:
        precision = torch.get_float32_matmul_precision()
    except RuntimeError:  # the newer ones were set
        return
    if precision != "highest":
        before.callback(torch.set_float32_matmul_precision, precision)
        torch.set_float32_matmul_precision("highest")


def _set(before: ExitStack, flag: str, *, value: bool) -> None:
    """Set one of cuDNN's flags."""
    if getattr(_backends.cudnn, flag) != value:
        before.callback(setattr, _backends.cudnn, flag, not value)
        setattr(_backends.cudnn, flag, value)
