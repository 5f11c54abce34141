"""The new layer, in both GIMP versions; the cases run inside GIMP (inside/cases_layers.py)."""

import pytest

from .program import case_names

pytestmark = pytest.mark.gimp


@pytest.mark.parametrize("case", case_names("cases_layers"))
def test_layer(passes, case):
    passes("cases_layers", case)
