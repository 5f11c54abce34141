"""Finding GIMPs of every packaging, with stand-ins for their programs and folders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from installer import gimps, machine, plugin, proof, uninstall
from installer.editions import EDITIONS, GIMP_2, GIMP_3, Edition
from installer_lab import World
from neural_style.folders import weights_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are Unix scripts")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home and a PATH with nothing but what a test puts there."""
    home = tmp_path / "Zuhause mit Leerzeichen"
    (home / "bin").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{home / 'bin'}")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "GIMP3_DIRECTORY", "GIMP2_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    return home


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def says(version: str) -> str:
    return f"echo GNU Image Manipulation Program version {version}"


def test_native_versions_once_each(home: Path) -> None:
    script(home / "bin/gimp-console-3.0", says("3.0.4"))
    script(home / "bin/gimp-3.0", says("3.0.4"))
    script(home / "bin/gimp-console", says("3.2.6"))
    script(home / "bin/gimp", says("2.10.38"))
    script(home / "bin/gimp-2.10", says("2.10.38"))
    found = {gimp.config: gimp for gimp in gimps.find()}
    base = home / ".config/GIMP"
    assert set(found) == {base / version for version in ("3.2", "3.0", "2.10")}
    assert all(config.name in gimp.name for config, gimp in found.items())
    assert [config.name for config in found if found[config].edition is GIMP_2] == ["2.10"]


@pytest.mark.parametrize("version", ["2.8.22", "2.9.8", "2.99.18", "12.10.1", "2.100.1"])
def test_other_gimps_are_none(home: Path, version: str) -> None:
    script(home / "bin/gimp", says(version))
    for folder in ("2.8", "2.9", "2.99", "2.100", "2.10 backup", "tool-presets"):
        (home / ".config/GIMP" / folder).mkdir(parents=True)
    assert gimps.find() == []


def test_appimage_in_the_downloads(home: Path) -> None:
    image = script(home / "Downloads/GIMP-3.0.4-x86_64.AppImage", says("3.0.4"))
    script(home / "Downloads/Other.AppImage", says("3.0.4"))
    assert [gimp.console for gimp in gimps.find()] == [(str(image),)]


def test_a_folder_without_its_program(home: Path) -> None:
    for version in ("3.2", "2.10"):
        (home / ".config/GIMP" / version).mkdir(parents=True)
    first, second = gimps.find()
    assert first.plugin == home / ".config/GIMP/3.2/plug-ins/neural-style"
    assert second.plugin == home / ".config/GIMP/2.10/plug-ins/neural-style"
    assert (first.edition, second.edition) == (GIMP_3, GIMP_2)
    assert [first.console, second.console] == [(), ()]


@pytest.mark.parametrize("version", ["3.0", "2.10"])
@pytest.mark.parametrize("own", [False, True])
def test_flatpaks_folder_where_it_cannot_be_asked(home: Path, own: bool, version: str) -> None:
    said = f'echo "Version: {version}.6"'
    script(home / "bin/flatpak", f'case "$*" in *--show*) true;; *) {said};; esac')
    users = home / ".config/GIMP" / version
    if not own:
        users.mkdir(parents=True)
    found = gimps.find()[-1]
    flatpaks = home / ".var/app/org.gimp.GIMP/config/GIMP" / version
    assert found.config == (flatpaks if own else users)
    assert found.console[2] == f"--command=gimp-console-{version}"
    assert found.edition is (GIMP_3 if version == "3.0" else GIMP_2)


def test_a_program_is_asked_for_its_folder(home: Path) -> None:
    """A space and an umlaut in its name; GIMP's own messages before and after."""
    folder = home / "Bilder & Öl"
    answer = f"echo noise; echo 'FOLDER {json.dumps(str(folder))} True'; echo more"
    text = f'case "$*" in --version) {says("3.0.4")};; *) {answer};; esac'
    script(home / "bin/gimp-console-3.0", text)
    (found,) = gimps.find()
    assert (found.config, found.registered, found.silence) == (folder, True, None)


def test_a_program_without_an_answer(home: Path) -> None:
    script(home / "bin/gimp-console-3.0", says("3.0.4"))
    (found,) = gimps.find()
    assert found.config == home / ".config/GIMP/3.0"
    assert found.silence
    assert found.silence.code == "gimp_failed"
    text = (
        f'case "$*" in --version) {says("3.0.4")};; *) echo no python-fu-eval >&2; exit 69;; esac'
    )
    script(home / "bin/gimp-console-3.0", text)
    (found,) = gimps.find()
    assert found.silence
    assert found.silence.code == "gimp_without_python"


