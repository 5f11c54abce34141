"""Videos: frames and sound out of a file, and into one (PyAV, which is FFmpeg)."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.frames.footage import Footage, Frame, digest_of_files
from neural_style.image import Picture, opened, writing_failed

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.video.frame import VideoFrame

CODECS = {
    ".mp4": ("libx264", {"crf": "17", "preset": "medium", "movflags": "+faststart"}),
    ".mov": ("libx264", {"crf": "17", "preset": "medium", "movflags": "+faststart"}),
    ".mkv": ("libx264", {"crf": "17", "preset": "medium"}),
    ".webm": ("libvpx-vp9", {"crf": "20", "b": "0", "row-mt": "1"}),
}
"""Codec and options of the videos that can be written, by the file's ending. Paint is full of
detail, so there is less compression than usual."""

HD = 720
"""Height from which a video that does not say so has the colours of HDTV (BT.709)."""

HDR = {16, 18}
"""Transfer characteristics of HDR: SMPTE ST 2084 and ARIB STD-B67, in the numbers of H.273."""

SOUND_RATE = 48_000
"""Samples a second of sound that is encoded anew; Opus knows no 44 100."""

KEY = "neural-style key: "
"""Begins the line of a video's comment that tells what it was painted from."""


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
            stream = container.streams.video[0]
            first = next(container.decode(stream))
            height, width = _upright(first).shape[:2]
            turned = (width, height) != (first.width, first.height)
            self.width, self.height = width, height
            self.rate = Fraction(stream.average_rate or 25)
            self.time_base = Fraction(stream.time_base or 1 / self.rate)
            aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
            self.aspect = 1 / aspect if turned else aspect
            if int(first.color_trc) in HDR:
                message = f"{path} is in HDR, and is read as if it were not: it may look pale"
                warnings.warn(NeuralStyleWarning("colours_guessed", message), stacklevel=3)
            self.sound = path if container.streams.audio else None
            self.count = stream.frames or _guess(container, self.rate)

    def frames(self) -> Iterator[Frame]:
        with self._opened() as container:
            last = -1
            for number, frame in enumerate(container.decode(container.streams.video[0])):
                pts = max(last + 1, number if frame.pts is None else frame.pts)
                yield Frame(_picture(frame), f"{number + 1:06}.png", pts)
                last = pts

    def digest(self) -> str:
        return digest_of_files([self.path])

    @contextmanager
    def _opened(self) -> Iterator[InputContainer]:
        av = pyav()
        message = f"{self.path} is no video, or damaged"
        try:
            with av.open(os.fspath(self.path)) as container:
                if not container.streams.video:
                    message = f"{self.path} has no pictures"
                    raise NeuralStyleError("film_unreadable", message)
                container.streams.video[0].thread_type = "AUTO"
                yield container
        except (av.FFmpegError, StopIteration) as error:
            raise NeuralStyleError("film_unreadable", message) from error


def is_video(path: Path) -> bool:
    """Whether a video can be written under that name; otherwise it is a folder's."""
    return path.suffix.lower() in CODECS


def key_of(path: Path) -> str | None:
    """What a video was painted from, as `write_video` was told; None if that is not known."""
    av = pyav()
    try:
        with av.open(os.fspath(path)) as container:
            comment = container.metadata.get("comment") or container.metadata.get("COMMENT", "")
    except (av.FFmpegError, OSError):
        return None
    lines = [line for line in comment.splitlines() if line.startswith(KEY)]
    return lines[0].removeprefix(KEY) if lines else None


def write_video(
    path: Path, frames: Iterable[tuple[Picture, int]], footage: Footage, *, key: str, about: str
) -> None:
    """Write a video with the footage's sound and title; what is below transparency is black.

    Args:
        path: the file, with one of the endings of `CODECS`.
        frames: pictures of one size, and when each is shown, as `Frame.pts`. Should a side have
            an odd number of pixels, the last of them is left out.
        footage: what they were painted from.
        key: what `key_of` will find.
        about: a text for people, one line.

    Raises:
        NeuralStyleError: `disk_full` or `cannot_write`.
    """
    av = pyav()
    try:
        with (
            av.open(os.fspath(path), "w", format=_format(path)) as container,
            _sound(footage, container) as sound,
        ):
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


def _picture(frame: VideoFrame) -> Picture:
    pixels = _upright(frame)
    whole = np.iinfo(pixels.dtype).max
    colours = np.divide(pixels, np.float32(whole), dtype=np.float32)
    return Picture(colours, np.ones(colours.shape[:2], np.float32), 8 * pixels.itemsize)


def _upright(frame: VideoFrame) -> Any:
    """The frame's pixels in RGB, uint8 or uint16, shape (H, W, 3), turned as it is to be seen."""
    deep = any(component.bits > 8 for component in frame.format.components)
    kind = "rgb48le" if deep else "rgb24"
    # 2 is "unspecified", which FFmpeg takes for standard definition whatever the size.
    unknown = frame.colorspace == 2 and frame.height >= HD
    colours = "ITU709" if unknown else None
    pixels = frame.reformat(format=kind, src_colorspace=colours).to_ndarray()
    return np.rot90(pixels, frame.rotation // 90)


def _guess(container: InputContainer, rate: Fraction) -> int:
    """Frames, from duration (in microseconds) and rate."""
    return round(rate * (container.duration or 0) / 1_000_000)


def _format(path: Path) -> str:
    return {".mkv": "matroska"}.get(path.suffix.lower(), path.suffix.lower()[1:])


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


@contextmanager
def _sound(footage: Footage, output: OutputContainer) -> Iterator[_Sound]:
    """The sound of a film on its way into another one."""
    if footage.sound is None:
        yield _Sound(None, output)
        return
    with pyav().open(os.fspath(footage.sound)) as source:
        yield _Sound(source, output)


class _Sound:
    """All sound of a film, copied, or encoded anew where the new file cannot hold it as it is."""

    def __init__(self, source: InputContainer | None, output: OutputContainer) -> None:
        self.source, self.output = source, output
        self.streams: dict[int, AudioStream] = {}
        self.copied: set[int] = set()
        self.packets: Iterator[av.Packet] = iter(())
        self.waiting: av.Packet | None = None

    def begin(self) -> None:
        """Make its streams, after that of the pictures, as most players expect."""
        if self.source is None:
            return
        for stream in self.source.streams.audio:
            name = stream.codec_context.codec.canonical_name  # a decoder may be called mp3float
            if name in self.output.supported_codecs:
                self.streams[stream.index] = self.output.add_stream_from_template(stream)
                self.copied.add(stream.index)
            else:
                codec = self.output.default_audio_codec
                made = cast("AudioStream", self.output.add_stream(codec, rate=SOUND_RATE))
                made.layout = stream.layout
                self.streams[stream.index] = made
        if self.streams:
            self.packets = self.source.demux(*self.source.streams.audio)
            self.waiting = next(self.packets, None)

    def until(self, seconds: Fraction | None) -> None:
        """Write what is heard until then; None for all that is left."""
        while (packet := self.waiting) is not None:
            begins = (packet.pts or 0) * Fraction(packet.time_base or 0)
            if seconds is not None and begins > seconds:
                return
            self._write(packet)
            self.waiting = next(self.packets, None)

    def _write(self, packet: av.Packet) -> None:
        index = packet.stream.index
        stream = self.streams[index]
        if index not in self.copied:
            for frame in packet.decode():
                self.output.mux(stream.encode(frame))
            if packet.dts is None:  # the last one, which is empty
                self.output.mux(stream.encode(None))
        elif packet.dts is not None:
            packet.stream = stream
            self.output.mux(packet)
