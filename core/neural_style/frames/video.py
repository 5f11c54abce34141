"""Videos: frames and sound out of a file, and into one (PyAV, which is FFmpeg)."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.frames.footage import Footage, Frame, digest_of_files
from neural_style.frames.library import CODECS, format_of, open_video, pyav
from neural_style.frames.orientation import Matrix, orientation
from neural_style.frames.sound import Way, sound_of
from neural_style.frames.timeline import Part, Times, parts_of
from neural_style.image import Picture, opened, writing_failed

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

HD = 720
"""Height from which a video that does not say so has the colours of HDTV (BT.709)."""

KEPT = {"title", "artist", "author", "copyright", "date", "creation_time"}
"""Texts about a film that its painting keeps; not, for one, where it was filmed."""

HDR = {16, 18}
"""Transfer characteristics of HDR: SMPTE ST 2084 and ARIB STD-B67, in the numbers of H.273."""

UNREADABLE = "\ufffd"
"""In a text, what was written in the letters of nobody knows which country."""

KEY = "neural-style key: "
"""Begins the line of a video's comment that tells what it was painted from."""


class Video:
    """The frames of a video file, upright and at the times that it shows them.

    Args:
        path: the file.

    Raises:
        NeuralStyleError: `bad_settings` without PyAV, `file_missing`, `cannot_read`, or
            `film_unreadable` for what is no video.

    Warns:
        NeuralStyleWarning: `colours_guessed` for HDR.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with opened(path):  # a plain file that may be read
            pass
        with self._opened() as container:
            stream = _pictures_in(container)
            first = next(container.decode(stream))
            self.orientation = orientation(self.path, stream.index, round(first.rotation))
            height, width = _upright(first, self.orientation).shape[:2]
            turned = self.orientation.turns
            self.width, self.height = width, height
            self.rate = Fraction(stream.average_rate or 25)
            self.time_base = Fraction(stream.time_base or 1 / self.rate)
            aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
            self.aspect = 1 / aspect if turned else aspect
            if int(first.color_trc) in HDR:
                message = f"{path} is in HDR, and is read as if it were not: it may look pale"
                warnings.warn(NeuralStyleWarning("colours_guessed", message), stacklevel=3)
            self.sound = path if container.streams.audio else None
            self.about = {
                name: text
                for name, text in container.metadata.items()
                if name.lower() in KEPT and UNREADABLE not in text
            }
            self.count = stream.frames or _guess(container, self.rate)
        with self._opened() as container:
            stream = _pictures_in(container)
            streams = [stream, *container.streams.audio]
            self.parts: Mapping[int, Sequence[Part]] = parts_of(container, streams)
            if parts := self.parts.get(stream.index):
                self.count = round(self.rate * parts[-1].ends)

    def frames(self) -> Iterator[Frame]:
        with self._opened() as container:
            stream = _pictures_in(container)
            last, times = -1, Times(self.time_base, self.parts.get(stream.index, ()))
            for number, frame in enumerate(container.decode(stream)):
                if frame.pts is None:
                    shown = round(number / (self.rate * self.time_base))
                else:
                    shown = frame.pts + times.moved(frame.pts)
                last = max(last + 1, shown)
                yield Frame(_picture(frame, self.orientation), f"{number + 1:06}.png", last)

    def digest(self) -> str:
        return digest_of_files([self.path])

    @contextmanager
    def _opened(self) -> Iterator[InputContainer]:
        av = pyav()
        message = f"{self.path} is no video, or damaged"
        try:
            with open_video(self.path) as container:
                _pictures_in(container).thread_type = "AUTO"
                yield container
        except (av.FFmpegError, StopIteration) as error:
            raise NeuralStyleError("film_unreadable", message) from error


def key_of(path: Path) -> str | None:
    """What a video was painted from, as `write_video` was told; None if that is not known."""
    av = pyav()
    try:
        with open_video(path) as container:
            comment = container.metadata.get("comment") or container.metadata.get("COMMENT", "")
    except (av.FFmpegError, OSError):
        return None
    lines = [line for line in comment.splitlines() if line.startswith(KEY)]
    return lines[0].removeprefix(KEY) if lines else None


def write_video(
    path: Path,
    frames: Iterable[tuple[Picture, int]],
    footage: Footage,
    *,
    ways: Mapping[int, Way | None],
    key: str,
    about: str,
) -> None:
    """Write a video with the footage's sound and title; what is below transparency is black.

    Args:
        path: the file, with one of the endings of `CODECS`.
        frames: pictures of one size, and when each is shown, as `Frame.pts`. Should a side have
            an odd number of pixels, the last of them is left out.
        footage: what they were painted from.
        ways: how its sound gets there, from `ways_into`.
        key: what `key_of` will find.
        about: a text for people, one line.

    Raises:
        NeuralStyleError: `disk_full` or `cannot_write`.
    """
    av = pyav()
    try:
        with (
            av.open(os.fspath(path), "w", format=format_of(path)) as container,
            sound_of(footage.sound, container, ways, footage.parts) as sound,
        ):
            container.metadata.update(footage.about)
            container.metadata["comment"] = f"{about}\n{KEY}{key}"
            stream = None
            for picture, pts in frames:
                frame = _frame(picture)
                if stream is None:
                    codec, options = CODECS[path.suffix.lower()]
                    stream = container.add_stream(codec, rate=footage.rate, options=options)
                    stream.width, stream.height = frame.width, frame.height
                    stream.pix_fmt = "yuv420p"
                    stream.codec_context.time_base = footage.time_base
                    stream.codec_context.sample_aspect_ratio = footage.aspect
                    _tag(stream.codec_context)
                    sound.begin()
                frame.pts, frame.time_base = pts, footage.time_base
                frame.duration = round(1 / (footage.rate * footage.time_base))
                container.mux(stream.encode(frame))
                sound.until(pts * footage.time_base)
            if stream is not None:
                container.mux(stream.encode(None))
            sound.until(None)
    except (av.FFmpegError, OSError) as error:
        failed = error if isinstance(error, OSError) else OSError(0, str(error))
        raise writing_failed(str(path), failed) from error


def _picture(frame: VideoFrame, seen: Matrix) -> Picture:
    pixels = _upright(frame, seen)
    whole = np.iinfo(pixels.dtype).max
    colours = np.divide(pixels, np.float32(whole), dtype=np.float32)
    return Picture(colours, np.ones(colours.shape[:2], np.float32), 8 * pixels.itemsize)


def _upright(frame: VideoFrame, seen: Matrix) -> Any:
    """The frame's pixels in RGB, uint8 or uint16, shape (H, W, 3), turned as it is to be seen."""
    deep = any(component.bits > 8 for component in frame.format.components)
    kind = "rgb48le" if deep else "rgb24"
    # 2 is "unspecified", which FFmpeg takes for standard definition whatever the size.
    unknown = frame.colorspace == 2 and frame.height >= HD
    colours = "ITU709" if unknown else None
    pixels = frame.reformat(format=kind, src_colorspace=colours).to_ndarray()
    return seen.seen(pixels)


