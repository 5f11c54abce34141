"""The training of the compact network, on pictures and a teacher so small that it takes seconds."""

from __future__ import annotations

import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional as F

from neural_style.errors import NeuralStyleError
from neural_style.network import VGG, Weights, load_weights
from neural_style.network.weights import PREPROCESSINGS
from plain import random_weights
from training import __main__ as command
from training import convert, sheet
from training.batches import HALFWAY_SHARE, Batches, crop, middle
from training.halfway import paint_halfway
from training.network import COMPACT_LAYERS
from training.pictures import STORED_SIDE, Pictures, read_pictures
from training.run import Recipe, Run, begin, load, save
from training.teacher import Teacher
from training.train import held_back_errors, learning_rate, train

CPU = torch.device("cpu")
TINY = Recipe(
    steps=30,
    batch=8,
    side=32,
    large_side=48,
    warm_up=4,
    averaging=0.8,
    halfway=2,
    learning_rate=0.02,
)
DEAD = 2
"""Channel of the teacher's conv3_2 that says nothing."""


def striped(number: int, upright: bool) -> Image.Image:
    """A picture of coloured stripes, another one for each number."""
    random = np.random.default_rng(number)
    wave = np.sin(np.arange(40) * random.uniform(0.6, 1.4) + random.uniform(0, 6))
    pixels = 0.5 + 0.4 * wave[:, None, None] * random.uniform(0.3, 1, 3) + np.zeros((40, 40, 1))
    pixels = np.clip(pixels + random.normal(0, 0.03, pixels.shape), 0, 1)
    picture = Image.fromarray((255 * pixels).astype(np.uint8))
    return picture.transpose(Image.Transpose.TRANSPOSE) if upright else picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sources of 24 pictures each."""
    folder = tmp_path_factory.mktemp("pictures")
    for source in ("level", "upright"):
        (folder / source).mkdir()
        for number in range(24):
            file = folder / source / f"{number:02}.png"
            striped(number + 100 * (source == "upright"), source == "upright").save(file)
    return folder


@pytest.fixture(scope="module")
def pictures(folder: Path) -> Pictures:
    return read_pictures(folder)


@pytest.fixture(scope="module")
def teacher_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A narrow network with heads on two layers and one channel that says nothing."""
    folder = tmp_path_factory.mktemp("teacher")
    tensors = {}
    for name, (weight, bias) in random_weights().convolutions.items():
        tensors |= {f"{name}.weight": weight, f"{name}.bias": bias}
    tensors["conv3_2.weight"][DEAD] = 0
    tensors["conv3_2.bias"][DEAD] = -1
    save_file(tensors, folder / "teacher.safetensors")
    generator = torch.Generator().manual_seed(3)
    heads = {
        f"{name}.head.weight": torch.randn(9, 6, generator=generator)
        for name in ("conv2_1", "conv3_2")
    }
    save_file(heads, folder / "teacher_heads.safetensors")
    (folder / "CARD.md").write_text("# A wise teacher\n")
    return folder / "teacher.safetensors"


@pytest.fixture(scope="module")
def teacher(teacher_file: Path, pictures: Pictures) -> Teacher:
    return Teacher(teacher_file, pictures, CPU, torch.float32)


def batches(pictures: Pictures, run: Run) -> Batches:
    return Batches(pictures, [], run.generator)


@pytest.fixture(scope="module")
def trained(pictures: Pictures, teacher: Teacher) -> Run:
    run = begin(teacher.widths, TINY, CPU)
    for _ in train(run, teacher, batches(pictures, run)):
        pass
    return run


def images(side: int = 48) -> torch.Tensor:
    """Smooth random pictures (6, 3, side, side)."""
    noise = torch.rand(6, 3, 12, 12, generator=torch.Generator().manual_seed(1))
    return F.interpolate(noise, (side, side), mode="bilinear")


def features(convolutions: convert.Convolutions, image: torch.Tensor) -> dict[str, torch.Tensor]:
    weights = Weights("test", convolutions, PREPROCESSINGS["torchvision"])
    return VGG(weights, COMPACT_LAYERS).features(image)


