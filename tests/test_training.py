"""The training of the compact network, on pictures so small that it takes seconds."""

from __future__ import annotations

import math
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from neural_style.errors import NeuralStyleError
from neural_style.network import VGG, Weights, load_weights
from neural_style.network.weights import PREPROCESSINGS
from training import __main__ as command
from training import convert, sheet
from training.batches import Batches, crop
from training.network import COMPACT_LAYERS, Trainee
from training.pictures import Pictures, read_pictures
from training.run import Recipe, Run, begin, load, save
from training.train import accuracy, learning_rate, train, view_loss

CPU = torch.device("cpu")
TINY = Recipe(steps=16, batch=12, side=32, warm_up=4, averaging=0.8)


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
    """Two classes of one source, 24 pictures each."""
    folder = tmp_path_factory.mktemp("pictures")
    for label in ("level", "upright"):
        (folder / "stripes" / label).mkdir(parents=True)
        for number in range(24):
            file = folder / "stripes" / label / f"{number:02}.png"
            striped(number + 100 * (label == "upright"), label == "upright").save(file)
    return folder


@pytest.fixture(scope="module")
def pictures(folder: Path) -> Pictures:
    return read_pictures(folder)


@pytest.fixture(scope="module")
def trained(pictures: Pictures) -> Run:
    run = begin(pictures, TINY, CPU)
    for _ in train(run, pictures):
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
        assert pictures.names == ["stripes"]
        assert pictures.counts() == {"stripes": 48}
        assert pictures.labels.tolist() == [0] * 24 + [1] * 24
        assert pictures.images[0].shape == (3, 40, 40)
        assert pictures.images[0].dtype == torch.uint8

    def test_folders_of_classes_alone(self, folder: Path) -> None:
        assert read_pictures(folder / "stripes").names == ["stripes"]

    def test_tar_file_and_index(self, folder: Path, tmp_path: Path, pictures: Pictures) -> None:
        files = sorted(path.relative_to(folder) for path in folder.rglob("*.png"))
        rows = [f"{file.as_posix()},{file.parts[0]},{file.parts[1]}" for file in files]
        (tmp_path / "index.csv").write_text("\n".join(["path,source,class", *rows]))
        with tarfile.open(tmp_path / "all.tar", "w") as tar:
            for file in files:
                tar.add(folder / file, file.as_posix())
        packed = read_pictures(tmp_path)
        assert torch.equal(packed.labels, pictures.labels)
        for one, other in zip(packed.images, pictures.images, strict=True):
            assert torch.equal(one, other)

    def test_large_pictures_are_made_smaller(self, tmp_path: Path) -> None:
        for label in "ab":
            (tmp_path / label).mkdir()
            for number in range(5):
                Image.new("L", (900, 300)).save(tmp_path / label / f"{number}.jpg")
        assert read_pictures(tmp_path).images[0].shape == (3, 128, 192)

    def test_one_in_twenty_is_held_back(self, pictures: Pictures) -> None:
        shown, held = pictures.split()
        assert (len(shown.images), len(held.images)) == (46, 2)
        assert held.labels.tolist() == [0, 1]

    def test_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(NeuralStyleError, match="There is no folder"):
            read_pictures(tmp_path / "nowhere")

    def test_empty_folder(self, tmp_path: Path) -> None:
        with pytest.raises(NeuralStyleError, match="There are no labelled pictures"):
            read_pictures(tmp_path)

    def test_single_class(self, folder: Path, tmp_path: Path) -> None:
        shutil.copytree(folder / "stripes" / "level", tmp_path / "level")
        with pytest.raises(NeuralStyleError, match="needs two classes or more from one source"):
            read_pictures(tmp_path)

    def test_damaged_picture(self, folder: Path, tmp_path: Path) -> None:
        shutil.copytree(folder, tmp_path / "all")
        (tmp_path / "all" / "stripes" / "level" / "07.png").write_bytes(b"\x89PNG and no more")
        with pytest.raises(NeuralStyleError, match=r"level/07\.png cannot be read") as caught:
            read_pictures(tmp_path / "all")
        assert caught.value.code == "image_damaged"

    def test_index_with_other_columns(self, tmp_path: Path) -> None:
        (tmp_path / "index.csv").write_text("file,kind\na.jpg,b\n")
        with pytest.raises(NeuralStyleError, match="lacks one of the columns"):
            read_pictures(tmp_path)

    def test_index_that_lists_a_missing_file(self, folder: Path, tmp_path: Path) -> None:
        rows = [f"{label}/{i}.png,s,{label}" for label in "ab" for i in range(5)]
        (tmp_path / "index.csv").write_text("\n".join(["path,source,class", *rows]))
        with pytest.raises(NeuralStyleError, match=r"a/0\.png cannot be read: No such file"):
            read_pictures(tmp_path)


