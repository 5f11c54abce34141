"""PyAV, which is FFmpeg, and what it writes for us."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from neural_style.errors import NeuralStyleError

if TYPE_CHECKING:
    from av.container import InputContainer

CODECS = {
    ".mp4": ("libx264", {"crf": "17", "preset": "medium", "movflags": "+faststart"}),
    ".mov": ("libx264", {"crf": "17", "preset": "medium", "movflags": "+faststart"}),
    ".mkv": ("libx264", {"crf": "17", "preset": "medium"}),
    ".webm": ("libvpx-vp9", {"crf": "20", "b": "0", "row-mt": "1"}),
}
"""Codec and options of the videos that can be written, by the file's ending. Paint is full of
detail, so there is less compression than usual."""


def pyav() -> ModuleType:
    """PyAV, which is an extra of the package.

    Raises:
        NeuralStyleError: `bad_settings` if it is not installed.
    """
    try:
        import av
    except ImportError:
        message = "PyAV, which reads and writes videos, is not installed"
        hint = f'Install it: "{sys.executable}" -m pip install av'
        raise NeuralStyleError("bad_settings", message, hint) from None
    return av


def open_video(path: Path) -> InputContainer:
    """Open a video to read it.

    A text that is not in UTF-8, as old programs wrote it, has a U+FFFD for each such byte.

    Raises:
        NeuralStyleError: `bad_settings` without PyAV.
        av.FFmpegError, OSError: for what cannot be read.
    """
    # FFmpeg takes it for an overflow where the second of two joined recordings has earlier times.
    options = {"correct_ts_overflow": "0"}
    return pyav().open(os.fspath(path), options=options, metadata_errors="replace")


def is_video(path: Path) -> bool:
    """Whether a video can be written under that name; otherwise it is a folder's."""
    return path.suffix.lower() in CODECS


def format_of(path: Path) -> str:
    """FFmpeg's name for the format of a video of that name."""
    return {".mkv": "matroska"}.get(path.suffix.lower(), path.suffix.lower()[1:])
