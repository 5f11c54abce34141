"""Several layers at once, in GIMP 3.0 and 3.2; the cases run inside GIMP (inside/)."""

import pytest

from .program import case_names

pytestmark = pytest.mark.gimp


@pytest.mark.parametrize("case", case_names("cases_several"))
def test_several_layers(passes, case):
    passes("cases_several", case)
