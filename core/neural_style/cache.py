"""What is kept from one job to the next: small things that take long to make.

A preview after each change of a setting, or a batch, has the same pictures again and again, read
from new files each time. So a thing is found by what it was made of, not by where it came from.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import is_dataclass
from typing import TypeVar, cast

from cachetools import LRUCache
from torch import Tensor

MOST = 2**25
"""Bytes that are kept at most, all in all; `budget.needed` counts them."""

TINY = 2**10
"""Bytes that everything counts at least."""

Thing = TypeVar("Thing", bound=object)


def _bytes(thing: object) -> int:
    """What is held in memory; of a view, all that it is a part of."""
    if isinstance(thing, Tensor):
        return TINY + thing.untyped_storage().nbytes()
    return TINY + (sum(map(_bytes, vars(thing).values())) if is_dataclass(thing) else 0)


_kept: LRUCache[Hashable, object] = LRUCache(MOST, getsizeof=_bytes)
_lock = threading.Lock()


def cached(key: Hashable, make: Callable[[], Thing]) -> Thing:
    """What `make` returns, or returned for this key before. Nobody may change it.

    Args:
        key: all that the result depends on.
        make: returns a tensor, a dataclass of tensors or something tiny, in memory of its own.
    """
    with _lock:
        if key in _kept:
            return cast("Thing", _kept[key])
    thing = make()
    # Beside the painting of a picture too large to keep, making it again is short.
    with _lock, suppress(ValueError):
        _kept[key] = thing
    return thing


def forget() -> None:
    """Keep nothing of what has been kept so far."""
    with _lock:
        _kept.clear()
