"""The file that finds and drives the engine: without GIMP, in this Python and in Python 2.7."""

import json
import ntpath
import os
import posixpath
import queue
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from installer import plugin

from .program import HERE, SHARED


def drive(run, python, folder):
    """Plan and paint one pixel with a Python; `run` runs a command with an environment."""
    folder = folder / "Größe 사진"
    folder.mkdir()
    engine = shutil.copy(HERE / "fake_engine.py", folder)
    (folder / "engine.json").write_text(json.dumps({"python": str(engine)}))
    call = [python, str(HERE / "drive_engine.py"), str(SHARED), str(folder)]
    done = run(call, {"PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C"})
    assert done.returncode == 0, done.stderr
    planned, painted, sentence = done.stdout.splitlines()
    assert planned == "(3000, 2000, 754.0)"
    assert "0.75, 0.5, 0.0, 0.5" in painted
    assert "[1, 2, 3, 4, 5]" in painted
    assert sentence == (
        "The engine of Neural Style has not answered for 60 seconds. "
        "Choose a smaller size, or try again. [engine_hanging]"
    )


def test_it_plans_and_paints(tmp_path):
    def run(call, environment):
        more = {**os.environ, **environment}
        return subprocess.run(
            call, env=more, capture_output=True, text=True, timeout=60, check=False
        )

    drive(run, sys.executable, tmp_path)


@pytest.mark.gimp
def test_it_plans_and_paints_in_python_27(gimp210):
    def run(call, environment):
        return gimp210.room.run(call, environment=environment)

    drive(run, "python2.7", gimp210.work)


COMPILE = """import sys
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        compile(file.read(), path, "exec")
"""


@pytest.mark.gimp
def test_python_27_reads_the_edition_for_gimp_210(gimp210):
    files = plugin.source_files(gimp210.edition)
    paths = [str(path) for name, path in files.items() if name.endswith(".py")]
    assert len(paths) > 20
    done = gimp210.room.run(["python2.7", "-c", COMPILE, *paths])
    assert done.returncode == 0, done.stderr
    # Python 2.7 refuses to import other files than such without a line about their encoding.
    assert all(Path(path).read_bytes().isascii() for path in paths)


