"""Previews of a part and going on with a layer, in GIMP 3.0 and 3.2."""

import pytest

from .program import case_names

pytestmark = pytest.mark.gimp


@pytest.mark.parametrize("case", case_names("cases_parts"))
def test_part(passes, case):
    passes("cases_parts", case)
