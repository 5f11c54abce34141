"""Which PyTorch, which folders, and the engine's wheel."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from installer import (
    constraints,
    engine,
    errors,
    gpu,
    machine,
    package,
    proof,
    torch_build,
    weights,
)
from installer.errors import HINTS, InstallError
from neural_style.folders import weights_folder
from neural_style.network.weights import KNOWN_FILES, load_weights

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ["2.15.0", "2.13.0+cpu", "2.13.0", "2.12.0+cpu", "2.1.0+cu126"]


@pytest.mark.parametrize(
    ("build", "strict", "version"),
    [
        ("cpu", True, "2.13.0+cpu"),
        ("cu126", True, None),  # that one is too old
        ("cu130", True, None),
        ("cu130", False, "2.15.0"),
        ("mps", True, "2.15.0"),
    ],
)
def test_version_of_a_build(build: str, strict: bool, version: str | None) -> None:
    assert torch_build.pick(VERSIONS, build, strict) == version


@pytest.mark.parametrize(
    ("reachable", "wanted", "requirement", "option"),
    [
        ({"": VERSIONS}, "cpu", "torch==2.13.0+cpu", ""),
        ({"": ["2.15.0"], "cpu": ["2.14.0+cpu"]}, "cpu", "torch==2.14.0+cpu", "cpu"),
        ({"": ["2.15.0"]}, "cpu", "torch==2.15.0", ""),
        ({"": VERSIONS, "cu130": ["2.15.0+cu130"]}, "cu130", "torch==2.15.0+cu130", "cu130"),
        ({"": ["2.15.0+cu130"]}, "cu130", "torch==2.15.0+cu130", ""),
        ({"": VERSIONS, "rocm6.4": ["2.9.1+rocm6.4"]}, "rocm", "torch==2.9.1+rocm6.4", "rocm6.4"),
        ({}, "torch==2.9.1", "torch==2.9.1", ""),
    ],
)
def test_where_a_build_comes_from(
    reachable: dict[str, list[str]],
    wanted: str,
    requirement: str,
    option: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def versions(_: Path, options: tuple[str, ...]) -> list[str]:
        folder = options[1].removeprefix(torch_build.INDEX) if options else ""
        return reachable.get(folder, [])

    monkeypatch.setattr(torch_build, "_versions", versions)
    monkeypatch.setattr(torch_build, "_limits", lambda _: "")
    choice = torch_build.find(Path(sys.executable), wanted, newest=True)
    assert choice.requirement == requirement
    assert choice.options == (("--index-url", torch_build.INDEX + option) if option else ())


@pytest.mark.parametrize(
    ("there", "limits", "newest", "version", "tested"),
    [
        (VERSIONS, "", False, "2.13.0+cpu", True),
        (["2.16.0+cpu", "2.15.1+cpu"], "", False, "2.15.1+cpu", True),
        (["2.16.0+cpu", "2.15.1+cpu"], "", True, "2.16.0+cpu", True),
        (["2.16.0+cpu"], "", False, "2.16.0+cpu", False),
        (["2.16.0+cpu", "2.15.1+cpu", "2.14.0+cpu"], "<2.15,!=2.13.0", False, "2.14.0+cpu", True),
        (["2.17.0+cpu", "2.16.0+cpu"], "<2.17", False, "2.16.0+cpu", False),
    ],
)
def test_within_what_was_tested_and_what_pip_is_told(
    there: list[str],
    limits: str,
    newest: bool,
    version: str,
    tested: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch_build, "_versions", lambda _, options: [] if options else there)
    monkeypatch.setattr(torch_build, "_limits", lambda _: limits)
    monkeypatch.setattr(constraints, "tested_torch", lambda: "2.15.1")
    choice = torch_build.find(Path(sys.executable), "cpu", newest=newest)
    assert (choice.requirement, choice.tested) == (f"torch=={version}", tested)


def test_constraints_are_whole(tmp_path: Path) -> None:
    """Every requirement has its tested version; PyTorch's is not for pip."""
    lines = constraints.FILE.read_text().splitlines()
    pinned = {line.partition("==")[0].lower() for line in lines}
    setup = package.read_setup()
    required = setup["options"]["install_requires"] + setup["options.extras_require"]["tests"]
    names = [re.match(r"[\w-]+", line.strip()) for line in required.splitlines()]
    assert {name[0].lower() for name in names if name} - pinned == set()
    assert not [line for line in lines if "+" in line or "@" in line]
    text = constraints.write_for_pip(tmp_path).read_text()
    assert "\nnumpy==" in text
    assert "\ntorch==" not in text


@pytest.mark.parametrize(
    ("wanted", "there", "code"),
    [
        ("cpu", [], "pytorch_missing"),
        ("cu130", [], "gpu_unused"),
        ("rocm", ["2.15.0"], "gpu_unused"),  # that one is for NVIDIA
    ],
)
def test_no_such_pytorch(
    wanted: str, there: list[str], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_build, "_versions", lambda _, options: [] if options else there)
    monkeypatch.setattr(torch_build, "_limits", lambda _: "")
    with pytest.raises(InstallError) as caught:
        torch_build.find(Path(sys.executable), wanted)
    assert caught.value.code == code


