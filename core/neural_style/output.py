"""Where the command line's pictures go."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from neural_style import image
from neural_style.errors import NeuralStyleError
from neural_style.image import Picture

STDOUT = "-"
"""The output's name for standard output."""

CHECKPOINT = ".{}.neural-style"
"""Name of the file that is kept beside an output of this name while it is painted."""


def checked(options: argparse.Namespace, sources: Sequence[str]) -> str:
    """The file to write, or `STDOUT`, before the long job.

    Args:
        options: `output`, `content`, `depth` and `json`; perhaps `resume`.
        sources: files that must not be written over.

    Raises:
        NeuralStyleError: `bad_settings`, `cannot_write` or `unsupported_format`.
    """
    output, depth = options.output, options.depth
    if output == STDOUT:
        if getattr(options, "resume", False):
            raise NeuralStyleError(
                "bad_settings",
                "-o - and --resume do not go together: nothing is kept beside standard output",
                "Give -o a file name, or leave out --resume.",
            )
        if options.json:
            raise NeuralStyleError(
                "bad_settings",
                "-o - and --json both write to standard output",
                "Give -o a file name, or leave out --json.",
            )
        if sys.__stdout__ is None:
            hint = "Send it somewhere, as in -o - > out.png, or give -o a file name."
            raise NeuralStyleError("cannot_write", "Standard output is closed", hint)
        if sys.stdout.isatty():
            raise NeuralStyleError(
                "cannot_write",
                "Standard output is a terminal, which shows no pictures",
                "Send it elsewhere, as in -o - > out.png, or give -o a file name.",
            )
        return output
    if os.path.isdir(output) or output.endswith((os.sep, "/")):
        output = output_in(output, options.content, depth)
    image.check_writable(output, depth=depth)
    _check_is_no_source(output, sources)
    return output


def output_in(folder: str, content: str, depth: int | None) -> str:
    """A file in a folder, named like the photo; never one that is there already.

    Args:
        folder: where.
        content: the photo's name; its ending stays if such files can be written.
        depth: bits per channel that the file must be able to hold, if that matters.
    """
    stem, ending = os.path.splitext(os.path.basename(content))
    ending = ending if image.can_write(ending, depth) else ".png"
    output, number = os.path.join(folder, stem + ending), 1
    while os.path.lexists(output):
        number += 1
        output = os.path.join(folder, f"{stem}-{number}{ending}")
    return output


def checkpoint_of(output: str) -> Path:
    """The file that is kept beside an output while it is painted."""
    target = Path(os.path.realpath(output))
    return target.with_name(CHECKPOINT.format(target.name))


def print_picture(picture: Picture, depth: int | None, description: str) -> None:
    """Write a PNG file to standard output."""
    data = image.encode_picture(picture, "PNG", depth=depth, description=description)
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise image.writing_failed("standard output", error) from error


def _check_is_no_source(output: str, sources: Sequence[str]) -> None:
    """Nothing is lost: a picture is not painted over itself."""
    for source in sources:
        if os.path.exists(source) and os.path.exists(output) and os.path.samefile(source, output):
            raise NeuralStyleError(
                "cannot_write",
                f"{output} is one of the pictures to paint from",
                "Choose another name for the output.",
            )


def make_folder(folder: Path) -> None:
    """The folder of the frames, with those above it.

    Raises:
        NeuralStyleError: `cannot_write`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NeuralStyleError("cannot_write", f"{folder}: {error.strerror}") from None
