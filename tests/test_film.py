"""Films: flow, frames that go on from each other, videos, and what goes wrong on the way."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from av.error import FFmpegError
from av.stream import Disposition
from PIL import Image

import neural_style as ns
from benchmarks import films
from conftest import drawn
from neural_style.canvas import Canvas
from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.frames import output as film_output
from neural_style.frames import run as film_run
from neural_style.frames import sound
from neural_style.frames.flow import optical_flow, seen, warped
from neural_style.frames.footage import Folder
from neural_style.frames.output import find_sound, folder_of
from neural_style.frames.video import Video, key_of, write_video
from neural_style.image import Picture, read_picture, write_picture
from neural_style.losses import HoldLoss
from neural_style.series.manifest import NAME

COMMAND = Path(sys.executable).with_name("neural-style")
QUICK: dict[str, Any] = {
    "size": 48,
    "coarsest": 32,
    "steps": 3,
    "final_steps": 2,
    "faces": 0,
    "precision": "float32",  # which one pays is measured anew in each process
}
OPTIONS = [f"--{name.replace('_', '-')}={value}" for name, value in QUICK.items()]


def panned(count: int, height: int = 40, width: int = 48, step: int = 2) -> list[Picture]:
    """A camera that moves to the right, over a drawn picture."""
    wide = drawn(height, width + count * step, "panorama")
    frames = []
    for number in range(count):
        columns = slice(number * step, number * step + width)
        pixels = np.ascontiguousarray(wide.pixels[:, columns])
        frames.append(Picture(pixels, np.ones((height, width), np.float32), 8))
    return frames


def folder_with(path: Path, frames: Sequence[Picture]) -> Path:
    path.mkdir()
    for number, frame in enumerate(frames):
        write_picture(path / f"shot{number + 8}.png", frame)  # 8, 9, 10: names of two lengths
    return path


def video_with(path: Path, frames: Sequence[Picture], pts: Sequence[int] = ()) -> Path:
    """At 25 frames a second, with a tone."""
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=25, options={"crf": "5"})
        pictures.height, pictures.width = frames[0].alpha.shape
        pictures.pix_fmt = "yuv444p"
        tone = container.add_stream("aac", rate=44100)
        tone.layout = "mono"
        for number, frame in enumerate(frames):
            array = np.rint(frame.pixels * 255).astype(np.uint8)
            image = av.VideoFrame.from_ndarray(array, format="rgb24")
            image.pts, image.time_base = (pts or range(1000))[number], Fraction(1, 25)
            container.mux(pictures.encode(image))
        for start in range(0, 44100 * len(frames) // 25, 1024):
            wave = np.sin(np.arange(start, start + 1024, dtype=np.float32) / 16)[None]
            sound = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            sound.sample_rate, sound.pts = 44100, start
            sound.time_base = Fraction(1, 44100)
            container.mux(tone.encode(sound))
        container.mux(pictures.encode(None))
        container.mux(tone.encode(None))
    return path


@pytest.fixture
def painting(tmp_path: Path) -> Path:
    path = tmp_path / "painting.png"
    write_picture(path, drawn(48, 48, "painting"))
    return path


def paint(source: Path, painting: Path, output: Path, **changes: Any) -> list[bool]:
    """Paint a film; whether each frame was painted now."""
    new: list[bool] = []
    ns.film(source, painting, output, on_frame=lambda one: new.append(one.new), **QUICK, **changes)
    return new


def pictures_in(folder: Path) -> dict[str, bytes]:
    return {path.name: read_picture(path).pixels.tobytes() for path in sorted(folder.glob("*.png"))}


# -- flow ------------------------------------------------------------------------------------------


def test_flow_finds_what_a_camera_does() -> None:
    last, here = (frame.pixels for frame in panned(2, 120, 160, step=5))
    back, forth = optical_flow(here, last), optical_flow(last, here)
    known = seen(back, forth).astype(bool)
    assert np.abs(back[known] - (5, 0)).mean() < 0.1
    assert known[10:-10, 10:140].mean() > 0.95
    assert not known[:, 156:].any(), "what came in at the right was not seen before"
    assert np.abs(warped(last, back) - here)[known].mean() < 0.01


def test_what_something_hides_was_not_seen() -> None:
    ground, thing = drawn(120, 160, "ground").pixels, drawn(120, 160, "thing").pixels
    last, here = ground.copy(), ground.copy()
    last[40:80, 40:80], here[40:80, 50:90] = thing[:40, :40], thing[:40, :40]
    known = seen(optical_flow(here, last), optical_flow(last, here))
    assert known[44:76, 42:48].mean() < 0.3  # the ground behind it
    assert known[50:70, 60:80].mean() > 0.7
    assert known[:, 110:].mean() > 0.95


def test_warping_is_a_shift() -> None:
    image = drawn(30, 40).pixels
    flow = np.zeros((30, 40, 2), np.float32)
    flow[..., 0] = 3
    assert np.abs(warped(image, flow)[:, :-3] - image[:, 3:]).max() < 1e-5


def test_the_gradient_of_what_is_held(device: torch.device) -> None:
    pixels, image = torch.rand(1, 3, 9, 11, device=device), torch.rand(1, 3, 9, 11, device=device)
    amount = torch.rand(1, 1, 9, 11, device=device)
    amount[..., :4] = 0
    image.requires_grad_()
    expected = 7 * (amount * (image - pixels).square()).mean()
    (slope,) = torch.autograd.grad(expected, image)
    gradient = torch.zeros_like(image)
    value = HoldLoss(weight=7.0, held=Canvas(pixels, amount)).loss_and_gradient(
        image.detach(), gradient
    )
    assert torch.allclose(value, expected)
    assert torch.allclose(gradient, slope)


# -- folders of frames -----------------------------------------------------------------------------


def test_frames_keep_names_and_order(tmp_path: Path, painting: Path) -> None:
    source = folder_with(tmp_path / "in", panned(3))
    names = [frame.name for frame in Folder(source, besides=tmp_path / "out", fps=25).frames()]
    assert names == ["shot8.png", "shot9.png", "shot10.png"]
    assert paint(source, painting, tmp_path / "out") == [True] * 3
    assert sorted(pictures_in(tmp_path / "out")) == sorted(names)
    assert paint(source, painting, tmp_path / "out") == [False] * 3


def test_a_frame_that_changed_and_all_after_it_are_painted_anew(
    tmp_path: Path, painting: Path
) -> None:
    source, out = folder_with(tmp_path / "in", panned(4)), tmp_path / "out"
    paint(source, painting, out)
    write_picture(source / "shot10.png", drawn(40, 48, "other"))
    assert paint(source, painting, out) == [False, False, True, True]
    assert paint(source, painting, out, strength=70) == [True] * 4


def test_an_interrupted_film_becomes_the_same(tmp_path: Path, painting: Path) -> None:
    source = folder_with(tmp_path / "in", panned(4))
    paint(source, painting, tmp_path / "whole")

    def stop(frame: ns.api.PaintedFrame) -> None:
        if frame.number == 2:
            raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        ns.film(source, painting, tmp_path / "out", on_frame=stop, **QUICK)
    assert paint(source, painting, tmp_path / "out") == [False, False, True, True]
    assert pictures_in(tmp_path / "out") == pictures_in(tmp_path / "whole")


def test_a_cut_begins_anew(tmp_path: Path, painting: Path) -> None:
    """Its first frame is the picture that it would be by itself."""
    other = drawn(40, 48, "another scene")
    paint(folder_with(tmp_path / "in", [*panned(2), other]), painting, tmp_path / "out")
    alone = ns.stylize(tmp_path / "in" / "shot10.png", painting, **QUICK)
    found = read_picture(tmp_path / "out" / "shot10.png").pixels
    assert np.abs(found - np.asarray(alone, np.float32) / 255).max() < 1e-6


def test_transparency_stays(tmp_path: Path, painting: Path) -> None:
    frames = panned(3)
    half = np.zeros((40, 48), np.float32)
    half[:, 24:] = 1
    frames = [
        Picture(frames[0].pixels, np.zeros((40, 48), np.float32), 8),  # faded in
        Picture(frames[1].pixels, half, 8),
        Picture(frames[2].pixels, half, 16),
    ]
    paint(folder_with(tmp_path / "in", frames), painting, tmp_path / "out")
    first, _, last = (read_picture(tmp_path / "out" / f"shot{n}.png") for n in (8, 9, 10))
    assert not first.alpha.any()
    assert (last.alpha == half).all()
    assert last.depth == 16


# -- videos ----------------------------------------------------------------------------------------


def test_a_video_keeps_times_and_sound(tmp_path: Path, painting: Path) -> None:
    pts = [0, 1, 2, 5, 6]  # one frame stays longer
    source = video_with(tmp_path / "in.mp4", panned(5), pts)
    out = tmp_path / "out.mp4"
    assert paint(source, painting, out) == [True] * 5
    with av.open(str(out)) as made, av.open(str(source)) as given:
        assert [s.type for s in made.streams] == ["video", "audio"]
        assert made.streams.video[0].pix_fmt == "yuv420p"
        times = [float(frame.pts * frame.time_base) for frame in made.decode(video=0)]
        assert times == pytest.approx([one / 25 for one in pts])
        assert [bytes(p) for p in reopened(made, "audio")] == [
            bytes(p) for p in given.demux(audio=0)
        ]
    assert not folder_of(out).exists()
    assert paint(source, painting, out) == []  # it is finished
    assert paint(source, painting, out, strength=70) == [True] * 5


def reopened(container: Any, kind: str) -> list[Any]:
    with av.open(container.name) as again:
        return list(again.demux(**{kind: 0}))


@pytest.mark.parametrize("ending", [".mov", ".mkv", ".webm"])
def test_other_kinds_of_videos(tmp_path: Path, painting: Path, ending: str) -> None:
    source = video_with(tmp_path / "in.mp4", panned(2))
    out = tmp_path / f"out{ending}"
    assert paint(source, painting, out) == [True] * 2
    with av.open(str(out)) as made:
        assert [s.type for s in made.streams] == ["video", "audio"]
        seconds = sum(frame.samples / frame.sample_rate for frame in made.decode(audio=0))
        assert seconds == pytest.approx(0.08, abs=0.05)
    assert paint(source, painting, out) == []


def with_sound(
    path: Path, codec: str, layout: str, *, rate: int = 0, about: dict[str, str] | None = None
) -> Path:
    """Five frames, and ten blocks of a tone, in some codec and layout; the file's ending is the
    container."""
    rate = rate or (48_000 if codec == "libopus" else 44_100)
    with av.open(str(path), "w") as container:
        container.metadata.update(about or {})
        pictures = container.add_stream(
            "libvpx-vp9" if path.suffix == ".webm" else "mpeg4", rate=25
        )
        pictures.width, pictures.height, pictures.pix_fmt = 48, 48, "yuv420p"
        tone = container.add_stream(codec, rate=rate)
        tone.layout = layout
        if about:
            tone.metadata["language"] = "deu"
        for frame in panned(5, 48, 48):
            array = np.rint(frame.pixels * 255).astype(np.uint8)
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(array, format="rgb24")))
        wave = (np.sin(np.arange(1024) / 16) * 8000).astype(np.int16)
        samples = np.repeat(wave, av.AudioLayout(layout).nb_channels)[None]
        for number in range(10):
            block = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
            block.sample_rate, block.pts = rate, 1024 * number
            container.mux(tone.encode(block))
        container.mux(tone.encode(None))
        container.mux(pictures.encode(None))
    return path


SOUNDS = [
    ("pcm_s16le", "stereo", ".avi"),
    ("pcm_s16le", "stereo", ".mkv"),
    ("pcm_s16le", "mono", ".mov"),
    ("pcm_alaw", "mono", ".avi"),
    ("pcm_u8", "mono", ".avi"),
    ("adpcm_ima_wav", "mono", ".avi"),
    ("libopus", "stereo", ".webm"),
    ("libopus", "5.1", ".webm"),
    ("ac3", "5.1(side)", ".mkv"),
    ("ac3", "5.1(side)", ".ts"),
    ("aac", "stereo", ".ts"),
    ("aac", "7.1", ".mp4"),
    ("mp2", "stereo", ".mkv"),
    ("libmp3lame", "stereo", ".mkv"),
    ("flac", "stereo", ".mkv"),
]


def seconds_of_sound(path: Path) -> float:
    with av.open(str(path)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


@pytest.mark.parametrize(("codec", "layout", "ending"), SOUNDS)
def test_ordinary_sound_gets_into_every_kind_of_video(
    tmp_path: Path, codec: str, layout: str, ending: str
) -> None:
    footage = Video(with_sound(tmp_path / f"in{ending}", codec, layout))
    picture = drawn(48, 48)
    for target in (".mp4", ".mov", ".mkv", ".webm"):
        out = tmp_path / f"out{target}"
        ways = find_sound(footage, out)
        assert None not in ways.values()
        pictures = ((picture, frame.pts) for frame in footage.frames())
        write_video(out, pictures, footage, ways=ways, key="key", about="nothing")
        with av.open(str(out)) as made:
            assert [one.type for one in made.streams] == ["video", "audio"]
        assert seconds_of_sound(out) == pytest.approx(seconds_of_sound(footage.path), abs=0.06)


def test_sound_that_no_way_leads_to_is_said_before_painting(
    tmp_path: Path, painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = with_sound(tmp_path / "in.mkv", "ac3", "stereo")
    monkeypatch.setattr(sound, "_works", lambda *_: False)
    with pytest.warns(NeuralStyleWarning, match=r"cannot be written into out\.mp4") as warned:
        assert paint(source, painting, tmp_path / "out.mp4") == [True] * 5
    assert [one.message.code for one in warned] == ["sound_left_out"]  # pyright: ignore
    with av.open(str(tmp_path / "out.mp4")) as made:
        assert [one.type for one in made.streams] == ["video"]


def test_sound_that_breaks_later_costs_only_itself(
    tmp_path: Path, painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = with_sound(tmp_path / "in.mkv", "ac3", "stereo")
    ways = sound.ways_into(source, tmp_path / "out.mp4", {})
    until = sound.Sound.until

    def breaking(own: sound.Sound, *arguments: Any, **options: Any) -> None:
        if own.streams:
            raise OSError(22, "Invalid argument")
        until(own, *arguments, **options)

    monkeypatch.setattr(sound.Sound, "until", breaking)
    monkeypatch.setattr(film_output, "ways_into", lambda *_: ways)
    with pytest.warns(NeuralStyleWarning, match="could not be written"):
        assert paint(source, painting, tmp_path / "out.mp4") == [True] * 5
    assert len(list(Video(tmp_path / "out.mp4").frames())) == 5


def test_the_plan_tells_of_the_sound(tmp_path: Path, painting: Path) -> None:
    source = with_sound(tmp_path / "in.avi", "pcm_s16le", "stereo")
    command = [COMMAND, "film", source, painting, "-o", tmp_path / "out.mp4", "--plan", *OPTIONS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "sound    encoded again, stereo" in done.stdout, done.stderr


def test_title_date_and_languages_stay(tmp_path: Path, painting: Path) -> None:
    about = {"title": "A day at sea", "date": "2025-07-01"}
    source = with_sound(tmp_path / "in.mkv", "ac3", "stereo", about=about)
    for ending in (".mkv", ".mp4"):
        out = tmp_path / f"out{ending}"
        paint(source, painting, out)
        with av.open(str(out)) as made:
            found = {name.lower(): text for name, text in made.metadata.items()}
            assert found["title"] == "A day at sea"
            assert found["date"].startswith("2025")
            assert made.streams.audio[0].metadata["language"] in ("deu", "ger")
        assert key_of(out)


def written_again(source: Path, out: Path) -> None:
    """Its frames as they are, and its sound."""
    footage = Video(source)
    ways = find_sound(footage, out)
    pictures = ((frame.picture, frame.pts) for frame in footage.frames())
    write_video(out, pictures, footage, ways=ways, key="key", about="nothing")


def test_where_it_was_filmed_is_not_passed_on(tmp_path: Path) -> None:
    about = {"title": "A day at sea", "location": "+48.1371+011.5754/"}
    source = with_sound(tmp_path / "in.mp4", "aac", "stereo", about=about)
    with av.open(str(source)) as given:
        assert given.metadata["location"]
    for ending in (".mp4", ".mov", ".mkv"):
        written_again(source, tmp_path / f"out{ending}")
        assert b"48.1371" not in (tmp_path / f"out{ending}").read_bytes()


def test_a_title_in_the_letters_of_an_old_computer(tmp_path: Path) -> None:
    """AVI does not say how its texts are written; such a one is left out."""
    about = {"title": "Muenchner Sommer", "date": "2004"}
    source = with_sound(tmp_path / "in.avi", "mp2", "stereo", about=about)
    data = source.read_bytes()
    assert data.count(b"Muenchner") == 1
    source.write_bytes(data.replace(b"Muenchner", "MünchnerX".encode("cp1252")))
    written_again(source, tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as made:
        found = {name.lower(): text for name, text in made.metadata.items()}
        assert found["date"] == "2004"
        assert "title" not in found
    assert key_of(source) is None


def test_sound_of_an_unknown_kind_is_left_out(tmp_path: Path) -> None:
    source = with_sound(tmp_path / "in.avi", "pcm_s16le", "stereo")
    data = bytearray(source.read_bytes())
    where = data.index(b"strf", data.index(b"auds")) + 8
    assert data[where : where + 2] == b"\x01\x00"  # PCM
    data[where : where + 2] = b"\x99\x88"
    source.write_bytes(data)
    for ending in (".mp4", ".mkv", ".webm"):
        with pytest.warns(NeuralStyleWarning, match="The sound of .* cannot be written into out"):
            written_again(source, tmp_path / f"out{ending}")


def test_sound_that_cannot_be_decoded_at_all_is_left_out(tmp_path: Path) -> None:
    source = with_sound(tmp_path / "in.mkv", "tta", "stereo")  # without the head that TTA needs
    with pytest.raises(FFmpegError):
        seconds_of_sound(source)
    with pytest.warns(NeuralStyleWarning, match="cannot be written into out"):
        written_again(source, tmp_path / "out.webm")
    with av.open(str(tmp_path / "out.webm")) as made:
        assert [one.type for one in made.streams] == ["video"]


def test_sound_that_begins_before_the_pictures_stays_with_them(tmp_path: Path) -> None:
    """As that of AAC does, whose first block is for the decoder only: of 8 kHz it is 0.128 s."""
    source, out = tmp_path / "in.mov", tmp_path / "out.mov"
    with_sound(source, "aac", "mono", rate=8000)
    written_again(source, out)
    with av.open(str(source)) as given, av.open(str(out)) as made:
        times = [[packet.pts for packet in one.demux(audio=0)] for one in (given, made)]
    assert times[0][0] == -1024
    assert times[0] == times[1]


def later(path: Path, seconds: int) -> bytes:
    """A recording in a file, as it would be that many seconds later by the camera's clock."""
    with av.open(str(path)) as given, av.open(str(path.with_name("later.ts")), "w") as made:
        streams = {one.index: made.add_stream_from_template(one) for one in given.streams}
        for packet in given.demux():
            if packet.dts is not None and packet.pts is not None:
                packet.dts += round(seconds / packet.time_base)
                packet.pts += round(seconds / packet.time_base)
                packet.stream = streams[packet.stream.index]
                made.mux(packet)
    return path.with_name("later.ts").read_bytes()


