"""A drive that is gone, as a file system (needs root): whoever asks it for a file waits, and then
hears that there is none."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import struct
import threading
import time
from pathlib import Path

INIT, FORGET, INTERRUPT, BATCH_FORGET = 26, 2, 36, 42
"""Of FUSE's operations those that are answered at once, or not at all."""
DETACH = 2


class Gone:
    """A folder all of whose files are on a drive that answers only after so many seconds."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder = folder
        self._seconds = seconds
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._device = os.open("/dev/fuse", os.O_RDWR)
        folder.mkdir()
        options = f"fd={self._device},rootmode=40000,user_id=0,group_id=0".encode()
        if self._libc.mount(b"gone", bytes(folder), b"fuse", 0, options):
            raise OSError(ctypes.get_errno(), "the drive that is gone could not be mounted")
        self._asked: list[tuple[float, int]] = []
        for work in (self._listen, self._answer):
            threading.Thread(target=work, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # it was closed
            while True:
                request = os.read(self._device, 2**20)
                _length, operation, number = struct.unpack_from("<IIQ", request)
                if operation == INIT:
                    self._begin(request, number)
                elif operation not in (FORGET, INTERRUPT, BATCH_FORGET):
                    self._asked.append((time.monotonic() + self._seconds, number))

    def _begin(self, request: bytes, number: int) -> None:
        """Agree with the kernel on its own version of the protocol."""
        major, minor, ahead = struct.unpack_from("<III", request, 40)
        body = struct.pack("<IIIIHHII32x", major, minor, ahead, 0, 9, 9, 2**16, 1)
        os.write(self._device, struct.pack("<IiQ", 16 + len(body), 0, number) + body)

    def _answer(self) -> None:
        while self._device >= 0:
            time.sleep(0.05)
            while self._asked and self._asked[0][0] <= time.monotonic():
                number = self._asked.pop(0)[1]
                with contextlib.suppress(OSError):  # who asked is gone
                    os.write(self._device, struct.pack("<IiQ", 16, -errno.ENOENT, number))

    def close(self) -> None:
        self._libc.umount2(bytes(self.folder), DETACH)
        device, self._device = self._device, -1
        os.close(device)
        self.folder.rmdir()