class Clock:
    """Time as the plug-in sees it."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def silent(monkeypatch):
    """An engine that has said hello, works, and says nothing more; its clock; its messages."""
    monkeypatch.syspath_prepend(str(SHARED))
    import engine

    clock = Clock()
    monkeypatch.setattr(engine, "_clock", clock)
    driver = engine.Engine.__new__(engine.Engine)
    driver.silence, driver.hello_silence = engine.SILENCE_SECONDS, engine.HELLO_SECONDS
    driver.hello, driver.busy, driver._stray = {}, True, 0
    driver.hello = {"protocol": engine.PROTOCOL}
    driver._silence = driver._idle = 0.0
    driver._looked = clock.now
    driver._lines = queue.Queue()
    return driver, clock


def look(driver, clock, seconds, step=0.2, said=None):
    """Look at the engine every `step` seconds; `said` comes every ten."""
    for number in range(int(seconds / step)):
        clock.now += step
        if said and number % int(10 / step) == 0:
            driver._lines.put(said)
        driver.receive()


def test_silence_is_hanging(silent):
    from engine import SILENCE_SECONDS
    from messages import PluginError

    driver, clock = silent
    look(driver, clock, SILENCE_SECONDS - 5)
    with pytest.raises(PluginError, match="engine_hanging"):
        look(driver, clock, 10)


def test_a_computer_that_sleeps_is_not_hanging(silent):
    driver, clock = silent
    look(driver, clock, 60)
    clock.now += 8 * 3600  # the lid was closed
    look(driver, clock, 40)
    clock.now -= 8 * 3600  # Python 2.7 has only the clock on the wall, which may be set
    look(driver, clock, 5)


def test_signs_of_life_are_no_silence_but_not_enough_for_ever(silent):
    from engine import IDLE_SECONDS
    from messages import PluginError

    driver, clock = silent
    alive = b'{"type": "alive", "job": "a"}\n'
    look(driver, clock, IDLE_SECONDS - 100, said=alive)
    driver._lines.put(b'{"type": "progress", "job": "a"}\n')
    look(driver, clock, IDLE_SECONDS - 100, said=alive)
    with pytest.raises(PluginError, match="engine_hanging"):
        look(driver, clock, 200, said=alive)


def test_an_engine_without_work_may_be_silent(silent):
    driver, clock = silent
    driver.busy = False
    look(driver, clock, 1000)


@pytest.fixture
def start_fake(monkeypatch, tmp_path):
    """A function that starts a fake engine of a kind, with one that changes its kind later."""
    monkeypatch.syspath_prepend(str(SHARED))
    import engine

    mode_file = tmp_path / "mode"
    monkeypatch.setenv("FAKE_ENGINE", str(mode_file))
    note = {"python": str(HERE / "fake_engine.py")}
    (tmp_path / "engine.json").write_text(json.dumps(note))
    started = []

    def start(mode):
        mode_file.write_text(mode)
        started.append(engine.Engine(str(tmp_path), str(tmp_path / "log")))
        return started[0], mode_file.write_text

    yield start
    for driver in started:
        driver.stop()


def to_the_end(task):
    while not task.tick(0.1):
        pass
    assert task.result is not None
    return task.result


def plan(driver, width, height, **settings):
    from engine import Plan

    return Plan(driver, width, height, settings)


def test_an_engine_that_hangs_while_planning(start_fake):
    from messages import PluginError

    driver, _ = start_fake("hang_at_plan")
    driver.silence = 1.0
    with pytest.raises(PluginError, match="engine_hanging"):
        to_the_end(plan(driver, 60, 40))


def test_a_plan_begins_when_the_one_before_is_forgotten(start_fake):
    driver, change_mode = start_fake("slow_plan")
    first, second = plan(driver, 60, 40), plan(driver, 90, 30)
    while not driver.busy:
        first.tick(0.1)
    assert not second.tick(0.5)
    assert second.result is None
    first.cancel()
    change_mode("good")
    assert to_the_end(second)["width"] == 90
    assert first.result is None


def test_a_refused_plan(start_fake):
    from messages import PluginError

    driver, change_mode = start_fake("refuse")
    with pytest.raises(PluginError, match="conv9_9 is no layer"):
        to_the_end(plan(driver, 60, 40))
    change_mode("good")
    assert to_the_end(plan(driver, 60, 40))["height"] == 40


def test_a_plan_without_its_fields(start_fake):
    from messages import PluginError

    driver, _ = start_fake("broken_plan")
    with pytest.raises(PluginError, match="planned without device, width"):
        to_the_end(plan(driver, 60, 40))


def test_the_environment_is_cleaned(monkeypatch):
    monkeypatch.syspath_prepend(str(SHARED))
    import engine

    clean = engine.clean_environment(
        {
            "PYTHONHOME": "/x",
            "LD_PRELOAD": "/x.so",
            "APPDIR": "/tmp/.mount_gimp",
            "LD_LIBRARY_PATH": os.pathsep.join(["/tmp/.mount_gimp/usr/lib", "/opt/cuda/lib"]),
            "LANG": "ko_KR.UTF-8",
        }
    )
    assert clean["LD_LIBRARY_PATH"] == "/opt/cuda/lib"
    assert clean["LANG"] == "ko_KR.UTF-8"
    assert "PYTHONHOME" not in clean
    assert "LD_PRELOAD" not in clean


BUNDLES = [
    (
        "posix",
        "/usr",
        "/usr/lib:/usr:/usr2/lib:/opt/usr/lib:/usr/../opt/lib",
        "/usr2/lib:/opt/usr/lib:/usr/../opt/lib",
    ),
    (
        "posix",
        "/tmp/.mount_x/",
        "/tmp/.mount_x/usr/lib:/tmp/.mount_x:/tmp//.mount_x/lib:/tmp/.mount_xy",
        "/tmp/.mount_xy",
    ),
    (
        "nt",
        "C:\\Program Files\\GIMP 3",
        "c:/program files/GIMP 3/bin;C:\\Program Files\\GIMP 3;C:\\Program Files\\GIMP 3.2;D:\\x",
        "C:\\Program Files\\GIMP 3.2;D:\\x",
    ),
    (
        "nt",
        "C:/Program Files/GIMP 2",
        "C:\\Program Files\\GIMP 2\\bin;C:\\Program Files\\GIMP 2\\32\\bin;C:\\Windows",
        "C:\\Windows",
    ),
    ("nt", "C:/GIMP/", "C:\\GIMP\\bin;C:\\GIMPSHOP;", "C:\\GIMPSHOP;"),
]


@pytest.mark.parametrize(("system", "bundle", "before", "after"), BUNDLES)
def test_folders_of_the_bundle_leave_the_search_paths(monkeypatch, system, bundle, before, after):
    """Whole folders, however they are written."""
    monkeypatch.syspath_prepend(str(SHARED))
    import engine

    path = ntpath if system == "nt" else posixpath
    monkeypatch.setattr(engine, "os", SimpleNamespace(name=system, path=path, pathsep=path.pathsep))
    for clean in (
        engine.clean_environment({"APPDIR": bundle, "PATH": before}),
        engine.clean_environment({"PATH": before}, ["/elsewhere", bundle]),
    ):
        assert clean["PATH"] == after


def test_gimps_folder_of_libraries_is_not_inherited(monkeypatch):
    """On Windows; a stand-in for the system's library."""
    monkeypatch.syspath_prepend(str(SHARED))
    import ctypes

    import engine

    class Kernel:
        folder = None

        def GetDllDirectoryW(self, size, buffer):  # noqa: N802
            assert size == len(buffer)
            buffer.value = self.folder or ""

        def SetDllDirectoryW(self, folder):  # noqa: N802
            self.folder = folder

    kernel = Kernel()
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(engine, "os", SimpleNamespace(name="nt"))
    for folder in ("C:\\GIMP 2\\bin", None):
        kernel.folder = folder
        with engine._usual_libraries():
            assert kernel.folder is None
        assert kernel.folder == folder


def test_variables_of_another_python(monkeypatch, tmp_path):
    """The engine starts even where a prefix leads to an environment that is not cleaned."""
    monkeypatch.syspath_prepend(str(SHARED))
    import engine

    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text("raise SystemExit('a foreign numpy')")
    (tmp_path / "engine.json").write_text(json.dumps({"python": sys.executable}))
    command, _ = engine.find(str(tmp_path))
    for more in ({"PYTHONPATH": str(tmp_path)}, {"PYTHONHOME": "/nowhere"}):
        done = subprocess.run(
            [*command[:-1], "devices"],  # what loads everything, instead of the worker
            env={**os.environ, **more},
            cwd=tmp_path,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    clean = engine.clean_environment({"PYTHONWARNINGS": "error", "PYTHONINSPECT": "1", "A": "b"})
    assert clean == {"A": "b", "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}