def times_in(path: Path, kind: str) -> list[float]:
    """Seconds at which each packet is seen or heard."""
    with av.open(str(path)) as container:
        packets = container.demux(**{kind: 0})
        return sorted(float(one.pts * one.time_base) for one in packets if one.pts is not None)


@pytest.mark.parametrize("clocks", [(0,), (7200,), (0, 0, 0), (0, 7200), (7200, 0), (50, 0, 7200)])
def test_joined_recordings_are_seen_and_heard_whole(
    tmp_path: Path, clocks: tuple[int, ...]
) -> None:
    """Each has times of its own; sound stays with the pictures."""
    one, source, out = (tmp_path / name for name in ("one.ts", "joined.ts", "out.mp4"))
    with_sound(one, "aac", "stereo")
    source.write_bytes(b"".join(later(one, clock) for clock in clocks))
    footage = Video(source)
    pictures = ((frame.picture, frame.pts) for frame in footage.frames())
    write_video(out, pictures, footage, ways=find_sound(footage, out), key="key", about="nothing")
    seen, heard = times_in(out, "video"), times_in(out, "audio")
    assert len(seen) == 5 * len(clocks)
    assert footage.count == pytest.approx(len(seen), abs=2 * len(clocks)), "by their length"
    each = len(heard) // len(clocks)
    assert len(heard) == each * len(clocks)
    assert seen[0] < 0.1
    assert max(np.diff(seen)) < 0.12, "the sound is a little longer than the pictures"
    for number in range(1, len(clocks)):
        moved = seen[5 * number] - seen[0], heard[each * number] - heard[0]
        assert moved[0] == pytest.approx(moved[1], abs=0.002)


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".webm"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("ac3", "stereo", 48_000), ("ac3", "5.1(side)", 48_000)),
        (("ac3", "5.1(side)", 48_000), ("ac3", "stereo", 44_100)),
        (("mp2", "stereo", 48_000), ("mp2", "mono", 32_000)),
    ],
)
def test_sound_may_change_on_the_way(
    tmp_path: Path, first: tuple[str, str, int], second: tuple[str, str, int], ending: str
) -> None:
    """As between a broadcast and the next one."""
    seconds, data = 0.0, b""
    for name, (codec, layout, rate) in (("one.ts", first), ("two.ts", second)):
        part = with_sound(tmp_path / name, codec, layout, rate=rate)
        seconds, data = seconds + seconds_of_sound(part), data + part.read_bytes()
    (tmp_path / "in.ts").write_bytes(data)
    out = tmp_path / f"out{ending}"
    written_again(tmp_path / "in.ts", out)
    assert seconds_of_sound(out) == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