@pytest.mark.parametrize("allowed", [False, True])
def test_flatpak(home: Path, allowed: bool) -> None:
    rights = "echo org.freedesktop.Flatpak=talk" if allowed else "true"
    text = f'case "$*" in *--show*) {rights};; *) echo "Version: 3.0.6";; esac'
    script(home / "bin/flatpak", text)
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    (found,) = gimps.find()
    assert found.engine_prefix == ("flatpak-spawn", "--host")
    assert bool(found.problem) is not allowed
    if allowed:
        prefix = home / "data"
        prefix.mkdir()
        plugin.install(prefix, found, home / "python")
        note = json.loads((found.plugin / "engine.json").read_text())
        assert note == {"python": str(home / "python"), "prefix": ["flatpak-spawn", "--host"]}
    else:
        assert "flatpak override --user --talk-name" in str(found.problem)


def test_flatpak_beside_a_native_gimp(home: Path) -> None:
    """They share the folder: the native one is served, and of the other one is told."""
    script(home / "bin/flatpak", 'case "$*" in *--show*) true;; *) echo "Version: 3.0.6";; esac')
    script(home / "bin/gimp-console-3.0", says("3.0.4"))
    native, flatpak = gimps.find()
    assert native.problem is None
    assert flatpak.problem
    assert flatpak.problem.code == "gimp_sandboxed"


def test_flatpak_beside_a_native_gimp_without_python(home: Path) -> None:
    """Now it is Flatpak's that is served, though the native one has the same folder."""
    folder = home / ".config/GIMP/2.10"
    folder.mkdir(parents=True)
    said = f"echo FOLDER '{json.dumps(str(folder))}' True"
    rights = "echo org.freedesktop.Flatpak=talk"
    version = 'echo "Version: 2.10.38"'
    text = f'case "$*" in *--show*) {rights};; run*) {said};; *) {version};; esac'
    script(home / "bin/flatpak", text)
    no_python = "echo Error: eval: unbound variable: python-fu-eval >&2"
    text = f'case "$*" in --version) {says("2.10.34")};; *) {no_python};; esac'
    script(home / "bin/gimp", text)
    flatpak, native = gimps.find()
    assert (flatpak.config, flatpak.registered, flatpak.problem) == (folder, True, None)
    assert native.problem
    assert native.problem.code == "gimp_without_python"
    assert native.without_python


def test_snap_is_told_of(home: Path) -> None:
    (home / "snap/gimp/current/.config/GIMP/3.0").mkdir(parents=True)
    (found,) = gimps.find()
    assert found.problem
    assert found.problem.code == "gimp_sandboxed"


