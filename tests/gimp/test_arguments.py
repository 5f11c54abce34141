"""The procedure's arguments and the dialog's form, in GIMP 3.0 and 3.2 (inside/)."""

import json

import pytest

from .program import SHARED, case_names


@pytest.mark.gimp
@pytest.mark.parametrize("case", case_names("cases_arguments"))
def test_arguments(passes, case):
    passes("cases_arguments", case)


@pytest.mark.gimp
@pytest.mark.parametrize("case", case_names("cases_sliders"))
def test_sliders(passes, case):
    passes("cases_sliders", case)


@pytest.mark.gimp
@pytest.mark.parametrize("case", case_names("cases_form"))
def test_form(passes, case):
    passes("cases_form", case)


def test_the_shipped_settings_are_the_engines():
    from neural_style.settings import describe

    shipped = json.loads((SHARED / "settings.json").read_text(encoding="utf-8"))
    assert shipped == json.loads(json.dumps(describe())), "run python3 tests/readme.py"