class TestBatches:
    def test_small_sources_are_drawn_more_often_than_their_size(self) -> None:
        blank = torch.zeros(3, 8, 8, dtype=torch.uint8)
        labels = torch.cat([torch.zeros(900).long(), torch.ones(100).long()])
        pictures = Pictures([blank] * 1000, labels, torch.tensor([0, 1]), ["large", "small"])
        _, drawn = Batches(pictures, 4000, 8, torch.Generator().manual_seed(0)).draw()
        assert drawn.float().mean() == pytest.approx(10 / (10 + 30), abs=0.03)

    def test_a_crop_is_part_of_the_picture(self) -> None:
        ramp = torch.arange(100, dtype=torch.uint8).expand(3, 60, 100)
        part = crop(ramp, 60, 1.0, 0.5, 0.0, 1.0)
        assert torch.allclose(part, ramp[:, :, 20:80] / 255)
        assert torch.equal(crop(ramp, 60, 1.0, 0.5, 0.0, 0.0), part.flip(2))
        assert crop(ramp, 32, 0.0, 0.99, 0.99, 1.0).shape == (3, 32, 32)


class TestTraining:
    def test_it_learns(self, trained: Run, pictures: Pictures) -> None:
        assert trained.progress.step == TINY.steps
        assert accuracy(trained, pictures)["stripes"] > 0.9

    def test_it_resumes_to_the_same_result(
        self, trained: Run, pictures: Pictures, tmp_path: Path
    ) -> None:
        interrupted = begin(pictures, TINY, CPU)
        for progress in train(interrupted, pictures):
            if progress.step == 5:
                save(interrupted, tmp_path / "checkpoint.safetensors")
                break
        resumed = begin(pictures, replace(TINY, seed=3), CPU)
        load(resumed, tmp_path / "checkpoint.safetensors")
        for _ in train(resumed, pictures):
            pass
        expected = trained.result.state_dict()
        for name, value in resumed.result.state_dict().items():
            torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-5, msg=name)

    def test_a_foreign_checkpoint_is_refused(
        self, trained: Run, pictures: Pictures, tmp_path: Path
    ) -> None:
        save(trained, tmp_path / "checkpoint.safetensors")
        sources = torch.cat([pictures.sources, torch.tensor([0])])
        other = begin(replace(pictures, sources=sources), TINY, CPU)
        with pytest.raises(NeuralStyleError, match="no checkpoint of a training on these"):
            load(other, tmp_path / "checkpoint.safetensors")

    def test_a_view_is_compared_at_its_own_size(self) -> None:
        clean = images(32)
        view = F.avg_pool2d(clean, 4) + 0.1
        assert view_loss(view, clean).item() == pytest.approx(math.log(0.1), abs=1e-3)

    def test_the_learning_rate_rises_and_sinks(self) -> None:
        recipe = Recipe(steps=1000, warm_up=100, learning_rate=1.0)
        rates = [learning_rate(step, recipe) for step in (0, 99, 500, 999)]
        assert rates == pytest.approx([0.01, 0.976, 0.5, 0.0], abs=1e-3)