def test_a_damaged_piece_of_sound_costs_only_itself(tmp_path: Path, ending: str) -> None:
    source = with_sound(tmp_path / "in.ts", "ac3", "stereo")
    with av.open(str(source)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0)]
    data = source.read_bytes()
    start = packets[0][:40]
    assert data.count(start) == 1
    source.write_bytes(data.replace(start, bytes(40)))
    out = tmp_path / f"out{ending}"
    written_again(source, out)
    assert seconds_of_sound(out) == pytest.approx(10 * 1024 / 44_100, abs=0.06)


def test_silence_in_a_recording_is_no_other_one(tmp_path: Path) -> None:
    """A sound that pauses for longer than recordings leap, while the pictures go on."""
    source = tmp_path / "in.ts"
    with av.open(str(source), "w") as container:
        pictures = container.add_stream("mpeg4", rate=1)
        pictures.width, pictures.height, pictures.pix_fmt = 48, 48, "yuv420p"
        tone = container.add_stream("mp2", rate=44_100)
        tone.layout = "mono"
        for number in range(30):
            container.mux(pictures.encode(av.VideoFrame(48, 48, "yuv420p")))
            if number in (0, 25):
                block = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.int16), layout="mono")
                block.sample_rate, block.pts = 44_100, number * 44_100
                container.mux(tone.encode(block))
        container.mux(pictures.encode(None))
        container.mux(tone.encode(None))
    written_again(source, tmp_path / "out.mkv")
    seen, heard = times_in(tmp_path / "out.mkv", "video"), times_in(tmp_path / "out.mkv", "audio")
    assert np.diff(seen) == pytest.approx([1] * 29, abs=0.01)
    assert heard[-1] - seen[0] == pytest.approx(25, abs=0.2)


