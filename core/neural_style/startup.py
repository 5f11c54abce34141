"""What the command sees to before it loads anything: where it runs, and within which limits."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

from neural_style.errors import NeuralStyleError

ADDRESSES = 10**9
"""Bytes of address space that PyTorch's libraries alone take, and more."""


def check_surroundings() -> None:
    """Make the best of closed streams and few threads.

    Raises:
        NeuralStyleError: `file_missing` if the working folder is gone, `out_of_memory` if a limit
            leaves too little to begin.
    """
    _open_streams()
    try:
        os.getcwd()
    except OSError:
        raise NeuralStyleError(
            "file_missing",
            "The folder that you are in is not there any more",
            "Go to another folder, and give the command again.",
        ) from None
    _check_addresses()
    _hold_engine()
    # Each core wants a thread of PyTorch's, and one of NumPy's.
    if not _threads_start(2 * (os.cpu_count() or 1)):
        os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", OPENCV_FOR_THREADS_NUM="1")


def _hold_engine() -> None:
    """Let the installer see that its environment is in use, until this process ends: it locks the
    note that makes an environment complete, and removes none whose note is held."""
    with suppress(OSError):
        note = os.open(os.path.join(sys.prefix, "complete.json"), os.O_RDONLY)
        if sys.platform != "win32":  # where an open file is neither renamed nor removed
            import fcntl

            # It waits while the installer looks, which takes no time.
            fcntl.flock(note, fcntl.LOCK_SH)


def _open_streams() -> None:
    """What is closed goes nowhere. The next files would get these streams' numbers, and what a
    library says to standard error would go into a picture."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def _check_addresses() -> None:
    """Raise where a library would end the process, or say what nobody understands."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < ADDRESSES:
        raise NeuralStyleError(
            "out_of_memory",
            f"This process may have {limit / 2**20:.0f} MiB of memory, too little to begin",
            "Raise the limit: `ulimit -v unlimited`.",
        )


def _threads_start(count: int) -> bool:
    """Whether so many more threads can run at a time: libraries end the process, or interrupt it,
    where they get fewer than they want."""
    done = threading.Event()
    threads = [threading.Thread(target=done.wait, daemon=True) for _ in range(count)]
    started: list[threading.Thread] = []
    try:
        for thread in threads:
            thread.start()
            started.append(thread)
    except RuntimeError:
        return False
    finally:
        done.set()
        for thread in started:
            thread.join()
    return True
