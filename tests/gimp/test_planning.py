"""What goes on beside the dialog, in GIMP 3.0 and 3.2 (inside_shared/)."""

import pytest

from .program import case_names

pytestmark = pytest.mark.gimp


@pytest.mark.parametrize("case", case_names("cases_planning"))
def test_planning(passes, case):
    passes("cases_planning", case)


@pytest.mark.parametrize("case", case_names("cases_background"))
def test_background(passes, case):
    passes("cases_background", case)