def test_launcher_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to itself: `%~dp0` is the folder it lies in."""
    monkeypatch.setattr(machine, "WINDOWS", True)
    made = engine.Engine(engine.engines(tmp_path) / "new", {})
    engine.write_launcher(tmp_path, made)
    script = (tmp_path / "bin" / "neural-style.cmd").read_bytes().decode("ascii")
    assert script.count("\n") == script.count("\r\n") == 4
    assert '@set "PYTHONEXECUTABLE="' in script
    first, way, last = script.splitlines()[-1].split('"')
    assert (first, last) == ("@", " -I -X utf8 -m neural_style.cli %*")
    assert (tmp_path / "bin" / way.removeprefix("%~dp0")).resolve() == made.python


def test_only_torch_itself_is_a_requirement() -> None:
    """Anything else would be some other package's name."""
    for wanted in ("cpu", "rocm", "torch", "torch==2.9.1", "torch >= 2.9", "a folder/some.whl"):
        assert torch_build.is_known(wanted), wanted
    for wanted in ("cuda", "cu999", "torchvision", "torch-nightly==1", "torch;x", "", "auto "):
        assert not torch_build.is_known(wanted), wanted


@pytest.mark.parametrize(
    ("driver", "capability", "build"),
    [
        (13000, [9, 0], "cu130"),
        (13010, [12, 0], "cu130"),
        (13000, [6, 1], "cu126"),
        (12040, [8, 6], "cu126"),
        (12080, [12, 0], "cpu"),
        (11080, [8, 6], "cpu"),
        (12040, [3, 5], "cpu"),
    ],
)
def test_cuda_of_a_driver(driver: int, capability: list[int], build: str) -> None:
    card = gpu.choose_cuda(driver, capability, "A card")
    assert card.build == build
    assert bool(card.warning) is (build == "cpu")


def test_rocm_needs_a_node_with_shader_units(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "KFD_NODES", tmp_path)
    assert not gpu.has_rocm()
    for number, units in enumerate((0, 120)):
        (tmp_path / str(number)).mkdir()
        text = f"cpu_cores_count 8\nsimd_count {units}\n"
        (tmp_path / str(number) / "properties").write_text(text)
        assert gpu.has_rocm() is (units > 0)


def test_the_wheel_is_the_package(tmp_path: Path) -> None:
    wheel = package.build_wheel(tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read("gimp_neural_style-0.1.0.dist-info/METADATA").decode()
    assert "neural_style/network/compact.safetensors" in names
    assert {"neural_style/styles/styles.json", "neural_style/styles/impasto.jpg"} <= names
    assert "neural_style/cli.py" in names
    assert "Requires-Dist: torch >= 2.6" in metadata
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
    report = subprocess.run(
        [*pip, "--no-deps", "--no-index", "--quiet", "--report", "-", wheel],
        capture_output=True,
        check=True,
    )
    assert json.loads(report.stdout)["install"][0]["metadata"]["name"] == "gimp-neural-style"


def test_the_drawn_pictures_are_pictures(tmp_path: Path) -> None:
    from PIL import Image

    for path in proof.draw_pictures(tmp_path):
        with Image.open(path) as image:
            assert image.mode == "RGB"
            assert len(image.getcolors(100_000) or []) > 100


def test_a_picture_without_the_photo_in_it_is_not_painted(tmp_path: Path) -> None:
    from PIL import Image

    photo, painting = proof.draw_pictures(tmp_path)
    output = tmp_path / "output.png"
    with Image.open(photo) as image:
        small = image.resize((96, 72))
        mixed = Image.blend(small, Image.effect_noise((96, 72), 200).convert("RGB"), 0.4)
    noise = Image.merge("RGB", [Image.effect_noise((96, 72), 200) for _ in range(3)])
    grey = Image.new("RGB", (96, 72), (90, 90, 90))
    with Image.open(painting) as image:
        style = image.copy()
    for picture, expected in [(mixed, True), (noise, False), (grey, False), (style, False)]:
        picture.save(output)
        assert proof.is_painted(output, photo) is expected
        with Image.open(output) as read:
            assert proof._read_green(output)[5] == read.crop((0, 5, read.width, 6)).tobytes()[1::3]
    for size in (0, 30, output.stat().st_size // 2):
        output.write_bytes(photo.read_bytes()[:size])
        assert not proof.is_painted(output, photo)


# -- weights -------------------------------------------------------------------------------------


def test_known_files_are_the_engines() -> None:
    assert {known.file: known.sha256 for known in weights.KNOWN.values()} == KNOWN_FILES


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vgg19", "vgg19-caffe"])
def test_original_becomes_small_and_is_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of the original's layout but a sixteenth of its width."""
    import torch

    from installer.engine import Engine
    from neural_style.network import weights as engine_weights

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "my data"))
    original = tmp_path / "original.pth"
    torch.save(small_vgg(caffe=name == "vgg19-caffe"), original)
    digest = machine.checksum(original)[:8]
    known = weights.Known("made-up.pth", "", digest, original.stat().st_size)
    monkeypatch.setitem(weights.KNOWN, name, known)
    engine = Engine(tmp_path, {})
    monkeypatch.setattr(Engine, "python", property(lambda _: Path(sys.executable)))
    made = weights.add(name, engine, lambda *_: None, file=original)
    assert weights.is_installed(name)
    read = load_weights(str(made))
    kind = "caffe" if name == "vgg19-caffe" else "torchvision"
    assert read.preprocessing == engine_weights.PREPROCESSINGS[kind]
    assert list(read.convolutions)[-1] == "conv5_4"
    assert set(read.activations or {}) == set(read.convolutions)
    assert engine_weights.find_weights("vgg19") == made
    made.write_bytes(made.read_bytes()[:-1])
    assert weights.damaged(name)
    with original.open("ab") as file:
        file.write(b"x")
    with pytest.raises(InstallError) as caught:
        weights.add(name, engine, lambda *_: None, file=original)
    assert caught.value.code == "weights_damaged"
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    original.rename(mirror / known.file)
    with (mirror / known.file).open("r+b") as file:
        file.truncate(known.size)
    assert weights.add(name, engine, lambda *_: None, mirror=mirror.as_uri()) == made
    assert weights.is_installed(name)
    for path in weights.own_files():
        machine.remove(path)
    assert list(weights_folder().iterdir()) == []


