"""Words to the person at the terminal, and back."""

from __future__ import annotations

import shutil
import sys

from installer import machine
from installer.errors import InstallError


def say(line: str) -> None:
    print(line, flush=True)


def ask(question: str, yes: bool) -> None:
    """Go on only if the person at the terminal agrees, or has said `yes` beforehand.

    Raises:
        InstallError: `not_confirmed`.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        hint = "Add --yes."
        raise InstallError(
            "not_confirmed", "Nothing was changed, as nobody can be asked here", hint
        )
    if input(f"{question} [y/n] ").strip().lower() not in ("y", "yes"):
        raise InstallError("not_confirmed", "Nothing was changed")


def report(there: int, total: int) -> None:
    """A bar on a terminal; nothing elsewhere."""
    if not sys.stdout.isatty():
        return
    width = max(10, min(40, shutil.get_terminal_size().columns - 40))
    filled = width * there // total if total else 0
    bar = "#" * filled + "-" * (width - filled)
    end = "\n" if there == total else ""
    print(f"\r[{bar}] {machine.words(there)} of {machine.words(total)}  ", end=end, flush=True)
