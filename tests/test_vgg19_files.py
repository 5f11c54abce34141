"""VGG-19 from files like the published ones: all 38 tensors at their real sizes, older format.

The numbers are random, as the real ones cannot be had everywhere. The two files are made once and
kept in the tests' cache: 575 MB each.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from torch import Tensor

from conftest import drawn
from installer import machine, weights
from installer.engine import Engine
from neural_style.image import read_picture, write_picture
from neural_style.job import Finished, paint
from neural_style.network import (
    VGG,
    Weights,
    dead_leaves,
    load_weights,
    mean_activations,
    network_for,
    normalised,
)
from neural_style.network.weights import PREPROCESSINGS, find_weights
from neural_style.settings import LAYERS, parse_settings
from test_code import ROOT

pytestmark = pytest.mark.slow

PUBLISHED_SIZE = 574_673_361
"""Bytes of torchvision's file, as its server says."""

KEPT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neural-style-tests"

MADE_UP = "made-up.pth"

WIDTHS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Channels and depth of each block."""


@pytest.fixture(scope="module", params=["vgg19", "vgg19-caffe"])
def published(request: pytest.FixtureRequest) -> tuple[str, Path]:
    """A key of the installer's, and a file of that layout under the published one's name."""
    name: str = request.param
    path = KEPT / "published" / weights.KNOWN[name].file
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        torch.save(
            original(caffe=name == "vgg19-caffe"), part, _use_new_zipfile_serialization=False
        )
        part.replace(path)
    return name, path


def original(*, caffe: bool) -> dict[str, Tensor]:
    """VGG-19's names and shapes; features neither die nor explode."""
    chance = torch.Generator().manual_seed(0)
    state: dict[str, Tensor] = {}
    before, index = 3, 0
    for width, depth in WIDTHS:
        for _ in range(depth):
            deviation = (2 / 9 / before) ** 0.5
            if caffe and index == 0:
                deviation /= 60  # its input is that much larger
            weight = torch.empty(width, before, 3, 3)
            state[f"features.{index}.weight"] = weight.normal_(0, deviation, generator=chance)
            state[f"features.{index}.bias"] = 0.1 * torch.randn(width, generator=chance)
            before, index = width, index + 2
        index += 1
    sizes = ((4096, 25088), (4096, 4096), (1000, 4096))
    for place, (high, wide) in zip((1, 4, 6) if caffe else (0, 3, 6), sizes, strict=True):
        state[f"classifier.{place}.weight"] = torch.full((high, wide), 0.01)
        state[f"classifier.{place}.bias"] = torch.zeros(high)
    return state


@pytest.fixture
def server(published: tuple[str, Path], tmp_path: Path) -> Iterator[str]:
    """The address of a folder that has the file, under a name that promises no other SHA-256."""
    served = tmp_path / "served"
    served.mkdir()
    (served / MADE_UP).symlink_to(published[1])

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the tests' own output is enough."""

    handler = functools.partial(Quiet, directory=str(served))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}/"
        http.shutdown()
        thread.join()


def test_the_published_file_is_of_the_older_format(published: tuple[str, Path]) -> None:
    """Today's PyTorch writes less than a kilobyte more than the one of then."""
    assert 0 <= published[1].stat().st_size - PUBLISHED_SIZE < 1000
    with pytest.raises(RuntimeError, match="mmap"):
        torch.load(published[1], weights_only=True, mmap=True)


def test_download_conversion_and_a_picture(
    published: tuple[str, Path], server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, file = published
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "my data"))
    digest = machine.checksum(file)
    known = weights.Known(MADE_UP, server, digest, file.stat().st_size)
    monkeypatch.setitem(weights.KNOWN, name, known)
    monkeypatch.setattr(Engine, "python", property(lambda _: Path(sys.executable)))
    made = weights.add(name, Engine(tmp_path, {}), lambda *_: None)
    assert made == find_weights("vgg19")
    assert made.stat().st_size < 81e6
    assert not made.with_name(MADE_UP).exists()

    loaded = load_weights("vgg19")
    assert loaded.preprocessing == PREPROCESSINGS["caffe" if "caffe" in name else "torchvision"]
    assert list(loaded.convolutions) == list(LAYERS)
    assert_normalised(normalised(loaded))

    photo, painting, output = (tmp_path / f"{word}.png" for word in ("photo", "painting", "out"))
    write_picture(photo, drawn(48, 64, "photo"))
    write_picture(painting, drawn(64, 64, "painting"))
    command = [sys.executable, "-m", "neural_style.cli", "stylize", photo, painting, "-o", output]
    command += ["--network", "vgg19", "--steps", "3", "--final-steps", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT / "core")
    assert done.returncode == 0, done.stderr
    assert abs(read_picture(output).pixels - read_picture(photo).pixels).mean() > 0.01


def assert_normalised(network: Weights) -> None:
    """Every channel that is not nearly dead has a mean activation of one."""
    for name, means in mean_activations(network, dead_leaves()).items():
        assert means.median().item() == pytest.approx(1, rel=1e-3), name
        assert means.max().item() < 1.001, name


def test_original_file_as_the_network(published: tuple[str, Path], tmp_path: Path) -> None:
    """Without the installer: the literal walk-through sees it as it is, all others normalised."""
    file = tmp_path / "mine.pth"
    file.symlink_to(published[1])
    raw = load_weights(str(file))
    assert raw.activations is None
    layer = "conv4_1"
    picture = torch.rand(1, 3, 64, 64)
    theirs = VGG(raw, [layer]).features(picture)[layer].mean((0, 2, 3))
    ours = VGG(normalised(raw), [layer]).features(picture)[layer].mean((0, 2, 3))
    means = mean_activations(raw, dead_leaves())[layer]
    expected = theirs / means.clamp_min(0.1 * means.mean())
    torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-4)
    assert_normalised(normalised(raw))
    photo, painting = drawn(48, 48, "photo"), drawn(48, 48, "painting")
    for preset, seen in (("standard", normalised(raw)), ("tutorial", raw)):
        values = {"network": str(file), "preset": preset, "steps": 2, "final_steps": 2}
        network = network_for(parse_settings(values), torch.device("cpu"))
        weight, _ = seen.convolutions["conv4_1"]
        assert torch.equal(network.weight["conv4_1"].float(), weight.to(network.dtype).float())
        *_, finished = paint(photo, [painting], parse_settings(values))
        assert isinstance(finished, Finished)
        assert abs(finished.picture.pixels - photo.pixels).max() > 0.001


def test_memory_is_bounded_by_the_file(published: tuple[str, Path], tmp_path: Path) -> None:
    """Reading takes the file once; its classifier is not kept."""
    file = tmp_path / "mine.pth"
    file.symlink_to(published[1])
    code = (
        "import resource, sys, torch\n"
        "from neural_style.network import load_weights\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"load_weights({str(file)!r})\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "kept = int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize()\n"
        "print(peak * 1024, kept - before * 1024)\n"
    )
    output = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT / "core", text=True)
    peak, kept = map(int, output.split())
    size = published[1].stat().st_size
    assert peak < 1.2 * size
    assert kept < 0.3 * size
