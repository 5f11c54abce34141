"""The installer from outside, with an engine that takes seconds to install."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from installer import proof
from installer.editions import GIMP_2, GIMP_3
from installer_lab import World, add_torch, add_wheel

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the stand-in for GIMP is a Unix script"),
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "Bücher und Öl 사진")


def works(world: World) -> None:
    """The environment in use starts, and the plug-in, if it is there, leads to one that does."""
    pythons = []
    if engine := world.engine():
        pythons.append(engine / "bin" / "python")
    note = world.plugin / "engine.json"
    if note.exists():
        pythons.append(Path(json.loads(note.read_text())["python"]))
    for python in pythons:
        command = [python, "-m", "neural_style.cli", "devices"]
        subprocess.run(command, check=True, capture_output=True, env=world.environment())


def test_installs_paints_and_says_which_gimp_to_install(world: World) -> None:
    done = world.install()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[gimp_missing]" in done.stdout
    assert "vgg19 is not installed" in done.stdout
    picture = done.stdout.split("Its first picture: ")[1].splitlines()[0]
    assert Path(picture).read_bytes().startswith(b"\x89PNG")
    works(world)
    launcher = [world.prefix / "bin" / "neural-style", "devices", "--json"]
    said = subprocess.run(launcher, capture_output=True, check=True, env=world.environment())
    assert json.loads(said.stdout)[-1]["name"] == "cpu"
    looked = world.run("doctor")
    assert looked.returncode == 0
    assert "note   GIMP: No GIMP that can have the plug-in was found" in looked.stdout
    again = world.install()
    assert again.returncode == 0
    assert "up to date" in again.stdout
    refused = world.run("--torch", "cuda")
    assert refused.returncode == 2
    assert "there is no build 'cuda'; choose auto, cpu, cu126" in refused.stderr
    elsewhere = ("--prefix", str(world.folder / "other"))
    for command in (("--offline",), ("weights", "--offline", *elsewhere)):
        done = world.run(*command)
        assert done.returncode == (0 if command == ("--offline",) else 1)
    assert "[engine_missing]" in done.stderr
    assert "[engine_missing]" in world.run(*elsewhere, "doctor").stdout


def test_variables_of_another_python(world: World) -> None:
    """Conda, IDEs and GIMP set them; the command and the installer heed none."""
    foreign = world.folder / "another python"
    for name in ("torch", "json", "dataclasses"):
        (foreign / name).mkdir(parents=True)
        (foreign / name / "__init__.py").write_text(f"raise SystemExit('a foreign {name}')")
    variables = {
        "PYTHONPATH": str(foreign),
        "PYTHONSTARTUP": str(foreign / "torch" / "__init__.py"),
        "PYTHONUSERBASE": str(foreign),
        "PYTHONSAFEPATH": "1",
        "PYTHONBREAKPOINT": "nowhere.nothing",
        "PYTHONOPTIMIZE": "2",
        "PIP_ROOT": str(foreign),
    }
    done = world.install(**variables)
    assert done.returncode == 0, done.stdout + done.stderr
    # These mislead a Python that heeds them before its first line, the installer's too.
    fatal = {"PYTHONHOME": "/nowhere", "PYTHONPLATLIBDIR": "lib0", "PYTHONWARNINGS": "error"}
    fatal |= {"PYTHONEXECUTABLE": "/nowhere/python", "PYTHONINSPECT": "1"}
    launcher = [world.prefix / "bin" / "neural-style", "devices", "--json"]
    for more in [{name: value} for name, value in (variables | fatal).items()]:
        environment = world.environment(**more)
        said = subprocess.run(
            launcher, capture_output=True, env=environment, cwd=foreign, check=False
        )
        assert said.returncode == 0, (more, said.stderr)
        assert json.loads(said.stdout)[-1]["name"] == "cpu"


def test_serves_every_gimp_and_paints_with_one(world: World) -> None:
    world.add_gimp("3.0")
    world.add_gimp("3.2")
    done = world.install()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Painting a first picture with GIMP 3.2.4" in done.stdout
    for version in ("3.0", "3.2"):
        folder = world.home / f".config/GIMP/{version}/plug-ins/neural-style"
        assert os.access(folder / "neural-style.py", os.X_OK)
        assert not list(folder.rglob("*.new"))
    works(world)
    assert world.run("doctor").returncode == 0


def test_serves_gimp_2_too(world: World) -> None:
    """Beside a GIMP 3, and alone when that is gone; nothing of it is left, Python 2's files too."""
    world.add_gimp("3.0")
    world.add_gimp("2.10")
    done = world.install()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Painting a first picture with GIMP 3.0.4" in done.stdout
    folder = world.home / ".config/GIMP/2.10/plug-ins/neural-style"
    sources = world.checkout / "plugin"
    for there, edition in ((folder, GIMP_2.folder), (world.plugin, GIMP_3.folder)):
        main = there / "neural-style.py"
        assert main.read_bytes() == (sources / edition / main.name).read_bytes()
        assert os.access(main, os.X_OK)
        assert (there / "messages.py").is_file()
    (world.bin / "gimp-console-3.0").unlink()
    again = world.install()
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Painting a first picture with GIMP 2.10.4" in again.stdout
    assert f"knows the procedure {GIMP_2.procedure}" in world.run("doctor").stdout
    assert list(folder.glob("*.pyc"))
    (folder.parent.parent / "neural-style.json").write_text("{}")
    assert world.run("uninstall", "--yes", "--all").returncode == 0
    assert [path.name for path in folder.parent.parent.rglob("*")] == ["plug-ins", "pluginrc"]


