"""The user's folders. Standard library only, as the installer uses this file too."""

from __future__ import annotations

import os
import sys
from pathlib import Path

WINDOWS = os.name == "nt"
MACOS = sys.platform == "darwin"


def data_folder() -> Path:
    """The user's data folder of Neural Style."""
    if WINDOWS:
        return windows_folder("LOCALAPPDATA", "AppData/Local") / "neural-style"
    if folder := xdg_folder("XDG_DATA_HOME"):
        return folder / "neural-style"
    place = "Library/Application Support" if MACOS else ".local/share"
    return _home() / place / "neural-style"


def weights_folder() -> Path:
    """Where the installer puts downloaded weights, and the engine looks for them."""
    return data_folder() / "weights"


def cells_folder() -> Path:
    """Where the cells of matrices are kept; they can be deleted at any time."""
    if WINDOWS:
        return data_folder() / "cache" / "cells"
    place = "Library/Caches" if MACOS else ".cache"
    return (xdg_folder("XDG_CACHE_HOME") or _home() / place) / "neural-style" / "cells"


def windows_folder(variable: str, otherwise: str) -> Path:
    """A folder that a variable names, or else one below the user's own."""
    return Path(os.environ.get(variable) or _home() / otherwise)


def xdg_folder(variable: str) -> Path | None:
    """A folder of the XDG rules, which say to ignore one that is not absolute."""
    value = os.environ.get(variable, "").strip()
    return Path(value) if os.path.isabs(value) else None


def _home() -> Path:
    """The user's own folder; the topmost one, as containers have it, for a user who has none."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")