def _pictures_in(container: InputContainer) -> VideoStream:
    """Its stream of pictures: not a cover, which may come first.

    Raises:
        NeuralStyleError: `film_unreadable` if there is none.
    """
    from av.stream import Disposition

    films = [
        one
        for one in container.streams.video
        if one.codec_context is not None and Disposition.attached_pic not in one.disposition
    ]
    if not films:
        message = f"{container.name} has no pictures that can be read"
        raise NeuralStyleError("film_unreadable", message)
    best = container.streams.best("video")
    return next((one for one in films if one is best), films[0])


def _guess(container: InputContainer, rate: Fraction) -> int:
    """Frames, from duration (in microseconds) and rate."""
    return round(rate * (container.duration or 0) / 1_000_000)


def _frame(picture: Picture) -> VideoFrame:
    from av.video.frame import VideoFrame

    height, width = (side // 2 * 2 for side in picture.alpha.shape)
    pixels = picture.pixels[:height, :width] * picture.alpha[:height, :width, None]
    frame = VideoFrame.from_ndarray(np.rint(pixels * 255).astype(np.uint8), format="rgb24")
    return frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")


def _tag(codec: Any) -> None:
    """Say which colours these are: those of HDTV, in the numbers of H.273."""
    codec.colorspace = codec.color_primaries = codec.color_trc = 1
    codec.color_range = 1
