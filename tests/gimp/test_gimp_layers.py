"""The new layer, in GIMP 3.0 and 3.2; the cases run inside GIMP (inside/, inside_shared/)."""

import pytest

from .program import case_names

pytestmark = pytest.mark.gimp


@pytest.mark.parametrize("case", case_names("cases_layers"))
def test_layer(passes, case):
    passes("cases_layers", case)


@pytest.mark.parametrize("case", case_names("cases_finish"))
def test_finish(passes, case):
    passes("cases_finish", case)
