"""What the forms of all editions have in common. Python 2.7 can run it."""


def check_digits(widgets):
    """Each number has the digits that it needs, also after the artist has left it."""
    assert widgets["memory"].get_text() == "automatic"
    for name, value, text in (
        ("memory", 1.5, "1.5"),
        ("memory", 0, "automatic"),
        ("content_weight", 0.05, "0.05"),
        ("content_weight", 3e-06, "3e-06"),
        ("size_ratio", 2, "2.000"),
    ):
        spin = widgets[name]
        spin.set_value(value)
        assert spin.get_text() == text, (name, spin.get_text())
        spin.update()  # as when the artist leaves it
        assert spin.get_value() == value, (name, spin.get_value())
