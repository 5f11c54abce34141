"""The benchmark: the textbook and the engine minimise the same function; the machinery runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.backends import cudnn

from benchmarks import __main__ as command
from benchmarks import cpu, curves, machine, peers, row, scaling, scene, targets
from benchmarks.row import Figures, Row
from neural_style import precision as formats
from neural_style.network import VGG, vgg

CPU = torch.device("cpu")


@pytest.mark.parametrize("network", scene.NETWORKS)
def test_textbook_and_engine_have_the_same_loss_and_gradient(network: str) -> None:
    weights, settings = scene.weights(network), scene.SAME_LOSS
    content, style = scene.photo(48), scene.painting(64)
    image = scene.noise(48)
    vgg = VGG(weights, {*settings.content_layers, *settings.style_layers})
    value, gradient = scene.objective(vgg, content, style, settings)(image)

    book = scene.textbook_network(weights, settings, CPU)
    loss = scene.textbook_loss(book, content, style, settings)
    image.requires_grad_()
    expected = loss(image)
    expected.backward()
    assert image.grad is not None
    torch.testing.assert_close(value, expected.detach(), rtol=1e-4, atol=0)
    assert (gradient - image.grad).norm() < 1e-4 * image.grad.norm()


@pytest.mark.slow
def test_quick_run_writes_what_it_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Four processes that import torch would take most of the time.
    monkeypatch.setattr(row, "measure", row.figures)
    monkeypatch.setattr(
        command, "QUICK", {"sizes": [32], "curve_size": 32, "steps": 3, "repeats": 1}
    )
    words = ["--quick", "--networks", "compact", "--devices", "cpu", "--precisions", "float32"]
    assert command.main([*words, "--output", str(tmp_path)]) == 0

    steps = json.loads((tmp_path / "steps.json").read_text())
    assert [one["side"] for one in steps["rows"]] == ["textbook", "same loss", "standard", "tiles"]
    assert all(one["seconds"] > 0 for one in steps["rows"])
    assert steps["machine"]["torch"] == torch.__version__
    (race,) = json.loads((tmp_path / "curves.json").read_text())["races"]
    starts = [curve["losses"][0] for curve in race["curves"]]
    assert starts == pytest.approx([starts[0]] * len(starts), rel=1e-4)
    assert (tmp_path / "curves.png").stat().st_size > 1000
    assert "schedule, float32" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("chosen", "found"),
    [(torch.float32, ["float32"]), (torch.bfloat16, ["float32", "bfloat16"])],
)
def test_only_what_the_engine_would_choose_is_measured(
    chosen: torch.dtype, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a processor has no bfloat16, a step in it takes minutes."""
    monkeypatch.setattr(machine, "choose_precision", lambda *_: chosen)
    assert machine.precisions(torch.device("cpu")) == found


@pytest.mark.slow
def test_a_row_is_measured_in_its_own_process() -> None:
    found = row.measure(Row("compact", 64, "cpu", "float32", "same loss", 1))
    assert isinstance(found, Figures)
    assert found.seconds > 0
    failed = row.measure(Row("compact", 64, "cpu", "float16", "same loss", 1))
    assert failed == "KeyError: 'float16'"