class TestReading:
    def test_folders(self, pictures: Pictures) -> None:
        assert pictures.counts() == {"level": 24, "upright": 24}
        assert pictures.images[0].shape == (3, 40, 40)
        assert pictures.images[0].dtype == torch.uint8

    def test_tar_file_and_index(self, folder: Path, tmp_path: Path, pictures: Pictures) -> None:
        files = sorted(path.relative_to(folder) for path in folder.rglob("*.png"))
        rows = [f"{file.as_posix()},{file.parts[0]},something" for file in files]
        (tmp_path / "index.csv").write_text("\n".join(["path,source,class", *rows]))
        with tarfile.open(tmp_path / "all.tar", "w") as tar:
            for file in files:
                tar.add(folder / file, file.as_posix())
        packed = read_pictures(tmp_path)
        assert packed.sources == pictures.sources
        for one, other in zip(packed.images, pictures.images, strict=True):
            assert torch.equal(one, other)

    def test_large_pictures_are_made_smaller(self, tmp_path: Path) -> None:
        Image.new("L", (900, 300)).save(tmp_path / "wide.jpg")
        assert read_pictures(tmp_path).images[0].shape == (3, 128, 192)

    def test_one_in_twenty_is_held_back(self, pictures: Pictures) -> None:
        shown, held = pictures.split()
        assert (len(shown.images), len(held.images)) == (46, 2)
        assert held.sources == ["level", "upright"]

    def test_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(NeuralStyleError, match="There is no folder"):
            read_pictures(tmp_path / "nowhere")

    def test_empty_folder(self, tmp_path: Path) -> None:
        with pytest.raises(NeuralStyleError, match="There are no pictures"):
            read_pictures(tmp_path)

    def test_damaged_picture(self, folder: Path, tmp_path: Path) -> None:
        shutil.copytree(folder, tmp_path / "all")
        (tmp_path / "all" / "level" / "07.png").write_bytes(b"\x89PNG and no more")
        with pytest.raises(NeuralStyleError, match=r"07\.png cannot be read") as caught:
            read_pictures(tmp_path / "all")
        assert caught.value.code == "image_damaged"

    def test_index_with_other_columns(self, tmp_path: Path) -> None:
        (tmp_path / "index.csv").write_text("file,kind\na.jpg,b\n")
        with pytest.raises(NeuralStyleError, match="lacks one of the columns"):
            read_pictures(tmp_path)

    def test_index_that_lists_a_missing_file(self, tmp_path: Path) -> None:
        (tmp_path / "index.csv").write_text("path,source\na/0.png,a\n")
        with pytest.raises(NeuralStyleError, match=r"a/0\.png cannot be read: No such file"):
            read_pictures(tmp_path)


class TestBatches:
    def test_small_sources_are_drawn_more_often_than_their_size(self) -> None:
        dark, light = (torch.full((3, 8, 8), value, dtype=torch.uint8) for value in (60, 200))
        pictures = Pictures([dark] * 900 + [light] * 100, ["large"] * 900 + ["small"] * 100)
        drawn = Batches(pictures, [], torch.Generator().manual_seed(0)).draw(4000, 8)
        part = (drawn.mean((1, 2, 3)) > 0.5).float().mean()
        assert part == pytest.approx(10 / (10 + 30), abs=0.03)

    def test_some_are_half_painted(self) -> None:
        dark, light = (torch.full((3, 8, 8), value, dtype=torch.uint8) for value in (60, 200))
        pictures = Pictures([dark] * 50, ["one"] * 50)
        drawn = Batches(pictures, [light], torch.Generator().manual_seed(0)).draw(4000, 8)
        part = (drawn.mean((1, 2, 3)) > 0.5).float().mean()
        assert part == pytest.approx(HALFWAY_SHARE, abs=0.03)

    def test_a_crop_is_part_of_the_picture(self) -> None:
        ramp = torch.arange(100, dtype=torch.uint8).expand(3, 60, 100)
        part = crop(ramp, 60, 1.0, 0.5, 0.0, 1.0)
        assert torch.allclose(part, ramp[:, :, 20:80] / 255)
        assert torch.equal(crop(ramp, 60, 1.0, 0.5, 0.0, 0.0), part.flip(2))
        assert crop(ramp, 32, 0.0, 0.99, 0.99, 1.0).shape == (3, 32, 32)

    def test_pictures_on_their_way_lie_between_photo_and_painting(
        self, pictures: Pictures, teacher: Teacher
    ) -> None:
        one, two = (paint_halfway(pictures, teacher.weights, CPU, 2, seed=5) for _ in range(2))
        assert all(image.shape == (3, 128, 128) and image.dtype == torch.uint8 for image in one)
        assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
        assert not torch.equal(one[0], one[1])


