"""A graphics card played by the CPU: real numbers, and it refuses what a card refuses.

Its tensors say that they are on a card, and PyTorch's operations on them run on the CPU. What they
refuse was read in PyTorch 2.6 to 2.13: operations between two devices, reads and copies inside a
step, which make the host wait, kernels beyond their limits, Apple's missing operations and its
missing double precision, and more memory than there is.
"""

from __future__ import annotations

import math
import sys
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from neural_style import devices
from neural_style.network import build
from neural_style.optimise import Adam

aten: Any = torch.ops.aten

META = torch.device("meta")
KINDS = ("cuda", "xpu", "mps")

MISSING_ON_MPS = {
    aten._linalg_eigh.default,
    aten._linalg_eigvals.default,
    aten._upsample_bicubic2d_aa.default,
    aten._upsample_bilinear2d_aa.default,
    aten.adaptive_max_pool3d.default,
    aten.frexp.Tensor,
    aten.geqrf.default,
    aten.heaviside.default,
    aten.linalg_eig.default,
    aten.linalg_lstsq.default,
    aten.linalg_matrix_exp.default,
    aten.max_unpool2d.default,
    aten.mode.default,
    aten.put.default,
    aten.special_ndtri.default,
    aten.take.default,
}
"""What PyTorch's own tests of 2.6 to 2.13 list as not implemented there, in some of them."""

AVERAGING = {aten._adaptive_avg_pool2d.default, aten._adaptive_avg_pool2d.out}
"""On MPS for whole parts only."""

READS = {
    aten._local_scalar_dense.default,
    aten.equal.default,
    aten.is_nonzero.default,
    aten.item.default,
    aten.nonzero.default,
}
"""The CPU waits for the card until it has the answer."""

MOVES = {aten._to_copy.default, aten.copy_.default}
"""The only operations that have tensors of two devices, but for single numbers."""

MOST_REDUCED = {"cuda": 47.25, "xpu": math.inf, "mps": 0.0}
"""How many times bicubic resizing with averaging makes a side smaller at most: its weights have to
fit into a CUDA block's 48 KiB of shared memory."""