def test_named_folders(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(home / "bin/gimp-console-3.0", says("3.0.4"))
    mine = home / "mine"
    (mine / "plug-ins").mkdir(parents=True)
    for chosen in (mine, mine / "plug-ins"):
        (found,) = gimps.find(chosen)
        assert (found.config, found.named, bool(found.console)) == (mine, True, True)
    monkeypatch.setenv("GIMP3_DIRECTORY", "mine")  # relative to the home, as GIMP has it
    assert gimps.find()[0].config == mine
    with pytest.raises(gimps.InstallError, match="There is no folder"):
        gimps.find(home / "nowhere")


def test_named_folders_of_two_editions(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable is for its own GIMP, and a folder's name tells of which version it is."""
    for name, version in (("gimp-console-3.0", "3.0.4"), ("gimp-console-2.10", "2.10.34")):
        script(home / "bin" / name, says(version))
    for folder in ("two", "three", "copy/2.10"):
        (home / folder).mkdir(parents=True)
    (copy,) = gimps.find(home / "copy/2.10")
    assert (copy.edition, copy.console) == (GIMP_2, (str(home / "bin/gimp-console-2.10"),))
    monkeypatch.setenv("GIMP2_DIRECTORY", "two")
    found = {gimp.edition: gimp for gimp in gimps.find()}
    assert found[GIMP_2].config == home / "two"
    assert found[GIMP_2].console == copy.console
    assert found[GIMP_3].config == home / ".config/GIMP/3.0"
    monkeypatch.setenv("GIMP3_DIRECTORY", "three")
    assert {gimp.config for gimp in gimps.find()} == {home / "two", home / "three"}


def test_windows_and_macos_programs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MACOS", True)
    app = script(home / "Applications/GIMP 3.app/Contents/MacOS/gimp-console-3.0", says("3.0.4"))
    old = script(home / "Applications/GIMP-2.10.app/Contents/MacOS/gimp", says("2.10.38"))
    found = {gimp.console: gimp for gimp in gimps.find()}
    settings = home / "Library/Application Support/GIMP"
    assert found[(str(app),)].config == settings / "3.0"
    assert found[(str(old),)].config == settings / "2.10"
    monkeypatch.setattr(machine, "MACOS", False)
    monkeypatch.setenv("LOCALAPPDATA", str(home / "Local"))
    monkeypatch.setenv("APPDATA", str(home / "Roaming"))
    monkeypatch.setenv("ProgramFiles", str(home / "Program Files"))
    program = script(home / "Local/Programs/GIMP 3/bin/gimp-console-3.0", says("3.0.4"))
    old = script(home / "Program Files/GIMP 2/bin/gimp-console-2.10.exe", says("2.10.38"))
    monkeypatch.setattr(machine, "WINDOWS", True)
    assert list(gimps._candidates()) == [program, old]
    assert machine.config_base() == home / "Roaming"


def test_the_labs_gimp_starts_with_a_python_in_a_folder_with_spaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the tests' own is, where the home has a space in its name."""
    python = tmp_path / "my home" / "it's python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(python))
    world = World(tmp_path / "world")
    world.add_gimp()
    said = subprocess.run([world.bin / "gimp-console-3.0", "--version"], capture_output=True)
    assert b"version 3.0.4" in said.stdout


THE_PLUGINS = "The engine is not there. Run it. [engine_missing]"
PYTHONS = "TypeError: wrong number of parameters"


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.folder)
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([f"Neural Style-Warnung: {THE_PLUGINS}", "RuntimeError: execution error"], THE_PLUGINS),
        (["Traceback (most recent call last):", PYTHONS], "wrong number of parameters"),
    ],
)
def test_why_a_gimp_could_not_paint(
    home: Path, edition: Edition, said: list[str], why: str
) -> None:
    """The plug-in's sentence with its code, or else Python's, not what GIMP says after it."""
    lines = [*said, "GIMP-Error: Failed to save data"]
    program = script(home / "bin/gimp", "\n".join(f"echo '{line}' >&2" for line in lines))
    gimp = gimps.Gimp("GIMP", home / "config", (str(program),), edition)
    with pytest.raises(gimps.InstallError) as caught:
        proof.paint_with_gimp(gimp, home / "out.png", home)
    assert caught.value.code == "painting_failed"
    assert f"could not paint: {why}" in str(caught.value)


# -- the plug-in's files -------------------------------------------------------------------------


def a_gimp(home: Path, edition: Edition = GIMP_3) -> gimps.Gimp:
    return gimps.Gimp("GIMP", home / ".config/GIMP/3.0", edition=edition)


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.folder)
def test_the_plugin_is_copied_whole_and_removed_whole(home: Path, edition: Edition) -> None:
    gimp, prefix = a_gimp(home, edition), home
    plugin.install(prefix, gimp, home / "python")
    there = {p.relative_to(gimp.plugin).as_posix() for p in gimp.plugin.rglob("*") if p.is_file()}
    assert there == {*plugin.source_files(edition.folder), "engine.json"}
    assert set(plugin.recorded(prefix)[str(gimp.plugin)]) == there
    drawn = json.loads((gimp.plugin / "styles" / "styles.json").read_text())
    assert {f"styles/{name}.jpg" for name in drawn} < there
    executable = [name for name in there if os.access(gimp.plugin / name, os.X_OK)]
    assert executable == ["neural-style.py"]
    (gimp.plugin / "messages.pyc").write_text("")
    assert plugin.remove(prefix, gimp.plugin) == []
    assert not gimp.plugin.exists()
    assert plugin.recorded(prefix) == {}


