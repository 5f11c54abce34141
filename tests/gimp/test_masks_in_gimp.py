"""Protection and regions, in GIMP 3.0 and 3.2 (inside_shared/cases_masks.py), and the dialog's
rows for them (inside/cases_masks_form.py)."""

import pytest

from .program import case_names

pytestmark = pytest.mark.gimp


@pytest.mark.parametrize("case", case_names("cases_masks"))
def test_masks(passes, case):
    passes("cases_masks", case)


@pytest.mark.parametrize("case", case_names("cases_masks_form"))
def test_form(passes, case):
    passes("cases_masks_form", case)
