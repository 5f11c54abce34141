"""Where the frames of a film go: a folder, or a video by way of one."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.frames.footage import FPS, Folder, Footage
from neural_style.frames.library import CODECS, is_video
from neural_style.frames.run import Done, first_frame
from neural_style.frames.sound import Way, ways_into
from neural_style.frames.video import Video, key_of, write_video
from neural_style.image import Picture, read_picture
from neural_style.series.manifest import NAME, Manifest


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


def find_sound(footage: Footage, output: Path) -> dict[int, Way | None]:
    """How the sound gets into the video, if the output is one, before long work; see `ways_into`.

    Warns:
        NeuralStyleWarning: `sound_left_out` for what no way was found for.
    """
    ways = ways_into(footage.sound, output, footage.parts) if is_video(output) else {}
    if left := sum(way is None for way in ways.values()):
        what = "The sound" if left == len(ways) else f"{left} of {len(ways)} tracks of sound"
        _warn_of_sound(f"{what} of {footage.path} cannot be written into {output.name}")
    return ways


def take_over(footage: Footage, output: Path, made: str) -> None:
    """Go on with the frames of the same film that was begun for a video of another name.

    Args:
        footage: the film.
        output: where it goes now.
        made: a digest of all that it depends on, but its frames; see `run.made_of`.
    """
    folder = folder_of(output)
    begun = [] if folder == output or folder.exists() else folder.parent.glob(".*.frames")
    candidates = [other for other in sorted(begun) if (other / NAME).is_file()]
    if not candidates:
        return
    name, key = first_frame(footage, made)
    for other in candidates:
        try:
            with Manifest(other) as manifest:
                entry = manifest.get(name)
        except NeuralStyleError:  # it is being painted
            continue
        if entry and entry.key == key:
            with suppress(OSError):
                other.rename(folder)
            return


def finish(
    output: Path,
    frames: Sequence[Done],
    footage: Footage,
    manifest: Manifest,
    *,
    ways: Mapping[int, Way | None],
    key: str,
) -> None:
    """Write the video, if the output is one.

    Warns:
        NeuralStyleWarning: `sound_left_out` if the sound stops it.

    Raises:
        NeuralStyleError: `disk_full` or `cannot_write`.
    """
    if not is_video(output):
        return

    def pictures() -> Iterator[tuple[Picture, int]]:
        for frame in frames:
            yield read_picture(manifest.folder / frame.entry.output), frame.pts

    part = manifest.work / output.name
    about = "Painted by Neural Style"
    try:
        write_video(part, pictures(), footage, ways=ways, key=key, about=about)
    except NeuralStyleError as error:
        if error.code != "cannot_write" or not any(ways.values()):
            raise
        # It was tried with the beginning of the sound only.
        write_video(part, pictures(), footage, ways={}, key=key, about=about)
        _warn_of_sound(f"The sound of {footage.path} could not be written into {output.name}")
    os.replace(part, output)


def forget(output: Path) -> None:
    """The video is there, so its frames can go."""
    folder = folder_of(output)
    if not is_video(output) or not folder.is_dir():
        return
    if (folder / NAME).is_file():
        with Manifest(folder) as manifest:
            manifest.remove()
    with suppress(OSError):
        folder.rmdir()


def _warn_of_sound(message: str) -> None:
    warnings.warn(NeuralStyleWarning("sound_left_out", message), stacklevel=3)