class TestConversion:
    def test_folding_keeps_the_function(self, trained: Run) -> None:
        image = images()[:1]
        with torch.no_grad():
            expected = trained.result.eval().features(image)
        found = features(convert.fold(trained.result), image)
        for name in COMPACT_LAYERS:
            torch.testing.assert_close(found[name], expected[name], rtol=1e-3, atol=1e-4, msg=name)

    def test_unfolding_keeps_the_function_up_to_the_scales(self) -> None:
        trained = load_weights("compact").convolutions
        trainee = Trainee(2)
        convert.unfold(trainee, trained, images())
        found = features(convert.fold(trainee), images()[:1])
        expected = features(trained, images()[:1])
        for name in COMPACT_LAYERS:
            scale = expected[name].mean((2, 3)) / found[name].mean((2, 3)).clamp_min(1e-9)
            rescaled = found[name] * scale[..., None, None]
            torch.testing.assert_close(rescaled, expected[name], rtol=1e-3, atol=1e-2, msg=name)

    def test_normalising_keeps_the_function_up_to_the_scales(self, trained: Run) -> None:
        folded = convert.fold(trained.result)
        means = convert.mean_activations(folded, [(255 * each).byte() for each in images()])
        normalised = convert.normalise(folded, means)
        before, after = features(folded, images()[:1]), features(normalised, images()[:1])
        for name in COMPACT_LAYERS:
            scale = means[name].clamp_min(convert.DEAD * means[name].mean())
            expected = before[name] / scale.view(1, -1, 1, 1)
            torch.testing.assert_close(after[name], expected, rtol=1e-3, atol=1e-4, msg=name)

    def test_a_dead_channel_is_not_blown_up(self) -> None:
        weight = torch.ones(3, 3, 3, 3)
        means = {"conv1_1": torch.tensor([2.0, 1.0, 1e-6])}
        scaled, _ = convert.normalise({"conv1_1": (weight, torch.zeros(3))}, means)["conv1_1"]
        assert scaled[:, 0, 0, 0].tolist() == pytest.approx([0.5, 1.0, 1 / convert.DEAD])

    def test_the_mean_of_two_networks(self) -> None:
        one, two = (
            {"conv1_1": (torch.full((3, 3, 3, 3), value), torch.full((3,), -value))}
            for value in (1.0, 3.0)
        )
        weight, bias = convert.mean_of(one, two)["conv1_1"]
        assert weight.unique().tolist() == [2.0]
        assert bias.unique().tolist() == [-2.0]

    def test_a_network_begun_with_counts_half(
        self, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(convert, "normalise", lambda convolutions, _: convolutions)
        trainee, path = Trainee(2).eval(), tmp_path / "network.safetensors"
        start = {name: (0 * weight, bias) for name, (weight, bias) in convert.fold(trainee).items()}
        convert.export(trainee, pictures, path, start)
        for name, (weight, _) in load_weights(str(path)).convolutions.items():
            expected = convert.fold(trainee)[name][0] / 2
            torch.testing.assert_close(weight, expected, rtol=1e-3, atol=1e-4, msg=name)

    def test_weights_of_another_shape(self) -> None:
        with pytest.raises(NeuralStyleError, match=r"no conv1_1 of the shape \(16, 3, 3, 3\)"):
            convert.unfold(Trainee(2), {}, images())


class TestCommand:
    @pytest.fixture(autouse=True)
    def _tiny(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(command, "RECIPE", TINY)
        monkeypatch.setattr(command, "FINE_TUNING_RATE", 1e-3)

    def test_it_writes_weights_and_their_card(
        self,
        folder: Path,
        tmp_path: Path,
        pictures: Pictures,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        words = [str(folder), "--output", str(tmp_path), "--device", "cpu", "--start", "compact"]
        assert command.main([*words, "--steps", "1"]) == 0
        assert command.main([*words, "--steps", "2"]) == 0
        assert "Going on from step 1\n" in capsys.readouterr().out
        loaded = load_weights(str(tmp_path / "compact.safetensors")).convolutions
        assert [tuple(weight.shape) for weight, _ in loaded.values()] == [
            tuple(weight.shape) for weight, _ in load_weights("compact").convolutions.values()
        ]
        shown, _ = pictures.split()
        means = convert.mean_activations(loaded, shown.images)
        for name, mean in means.items():
            # The weights in the file are rounded to 16 bits, which rare channels feel most.
            assert mean.median() == pytest.approx(1, abs=0.01), name
            assert mean.max() < 1.05, name
        card = (tmp_path / "compact.md").read_text()
        assert "810,128 parameters" in card
        assert "> # The compact network" in card
        assert "| stripes | 46 |" in card

    def test_one_clear_sentence(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert command.main([str(tmp_path), "--output", str(tmp_path / "out")]) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: There are no labelled pictures in")
        assert error.count("\n") == 1
        assert not (tmp_path / "out").exists()

    def test_output_that_cannot_be_written(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = folder / "stripes" / "level" / "00.png"
        assert command.main([str(folder), "--output", str(file), "--steps", "1"]) == 1
        assert capsys.readouterr().err.startswith("error: ")


class TestSheet:
    @pytest.mark.slow
    def test_every_photo_meets_every_painting(self, folder: Path, tmp_path: Path) -> None:
        photos, paintings = tmp_path / "photos", tmp_path / "paintings"
        for place, label in ((photos, "level"), (paintings, "upright")):
            place.mkdir()
            for name in ("00.png", "01.png"):
                shutil.copy(folder / "stripes" / label / name, place / name)
        words = [str(photos), str(paintings), "--output", str(tmp_path / "out"), "--size", "32"]
        assert sheet.main(words) == 0
        pairs = {"00--00.png", "00--01.png", "01--00.png", "01--01.png"}
        assert {path.name for path in (tmp_path / "out").iterdir()} == {*pairs, "sheet.png"}
        with Image.open(tmp_path / "out" / "sheet.png") as image:
            assert image.size == (3 * (32 + sheet.GAP), 3 * (32 + sheet.GAP))

    def test_no_photos(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert sheet.main([str(tmp_path), str(tmp_path), "--output", str(tmp_path / "o")]) == 1
        assert "There are no pictures in" in capsys.readouterr().err
