"""Style pictures in GIMP 3.0 and 3.2: where they come from, the dialog's list, those at hand."""

import pytest

from .program import case_names

pytestmark = pytest.mark.gimp


@pytest.mark.parametrize("case", case_names("cases_styles"))
def test_style(passes, case):
    passes("cases_styles", case)


@pytest.mark.parametrize("case", case_names("cases_style_list"))
def test_list(passes, case):
    passes("cases_style_list", case)


@pytest.mark.parametrize("case", case_names("cases_gallery"))
def test_at_hand(passes, case):
    passes("cases_gallery", case)


@pytest.mark.parametrize("case", case_names("cases_strip"))
def test_strip(passes, case):
    passes("cases_strip", case)