def test_files_of_an_older_plugin_go(home: Path) -> None:
    gimp, prefix = a_gimp(home), home
    plugin.install(prefix, gimp, home / "python")
    for name in ("old.py", "old.pyc"):
        (gimp.plugin / name).write_text("")
    files = {**plugin.recorded(prefix)[str(gimp.plugin)], "old.py": "0"}
    machine.write_note(prefix / "installed.json", {"plugins": {str(gimp.plugin): files}})
    plugin.install(prefix, gimp, home / "python")
    assert not list(gimp.plugin.glob("old.*"))


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.folder)
def test_gimp_may_remember_that_the_plugin_did_not_answer(home: Path, edition: Edition) -> None:
    gimp = a_gimp(home, edition)
    plugin.install(home, gimp, home / "python")
    time = int((gimp.plugin / "neural-style.py").stat().st_mtime)
    entry = f'(plug-in-def "${{gimp_dir}}/plug-ins/neural-style/neural-style.py" {time}\n'
    memory = gimp.config / "pluginrc"
    memory.write_text(f'{entry}    (proc-def "{edition.procedure}" 1\n         "b"))\n')
    assert not plugin.is_stale(gimp)
    memory.write_text(entry + ")\n")
    assert plugin.is_stale(gimp)
    plugin.forget(gimp)
    assert not plugin.is_stale(gimp)


def test_a_link_to_a_checkout_is_replaced_and_its_target_kept(home: Path) -> None:
    gimp = a_gimp(home)
    target = home / "target"
    target.mkdir()
    (target / "precious.py").write_text("")
    gimp.plugins.mkdir(parents=True)
    gimp.plugin.symlink_to(target)
    plugin.install(home, gimp, home / "python")
    assert not gimp.plugin.is_symlink()
    assert [path.name for path in target.iterdir()] == ["precious.py"]


def test_a_plugin_of_somebody_elses_is_not_replaced(home: Path) -> None:
    gimp = a_gimp(home)
    gimp.plugin.mkdir(parents=True)
    main = gimp.plugin / "neural-style.py"
    main.write_text("mine")
    with pytest.raises(gimps.InstallError) as caught:
        plugin.install(home, gimp, home / "python")
    assert caught.value.code == "plugin_foreign"
    assert str(main) in caught.value.message
    assert [path.read_text() for path in gimp.plugin.iterdir()] == ["mine"]
    assert plugin.recorded(home) == {}


def test_a_plugin_of_another_prefix_is_replaced(home: Path) -> None:
    gimp, main = a_gimp(home), a_gimp(home).plugin / "neural-style.py"
    (home / "other").mkdir()
    plugin.install(home / "other", gimp, home / "python")
    main.write_text("an older version")
    plugin.install(home, gimp, home / "python")
    assert main.read_text() != "an older version"


def test_a_link_in_the_plugins_place_is_not_followed(home: Path) -> None:
    """Whoever replaced the plug-in by a link to a checkout keeps the checkout."""
    gimp, checkout = a_gimp(home), home / "checkout"
    plugin.install(home, gimp, home / "python")
    gimp.plugin.rename(checkout)
    gimp.plugin.symlink_to(checkout)
    before = sorted(checkout.rglob("*"))
    assert plugin.remove(home, gimp.plugin) == [gimp.plugin]
    assert sorted(checkout.rglob("*")) == before
    assert plugin.recorded(home) == {}


def test_uninstalling_all_leaves_what_others_put_beside_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    gimp = a_gimp(home)
    plugin.install(home, gimp, home / "python")
    (gimp.plugin / "mine/__pycache__").mkdir(parents=True)
    (gimp.plugin / "__pycache__").mkdir()
    networks = weights_folder()
    foreign = [
        *(gimp.config / name for name in ("neural-style-notes.json", "neural-style-interrupted/a")),
        *(networks / name for name in ("mine.safetensors", "vgg19-caffe.safetensors")),
    ]
    own = [
        *(gimp.config / name for name in ("neural-style.json", "neural-style-styles.json")),
        gimp.config / "neural-style-interrupted/b/in-use",
        networks / "vgg19.safetensors",
    ]
    for path in [*foreign, *own]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    names = ("vgg19.safetensors", "mine.safetensors")
    (networks / "SHA256SUMS").write_text("".join(f"0  {name}\n" for name in names))
    left = [networks / "SHA256SUMS", *foreign]
    listed = uninstall.targets(home, everything=True)
    list(uninstall.remove(home, everything=True))
    assert [path for path in left if path not in listed and path.exists()] == left
    assert [path for path in [*own, own[-2].parent] if path.exists()] == []
    assert [path for path in listed if path.exists()] == [gimp.plugin], "with another's folder"
    assert [path.name for path in gimp.plugin.rglob("*")] == ["mine", "__pycache__"]


def test_a_file_in_the_way(home: Path) -> None:
    gimp = a_gimp(home)
    gimp.plugins.mkdir(parents=True)
    gimp.plugin.write_text("")
    with pytest.raises(gimps.InstallError) as caught:
        plugin.install(home, gimp, home / "python")
    assert caught.value.code == "cannot_write"
