"""Recordings that were joined to one file, each with times of its own.

Transport streams may just be put one after the other, and some cameras and television sets do so.
Then times begin again, or leap by hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

BACK, AHEAD = Fraction(1, 10), Fraction(10)
"""Seconds that times go back or ahead at least where another recording begins: as FFmpeg has it for
those ahead."""


@dataclass(frozen=True)
class Part:
    """A stream in one of the recordings.

    Attributes:
        begins: its first time, in seconds.
        shift: seconds by which its times are moved, so that the recording follows the last one.
        ends: seconds of the film at the recording's end.
    """

    begins: Fraction
    shift: Fraction
    ends: Fraction


@dataclass
class _Recording:
    """Seconds at which it begins and ends, and at which each stream does, by its index."""

    start: Fraction
    end: Fraction
    begins: dict[int, Fraction]


def parts_of(container: InputContainer, streams: Sequence[Stream]) -> dict[int, list[Part]]:
    """The parts of each stream, by its index, which all follow each other at one time; none for
    files of a kind that cannot be joined so. All of such a file is read.

    Raises:
        av.FFmpegError: for what cannot be read.
    """
    from av.format import Flags

    if not container.format.flags & Flags.ts_discont.value:
        return {}
    recordings = _recordings(container, streams)
    parts: dict[int, list[Part]] = {stream.index: [] for stream in streams}
    end = Fraction(0)
    for recording in recordings:
        shift = end - recording.start
        end = recording.end + shift
        for index, begins in recording.begins.items():
            parts[index].append(Part(begins, shift, end))
    return parts


def _recordings(container: InputContainer, streams: Sequence[Stream]) -> list[_Recording]:
    found: list[_Recording] = []
    last: dict[int, Fraction] = {}
    at: dict[int, int] = {}
    for packet in container.demux(*streams):
        if packet.dts is None or packet.pts is None:
            continue
        index, unit = packet.stream.index, Fraction(packet.time_base or 1)
        decoded, shown = packet.dts * unit, packet.pts * unit
        number = at.get(index, max(0, len(found) - 1))
        if index in last:
            leap = decoded - last[index]
            # One stream alone may be silent for long.
            alone = decoded - max(last.values()) < AHEAD and number == len(found) - 1
            if leap <= -BACK or (leap >= AHEAD and not alone):
                number = max(number + 1, len(found) - 1)
        if number == len(found):
            found.append(_Recording(shown, shown, {}))
        one = found[number]
        one.begins.setdefault(index, shown)
        one.start = min(one.start, shown)
        one.end = max(one.end, shown + (packet.duration or 0) * unit)
        last[index], at[index] = decoded, number
    return found


class Times:
    """The times of one stream, in the order in which it is shown, and where they are in the film.

    Args:
        unit: seconds in which they count.
        parts: of the stream; none if times stay as they are.
    """

    def __init__(self, unit: Fraction, parts: Sequence[Part]) -> None:
        self.unit, self.parts, self.number = unit, parts, 0
        self.last: Fraction | None = None

    def moved(self, time: int) -> int:
        """By how much that time, the next one, is moved."""
        if not self.parts:
            return 0
        seconds = time * self.unit
        if self.last is not None and not -BACK < seconds - self.last < AHEAD:
            following = self.parts[self.number + 1 : self.number + 2]
            if following and abs(seconds - following[0].begins) < AHEAD:
                self.number += 1
        self.last = seconds
        return round(self.parts[self.number].shift / self.unit)