def test_a_cover_is_not_the_film(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "in.mkv"), "w") as container:
        cover = container.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        pictures = container.add_stream("libx264", rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 96, 64, "yuv420p"
        container.mux(cover.encode(av.VideoFrame(32, 32, "yuvj420p")))
        for _ in range(4):
            container.mux(pictures.encode(av.VideoFrame(96, 64, "yuv420p")))
        container.mux(cover.encode(None))
        container.mux(pictures.encode(None))
    video = Video(tmp_path / "in.mkv")
    assert (video.width, video.height) == (96, 64)
    assert len(list(video.frames())) == 4


def _song(place: Path) -> None:
    """With the cover of its album, which is no film."""
    with av.open(str(place / "in.mp4"), "w") as container:
        tone = container.add_stream("aac", rate=44100)
        cover = container.add_stream("mjpeg", rate=1)
        cover.width = cover.height = 64
        cover.pix_fmt = "yuvj420p"
        cover.disposition = Disposition.attached_pic
        sound = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp")
        sound.sample_rate = 44100
        container.mux(tone.encode(sound))
        container.mux(cover.encode(av.VideoFrame(64, 64, "yuvj420p")))
        container.mux(cover.encode(None))
        container.mux(tone.encode(None))


def _unknown_pictures(place: Path) -> None:
    source = with_sound(place / "in.mkv", "ac3", "stereo")
    data = source.read_bytes()
    assert data.count(b"V_MPEG4/ISO/ASP") == 1
    (place / "in.mp4").write_bytes(data.replace(b"V_MPEG4/ISO/ASP", b"V_QUITE/NEW/ONE"))


def test_frames_are_found_again_under_another_name(tmp_path: Path, painting: Path) -> None:
    source = video_with(tmp_path / "in.mp4", panned(3))
    other = video_with(tmp_path / "other.mp4", panned(2, 44, 44))

    def stop(film: Path, name: str) -> None:
        def after(one: ns.PaintedFrame) -> None:
            if one.number == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ns.film(film, painting, tmp_path / name, on_frame=after, **QUICK)

    stop(other, "a.mp4")
    stop(source, "out.mp4")
    assert paint(source, painting, tmp_path / "renamed.mkv") == [False, False, True]
    assert not folder_of(tmp_path / "out.mp4").exists()
    assert folder_of(tmp_path / "a.mp4").exists(), "that is another film"
    assert paint(other, painting, tmp_path / "a.mp4") == [False, False]


def test_what_is_not_of_the_film_stays_in_its_folder(tmp_path: Path, painting: Path) -> None:
    source, out = video_with(tmp_path / "in.mp4", panned(2)), tmp_path / "out.mp4"
    folder_of(out).mkdir()
    (folder_of(out) / "mine.txt").write_text("mine")
    paint(source, painting, out)
    assert [path.name for path in folder_of(out).iterdir()] == ["mine.txt"]


def test_a_frame_that_is_a_link_is_a_frame(tmp_path: Path, painting: Path) -> None:
    """So a frame is shown longer in some programs."""
    source = folder_with(tmp_path / "in", panned(3))
    (source / "shot9.png").unlink()
    (source / "shot9.png").symlink_to("shot8.png")
    paint(source, painting, tmp_path / "out")
    assert list(pictures_in(tmp_path / "out")) == ["shot10.png", "shot8.png", "shot9.png"]


def test_frames_of_another_look_are_painted_again(
    tmp_path: Path, painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = folder_with(tmp_path / "in", panned(2))
    assert paint(source, painting, tmp_path / "out") == [True, True]
    assert paint(source, painting, tmp_path / "out") == [False, False]
    monkeypatch.setattr(film_run, "LOOK", film_run.LOOK + 1)
    assert paint(source, painting, tmp_path / "out") == [True, True]


def test_a_folder_becomes_a_video_and_back(tmp_path: Path, painting: Path) -> None:
    source = folder_with(tmp_path / "in", panned(3, 41, 47))  # odd sides
    settings: dict[str, Any] = {**QUICK, "size": 47}
    ns.film(source, painting, tmp_path / "out.mp4", fps=12.5, **settings)
    footage = Video(tmp_path / "out.mp4")
    assert (footage.width, footage.height, footage.count) == (46, 40, 3)
    assert [frame.pts * footage.time_base for frame in footage.frames()] == [
        Fraction(2 * number, 25) for number in range(3)
    ]
    paint(tmp_path / "out.mp4", painting, tmp_path / "frames")
    assert list(pictures_in(tmp_path / "frames")) == [f"00000{n}.png" for n in (1, 2, 3)]


@pytest.mark.parametrize("height", [48, 720])
def test_colours_stay(tmp_path: Path, height: int) -> None:
    """Written and read again, whatever FFmpeg takes for granted at this size."""
    colours = np.array([(0.9, 0.1, 0.1), (0.1, 0.8, 0.2), (0.1, 0.2, 0.9), (0.5, 0.5, 0.5)])
    pixels = np.repeat(colours.astype(np.float32)[None], height, 0).repeat(16, 1)
    picture = Picture(pixels, np.ones(pixels.shape[:2], np.float32), 8)
    footage = Folder(folder_with(tmp_path / "in", [picture]), besides=tmp_path / "out", fps=25)
    path = tmp_path / "out.mp4"
    write_video(path, [(picture, 0)], footage, ways={}, key="the key", about="nothing")
    assert key_of(path) == "the key"
    (frame,) = Video(path).frames()
    assert np.abs(frame.picture.pixels - pixels)[:, 8::16].max() < 0.02


def noted(
    path: Path, picture: Picture, matrix: tuple[int, ...], aspect: Fraction = Fraction(1)
) -> Path:
    """A film of one frame, with a note of how it is to be turned, and how wide its pixels are."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "5"})
        stream.height, stream.width = picture.alpha.shape
        stream.pix_fmt = "yuv444p"
        stream.codec_context.sample_aspect_ratio = aspect
        array = np.rint(picture.pixels * 255).astype(np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(array, format="rgb24")))
        container.mux(stream.encode(None))
    data = bytearray(path.read_bytes())
    where = data.index(b"tkhd") + 4 + 40  # the matrix of the track's header
    a, b, c, d = (value << 16 for value in matrix)
    values = [a, b, 0, c, d, 0, 0, 0, 1 << 30]
    data[where : where + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in values)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("width", [48, 64])
@pytest.mark.parametrize(("matrix", "turned"), [((-1, 0, 0, 1), False), ((0, 1, -1, 0), True)])
def test_wide_pixels_are_turned_too(
    tmp_path: Path, width: int, matrix: tuple[int, ...], turned: bool
) -> None:
    video = Video(noted(tmp_path / "in.mp4", drawn(48, width), matrix, Fraction(4, 3)))
    assert video.aspect == (Fraction(3, 4) if turned else Fraction(4, 3))


@pytest.mark.parametrize(
    ("matrix", "seen"),
    [
        ((1, 0, 0, 1), lambda pixels: pixels),
        ((0, 1, -1, 0), lambda pixels: np.rot90(pixels, -1)),
        ((-1, 0, 0, -1), lambda pixels: np.rot90(pixels, 2)),
        ((0, -1, 1, 0), lambda pixels: np.rot90(pixels)),
        ((-1, 0, 0, 1), np.fliplr),
        ((1, 0, 0, -1), np.flipud),
        ((0, 1, 1, 0), lambda pixels: pixels.swapaxes(0, 1)),
        ((0, -1, -1, 0), lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1)),
    ],
    ids=["0", "90", "180", "270", "mirror", "flop", "transpose", "transverse"],
)
def test_a_video_is_upright(
    tmp_path: Path, matrix: tuple[int, ...], seen: Callable[[Any], Any]
) -> None:
    """Turned and mirrored by a note in the file, as phones and cameras for selfies do."""
    picture = drawn(48, 64)
    video = Video(noted(tmp_path / "phone.mp4", picture, matrix))
    expected = seen(picture.pixels)
    assert (video.height, video.width) == expected.shape[:2]
    (frame,) = video.frames()
    assert np.abs(frame.picture.pixels - expected).mean() < 0.03


def test_a_raw_stream_has_no_times(tmp_path: Path) -> None:
    """As some cameras and small computers write it: its frames follow each other."""
    with av.open(str(tmp_path / "in.h264"), "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "2"})
        stream.width, stream.height, stream.pix_fmt = 48, 48, "yuv420p"
        for frame in panned(6, 48, 48):
            array = np.rint(frame.pixels * 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(array, format="rgb24")))
        container.mux(stream.encode(None))
    video = Video(tmp_path / "in.h264")
    times = [float(frame.pts * video.time_base) for frame in video.frames()]
    assert times == pytest.approx([number / 25 for number in range(6)], abs=0.001)


def test_what_pyav_does_not_know_of_a_frame_is_no_crash(tmp_path: Path) -> None:
    """FFmpeg tells of a picture's EXIF data by a number that PyAV does not have."""
    image = Image.new("RGB", (64, 48), "red")
    exif = Image.Exif()
    exif[0x010E] = "a description"
    for ending in ("png", "jpg"):
        path = tmp_path / f"picture.{ending}"
        image.save(path, exif=exif)
        code = "import sys; from pathlib import Path; from neural_style.frames.video import Video;"
        code += "video = Video(Path(sys.argv[1])); print(len(list(video.frames())), video.width)"
        command = [sys.executable, "-c", code, path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "1 64\n"), done.stderr


def test_hdr_is_told(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "hdr.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p10le"
        stream.codec_context.color_trc = 18
        array = np.zeros((48, 64, 3), np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(array, format="rgb24")))
        container.mux(stream.encode(None))
    with pytest.warns(NeuralStyleWarning, match="HDR"):
        video = Video(tmp_path / "hdr.mp4")
    (frame,) = video.frames()
    assert frame.picture.depth == 16


# -- what goes wrong -------------------------------------------------------------------------------


def _no_film(place: Path) -> None:
    (place / "in.mp4").write_text("no film")


def _half(place: Path) -> None:
    video_with(place / "in.mp4", panned(8, 200, 200))
    data = (place / "in.mp4").read_bytes()
    (place / "in.mp4").write_bytes(data[: len(data) // 2])


def _only_sound(place: Path) -> None:
    with av.open(str(place / "in.mp4"), "w") as container:
        tone = container.add_stream("aac", rate=44100)
        sound = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp")
        sound.sample_rate = 44100
        container.mux(tone.encode(sound))
        container.mux(tone.encode(None))


def _other_size(place: Path) -> None:
    folder_with(place / "in.mp4", [*panned(2), drawn(30, 30)])


def _empty(place: Path) -> None:
    (place / "in.mp4").mkdir()


@pytest.mark.parametrize(
    ("make", "code", "sentence"),
    [
        (lambda place: None, "file_missing", "There is no file"),
        (_no_film, "film_unreadable", "is no video, or damaged"),
        (_half, "film_unreadable", "is no video, or damaged"),
        (_only_sound, "film_unreadable", "has no pictures"),
        (_song, "film_unreadable", "has no pictures"),
        (_unknown_pictures, "film_unreadable", "has no pictures that can be read"),
        (_other_size, "frame_size", "shot10.png has 30 x 30 pixels, but the frames before it 48"),
        (_empty, "file_missing", "There are no pictures in"),
    ],
)
def test_films_that_are_none(
    tmp_path: Path, painting: Path, make: Callable[[Path], None], code: str, sentence: str
) -> None:
    make(tmp_path)
    with pytest.raises(NeuralStyleError, match=sentence) as caught:
        ns.film(tmp_path / "in.mp4", painting, tmp_path / "out.mkv", **QUICK)
    assert caught.value.code == code
    assert not (tmp_path / "out.mkv").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["in.mp4", "painting.png"], "There is no file or folder to write to"),
        (["in.mp4", "painting.png", "-o", "out.txt"], "out.txt is no video that can be written"),
        (["in.mp4", "painting.png", "-o", "in.mp4"], "in.mp4 is the film to paint"),
        (["in.mp4", "painting.png", "-o", "mine.mp4"], "mine.mp4 is there already, and no result"),
        (["in.mp4", "painting.png", "-o", "out.mp4", "--fps", "5"], "has its own number of frames"),
        (["in.mp4", "painting.png", "-o", "out.mp4", "--fps", "x"], "fps is x"),
        (["in.mp4", "nothing.png", "-o", "out.mp4"], "nothing.png"),
        (["in.mp4", "painting.png", "-o", "out.mp4", "--strength", "101"], "strength is '101'"),
    ],
)
def test_mistakes_get_one_clear_line(
    tmp_path: Path, painting: Path, arguments: list[str], sentence: str
) -> None:
    video_with(tmp_path / "in.mp4", panned(1))
    video_with(tmp_path / "mine.mp4", panned(1))
    before = sorted(tmp_path.iterdir())
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before


def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "film", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )


