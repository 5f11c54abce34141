"""Failures of the engine, in GIMP 3.0 and 3.2 (inside_shared/cases_failures.py)."""

import pytest

from .program import case_names

pytestmark = pytest.mark.gimp


@pytest.mark.parametrize("case", case_names("cases_failures"))
def test_failure(passes, case):
    passes("cases_failures", case)