class OnCard(Tensor):
    """A tensor that says it is on the card. `numbers` is where they are.

    To PyTorch's core it is on `meta`, a device that needs no driver.
    """

    numbers: Tensor
    card: torch.device
    held: _Held

    @staticmethod
    def __new__(cls, inner: Tensor, card: torch.device) -> OnCard:
        made = Tensor._make_wrapper_subclass(  # pyright: ignore[reportAttributeAccessIssue]
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=META,
        )
        made.numbers, made.card = inner, card
        return made

    @property
    def device(self) -> torch.device:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.card

    def __repr__(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        return f"OnCard({self.numbers})"

    def tolist(self) -> Any:
        return self.cpu().tolist()

    def numpy(self, **_: Any) -> NoReturn:  # pyright: ignore[reportIncompatibleMethodOverride]
        raise TypeError(f"can't convert {self.card} device type tensor to numpy.")

    __torch_function__ = torch._C._disabled_torch_function_impl  # pyright: ignore

    @classmethod
    def __torch_dispatch__(cls, func: Any, *_: Any) -> Any:
        raise RuntimeError(f"{func} on a card that is not there any more")


class Card(TorchDispatchMode):
    """A card of some kind, while this context lasts.

    Args:
        kind: as PyTorch calls it.
        memory: bytes that it has.

    Attributes:
        in_step: whether a step is being taken, in which nothing may wait.
        most: the most bytes that were taken at a time.
        seen: how often each operation ran.
    """

    def __init__(self, kind: str, memory: int = 8 * 2**30) -> None:
        super().__init__()
        self.device, self.memory = torch.device(kind, 0), memory
        self.in_step, self.taken, self.most = False, 0, 0
        self.seen: Counter[Any] = Counter()
        self._users: Counter[int] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options: dict[str, Any] = {**(kwargs or {})}
        given = [one for one in tree_leaves((args, options)) if isinstance(one, Tensor)]
        ours = {id(one.numbers): one for one in given if isinstance(one, OnCard)}
        wanted = options.get("device")
        target = torch.device(wanted) if wanted is not None else None
        to_card = target.type in {self.device.type, "meta"} if target else bool(ours)
        if not ours and not to_card:
            return func(*args, **options)
        self.seen[func] += 1
        self._refuse(func, args, given, to_card=to_card)
        if target:
            options["device"] = "cpu"
        if isinstance(options.get("dtype"), torch.dtype):
            self._refuse_type(options["dtype"])
        if func is aten._to_copy.default:
            options.pop("non_blocking", None)
        args, options = tree_map(_inner, (args, options))
        found = func(*args, **options)

        def outer(one: Any) -> Any:
            if not isinstance(one, Tensor) or not to_card:
                return one
            return ours[id(one)] if id(one) in ours else self._wrapped(one)

        return tree_map(outer, found)

    def _wrapped(self, inner: Tensor) -> OnCard:
        self._refuse_type(inner.dtype)
        storage = inner.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if not self._users[key]:
            if self.taken + size > self.memory:
                raise self._out_of_memory(size)
            self.taken += size
            self.most = max(self.most, self.taken)
        self._users[key] += 1
        made = OnCard(inner, self.device)
        # An attribute, as PyTorch may bring the tensor itself to life again.
        made.held = held = _Held()
        weakref.finalize(held, self._released, key, size)
        return made

    def _released(self, key: int, size: int) -> None:
        self._users[key] -= 1
        if not self._users[key]:
            del self._users[key]
            self.taken -= size

    def _out_of_memory(self, size: int) -> RuntimeError:
        kind, mib = self.device.type.upper(), size / 2**20
        if kind == "MPS":
            return RuntimeError(f"MPS backend out of memory. Tried to allocate {mib:.2f} MB")
        return torch.OutOfMemoryError(f"{kind} out of memory. Tried to allocate {mib:.2f} MiB.")

    def _refuse(self, func: Any, args: Any, given: list[Tensor], *, to_card: bool) -> None:
        """Raise what PyTorch raises."""
        here = {one.device for one in given}
        if len(here) > 1 and func not in MOVES:
            single = torch.Tag.pointwise in func.tags
            apart = [one for one in given if not isinstance(one, OnCard)]
            if not single or any(one.dim() for one in apart):
                raise RuntimeError(
                    f"Expected all tensors to be on the same device ({func}, found {here})"
                )
        if self.in_step:
            by_mask = func in {aten.index.Tensor, aten.index_put_.default} and any(
                one.dtype in {torch.bool, torch.uint8} for one in given[1:]
            )
            moves = func in MOVES and (len(here) > 1 or to_card != isinstance(given[0], OnCard))
            if func in READS or by_mask or moves:
                raise RuntimeError(f"called a synchronizing CUDA operation: {func}")
        if func is aten._upsample_bicubic2d_aa.default:
            sides = zip(given[0].shape[2:], args[1], strict=True)
            steepest = max(old / new for old, new in sides)
            if self.device.type != "mps" and steepest > MOST_REDUCED[self.device.type]:
                raise RuntimeError("Too much shared memory required: more than 49152 bytes")
        if self.device.type == "mps":
            whole = func not in AVERAGING or not any(
                old % new for old, new in zip(given[0].shape[2:], args[1], strict=True)
            )
            if func in MISSING_ON_MPS or func is aten.view.dtype or not whole:
                raise NotImplementedError(
                    f"The operator '{func}' is not currently implemented for the MPS device"
                )

    def _refuse_type(self, dtype: torch.dtype) -> None:
        if self.device.type == "mps" and dtype in {torch.float64, torch.complex128}:
            raise TypeError(
                f"Cannot convert a MPS Tensor to {dtype} dtype as the MPS framework does not "
                f"support {dtype}. Please use float32 instead."
            )


class AnywhereGenerator(torch.Generator):
    """A generator of the CPU that says it is where it was wanted."""

    def __new__(cls, device: torch.device | str = "cpu") -> AnywhereGenerator:
        return super().__new__(cls)

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.wanted = torch.device(device)

    @property
    def device(self) -> torch.device:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.wanted


class _Held:
    """Lives as long as the tensor it belongs to."""


def _inner(one: Any) -> Any:
    return one.numbers if isinstance(one, OnCard) else one


@contextmanager
def card(kind: str, memory: int = 8 * 2**30) -> Iterator[Card]:
    """A computer with a card of that kind, found and asked like a real one.

    Of Adam's steps at one size, all but the first two may not wait for it.
    """
    played = Card(kind, memory)
    answers: dict[str, Callable[..., Any]] = {
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "mem_get_info": lambda _: (memory - played.taken, memory),
        "memory_reserved": lambda _: 0,
        "memory_allocated": lambda _: played.taken,
        "get_device_properties": lambda _: SimpleNamespace(total_memory=memory),
        "get_device_name": lambda _: "A card",
        "recommended_max_memory": lambda: memory,
        "driver_allocated_memory": lambda: played.taken,
        "empty_cache": lambda: None,
    }
    found = devices._CARDS[kind]
    lifted = torch._C._only_lift_cpu_tensors()
    build._network.cache_clear()  # that of another card
    with pytest.MonkeyPatch.context() as patch:
        for module in {found, getattr(torch, kind)}:
            for name in answers.keys() & vars(module).keys():
                patch.setattr(module, name, answers[name])
        patch.setattr(devices, "_CARDS", {kind: found})
        for name in ("torch.cuda", "torch.xpu"):  # called where a tensor is made on a card
            patch.setattr(sys.modules[name], "_lazy_init", lambda: None)
        patch.setattr(torch, "Generator", AnywhereGenerator)
        patch.setattr(Adam, "step", _watched(Adam.step, played))
        torch._C._set_only_lift_cpu_tensors(True)
        try:
            with played:
                yield played
        finally:
            torch._C._set_only_lift_cpu_tensors(lifted)
            build._network.cache_clear()


def _watched(step: Callable[..., Tensor], played: Card) -> Callable[..., Tensor]:
    taken: Counter[int] = Counter()

    def watched(self: Adam, loss: Any) -> Tensor:
        taken[id(loss)] += 1
        played.in_step = taken[id(loss)] > 2  # what is made once is made
        try:
            return step(self, loss)
        finally:
            played.in_step = False

    return watched