class TestTeacher:
    def test_what_says_nothing_is_not_learnt(self, teacher: Teacher) -> None:
        assert 0 < teacher.widths["conv3_2"] < 6
        assert DEAD not in teacher.channels["conv3_2"]

    def test_its_channels_deviate_by_about_one(self, teacher: Teacher, pictures: Pictures) -> None:
        shown = torch.stack([middle(image, STORED_SIDE) for image in pictures.images])
        for name, layer in teacher.features(shown).items():
            assert layer.shape[1] == teacher.widths[name]
            assert layer.movedim(1, 0).flatten(1).std(1).log().abs().max() < 0.7, name

    def test_errors_are_those_of_channels_and_behind_the_head(
        self, teacher: Teacher, teacher_file: Path, pictures: Pictures
    ) -> None:
        targets = teacher.features(images())
        generator = torch.Generator().manual_seed(0)
        features = {
            name: layer + torch.randn(layer.shape, generator=generator)
            for name, layer in targets.items()
        }
        errors = teacher.errors(features, targets)
        plain = {n: float((features[n] - targets[n]).square().mean()) for n in targets}
        assert float(errors["conv3_1"]) == pytest.approx(plain["conv3_1"])
        network = VGG(load_weights(str(teacher_file)), ["conv2_1"], "max")
        head = torch.randn(9, 6, generator=torch.Generator().manual_seed(3))
        difference = features["conv2_1"] - targets["conv2_1"]
        difference = difference * teacher.deviations["conv2_1"].view(-1, 1, 1)
        alive = head[:, teacher.channels["conv2_1"]]
        seen = torch.einsum("kc,nchw->nkhw", alive, difference).square().mean()
        cloud = torch.cat(
            [
                network.features(middle(image, STORED_SIDE)[None])["conv2_1"][
                    0, :, ::3, ::3
                ].flatten(1)
                for image in pictures.images
            ],
            1,
        )
        expected = (plain["conv2_1"] + float(seen / (head @ cloud).var(1).mean())) / 2
        assert float(errors["conv2_1"]) == pytest.approx(expected, rel=1e-3)


class TestTraining:
    def test_it_learns(self, trained: Run, teacher: Teacher, pictures: Pictures) -> None:
        assert trained.progress.step == TINY.steps
        untrained = begin(teacher.widths, TINY, CPU)
        before = held_back_errors(untrained, teacher, pictures)
        after = held_back_errors(trained, teacher, pictures)
        # Batch norm's running statistics lag behind in so few steps, in one layer or other more
        # than the step gained: which one depends on how the processor rounds.
        better = [name for name in COMPACT_LAYERS if after[name] < before[name]]
        assert len(better) >= len(COMPACT_LAYERS) - 2
        assert sum(after.values()) < 0.85 * sum(before.values())

    def test_batch_norm_is_fixed_at_last(self, teacher: Teacher, pictures: Pictures) -> None:
        run = begin(teacher.widths, replace(TINY, steps=6, fixed_from=4), CPU)
        norm, means = run.student.layer("conv2_1")[1], []
        for _ in train(run, teacher, batches(pictures, run)):
            means.append(norm.running_mean.clone())
        assert not torch.equal(means[2], means[3])
        assert torch.equal(means[3], means[5])
        # What is trained then is what the folded network does.
        expected = run.student(images())["conv2_1"]
        found = features(convert.fold(run.student), images()[:1])["conv2_1"]
        torch.testing.assert_close(found, expected[:1], rtol=1e-3, atol=1e-3)

    def test_it_resumes_to_the_same_result(
        self, trained: Run, teacher: Teacher, pictures: Pictures, tmp_path: Path
    ) -> None:
        interrupted = begin(teacher.widths, TINY, CPU)
        for progress in train(interrupted, teacher, batches(pictures, interrupted)):
            if progress.step == 5:
                save(interrupted, tmp_path / "checkpoint.safetensors")
                break
        resumed = begin(teacher.widths, replace(TINY, seed=3), CPU)
        load(resumed, tmp_path / "checkpoint.safetensors")
        for _ in train(resumed, teacher, batches(pictures, resumed)):
            pass
        expected = trained.result.state_dict()
        for name, value in resumed.result.state_dict().items():
            torch.testing.assert_close(value, expected[name], rtol=1e-3, atol=1e-4, msg=name)

    def test_a_foreign_checkpoint_is_refused(
        self, trained: Run, teacher: Teacher, tmp_path: Path
    ) -> None:
        save(trained, tmp_path / "checkpoint.safetensors")
        other = begin({**teacher.widths, "conv3_1": 7}, TINY, CPU)
        with pytest.raises(NeuralStyleError, match="no checkpoint of a training with this"):
            load(other, tmp_path / "checkpoint.safetensors")

    def test_the_learning_rate_rises_and_sinks(self) -> None:
        recipe = Recipe(steps=1000, warm_up=100, learning_rate=1.0)
        rates = [learning_rate(step, recipe) for step in (0, 99, 500, 999)]
        assert rates == pytest.approx([0.01, 0.976, 0.5, 0.0], abs=1e-3)


