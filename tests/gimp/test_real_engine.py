"""The plug-in with the project's own engine, in GIMP 3.0 and 3.2 (inside_shared)."""

import pytest

from .program import case_names

pytestmark = pytest.mark.gimp


@pytest.fixture(autouse=True)
def _the_real_engine(gimp):
    gimp.use_real_engine()
    yield
    gimp.use_fake_engine()


@pytest.mark.parametrize("case", case_names("cases_real_engine"))
def test_real_engine(passes, case):
    passes("cases_real_engine", case)
