"""The doctor finds what was broken on purpose, and the installer heals it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from installer_lab import World

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the stand-in for GIMP is a Unix script"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("doctor"))
    world.add_gimp()
    world.add_gimp("2.10")
    assert world.install().returncode == 0
    folder = world.prefix / "weights"
    folder.mkdir(exist_ok=True)
    (folder / "vgg19.safetensors").write_bytes(b"weights")
    return world


def package(world: World, name: str) -> Path:
    engine = world.engine()
    assert engine
    return next(engine.glob(f"lib/python*/site-packages/{name}"))


def weights_lose_a_byte(world: World) -> None:
    (world.prefix / "weights" / "SHA256SUMS").write_text(f"{'0' * 64}  vgg19.safetensors\n")


def engine_loses_a_file(world: World) -> None:
    package(world, "neural_style/cli.py").unlink()


def engine_is_edited(world: World) -> None:
    path = package(world, "neural_style/cli.py")
    path.write_text(path.read_text().replace("stylize", "stylise"))


def engine_loses_its_python(world: World) -> None:
    engine = world.engine()
    assert engine
    (engine / "bin" / "python").unlink()


def engine_is_gone(world: World) -> None:
    engine = world.engine()
    assert engine
    shutil.rmtree(engine)


def launcher_is_gone(world: World) -> None:
    (world.prefix / "bin" / "neural-style").unlink()


def checkout_is_newer(world: World) -> None:
    world.set_version("3")


def plugin_loses_its_execute_bit(world: World) -> None:
    (world.plugin / "neural-style.py").chmod(0o644)


def plugin_loses_a_file(world: World) -> None:
    (world.plugin / "layers.py").unlink()


def plugin_is_gone(world: World) -> None:
    shutil.rmtree(world.plugin)


def note_points_nowhere(world: World) -> None:
    (world.plugin / "engine.json").write_text(json.dumps({"python": "/nowhere/python"}))


def gimp_remembers_a_failure(world: World) -> None:
    time = int((world.plugin / "neural-style.py").stat().st_mtime)
    entry = f'(plug-in-def "${{gimp_dir}}/plug-ins/neural-style/neural-style.py" {time}\n)\n'
    (world.home / ".config/GIMP/3.0/pluginrc").write_text(entry)


def gimp_does_not_start(world: World) -> None:
    program = world.bin / "gimp-console-3.0"
    program.write_text(program.read_text().replace("code = sys.argv", "sys.exit(1) #"))


def gimp_2_loses_a_file(world: World) -> None:
    (world.home / ".config/GIMP/2.10/plug-ins/neural-style/messages.py").unlink()


def gimp_2_does_not_start(world: World) -> None:
    program = world.bin / "gimp-console-2.10"
    program.write_text(program.read_text().replace("code = sys.argv", "sys.exit(1) #"))


def gimp_is_gone(world: World) -> None:
    for version in ("3.0", "2.10"):
        (world.bin / f"gimp-console-{version}").unlink()
    shutil.rmtree(world.home / ".config")


FAULTS: dict[Callable[[World], None], str] = {
    weights_lose_a_byte: "weights_damaged",
    engine_loses_a_file: "engine_broken",
    engine_is_edited: "engine_broken",
    engine_loses_its_python: "engine_broken",
    engine_is_gone: "engine_missing",
    launcher_is_gone: "engine_broken",
    checkout_is_newer: "engine_outdated",
    plugin_loses_its_execute_bit: "plugin_not_executable",
    plugin_loses_a_file: "plugin_damaged",
    plugin_is_gone: "plugin_missing",
    note_points_nowhere: "plugin_disconnected",
    gimp_remembers_a_failure: "plugin_not_registered",
    gimp_does_not_start: "gimp_failed",
    gimp_is_gone: "gimp_missing",
    gimp_2_loses_a_file: "plugin_damaged",
    gimp_2_does_not_start: "gimp_failed",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_finds_and_heals(world: World, fault: Callable[[World], None]) -> None:
    fault(world)
    done = world.run("doctor", "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert FAULTS[fault] in [finding.get("code") for finding in report["findings"]]
    assert all(
        finding["detail"] and (finding["ok"] or finding["hint"]) for finding in report["findings"]
    )
    assert f"[{FAULTS[fault]}]" in world.run("doctor").stdout
    heal(world, fault)
    after = world.run("doctor")
    assert after.returncode == 0, after.stdout


def heal(world: World, fault: Callable[[World], None]) -> None:
    if fault is weights_lose_a_byte:
        (world.prefix / "weights" / "SHA256SUMS").unlink()
    if fault in (gimp_does_not_start, gimp_2_does_not_start, gimp_is_gone):
        world.add_gimp()
        world.add_gimp("2.10")
    assert world.install().returncode == 0
