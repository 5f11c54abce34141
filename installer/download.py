"""Fetches one large file: goes on where it was broken off, and trusts nothing before its check.

The server may drop the connection, ignore the wish for a part, send a login page or other bytes;
a proxy is found in the usual environment variables, by urllib itself.
"""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from installer import machine
from installer.errors import DISK_FULL, InstallError, of_file

ATTEMPTS = 3
"""In a row without a single byte."""
PAUSE = 1.0
TIMEOUT = 20
BLOCK = 1 << 18
PAGE_STARTS = (b"<!doctype", b"<html", b"<?xml")

Report = Callable[[int, int], None]
"""Is told the bytes that are there and those that there will be."""


def fetch(url: str, target: Path, size: int | None, sha256: str, report: Report) -> None:
    """Download a file, or what is missing of it.

    Args:
        url: where it is.
        target: where it goes; until it is complete and right, it is `target` with `.part`.
        size: its bytes, if known.
        sha256: its SHA-256, or the beginning of it.
        report: is called every now and then.

    Raises:
        InstallError: `download_failed`, `download_html`, `weights_damaged`, `disk_full` or
            `cannot_write`.
    """
    part = target.with_name(target.name + ".part")
    resumed = part.exists()
    _fetch_all(url, part, size, report)
    if resumed and not is_right(part, size, sha256):
        machine.remove(part)  # what was there before may have been of another file
        _fetch_all(url, part, size, report)
    if not is_right(part, size, sha256):
        page = _is_page(part)
        machine.remove(part)
        raise _page(url) if page else _damaged(url)
    try:
        os.replace(part, target)
    except OSError as error:
        raise of_file(error, target) from None


def is_right(path: Path, size: int | None, sha256: str) -> bool:
    """Whether a file has that many bytes and a SHA-256 that begins like that."""
    if not path.is_file() or size not in (None, path.stat().st_size):
        return False
    return machine.checksum(path).startswith(sha256)


def _fetch_all(url: str, part: Path, size: int | None, report: Report) -> None:
    """Connect again and again until the server's file is here, or nothing comes any more."""
    failures, reason = 0, "the connection was lost"
    while size is None or _size(part) != size:
        before = _size(part)
        try:
            total = _fetch_some(url, part, size, report)
            if _size(part) >= total:
                return
        except urllib.error.HTTPError as error:
            reason = f"the server says {error.code} {error.reason}"
            if error.code == 416:  # our part is not shorter than their file
                machine.remove(part)
            elif error.code < 500 and error.code not in (408, 429):
                raise _failed(url, reason) from None
        except (OSError, HTTPException) as error:
            if isinstance(error, OSError) and _is_of_disk(error):
                raise of_file(error, part) from None
            cause = getattr(error, "reason", error)
            reason = getattr(cause, "strerror", None) or str(cause) or type(error).__name__
        failures = 0 if _size(part) > before else failures + 1
        if failures >= ATTEMPTS:
            raise _failed(url, reason)
        if failures:
            time.sleep(PAUSE * failures)


def _fetch_some(url: str, part: Path, size: int | None, report: Report) -> int:
    """What one connection brings; returns how long the server's file is, as far as it says."""
    there = _size(part)
    request = urllib.request.Request(url, headers={"User-Agent": "neural-style"})  # noqa: S310
    if there:
        request.add_header("Range", f"bytes={there}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
        if "html" in answer.headers.get("Content-Type", ""):
            raise _page(url)
        span = answer.headers.get("Content-Range", "")
        continues = answer.status == 206 and span.startswith(f"bytes {there}-")
        length = answer.headers.get("Content-Length")
        total = int(length) + (there if continues else 0) if length else None
        if size and total and total > size:
            raise _damaged(url)
        with part.open("ab" if continues else "wb") as file:
            while block := answer.read(BLOCK):
                file.write(block)
                report(file.tell(), total or size or 0)
    # Without a length, the end of the connection may as well be its loss.
    return total or size or _size(part)


def _is_page(part: Path) -> bool:
    with part.open("rb") as file:
        return file.read(200).lstrip().lower().startswith(PAGE_STARTS)


def _page(url: str) -> InstallError:
    return InstallError("download_html", f"A web page came instead of {url}")


def _damaged(url: str) -> InstallError:
    return InstallError("weights_damaged", f"{url} is not the file that it should be")


def _failed(url: str, reason: str) -> InstallError:
    return InstallError("download_failed", f"{url} could not be fetched: {reason}".rstrip("."))


def _is_of_disk(error: OSError) -> bool:
    """Errors of sockets and of urllib carry no file's name."""
    return error.errno in DISK_FULL or error.filename is not None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
