"""The edition for GIMP 2.10 in the real one; the cases run inside it (inside210, inside_shared)."""

import pytest

from .program import Gimp210, case_names

pytestmark = pytest.mark.gimp
FAKE = ["cases_layers", "cases_arguments", "cases_failures"]


def cases(*modules):
    return [(module, case) for module in modules for case in case_names(module, Gimp210)]


@pytest.mark.parametrize(("module", "case"), cases(*FAKE))
def test_case(passes210, module, case):
    passes210(module, case)


@pytest.mark.parametrize("case", case_names("cases_real_engine", Gimp210))
def test_real_engine(gimp210, passes210, case):
    gimp210.use_real_engine()
    passes210("cases_real_engine", case)
