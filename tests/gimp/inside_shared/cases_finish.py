"""The new layer's opacity and mode, which the engine never sees; in every GIMP.

Python 2.7 runs it too.
"""

from helpers import (
    add_layer,
    finish_of,
    mistake_of,
    names_of,
    new_image,
    note_of,
    paint,
    pixels,
    plug_in,
    remove,
    rename,
    repeat,
    tattoo_of,
)

plug_in()
from arguments import FINISH, Choices, enum_name  # noqa: E402

MODES = FINISH[1]["choices"]


def picture(base="RGB"):
    image = new_image(20, 20, base)
    return image, add_layer(image, 20, 20)


def case_as_other_new_layers_unless_asked():
    image, source = picture()
    for layer in (paint(image, source), paint(image, source, mode="")):
        assert finish_of(layer) == (100.0, "NORMAL"), finish_of(layer)


def case_opacity_and_every_mode():
    for base in ("RGB", "GRAY"):
        image, source = picture(base)
        plain = pixels(paint(image, source))
        for number, mode in enumerate(MODES):
            layer = paint(image, source, opacity=10.0 + number, mode=mode)
            opacity, name = finish_of(layer)
            assert abs(opacity - 10.0 - number) < 1e-6, opacity
            assert name == enum_name(mode), (mode, name)
            assert pixels(layer) == plain, "they are not painted into the layer"


def case_repeat_brings_them_back():
    image, source = picture()
    layer = paint(image, source, opacity=40.0, mode="luminance", strength=70.0)
    settings = note_of(layer)["settings"]
    assert (settings["opacity"], settings["mode"]) == (40.0, "luminance"), settings
    again = repeat(image, layer)
    assert finish_of(again) == finish_of(layer) and finish_of(again)[1] == "LUMINANCE"
    assert note_of(again) == note_of(layer)


def case_repeat_lies_on_the_layer_that_it_repeats():
    """Below it nothing would change on the screen."""
    image, source = picture()
    layer = paint(image, source)
    rename(layer, "first")
    again = repeat(image, layer)
    rename(again, "again")
    assert names_of(image) == ["again", "first", "photo"], names_of(image)
    assert note_of(again)["source"] == tattoo_of(source)
    remove(image, source)
    rename(repeat(image, layer), "of the layer")
    assert names_of(image) == ["again", "of the layer", "first"], names_of(image)


def case_wrong_values_are_refused():
    image, source = picture()
    wrong = {"opacity": (100.5, -1.0), "mode": ("Normal", "legacy")}
    for name, values in wrong.items():
        for value in values:
            message = mistake_of(image, source, **{name: value})
            assert "[bad_settings]" in message, message
            assert message.startswith("%s is " % name), message


def case_the_engine_is_not_told():
    choices = Choices(values={"opacity": 30.0, "mode": "screen", "strength": 20.0})
    assert choices.finish() == {"opacity": 30.0, "mode": "screen"}
    assert not set(choices.collect()) & set(choices.finish())
    assert choices.collect()["strength"] == 20.0


class Pane(object):
    """A preview that is not wanted."""

    is_wanted = False

    def show_fraction(self, fraction):
        pass


class Dialog(object):
    preview = Pane()

    def show_status(self, text, may_paint):
        pass


class NotPainting(object):
    engine = problem = region = selected = None

    def look(self):
        pass

    def check_styles(self, styles):
        pass

    def check_masks(self):
        pass


def case_they_need_no_new_plan():
    from planning import Planning

    choices = Choices()
    planning = Planning(NotPainting(), choices, Dialog())
    planning.change()
    planning._planned = "as it was"
    choices.set("opacity", 20.0)
    planning.change()
    assert planning._planned == "as it was"
    choices.set("strength", 20.0)
    planning.change()
    assert planning._planned is None
