"""The dialog's widgets, without a window: what is changed in them arrives in GIMP's config."""

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gimp  # noqa: E402

from helpers import add_layer, gtk_ready, new_image, painting_of  # noqa: E402

gtk_ready()
import arguments  # noqa: E402
import form  # noqa: E402
from choices import ConfigChoices  # noqa: E402
from form_checks import check_digits  # noqa: E402
from preview import Preview  # noqa: E402
from sliders import SLIDERS  # noqa: E402
from words import SHOWN  # noqa: E402


def made():
    """Choices in a config, their form, and a list that grows with each change."""
    config = Gimp.get_pdb().lookup_procedure("plug-in-neural-style").create_config()
    choices, changes = ConfigChoices(config, new_image(20, 20)), []
    widgets = form.Form(choices, lambda: changes.append(None))
    widgets.offer_networks(["compact", "vgg19"])
    return choices, widgets, changes


def change(choices, widgets, name):
    """Change a setting's widget; returns what the setting should be now."""
    setting, widget = arguments.BY_NAME[name], widgets.widgets[name]
    if name == "network" or "choices" in setting:
        known = setting.get("choices", ["compact", "vgg19"])
        wanted = [one for one in known if one != choices.effective(name)][-1]
        widget.set_active_id(wanted)
        return wanted
    if arguments.is_number(name):
        wanted = setting["minimum"] + (3 if setting["type"] == "integer" else 0.25)
        if name in SLIDERS:
            widget.set_value(0.5 if name == "style_scale" else 77.0)
            return 2.0 if name == "style_scale" else 77.0
        widget.set_value(wanted)
        return wanted
    widget.set_text("conv1_1:2")
    return "conv1_1:2"


def case_every_widget_changes_its_setting():
    choices, widgets, changes = made()
    assert not changes, "showing is no change"
    for name in SHOWN:
        count = len(changes)
        wanted = change(choices, widgets, name)
        assert choices.get(name) == wanted, (name, choices.get(name), wanted)
        assert len(changes) > count, name


def case_numbers_have_the_digits_that_they_need():
    _choices, widgets, _changes = made()
    check_digits(widgets.widgets)


def case_a_new_preset_decides_anew():
    choices, widgets, _changes = made()
    change(choices, widgets, "steps")
    change(choices, widgets, "strength")
    assert choices.get("steps") == 4
    widgets.widgets["preset"].set_active_id("draft")
    assert choices.get("steps") == arguments.OPEN_NUMBER
    assert choices.get("strength") == 77.0, "no preset changes it"
    steps = arguments.PRESETS["draft"]["steps"]
    assert widgets.widgets["steps"].get_value() == steps


def case_faces_are_outlined_on_their_own_picture():
    image = new_image(40, 30)
    painting = painting_of(image, add_layer(image, 40, 30))
    pane = Preview(lambda: None, lambda: None, lambda: None)
    try:
        content = painting.write_part(painting.part_to_show({}))
        pane.show_photo(content)
        pane.show_faces([(4.0, 5.0, 12.0)], content)
        pane.show_painted(content)
        assert pane._faces == ([(4.0, 5.0, 12.0)], 40)
        pane.show_photo(content)
        assert pane._faces[0] == [], "those of the picture before"
    finally:
        painting.close()
