"""Where the frames of a film go: a folder, or a video by way of one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from neural_style.errors import NeuralStyleError
from neural_style.frames.footage import FPS, Folder, Footage
from neural_style.frames.run import Done
from neural_style.frames.video import CODECS, Video, is_video, key_of, write_video
from neural_style.image import Picture, read_picture
from neural_style.series.manifest import Manifest


def open_footage(source: Path, output: Path | None, *, fps: float | None) -> Footage:
    """A film to paint.

    Args:
        source: a video or a folder with frames.
        output: where its results go: not taken for frames.
        fps: frames a second of a folder; None for `FPS`.

    Raises:
        NeuralStyleError: for what cannot be read; `bad_settings` for `fps` with a video.
    """
    if source.is_dir():
        return Folder(source, besides=output or source / "-", fps=fps or FPS)
    video = Video(source)
    if fps is not None:
        message = f"{source} is a video, which has its own number of frames a second"
        raise NeuralStyleError("bad_settings", message, "Leave out fps.")
    return video


def check_output(source: Path, output: Path) -> None:
    """Whether a film can be written there, before long work.

    Raises:
        NeuralStyleError: `unsupported_format` or `cannot_write`.
    """
    if output.suffix and not is_video(output) and not output.is_dir():
        message = f"{output} is no video that can be written"
        hint = f"Choose a name that ends in {', '.join(CODECS)}, or a folder's name without a dot."
        raise NeuralStyleError("unsupported_format", message, hint)
    if os.path.exists(output) and os.path.samefile(source, output):
        hint = "Choose another name for the output."
        raise NeuralStyleError("cannot_write", f"{output} is the film to paint", hint)
    if is_video(output) and output.is_dir():
        raise NeuralStyleError("cannot_write", f"{output} is a folder")


def is_finished(output: Path, key: str) -> bool:
    """Whether a video is there already, and would be the same again.

    Raises:
        NeuralStyleError: `cannot_write` for one that is no result, so that nothing is lost.
    """
    if not is_video(output) or not output.exists():
        return False
    found = key_of(output)
    if found is None:
        message = f"{output} is there already, and no result of this program"
        raise NeuralStyleError("cannot_write", message, "Move it away, or choose another name.")
    return found == key


def folder_of(output: Path) -> Path:
    """Where the frames are kept: for good, or until the video is written."""
    if not is_video(output):
        return output
    return output.with_name(f".{output.name}.frames")


def finish(
    output: Path, frames: Sequence[Done], footage: Footage, manifest: Manifest, *, key: str
) -> None:
    """Write the video, if the output is one.

    Raises:
        NeuralStyleError: `disk_full` or `cannot_write`.
    """
    if not is_video(output):
        return

    def pictures() -> Iterator[tuple[Picture, int]]:
        for frame in frames:
            yield read_picture(manifest.folder / frame.entry.output), frame.pts

    part = manifest.work / output.name
    write_video(part, pictures(), footage, key=key, about="Painted by Neural Style")
    os.replace(part, output)


def forget(output: Path) -> None:
    """The video is there, so its frames can go."""
    if is_video(output):
        shutil.rmtree(folder_of(output), ignore_errors=True)
