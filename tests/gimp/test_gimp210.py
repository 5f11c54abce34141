"""The edition for GIMP 2.10 in the real one; the cases run inside it (inside210, inside_shared)."""

import pytest

from .program import Gimp210, case_names

pytestmark = pytest.mark.gimp

MODULES = """cases_layers cases_finish cases_colours cases_meanwhile cases_arguments cases_form
    cases_sliders cases_failures cases_styles cases_style_list cases_variations cases_parts
    cases_gallery cases_background cases_masks cases_planning cases_interrupted""".split()


def cases(*modules):
    return [(module, case) for module in modules for case in case_names(module, Gimp210)]


@pytest.mark.parametrize(("module", "case"), cases(*MODULES))
def test_case(passes210, module, case):
    passes210(module, case)


@pytest.fixture
def real_engine(gimp210, monkeypatch):
    gimp210.use_real_engine()
    # As packages of GIMP for other systems do, for their Python 2.7; PYTHONPATH GIMP sets itself.
    monkeypatch.setitem(gimp210.environment, "PYTHONHOME", "/usr")


@pytest.mark.usefixtures("real_engine")
@pytest.mark.parametrize("case", case_names("cases_real_engine", Gimp210))
def test_real_engine(passes210, case):
    passes210("cases_real_engine", case)
