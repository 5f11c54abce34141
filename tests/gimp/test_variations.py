"""Nine pictures over two settings, in GIMP 3.0 and 3.2; their window is in test_interface.py."""

import pytest

from .program import case_names

pytestmark = pytest.mark.gimp


@pytest.mark.parametrize("case", case_names("cases_variations"))
def test_variations(passes, case):
    passes("cases_variations", case)