def test_pictures_of_somebody_elses_are_not_replaced(tmp_path: Path, painting: Path) -> None:
    source = folder_with(tmp_path / "in", panned(2))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "shot9.png").write_text("mine")
    with pytest.raises(NeuralStyleError, match=r"shot9.png is there already, and no frame"):
        paint(source, painting, tmp_path / "out")
    assert (tmp_path / "out" / "shot9.png").read_text() == "mine"


def test_without_pyav(tmp_path: Path, painting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video_with(tmp_path / "in.mp4", panned(1))
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(NeuralStyleError, match="-m pip install av"):
        ns.film(tmp_path / "in.mp4", painting, tmp_path / "out.mp4", **QUICK)


def test_the_command(tmp_path: Path, painting: Path) -> None:
    source = video_with(tmp_path / "in.mp4", panned(3))
    plan = run(source, painting, "--plan", *OPTIONS)
    assert plan.returncode == 0, plan.stderr
    assert "frames   3" in plan.stdout
    assert "picture  48 x 40" in plan.stdout
    done = run(source, painting, "-o", tmp_path / "out.mp4", "--json", *OPTIONS)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["frame"] for line in done.stdout.splitlines()] == [1, 2, 3]
    assert Video(tmp_path / "out.mp4").count == 3


# -- what takes longer -----------------------------------------------------------------------------


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path, painting: Path) -> None:
    """The same command goes on; the film is the one of no interruption, and nothing else is left.

    Frames, not a video: x264 can encode the same frames in two ways.
    """
    source, out = folder_with(tmp_path / "in", panned(40)), tmp_path / "out"
    chance = random.Random(0)  # noqa: S311
    names = {f"shot{number + 8}.png" for number in range(40)}
    command = [str(word) for word in (COMMAND, "film", source, painting, "-o", out, *OPTIONS)]
    there = 0
    for _ in range(6):
        process = subprocess.Popen(command)
        while len(found := pictures_in(out)) < there + 2:
            assert process.poll() is None
        time.sleep(chance.uniform(0, 0.2))
        process.kill()
        process.wait()
        assert set(found) <= names
        there = len(found)
    subprocess.run(command, check=True)
    once = [str(tmp_path / "once") if word == str(out) else word for word in command]
    subprocess.run(once, check=True)
    assert pictures_in(out) == pictures_in(tmp_path / "once")
    assert {path.name for path in out.iterdir()} == names | {NAME}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounting needs root")