def test_a_gimp_2_without_python_is_told_of(world: World) -> None:
    world.add_gimp("2.10", python=False)
    done = world.install()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning: GIMP 2.10.4" in done.stdout
    assert "[gimp_without_python]" in done.stdout
    assert "[gimp_missing]" in done.stdout
    assert not (world.home / ".config/GIMP/2.10/plug-ins/neural-style").exists()
    looked = world.run("doctor")
    assert looked.returncode == 0
    assert "[gimp_missing]" in looked.stdout
    world.add_gimp("3.0")
    both = world.install()
    assert both.returncode == 0, both.stdout + both.stderr
    assert "[gimp_without_python]" in both.stdout
    assert "[gimp_missing]" not in both.stdout
    looked = world.run("doctor")
    assert looked.returncode == 0
    assert "[gimp_without_python]" in looked.stdout


def test_gimp_itself_says_where_its_folder_is(world: World) -> None:
    """A rule would look into ~/.config, where nobody would ever find the plug-in."""
    world.add_gimp("3.0", ".var/app/org.gimp.GIMP/config/GIMP/3.0")
    done = world.install()
    assert done.returncode == 0, done.stdout + done.stderr
    config = world.home / ".var/app/org.gimp.GIMP/config/GIMP/3.0"
    assert (config / "plug-ins/neural-style/engine.json").exists()
    assert not world.plugin.exists()
    assert f"knows the procedure {GIMP_3.procedure}" in world.run("doctor").stdout
    assert world.run("uninstall", "--yes").returncode == 0
    assert not (config / "plug-ins/neural-style").exists()


def test_a_chosen_folder_is_the_only_one(world: World) -> None:
    world.add_gimp()
    mine = world.home / "my gimp"
    mine.mkdir()
    done = world.install("--gimp", str(mine))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (mine / "plug-ins/neural-style/engine.json").exists()
    assert not world.plugin.exists()
    assert world.run("doctor", GIMP3_DIRECTORY=str(mine)).returncode == 0


def test_uninstall_removes_its_own_files_only(world: World) -> None:
    world.add_gimp()
    assert world.install().returncode == 0
    (world.plugin / "mine.txt").write_text("mine")
    settings = world.home / ".config/GIMP/3.0/plug-in-settings"
    settings.mkdir()
    kept = settings / "GimpProcedureConfigRun-plug-in-neural-style.last"
    kept.write_text("")
    cells = world.home / ".cache/neural-style/cells"
    cells.mkdir(parents=True)
    (cells / f"{'a1' * 32}.png").write_text("")
    unasked = world.run("uninstall")
    assert unasked.returncode == 1
    assert "[not_confirmed]" in unasked.stderr
    works(world)
    done = world.run("uninstall", "--yes")
    assert done.returncode == 0, done.stderr
    assert str(world.plugin / "mine.txt") in done.stdout
    assert [path.name for path in world.plugin.rglob("*")] == ["mine.txt"]
    assert kept.exists()
    assert not cells.parent.exists()
    assert not world.prefix.exists()
    assert "Nothing is installed" in world.run("uninstall", "--yes").stdout
    assert world.run("uninstall", "--all", "--yes").returncode == 0
    assert not kept.exists()


