"""Sound on its way from one video into another: copied, encoded again, or left out."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from neural_style.frames.library import CODECS, format_of, open_video, pyav
from neural_style.frames.timeline import Part, Times

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer

RATE = 48_000
"""Samples a second of sound that is encoded again; Opus knows no 44 100."""

USUAL = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""FFmpeg's usual layout of so many channels: old cameras do not say which one theirs is, and of
layouts with the same channels at other places, encoders know this one."""

TRIED = 8
"""Packets of each stream that are written to see whether the new file takes them."""


class Way(NamedTuple):
    """How a stream of sound gets into the new video: copied, or encoded with a layout."""

    layout: str | None = None

    def __str__(self) -> str:
        return "copied" if self.layout is None else f"encoded again, {self.layout}"


def ways_into(
    sound: Path | None, video: Path, parts: Mapping[int, Sequence[Part]]
) -> dict[int, Way | None]:
    """How each stream of a file's sound gets into a video of another name, by the stream's index;
    None for one that does not. It is tried in memory, with the sound itself.

    Args:
        sound: the file that has it; None if there is none.
        video: the new file.
        parts: of its streams; see `timeline.parts_of`.

    Raises:
        NeuralStyleError: `bad_settings` without PyAV.
    """
    if sound is None:
        return {}
    with open_video(sound) as source:
        found = {stream.index: _ways(stream) for stream in source.streams.audio}
    return {
        index: next((way for way in ways if _works(sound, video, {index: way}, parts)), None)
        for index, ways in found.items()
    }


def _ways(stream: AudioStream) -> list[Way]:
    """The ways to try, the best first; none for sound of a kind that FFmpeg does not know."""
    if stream.codec_context is None:
        return []
    layouts = [stream.layout.name, USUAL.get(stream.layout.nb_channels, "stereo"), "stereo"]
    named = [layout for layout in dict.fromkeys(layouts) if not layout.endswith("channels")]
    return [Way(), *map(Way, named)]


def _works(
    sound: Path, video: Path, ways: Mapping[int, Way], parts: Mapping[int, Sequence[Part]]
) -> bool:
    av = pyav()
    codec, options = CODECS[video.suffix.lower()]
    try:
        with (
            av.open(io.BytesIO(), "w", format=format_of(video)) as output,
            sound_of(sound, output, ways, parts) as tried,
        ):
            pictures = output.add_stream(codec, rate=25, options=options)
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p"
            tried.begin()
            output.mux(pictures.encode(av.VideoFrame(64, 64, "yuv420p")))
            output.mux(pictures.encode(None))
            tried.until(None, most=TRIED)
    except (av.FFmpegError, OSError, ValueError):
        return False
    return tried.damaged < tried.taken or not tried.taken


@contextmanager
def sound_of(
    file: Path | None,
    output: OutputContainer,
    ways: Mapping[int, Way | None],
    parts: Mapping[int, Sequence[Part]],
) -> Iterator[Sound]:
    """The sound of a film on its way into another one; see `ways_into` and `parts_of`."""
    if file is None:
        yield Sound(None, output, {}, {})
        return
    with open_video(file) as source:
        yield Sound(source, output, {index: way for index, way in ways.items() if way}, parts)