def test_a_network_of_somebody_elses_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no sum. It is left alone before anything is downloaded."""
    from installer.engine import Engine

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    original = tmp_path / "original.pth"
    original.write_bytes(b"original")
    known = weights.Known("made-up.pth", "", machine.checksum(original)[:8], 8)
    monkeypatch.setitem(weights.KNOWN, "vgg19", known)

    def convert(
        _python: Path, _script: Path, _original: Path, new: Path, **_: object
    ) -> SimpleNamespace:
        new.write_text("converted")
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(machine, "run_python", convert)
    engine, network = Engine(tmp_path, {}), weights.installed("vgg19")
    network.parent.mkdir(parents=True)
    network.write_text("mine")
    mirror = (tmp_path / "nowhere").as_uri()
    for file in (original, None):
        with pytest.raises(InstallError) as caught:
            weights.add("vgg19", engine, lambda *_: None, file, mirror)
        assert caught.value.code == "cannot_write"
        assert str(network) in caught.value.message
    assert [path.name for path in network.parent.iterdir()] == [network.name]
    assert network.read_text() == "mine"
    network.unlink()
    for _ in range(2):  # its own it replaces
        weights.add("vgg19", engine, lambda *_: None, file=original)
    assert network.read_text() == "converted"


def small_vgg(caffe: bool) -> dict:
    import torch

    state, channels, index = {}, 3, 0
    for width, depth in ((4, 2), (8, 2), (16, 4), (32, 4), (32, 4)):
        for _ in range(depth):
            state[f"features.{index}.weight"] = torch.randn(width, channels, 3, 3)
            state[f"features.{index}.bias"] = torch.randn(width)
            channels, index = width, index + 2
        index += 1
    first = 1 if caffe else 0
    state[f"classifier.{first}.weight"] = torch.randn(10, 10)
    return state


# -- the house rules -----------------------------------------------------------------------------


def installer_files() -> list[Path]:
    return sorted((ROOT / "installer").glob("*.py"))


SHARED = ROOT / "core" / "neural_style" / "folders.py"
"""The one file of the engine that the installer imports."""


@pytest.mark.parametrize("path", [*installer_files(), SHARED], ids=lambda path: path.stem)
def test_only_the_standard_library(path: Path) -> None:
    allowed = {*sys.stdlib_module_names, "installer"}
    if path.stem == "convert":  # run by the engine's Python
        allowed |= {"neural_style", "safetensors"}
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        names = [name for name in names if name != "neural_style.folders"]
        assert {name.split(".")[0] for name in names} <= allowed


def test_every_code_in_use_has_a_hint_and_every_hint_a_use() -> None:
    used = set()
    for path in installer_files():
        if path.stem == "errors":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                used |= {code for code in HINTS if code == node.value or f"[{code}]" in node.value}
    assert used | {"cannot_write", "disk_full"} == set(HINTS)
    assert errors.of_file(OSError(28, "full"), "x").code == "disk_full"


def test_an_old_python_is_told(tmp_path: Path) -> None:
    """As far as it goes without one: the first file has nothing that an old one cannot read."""
    tree = ast.parse((ROOT / "installer" / "__main__.py").read_text(), feature_version=(3, 6))
    assert "future" not in ast.dump(tree)