def test_uninstall_of_everything(world: World) -> None:
    world.add_gimp()
    assert world.install().returncode == 0
    kept = world.home / ".config/GIMP/3.0/neural-style-speed.json"
    kept.write_text("{}")
    interrupted = kept.with_name("neural-style-interrupted")
    (interrupted / "one").mkdir(parents=True)
    for name in ("in-use", "checkpoint"):
        (interrupted / "one" / name).write_text("")
    assert world.run("uninstall", "--all", "--yes").returncode == 0
    assert not kept.exists()
    assert not interrupted.exists()
    assert not world.plugin.exists()


def test_killed_at_ten_random_moments(world: World) -> None:
    """Whatever is in use at any moment works, and the next run ends well."""
    world.add_gimp()
    started = time.monotonic()
    whole = World(world.folder / "timing")
    whole.install()
    seconds = time.monotonic() - started
    dice = random.Random(7)  # noqa: S311
    for round_ in range(2):  # a first installation, and an upgrade
        for _ in range(5):
            process = subprocess.Popen(
                world.command("--yes", "--offline", "--wheels", str(world.wheels)),
                env=world.environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(dice.uniform(0.1, seconds))
            process.send_signal(signal.SIGKILL)
            process.wait()
            works(world)
        done = world.install()
        assert done.returncode == 0, done.stdout + done.stderr
        works(world)
        engine = world.engine()
        assert engine
        assert list((world.prefix / "engines").iterdir()) == [engine]
        assert world.run("doctor").returncode == 0
        world.set_version(f"2.{round_}")


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere venv is not ended with the installer"
)
def test_killed_while_a_child_of_venv_writes(world: World) -> None:
    """It writes on, so its folder is removed after it has ended, not before: it would come again,
    without the mark."""
    process = subprocess.Popen(
        world.command("--yes", "--offline", "--wheels", str(world.wheels)),
        env=world.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not (child := pip_of(world)) or written_files(world) < 200:
        assert process.poll() is None
        time.sleep(0.001)
    child.suspend()
    process.kill()
    process.wait()
    done = world.install()
    assert done.returncode == 0
    assert "[engine_busy]" in done.stdout
    child.resume()
    psutil.wait_procs([child, *child.children(recursive=True)], timeout=60)
    assert world.install().returncode == 0
    assert list((world.prefix / "engines").iterdir()) == [world.engine()]


def written_files(world: World) -> int:
    return len(list(world.prefix.glob("engines/*/lib/python*/site-packages/**/*.py")))


def pip_of(world: World) -> psutil.Process | None:
    """The process by which venv puts pip into an environment, when it has begun to work."""
    for one in psutil.process_iter():
        with suppress(psutil.Error):
            words = one.cmdline()
            if (
                words
                and str(world.prefix) in words[0]
                and "-c" in words
                and "run_module" in words[-1]
            ):
                return one
    return None


def test_a_failed_upgrade_leaves_the_old_engine(world: World) -> None:
    world.add_gimp()
    assert world.install().returncode == 0
    old = world.engine()
    add_torch(world.wheels, "2.10.0", broken=True)
    done = world.install("upgrade")
    assert done.returncode == 1
    assert "[engine_broken]" in done.stderr
    assert world.engine() == old
    works(world)
    assert [path for path in (world.prefix / "engines").iterdir() if path != old] == []


def test_upgrade_takes_the_newest_and_removes_the_old(world: World) -> None:
    world.add_gimp()
    assert world.install().returncode == 0
    old = world.engine()
    add_torch(world.wheels, "2.10.0")
    done = world.install("upgrade")
    assert done.returncode == 0, done.stderr
    assert "torch==2.10.0" in done.stdout
    assert old
    assert not old.exists()
    works(world)


def put(folder: Path, *names: str) -> list[Path]:
    """Files of somebody else."""
    files = [folder / name for name in names]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("mine")
    return files


def test_in_a_folder_with_other_things_it_gets_its_own(world: World) -> None:
    """A project may have an `engines` and a `proof` of its own, and keeps them."""
    project = world.folder / "project"
    foreign = put(project, "engines/unreal/main.cpp", "proof/contract.pdf", "bin/tool")
    before = sorted(project.rglob("*"))
    world.prefix = project / "neural-style"
    for _ in range(2):
        done = world.install("--prefix", str(project))
        assert done.returncode == 0, done.stdout + done.stderr
        engine = world.engine()
        assert engine
        assert engine.is_relative_to(world.prefix)
    assert world.run("uninstall", "--yes", "--prefix", str(project)).returncode == 0
    assert not world.prefix.exists()
    assert all(file.read_text() == "mine" for file in foreign)
    assert sorted(project.rglob("*")) == before


NOTES = {"installed.json": '{"packages": []}', "current.json": '{"engine": {}}'}
"""As other programs have them; the first is Composer's."""


def test_notes_of_other_programs_do_not_make_a_folder_its_own(world: World) -> None:
    project = world.folder / "project"
    project.mkdir()
    for name, text in NOTES.items():
        (project / name).write_text(text)
    world.prefix = project / "neural-style"
    assert world.install("--prefix", str(project)).returncode == 0
    assert world.engine()
    assert world.run("uninstall", "--yes", "--prefix", str(project)).returncode == 0
    assert {path.name: path.read_text() for path in project.iterdir()} == NOTES


def test_a_foreign_folder_of_its_name_is_refused(world: World) -> None:
    """As of a checkout of another program of that name."""
    foreign = put(world.folder / "src", "neural-style/bin/neural-style", "other")
    before = sorted((world.folder / "src").rglob("*"))
    done = world.install("--prefix", str(world.folder / "src"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "[cannot_write]" in done.stderr
    assert sorted((world.folder / "src").rglob("*")) == before
    directly = world.install("--prefix", str(world.folder / "src/neural-style"))
    assert directly.returncode == 0, directly.stderr
    assert all(file.read_text() == "mine" for file in foreign)


def test_what_others_put_into_its_folders_stays(world: World) -> None:
    """Also where an older version made the folders, which had no mark."""
    assert world.install().returncode == 0
    for mark in world.prefix.rglob("made-by-neural-style"):
        mark.unlink()
    names = ("engines/20200101-000000-abcd/mine", "engines/mine/mine", "proof/contract.pdf")
    foreign = put(world.prefix, *names)
    linked = put(world.folder / "elsewhere", "mine", "made-by-neural-style")
    (world.prefix / "engines" / "link").symlink_to(linked[0].parent)
    old = world.engine()
    add_torch(world.wheels, "2.10.0")
    assert world.install("upgrade").returncode == 0
    assert old
    assert not old.exists()
    assert world.run("uninstall", "--yes").returncode == 0
    assert all(file.exists() for file in (*foreign, *linked))


HOLD = """
import sys, time
from neural_style.startup import check_surroundings
check_surroundings()
print("held", flush=True)
sys.stdin.read()
"""


def test_an_engine_in_use_is_not_removed(world: World) -> None:
    assert world.install().returncode == 0
    old = world.engine()
    assert old
    # The tests' engine is a stand-in, so the real one's beginning is run with its prefix.
    code = f"import sys; sys.prefix = {str(old)!r}\n{HOLD}"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.readline() == b"held\n"
    refused = world.run("uninstall", "--yes")
    assert "[engine_busy]" in refused.stderr
    assert world.engine() == old
    add_torch(world.wheels, "2.10.0")
    upgraded = world.install("upgrade")
    assert upgraded.returncode == 0
    assert old.exists(), "it paints"
    assert f"so it stays: {old}. Close Neural Style's dialog" in upgraded.stdout
    process.kill()
    process.wait()
    assert world.install().returncode == 0
    assert not old.exists()
    works(world)


@pytest.mark.parametrize("place", ["PIP_CONSTRAINT", "pip.conf"])
def test_pips_own_constraints_are_heeded(world: World, place: str) -> None:
    """The newest PyTorch would be refused when it is installed."""
    add_torch(world.wheels, "2.10.0")
    limits = world.folder.parent / "limits.txt"  # without spaces, at which pip splits
    limits.write_text("torch < 2.10\nnumpy < 2\n")
    more = {}
    if place == "pip.conf":
        (world.home / ".config/pip").mkdir(parents=True)
        (world.home / ".config/pip/pip.conf").write_text(f"[install]\nconstraint = {limits}\n")
        more["XDG_CONFIG_DIRS"] = str(world.home)  # this machine's own settings must not count
    else:
        more["PIP_CONSTRAINT"] = str(limits)
    done = world.install(**more)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "torch==2.9.0 " in done.stdout


def test_the_tested_versions_are_taken(world: World) -> None:
    tested = world.checkout / "installer" / "constraints.txt"
    setup = world.checkout / "setup.cfg"
    setup.write_text(setup.read_text().replace("torch >= 2.6", "torch >= 2.6\n    palette"))
    add_torch(world.wheels, "2.10.0")
    for version in ("1.0", "2.0"):
        add_wheel(world.wheels, "palette", version)

    def installed() -> set[str]:
        engine = world.engine()
        assert engine
        found = engine.glob("lib/python*/site-packages/*.dist-info")
        return {path.name.removesuffix(".dist-info") for path in found}

    tested.write_text("palette==1.0\ntorch==2.9.0\n")
    done = world.install()
    assert "[versions_untested]" not in done.stdout
    assert {"palette-1.0", "torch-2.9.0"} <= installed()
    assert world.install("upgrade").returncode == 0
    assert {"palette-2.0", "torch-2.10.0"} <= installed()
    assert "up to date" in world.install().stdout
    tested.write_text("palette==1.5\ntorch==2.8.0\n")
    world.set_version("2")
    done = world.install()
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("[versions_untested]") == 2
    assert {"palette-2.0", "torch-2.10.0"} <= installed()


def test_a_damaged_engine_is_made_anew(world: World) -> None:
    assert world.install().returncode == 0
    old = world.engine()
    assert old
    next(old.glob("lib/python*/site-packages/torch/__init__.py")).unlink()
    done = world.install()
    assert done.returncode == 0, done.stderr
    assert "is damaged" in done.stdout
    assert world.engine() != old
    works(world)


def test_a_wheel_of_ones_own_is_remembered(world: World) -> None:
    wheel = world.wheels / "torch-2.9.0-py3-none-any.whl"
    done = world.install("--torch", str(wheel))
    assert done.returncode == 0, done.stderr
    assert "up to date" in world.install().stdout
    assert "[file_missing]" in world.install("--torch", "nowhere.whl").stderr


def test_a_gpu_build_that_finds_no_gpu(world: World) -> None:
    done = world.install("--torch", "cu126")
    assert done.returncode == 1
    assert "[gpu_unused]" in done.stderr
    assert world.engine() is None
    add_torch(world.wheels, "2.10.0", devices=("cuda", "cpu"))
    assert world.install("--torch", "cu126").returncode == 0


GREY = proof.png(48, 36, lambda x, y: (0.5, 0.5, 0.5))
FAILURES = {
    "it does not start": {"broken": True},
    "it crashes": {"painting": "import os; os.abort()"},
    "it has no code for this card": {"painting": "sys.exit('HIP error: invalid device function')"},
    "it paints one colour": {"painting": f"open(output, 'wb').write({GREY})"},
    "its card is not found": {"devices": ("cpu",)},
    "the disk is too small": {"size": 10**15},
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_card_that_does_not_work_is_left_for_the_processor(world: World, failure: str) -> None:
    torch = dict(FAILURES[failure])
    world.add_card("rocm", torch.pop("size", 0))
    add_torch(world.wheels, "2.9.0+rocm6.4", **{"devices": ("cuda", "cpu"), **torch})
    add_torch(world.wheels, "2.9.0+cpu")
    done = world.install()
    assert done.returncode == 0, done.stdout + done.stderr
    (warning,) = [line for line in done.stdout.splitlines() if "[gpu_unused]" in line]
    expected = {"it crashes": "status -6", "it has no code for this card": "invalid device"}
    assert expected.get(failure, "") in warning
    assert "upgrade" in warning
    works(world)
    engine = world.engine()
    assert engine
    assert list((world.prefix / "engines").iterdir()) == [engine]
    looked = world.run("doctor")
    assert looked.returncode == 0
    assert "note   Graphics card: " in looked.stdout
    assert "up to date" in world.install().stdout


def test_a_build_of_ones_own_choice_is_not_replaced(world: World) -> None:
    add_torch(world.wheels, "2.9.0+rocm6.4", ("cuda", "cpu"), painting="sys.exit('no kernel')")
    done = world.install("--torch", "rocm")
    assert done.returncode == 1
    assert "no kernel" in done.stderr
    assert "[painting_failed]" in done.stderr
    assert world.engine() is None


def test_an_engine_that_fails_on_the_processor_too_tells_that(world: World) -> None:
    world.add_card("rocm")
    add_torch(world.wheels, "2.9.0+rocm6.4", ("cuda", "cpu"), painting="sys.exit('of the card')")
    add_torch(world.wheels, "2.9.0+cpu", painting="sys.exit('of the processor')")
    done = world.install()
    assert done.returncode == 1
    assert "of the card" in done.stdout
    assert "could not paint: of the processor" in done.stderr


def test_no_pytorch_anywhere(world: World) -> None:
    for wheel in world.wheels.iterdir():
        wheel.unlink()
    done = world.install()
    assert done.returncode == 1
    assert "[pytorch_missing]" in done.stderr
    assert "[pytorch_missing]" in world.run("--offline").stderr
    assert "Traceback" not in done.stderr
    assert "[file_missing]" in world.run("--offline", "--wheels", "/nowhere").stderr


def test_without_the_venv_module(world: World) -> None:
    """Debian's Python without python3-venv has no ensurepip."""
    hide = (
        "import importlib.util as u, runpy, sys; f = u.find_spec; "
        "u.find_spec = lambda n, *a: None if n == 'ensurepip' else f(n, *a); "
        "sys.argv = sys.argv[1:]; sys.path.insert(0, sys.argv[0]); "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", hide, str(world.checkout / "installer"), "--yes"],
        env=world.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"sudo apt install python{version}-venv" in done.stderr
    assert "[venv_missing]" in done.stderr


def test_two_installers(world: World) -> None:
    import fcntl

    world.prefix.mkdir(parents=True)
    with (world.prefix / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = world.install()
    assert done.returncode == 1
    assert "[installer_running]" in done.stderr


def test_prefix_elsewhere_and_a_read_only_home(world: World) -> None:
    (world.home / ".local").write_text("a file where a folder should be")
    done = world.install()
    assert done.returncode == 1
    assert "[cannot_write]" in done.stderr
    elsewhere = world.folder / "else where"
    done = world.install("--prefix", str(elsewhere))
    assert done.returncode == 0, done.stderr
    assert (elsewhere / "current.json").exists()


def mounted(options: str, folder: Path) -> list[str]:
    """Words before a command that give it a file system of its own on a folder."""
    script = f'mount -t tmpfs -o {options} tmpfs "$0" && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, str(folder)]


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounting needs root")
def test_real_read_only_home_and_full_disk(world: World) -> None:
    arguments = ("--yes", "--offline", "--wheels", str(world.wheels))
    done = world.run(*arguments, wrap=mounted("ro", world.home))
    assert done.returncode == 1
    assert "[cannot_write]" in done.stderr
    assert "Traceback" not in done.stderr
    for size in ("10m", "310m"):
        done = world.run(*arguments, wrap=mounted(f"size={size}", world.home))
        assert done.returncode == 1
        assert "[disk_full]" in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