class Sound:
    """Streams of sound on their way.

    Args:
        source: where they come from; None for no sound.
        output: where they go.
        ways: of each that goes there, by its index.
        parts: of each that has several, by its index.
    """

    def __init__(
        self,
        source: InputContainer | None,
        output: OutputContainer,
        ways: Mapping[int, Way],
        parts: Mapping[int, Sequence[Part]],
    ) -> None:
        self.source, self.output, self.ways, self.parts = source, output, ways, parts
        self.streams: dict[int, AudioStream] = {}
        self.times: dict[int, Times] = {}
        self.resampled: dict[int, _Resampler] = {}
        self.packets: Iterator[av.Packet] = iter(())
        self.waiting: av.Packet | None = None
        self.taken = self.damaged = 0  # packets

    def begin(self) -> None:
        """Make its streams, after that of the pictures, as most players expect."""
        if self.source is None or not self.ways:
            return
        streams = [one for one in self.source.streams.audio if one.index in self.ways]
        for stream in streams:
            made = self._stream(stream, self.ways[stream.index])
            for name in ("language", "title"):
                if name in stream.metadata:
                    made.metadata[name] = stream.metadata[name]
            self.streams[stream.index] = made
            if layout := self.ways[stream.index].layout:
                self.resampled[stream.index] = _Resampler(made.format.name, layout)
            self.times[stream.index] = Times(
                Fraction(stream.time_base or 1), self.parts.get(stream.index, ())
            )
        self.packets = self.source.demux(*streams)
        self.waiting = self._next()

    def until(self, seconds: Fraction | None, *, most: int = 0) -> None:
        """Write what is heard until then; None for all that is left, or `most` packets of it."""
        written = 0
        while (packet := self.waiting) is not None:
            begins = (packet.pts or 0) * Fraction(packet.time_base or 0)
            if seconds is not None and begins > seconds:
                return
            self._write(packet)
            written += 1
            if written == most:
                break
            self.waiting = self._next()
        if seconds is None:
            for index, resampler in self.resampled.items():
                for frame in (*resampler.end(), None):
                    self.output.mux(self.streams[index].encode(frame))

    def _stream(self, stream: AudioStream, way: Way) -> AudioStream:
        if way.layout is None:
            return self.output.add_stream_from_template(stream)
        made = self.output.add_stream(self.output.default_audio_codec, rate=RATE)
        made.layout = way.layout  # pyright: ignore[reportAttributeAccessIssue]
        return made  # pyright: ignore[reportReturnType]

    def _next(self) -> av.Packet | None:
        """The next packet, at the time at which it is heard in the new film."""
        packet = next(self.packets, None)
        if packet is not None and packet.pts is not None:
            moved = self.times[packet.stream.index].moved(packet.pts)
            if packet.dts is not None:
                packet.dts += moved
            packet.pts += moved
        return packet

    def _write(self, packet: av.Packet) -> None:
        index = packet.stream.index
        self.taken += packet.size > 0
        stream = self.streams[index]
        if self.ways[index].layout:
            for frame in self._decoded(packet):
                for resampled in self.resampled[index].resample(frame):
                    self.output.mux(stream.encode(resampled))
        elif packet.dts is not None:  # the last one is empty
            packet.stream = stream
            self.output.mux(packet)

    def _decoded(self, packet: av.Packet) -> list[av.AudioFrame]:
        """Its frames; none if it is damaged, as the first one of a broadcast often is."""
        try:
            return packet.decode()  # pyright: ignore[reportReturnType]
        except pyav().error.InvalidDataError:
            self.damaged += 1
            return []


class _Resampler:
    """Sound as an encoder wants it, even where its own kind changes, as between two broadcasts.

    Args:
        form, layout: of what comes out, by FFmpeg's names.
    """

    def __init__(self, form: str, layout: str) -> None:
        self.form, self.layout = form, layout
        self.kind: tuple[str, str, int] | None = None
        self.resampler: av.AudioResampler | None = None

    def resample(self, frame: av.AudioFrame) -> list[av.AudioFrame]:
        """What comes out for a frame."""
        kind = frame.format.name, frame.layout.name, frame.sample_rate
        resampler, before = self.resampler, []
        if resampler is None or kind != self.kind:
            before = self.end()
            resampler = pyav().AudioResampler(self.form, self.layout, RATE)
            self.kind, self.resampler = kind, resampler
        return [*before, *resampler.resample(frame)]

    def end(self) -> list[av.AudioFrame]:
        """What is left."""
        left = self.resampler.resample(None) if self.resampler else []
        self.resampler = None
        return left
