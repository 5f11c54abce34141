"""The dialog's widgets, without a window: what is changed in them arrives in the choices."""

import pygtk

from helpers import add_layer, new_image, painting_of, plug_in

plug_in()
pygtk.require("2.0")
import gtk  # noqa: E402

import arguments  # noqa: E402
import form  # noqa: E402
import lastvalues  # noqa: E402
from form_checks import check_digits  # noqa: E402
from sliders import SLIDERS  # noqa: E402
from style_list import StyleList  # noqa: E402
from words import SHOWN  # noqa: E402


def made():
    """Choices, their form, and a list that grows with each change."""
    choices, changes = arguments.Choices(), []
    widgets = form.Form(choices, lambda: changes.append(None))
    widgets.offer_networks(["compact", "vgg19"])
    return choices, widgets, changes


def change(widgets, name):
    """Change a setting's widget; returns what the setting should be now."""
    setting, widget = arguments.BY_NAME[name], widgets.widgets[name]
    if name == "network" or "choices" in setting:
        known = setting.get("choices", ["compact", "vgg19"])
        wanted = [one for one in known if one != widgets._choices.effective(name)][-1]
        widget.set_active(known.index(wanted))
        return wanted
    if arguments.is_number(name):
        wanted = setting["minimum"] + (3 if setting["type"] == "integer" else 0.25)
        if name in SLIDERS:
            widget.set_value(0.5 if name == "style_scale" else 77.0)
            return 2.0 if name == "style_scale" else 77.0
        widget.set_value(wanted)
        return wanted
    widget.set_text("conv1_1:2")
    return b"conv1_1:2".decode("ascii")


def case_every_widget_changes_its_setting():
    choices, widgets, changes = made()
    assert not changes, "showing is no change"
    for name in SHOWN:
        count = len(changes)
        wanted = change(widgets, name)
        got = choices.get(name)
        assert got == wanted and type(got) is type(wanted), (name, got, wanted)
        assert len(changes) > count, name


def case_numbers_have_the_digits_that_they_need():
    _choices, widgets, _changes = made()
    check_digits(widgets.widgets)


def case_a_new_preset_decides_anew():
    choices, widgets, _changes = made()
    change(widgets, "steps")
    change(widgets, "strength")
    assert choices.get("steps") == 4
    widgets.widgets["preset"].set_active(0)
    assert choices.get("preset") == "draft"
    assert choices.get("steps") == arguments.OPEN_NUMBER
    assert choices.get("strength") == 77.0, "no preset changes it"
    steps = arguments.PRESETS["draft"]["steps"]
    assert widgets.widgets["steps"].get_value() == steps


def case_a_network_that_is_not_installed_is_shown():
    choices = arguments.Choices()
    choices.set("network", "/there/vgg.safetensors")
    widgets = form.Form(choices, lambda: None)
    widgets.offer_networks(["compact"])
    combo = widgets.widgets["network"]
    assert combo.get_active_text() == "vgg.safetensors"
    assert choices.get("network") == "/there/vgg.safetensors"


def case_last_values_come_back():
    choices, widgets, _changes = made()
    for name in SHOWN:
        change(widgets, name)
    choices.choose_styles(["file:///tmp/style%20%ED%95%9C.png", "pattern:Pine"], [100.0, 30.0])
    lastvalues.save(choices)
    again = lastvalues.load()
    assert again.styles == choices.styles
    for name in arguments.BY_NAME:
        assert again.get(name) == choices.get(name), name


def case_styles_at_hand_are_in_the_menu():
    """But for what can be chosen in GIMP 3 only."""
    image = new_image(20, 20)
    painting = painting_of(image, add_layer(image, 20, 20))
    try:
        styles = StyleList(arguments.Choices(), painting, lambda: None, None)
        styles._menu = gtk.Menu()
        styles._append_at_hand()
        labels = [item.get_child().get_text() for item in styles._menu.get_children()]
        assert labels == ["Last used", "Comes with it"], labels
    finally:
        painting.close()
