"""Paintings that were interrupted, in GIMP 3.0 and 3.2."""

import pytest

from .program import case_names

pytestmark = pytest.mark.gimp


@pytest.mark.parametrize("case", case_names("cases_interrupted"))
def test_interrupted(passes, case):
    passes("cases_interrupted", case)
