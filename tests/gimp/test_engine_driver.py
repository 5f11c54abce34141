"""The file that finds and drives the engine: without GIMP, and in Python 2.7 if there is one."""

import json
import ntpath
import os
import posixpath
import queue
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from .program import HERE, PLUGIN


def python27():
    """A Python 2.7 that really runs (a shim may stand for one that is not installed)."""
    program = shutil.which("python2.7")
    if program:
        for environment in ({}, {"PYENV_VERSION": "2.7.18"}):
            done = subprocess.run([program, "-V"], env={**os.environ, **environment}, check=False)
            if done.returncode == 0:
                return [program], environment
    return None


@pytest.mark.parametrize("version", ["3", "2.7"])
def test_it_paints(tmp_path, version):
    found = ([sys.executable], {}) if version == "3" else python27()
    if found is None:
        pytest.skip("there is no Python 2.7 here")
    command, more = found
    environment = {**os.environ, **more, "NEURAL_STYLE_PYTHON": str(HERE / "fake_engine.py")}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    call = [*command, str(HERE / "drive_engine.py"), str(PLUGIN), str(tmp_path)]
    done = subprocess.run(
        call, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    painted, sentence = done.stdout.splitlines()
    assert "0.75, 0.5, 0.0, 0.5" in painted
    assert "[1, 2, 3, 4, 5]" in painted
    assert sentence == (
        "The engine of Neural Style has not answered for 60 seconds. "
        "Choose a smaller size, or try again. [engine_hanging]"
    )


class Clock:
    """Time as the plug-in sees it."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def silent(monkeypatch):
    """An engine that has said hello, works, and says nothing more; its clock; its messages."""
    monkeypatch.syspath_prepend(str(PLUGIN))
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


def test_the_environment_is_cleaned(monkeypatch):
    monkeypatch.syspath_prepend(str(PLUGIN))
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
    ("nt", "C:/GIMP/", "C:\\GIMP\\bin;C:\\GIMPSHOP;", "C:\\GIMPSHOP;"),
]


@pytest.mark.parametrize(("system", "bundle", "before", "after"), BUNDLES)
def test_folders_of_the_bundle_leave_the_search_paths(monkeypatch, system, bundle, before, after):
    """Whole folders, however they are written."""
    monkeypatch.syspath_prepend(str(PLUGIN))
    import engine

    path = ntpath if system == "nt" else posixpath
    monkeypatch.setattr(engine, "os", SimpleNamespace(name=system, path=path, pathsep=path.pathsep))
    monkeypatch.setattr(sys, "prefix", bundle)
    clean = engine.clean_environment({"APPDIR": bundle, "PATH": before})
    assert clean["PATH"] == after


def test_variables_of_another_python(monkeypatch, tmp_path):
    """The engine starts even where a prefix leads to an environment that is not cleaned."""
    monkeypatch.syspath_prepend(str(PLUGIN))
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


def test_the_expected_time_follows_the_engines_schedule(monkeypatch):
    """The work that estimate.py expects is what the engine plans."""
    monkeypatch.syspath_prepend(str(PLUGIN))
    import estimate
    from neural_style import schedule
    from neural_style.settings import parse_settings

    for width, height, preset in [(640, 480, "standard"), (3000, 2000, "fine"), (100, 40, "draft")]:
        settings = parse_settings({"preset": preset})
        stages = schedule.stages(width, height, settings)
        planned = sum(stage.steps * schedule.work(stage) for stage in stages) / 1e6
        expected = estimate.work(width, height, settings.model_dump())
        assert expected == pytest.approx(planned, rel=0.05)
    finish = schedule.FINISHING_STEPS * schedule.work(schedule.Stage(3000, 2000, 1)) / 1e6
    assert estimate.finishing(600, 400, 3000, 2000) == pytest.approx(finish)
    assert estimate.finishing(600, 400, 600, 400) == 0