class TestConversion:
    def test_folding_keeps_the_function(self, trained: Run) -> None:
        image = images()[:1]
        with torch.no_grad():
            expected = trained.result.eval()(image)
        found = features(convert.fold(trained.result), image)
        for name in COMPACT_LAYERS:
            torch.testing.assert_close(found[name], expected[name], rtol=1e-3, atol=1e-4, msg=name)


class TestCommand:
    @pytest.fixture(autouse=True)
    def _tiny(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(command, "RECIPE", TINY)

    def test_it_writes_weights_and_their_card(
        self,
        folder: Path,
        teacher_file: Path,
        tmp_path: Path,
        pictures: Pictures,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        words = [str(teacher_file), str(folder), "--output", str(tmp_path), "--device", "cpu"]
        assert command.main([*words, "--steps", "20"]) == 0
        assert command.main([*words, "--steps", "21"]) == 0
        assert "Going on from step 20\n" in capsys.readouterr().out
        loaded = load_weights(str(tmp_path / "compact.safetensors")).convolutions
        assert list(loaded) == list(COMPACT_LAYERS)
        widths = [len(bias) for _, bias in loaded.values()]
        assert widths[COMPACT_LAYERS.index("conv3_2")] < 6
        card = (tmp_path / "compact.md").read_text()
        assert f"{', '.join(map(str, widths))} channels" in " ".join(card.split())
        assert "> # A wise teacher" in card
        assert "| level | 23 |" in card
        assert "| conv5_1 | " in card

    def test_one_clear_sentence(
        self, teacher_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = [str(teacher_file), str(tmp_path), "--output", str(tmp_path / "out")]
        assert command.main(words) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: There are no pictures in")
        assert error.count("\n") == 1
        assert not (tmp_path / "out").exists()

    def test_no_teacher(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = [str(tmp_path / "nobody"), str(folder), "--output", str(tmp_path / "out")]
        assert command.main(words) == 1
        assert "there is no such weights file" in capsys.readouterr().err

    def test_output_that_cannot_be_written(
        self, teacher_file: Path, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = folder / "level" / "00.png"
        words = [str(teacher_file), str(folder), "--output", str(file), "--steps", "1"]
        assert command.main(words) == 1
        assert capsys.readouterr().err.startswith("error: ")


class TestSheet:
    @pytest.mark.slow
    def test_every_photo_meets_every_painting(self, folder: Path, tmp_path: Path) -> None:
        photos, paintings = tmp_path / "photos", tmp_path / "paintings"
        for place, label in ((photos, "level"), (paintings, "upright")):
            place.mkdir()
            for name in ("00.png", "01.png"):
                shutil.copy(folder / label / name, place / name)
        words = [str(photos), str(paintings), "--output", str(tmp_path / "out"), "--size", "32"]
        assert sheet.main(words) == 0
        pairs = {"00--00.png", "00--01.png", "01--00.png", "01--01.png"}
        assert {path.name for path in (tmp_path / "out").iterdir()} == {*pairs, "sheet.png"}
        with Image.open(tmp_path / "out" / "sheet.png") as image:
            assert image.size == (3 * (32 + sheet.GAP), 3 * (32 + sheet.GAP))

    def test_no_photos(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert sheet.main([str(tmp_path), str(tmp_path), "--output", str(tmp_path / "o")]) == 1
        assert "There are no pictures in" in capsys.readouterr().err
