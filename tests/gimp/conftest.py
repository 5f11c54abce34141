"""GIMP for the tests: each version is set up once, with the plug-in and the fake engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from required import REQUIRED

from . import lab
from .program import VERSIONS, Gimp, Gimp210

WINDOWS = pytest.mark.flaky(reruns=1)
"""For tests that press keys, one of which a busy machine may lose all the same (see `Ui.settle`):
what fails is tried once more, and told as RERUN; the first time's screenshot stays."""


def no_gimp(version: str, error: lab.LabError) -> NoReturn:
    """End a test for which there is no GIMP: in failure where one is required."""
    if os.environ.get("NEURAL_STYLE_REQUIRE_GIMP") == "1":
        pytest.fail(f"GIMP {version} {REQUIRED}: {error}", pytrace=False)
    pytest.skip(f"NO GIMP {version}, SO THE PLUG-IN IS NOT TESTED IN IT: {error}")


@contextmanager
def prepared(version: str, work: Path, screen: str = lab.SCREEN) -> Iterator[Gimp]:
    """A GIMP of that version with the plug-in, whose files lie in `work`; `screen` is GIMP 3's."""
    try:
        one = Gimp210(work) if version == "2.10" else Gimp(version, work, screen)
    except lab.LabError as error:
        no_gimp(version, error)
    yield one
    one.room.close()


@pytest.fixture(scope="session", params=VERSIONS)
def gimp(request, tmp_path_factory):
    with prepared(request.param, tmp_path_factory.mktemp(f"gimp-{request.param}")) as one:
        yield one


@pytest.fixture(scope="session")
def gimp210(tmp_path_factory):
    with prepared("2.10", tmp_path_factory.mktemp("gimp-2.10")) as one:
        yield one


@pytest.fixture(autouse=True)
def _a_good_engine(request):
    """Each test begins with a fake engine that behaves."""
    for name in {"gimp", "gimp210"} & set(request.fixturenames):
        request.getfixturevalue(name).use_fake_engine()


@pytest.fixture
def passes(gimp):
    """A function that fails the test if a case did not pass inside GIMP."""
    return partial(check_case, gimp)


@pytest.fixture
def passes210(gimp210):
    """The same in GIMP 2.10."""
    return partial(check_case, gimp210)


def check_case(gimp: Gimp, module: str, case: str) -> None:
    ran = gimp.cases(module)
    if case not in ran["results"]:
        pytest.fail(f"{case} did not run; GIMP said:\n{ran['output'][-4000:]}")
    if ran["results"][case]:
        pytest.fail(ran["results"][case], pytrace=False)
