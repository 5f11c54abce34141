"""Where on a slider a setting's value is; in every GIMP, as Python 2.7 runs it too."""

from helpers import plug_in

plug_in()
import sliders  # noqa: E402


def case_stroke_size_is_logarithmic_with_its_default_in_the_middle():
    places = [-1.0, -0.5, 0.0, 0.5, 1.0]
    values = [sliders.value_at("style_scale", place) for place in places]
    assert values == [0.1, 0.32, 1.0, 2.0, 4.0], values
    texts = [sliders.text_at("style_scale", place) for place in places]
    assert texts == ["0.10", "0.32", "1.00", "2.00", "4.00"], texts


def case_every_step_moves_and_comes_back():
    """Also where rounding moves the slider a little."""
    for name in sliders.SLIDERS:
        first, last, step = sliders.span(name)
        value = sliders.value_at(name, first)
        count = 0
        while sliders.place(name, value) + step <= last:
            after = sliders.value_at(name, sliders.place(name, value) + step)
            back = sliders.value_at(name, sliders.place(name, after) - step)
            assert after > value > after - 0.21 * abs(after) - 1.0, (name, value, after)
            assert abs(back - value) <= 0.0101, (name, value, back)
            value, count = after, count + 1
        assert count > 30, (name, count)


def case_whole_numbers_stay_as_they_are():
    assert sliders.value_at("strength", 70) == sliders.place("strength", 70.0) == 70.0
    assert sliders.text_at("opacity", 35.0) == "35"
