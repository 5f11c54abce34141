"""The file that finds and drives the engine: without GIMP, and in Python 2.7 if there is one."""

import os
import shutil
import subprocess
import sys

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


def test_the_expected_time_follows_the_engines_schedule(monkeypatch):
    """The work that estimate.py expects is what the engine plans."""
    monkeypatch.syspath_prepend(str(PLUGIN))
    import estimate
    from neural_style import schedule, studio
    from neural_style.settings import parse_settings

    for width, height, preset in [(640, 480, "standard"), (3000, 2000, "fine"), (100, 40, "draft")]:
        settings = parse_settings({"preset": preset})
        stages = schedule.stages(width, height, settings)
        planned = sum(stage.steps * schedule.work(stage) for stage in stages) / 1e6
        expected = estimate.work(width, height, settings.model_dump())
        assert expected == pytest.approx(planned, rel=0.05)
    finish = studio.FINISHING_STEPS * schedule.work(schedule.Stage(3000, 2000, 1)) / 1e6
    assert estimate.finishing(600, 400, 3000, 2000) == pytest.approx(finish)
    assert estimate.finishing(600, 400, 600, 400) == 0