def test_a_disk_that_is_really_full(tmp_path: Path, painting: Path) -> None:
    source = folder_with(tmp_path / "in", panned(6, 160, 160))
    disk = tmp_path / "disk"
    script = """
        mkdir "$0"
        mount -t tmpfs -o size=150k tmpfs "$0"
        "$@"
        echo "status $?"
        mount -o remount,size=20m "$0"
        "$@"
        echo "status $?"
        ls "$0"
        ls -A "$0" | wc -l
    """
    words = [COMMAND, "film", source, painting, "-o", disk / "out.mp4", *OPTIONS, "--size=160"]
    shell = ["unshare", "--mount", "sh", "-c", script, disk, *words]
    done = subprocess.run(shell, capture_output=True, text=True, check=False, timeout=300)
    assert "There is no room left on the disk" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.split() == ["status", "1", "status", "0", "out.mp4", "1"]


@pytest.mark.slow
def test_less_than_a_third_of_the_flicker(
    tmp_path: Path, photo_files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the flow known exactly, and as painting finds it."""
    words = ["impasto", "--size", "160", "--frames", "5", "--output", str(tmp_path)]
    assert films.main([str(photo_files["china"]), *words]) == 0
    assert films.main([str(tmp_path / "frames" / "in"), *words]) == 0
    assert capsys.readouterr().out.count("met") == 2
    assert Image.open(tmp_path / "strip.png").size == (5 * 160, 3 * 112)


@pytest.mark.slow
def test_two_at_once_is_one_too_many(tmp_path: Path, painting: Path) -> None:
    source = folder_with(tmp_path / "in", panned(12, 160, 160))
    words = [source, painting, "-o", tmp_path / "out.mp4", *OPTIONS, "--size=160"]
    words.append("--final-steps=100")  # so that the first one is at it for long
    first = subprocess.Popen([str(COMMAND), "film", *map(str, words)])
    try:
        while not pictures_in(folder_of(tmp_path / "out.mp4")):
            assert first.poll() is None
            time.sleep(0.05)
        second = run(*words)
        assert second.returncode == 1
        assert "Another batch is painting into" in second.stderr
        assert first.poll() is None
    finally:
        first.kill()
        first.wait()
