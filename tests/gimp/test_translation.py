"""The catalogues are complete, without rests, and compiled, and GIMP shows them."""

import sys

import pytest

from .program import ROOT, SHARED

sys.path.insert(0, str(ROOT / "plugin" / "po"))
import catalogues

CATALOGUES = sorted(catalogues.HERE.glob("*.po"))


@pytest.mark.parametrize("po", CATALOGUES, ids=lambda po: po.stem)
def test_catalogue_is_complete(po):
    known = catalogues.read(po)
    assert [text for text in catalogues.texts() if not known.get(text)] == []
    assert known.keys() - {""} <= set(catalogues.texts())
    for text, translation in known.items():
        for name in (
            "{detail}",
            "{name}",
            "{time}",
            "{step}",
            "{total}",
            "{n}",
            "{path}",
            "{open}",
            "{size}",
            "{percent}",
        ):
            assert (name in text) == (name in translation), (text, translation)


@pytest.mark.parametrize("po", CATALOGUES, ids=lambda po: po.stem)
def test_catalogue_is_compiled(po):
    assert catalogues.catalogue(po).read_bytes() == catalogues.compiled(catalogues.read(po)), (
        "run plugin/po/catalogues.py"
    )
    assert catalogues.catalogue(po).is_relative_to(SHARED)


@pytest.mark.gimp
def test_an_error_in_korean(gimp):
    code = (
        "image = Gimp.Image.new(9, 9, Gimp.ImageBaseType.RGB)\n"
        "config = Gimp.get_pdb().lookup_procedure('plug-in-neural-style').create_config()\n"
        "config.set_property('image', image)\n"
        "config.set_core_object_array('drawables', [])\n"
        "raise RuntimeError(config.get_procedure().run(config).index(1))"
    )
    said = gimp.batch(code, LANG="ko_KR.UTF-8", LANGUAGE="ko").stderr
    assert "레이어 하나를 선택하세요" in said