@pytest.mark.parametrize(("precision", "allowed"), [("float32", False), (machine.TF32, True)])
def test_only_a_row_of_tf32_allows_it(
    precision: str, allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, convolve = set(), vgg.F.conv2d

    def spy(*arguments: Any, **options: Any) -> torch.Tensor:
        seen.add(cudnn.allow_tf32)
        return convolve(*arguments, **options)

    monkeypatch.setattr(formats, "ALLOW_TF32", not allowed)
    # Only where a card is in use are its flags set.
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(vgg.F, "conv2d", spy)
    row.figures(Row("compact", 64, "cpu", precision, "standard", 1))
    assert seen == {allowed}


def test_flops_are_those_of_vgg19() -> None:
    """361,152 products per pixel up to conv5_1, each a multiplication and an addition, twice."""
    found = scene.flops(scene.random_vgg19(), scene.SAME_LOSS, pixels=1)
    assert found == 4 * 361_152


def test_targets_tell_met_from_missed() -> None:
    def line(side: str) -> Row:
        return Row("vgg19", 512, "cpu", "float32", side, 1)

    measured: targets.Measured = [
        (line("textbook"), Figures(3.0, 1.0, 0, 100)),
        (line("same loss"), Figures(1.0, 1.0, 0, 50)),
        (line("standard"), "out of memory"),
    ]
    speed, memory = targets.step_targets(measured)
    assert speed.met
    assert not memory.met
    steps: targets.Measured = [
        (Row(name, 512, "cpu", "float32", "standard", 1), Figures(seconds, 1.0, 0, 1))
        for name, seconds in (("vgg19", 2.0), ("compact", 0.25))
    ]
    cost = targets.network_targets(steps)
    assert [(target.figure, target.met) for target in cost] == [(0.125, False)]
    textbook = curves.Curve("textbook", [0.0, 10.0], [0, 500], [2.0, 1.0])
    fast = curves.Curve("schedule, float32", [0.0, 2.0], [0, 99], [2.0, 0.9])
    slow = curves.Curve("schedule, bfloat16", [0.0, 2.0], [0, 99], [2.0, 1.1])
    race = curves.Race("vgg19", 512, "cpu", "content", [textbook, fast, slow])
    assert [target.met for target in targets.race_targets([race])] == [True, False]


CROWSON = """
import torch, torchvision
class StyleTransfer:
    def __init__(self):
        weights = torchvision.models.VGG19_Weights.IMAGENET1K_V1
        self.model = torchvision.models.vgg19(weights=weights).features[:4]
    def stylize(self, content, styles, min_scale, end_scale):
        image = torch.zeros(1, 3, end_scale, end_scale, requires_grad=True)
        while True:
            self.model(image).mean().backward()
"""
PROGAMER = """
import argparse, torch, torchvision
parser = argparse.ArgumentParser()
for name in "content_image style_image gpu optimizer print_iter save_iter model_file".split():
    parser.add_argument("-" + name)
parser.add_argument("-image_size", type=int)
parser.add_argument("-disable_check", action="store_true")
options = parser.parse_args()
weights = torch.load(options.model_file)
assert "features.34.weight" in weights and "classifier.0.weight" not in weights
image = torch.zeros(3, options.image_size, options.image_size, requires_grad=True)
while True:
    torch.nn.functional.conv2d(image, weights["features.0.weight"]).mean().backward()
"""


@pytest.mark.slow
def test_peers_are_measured_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Stand-ins with what the real ones offer: no weights are loaded, and no end is waited for."""
    (tmp_path / "one" / "style_transfer").mkdir(parents=True)
    (tmp_path / "one" / "style_transfer" / "style_transfer.py").write_text(CROWSON)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "neural_style.py").write_text(PROGAMER)
    words = ["--crowson", str(tmp_path / "one"), "--neural-style-pt", str(tmp_path / "two")]
    peers.main([*words, "--sizes", "72", "--steps", "2", "--turns", "1"])
    said = capsys.readouterr().out
    assert "times the faster peer's speed, neural-style, 72 px" in said
    assert "of the smaller peer's memory, neural-style, 72 px" in said


def test_processors_of_other_kinds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An older processor is one with its newest instructions unused; what `auto` loses is told."""

    def measured(one: Row, environment: dict[str, str]) -> Figures:
        new = "ONEDNN_MAX_CPU_ISA" not in environment
        return Figures({"float32": 0.2, "bfloat16": 0.1 if new else 0.4}[one.precision], 1, 1, 1)

    monkeypatch.setattr(row, "measure", measured)
    said = {"precision": "bfloat16", "first step": 0.3, "preview, draft": 1.0}
    monkeypatch.setattr(cpu, "_child", lambda what, _: said.get(what, 3.0))
    assert cpu.main(["--networks", "compact", "--sizes", "64", "--turns", "1"]) == 1
    told = capsys.readouterr().out
    assert [line.split()[-2] for line in told.splitlines() if "AVX2" in line] == ["100%"]
    assert [line.split()[-2] for line in told.splitlines() if " all " in line] == ["0%"]
    assert "before the first step of a draft of 512 px: 0.30 s" in told
    assert "met: seconds for a preview, draft of 256 px: 1.00" in told
    assert "MISSED: seconds for a preview, standard of 256 px: 3.00" in told


@pytest.mark.parametrize("what", ["precision", "first step"])
def test_what_a_processor_is_asked(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "DRAFT", 64)
    found = cpu.MEASURED[what]()
    assert found in machine.PRECISIONS if what == "precision" else found > -1


def test_growth_is_measured_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Something that grows with the square is found."""

    def measured(point: scaling.Point) -> dict[str, float]:
        count = max(point.styles, point.regions, 1)
        return {
            "step": point.megapixels,
            "before": 0.1 * count**2,
            "bytes": 1e6 * point.megapixels,
            "tile": 0,
        }

    monkeypatch.setattr(scaling, "_measured", measured)
    assert scaling.main(["--output", str(tmp_path)]) == 1
    found = json.loads((tmp_path / "scaling.json").read_text())
    assert list(found["regions"]) == ["1", "2", "4", "8"]
    told = capsys.readouterr().out
    assert "met: exponent of s a step with megapixels: 1.00" in told
    assert "MISSED: exponent of s before the first with regions: 2.00" in told
    assert (tmp_path / "scaling.png").stat().st_size > 1000


def test_a_point_of_growth_is_painted() -> None:
    for point in (scaling.Point(0.01, styles=2), scaling.Point(0.01, regions=3)):
        found = scaling.measure(point)
        assert found["step"] > 0
        assert found["tile"] == 0
