"""GIMP for the tests: each version is set up once, with the plug-in and the fake engine."""

from __future__ import annotations

import os

import pytest

from . import lab
from .program import VERSIONS, Gimp


@pytest.fixture(scope="session", params=VERSIONS)
def gimp(request, tmp_path_factory):
    try:
        one = Gimp(request.param, tmp_path_factory.mktemp(f"gimp-{request.param}"))
    except lab.LabError as error:
        if os.environ.get("NEURAL_STYLE_REQUIRE_GIMP") == "1":
            pytest.fail(f"GIMP {request.param} is required: {error}")
        pytest.skip(f"NO GIMP {request.param}, SO THE PLUG-IN IS NOT TESTED IN IT: {error}")
    yield one
    one.room.close()


@pytest.fixture(autouse=True)
def _a_good_engine(request):
    """Each test begins with a fake engine that behaves."""
    if "gimp" in request.fixturenames:
        request.getfixturevalue("gimp").use_fake_engine()


@pytest.fixture
def passes(gimp):
    """A function that fails the test if a case did not pass inside GIMP."""

    def check(module: str, case: str) -> None:
        ran = gimp.cases(module)
        if case not in ran["results"]:
            pytest.fail(f"{case} did not run; GIMP said:\n{ran['output'][-4000:]}")
        if ran["results"][case]:
            pytest.fail(ran["results"][case], pytrace=False)

    return check
