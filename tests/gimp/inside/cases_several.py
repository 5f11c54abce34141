"""Several layers in one call, with one engine."""

import os

from gi.repository import Gimp

from cases_layers import check_painted
from helpers import add_layer, call, fails, new_image, paint, picture_of

LOG = os.path.join(Gimp.directory(), "neural-style.log")


def engines_started():
    with open(LOG) as file:
        return file.read().count("worker'")


def two_images():
    pairs = []
    for width in (40, 50):
        image = new_image(width, 30)
        pairs.append((image, add_layer(image, width, 30)))
    return pairs


def case_layers_of_several_images_need_one_engine():
    (one, below), (two, source) = two_images()
    above = add_layer(one, 20, 20, offset=(3, 4))
    paint(one, below)
    before = engines_started()
    status, last = call(one, [below, above, source])
    assert status == Gimp.PDBStatusType.SUCCESS, last
    assert engines_started() == before + 1
    check_painted(above, one.get_layers()[0], 1 / 255)
    check_painted(source, two.get_layers()[0], 1 / 255)
    assert last.get_image().get_id() == two.get_id()
    assert [len(image.get_layers()) for image in (one, two)] == [5, 2]


def case_one_that_cannot_be_painted_is_told_before_any_is():
    (one, first), (two, second) = two_images()
    two.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.WEB, 0, 0, 0, "")
    before = picture_of(two)
    assert "indexed" in fails(one, [first, second], "CALLING_ERROR")
    assert picture_of(two) == before


def case_repeat_and_continue_want_one():
    image = new_image(40, 30)
    layer = paint(image, add_layer(image, 40, 30))
    message = fails(image, [layer, layer], "CALLING_ERROR", name="plug-in-neural-style-repeat")
    assert "exactly one layer" in message
