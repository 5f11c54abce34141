"""Arguments: what is passed on to the engine, and what is refused."""

import json

from gi.repository import Gimp, Gio

from helpers import (
    add_channel,
    add_layer,
    add_mask,
    call,
    fails,
    new_image,
    note_of,
    paint,
    plug_in,
    select,
    style_file,
)

NAME = "plug-in-neural-style"


def remembered(layer):
    return note_of(layer)["settings"]


def picture():
    image = new_image(20, 20)
    return image, add_layer(image, 20, 20)


def case_every_setting_is_an_argument():
    import os

    import helpers

    path = os.path.join(helpers.WORK, "config", "plug-ins", "neural-style", "settings.json")
    with open(path) as file:
        settings = [entry["name"] for entry in json.load(file)["settings"]]
    procedure = Gimp.get_pdb().lookup_procedure(NAME)
    names = [argument.name for argument in procedure.get_arguments()]
    wanted = [name.replace("_", "-") for name in [*settings, "opacity", "mode"]]
    assert names == [
        "run-mode",
        "image",
        "drawables",
        "style",
        "styles",
        "protect",
        "regions",
        *wanted,
    ], names
    returned = [value.value_type.name for value in procedure.get_return_values()]
    assert returned == ["GimpLayer"], returned


def case_defaults_leave_the_preset_its_say():
    image, source = picture()
    values = remembered(paint(image, source))
    assert values["preset"] == "standard" and values["strength"] == 50.0, values
    assert "steps" not in values and "formula" not in values, values
    assert "style_layers" not in values and "blend" not in values, values


def case_explicit_values_arrive():
    image, source = picture()
    given = {
        "preset": "gatys2015",
        "strength": 12.5,
        "faces": 30.0,
        "network": "vgg19",
        "size": 640,
        "colours": "photo",
        "steps": 7,
        "learning_rate": 0.5,
        "optimiser": "adam",
        "style_layers": "conv1_1:2,conv4_1",
        "seed": 2**31 - 1,
        "averaging": 0.0,
    }
    values = remembered(paint(image, source, **given))
    for name, value in given.items():
        assert values[name] == value, (name, values)


def case_out_of_range_is_an_error():
    image, source = picture()
    wrong = {
        "strength": (100.5, -1.0, 1e14),
        "faces": (100.5, -0.5),
        "size": (-1, 30001, 2**31 - 1),
        "style_scale": (0.0, 4.1),
        "seed": (-5,),
        "steps": (0, -2, 100001),
        "learning_rate": (-0.5, 11.0),
        "averaging": (1.5,),
        "colours": ("blue", "Painting"),
        "device": ("gpu",),
        "preset": ("best",),
    }
    for name, values in wrong.items():
        for value in values:
            message = fails(image, [source], "CALLING_ERROR", **{name: value})
            assert "[bad_settings]" in message and name in message, message
            assert ".." not in message, message


def case_engines_own_refusal_is_passed_on():
    import helpers

    image, source = picture()
    helpers.engine("refuse")
    message = fails(image, [source], "CALLING_ERROR", style_layers="conv9_9")
    assert message.startswith("style_layers: conv9_9 is no layer. "), message


def case_last_values():
    image, source = picture()
    # Without earlier values there is no style picture, and no way to ask for one.
    status, answer = call(image, [source], run_mode=Gimp.RunMode.WITH_LAST_VALS, style=None)
    assert status == Gimp.PDBStatusType.CALLING_ERROR and "[style_missing]" in answer, answer


def case_style_pictures_in_the_config():
    plug_in()
    from choices import ConfigChoices

    config = Gimp.get_pdb().lookup_procedure(NAME).create_config()
    choices = ConfigChoices(config, new_image(20, 20))
    file = style_file().get_uri()
    for references in ([], [file], [file, "pattern:Pine"], ["pattern:Pine", file], ["layer:3"]):
        choices.choose_styles(references, [float(n) for n in range(1, len(references) + 1)])
        assert choices.styles == references, choices.styles
    choices.choose_styles([file, "pattern:Pine"], [100.0, 50.0])
    assert config.get_property("style").get_uri() == file
    assert config.get_property("styles") == "pattern:Pine"
    assert config.get_property("blend") == "100,50"


def case_slashes_too_many_are_the_same_style_picture():
    """As GIMP 3.2 remembers a file."""
    plug_in()
    from choices import ConfigChoices

    config = Gimp.get_pdb().lookup_procedure(NAME).create_config()
    choices = ConfigChoices(config, new_image(20, 20))
    for uri in ("file:///a/b.png", "file:////a/b.png", "file://///a/b.png"):
        config.set_property("style", Gio.File.new_for_uri(uri))
        assert choices.styles == ["file:///a/b.png"], choices.styles


def case_wrong_layers():
    image, source = picture()
    for drawables in ([], [source, image.get_selection()], [image.get_selection()]):
        message = fails(image, drawables, "CALLING_ERROR")
        assert "layer" in message, message


def case_protect_is_any_drawable():
    """A script's drawable becomes a reference, which the layer remembers."""
    image, source = picture()
    channel = add_channel(image, "face", (2, 3, 9, 8))
    select(image, 2, 3, 9, 8)
    add_mask(source)
    for drawable, text in (
        (channel, f"protect:channel:{channel.get_tattoo()}#face"),
        (source, f"protect:layer:{source.get_tattoo()}#photo"),
        (source.get_mask(), f"protect:mask:{source.get_tattoo()}#photo"),
        (image.get_selection(), "protect:selection:"),
    ):
        layer = paint(image, source, protect=drawable)
        assert note_of(layer)["masks"] == text, note_of(layer)
        image.remove_layer(layer)


def case_protect_and_regions():
    image, source = picture()
    channel = add_channel(image, "face", (2, 3, 9, 8))
    add_channel(image, "sky", (0, 0, 20, 3))
    path = style_file().get_path()
    layer = paint(image, source, protect=channel, regions=f"sky|{path}|70\nface\t{path}")
    kept = note_of(layer)["masks"].split("\n")
    assert [line.split("#")[-1] for line in kept[1:]] == [
        f"sky|{style_file().get_uri()}|70",
        f"face|{style_file().get_uri()}|",
    ], kept


def case_wrong_masks():
    image, source = picture()
    other = new_image(20, 20)
    elsewhere = add_layer(other, 20, 20, name="sky")
    message = fails(image, [source], "CALLING_ERROR", protect=elsewhere)
    assert "The mask sky is not of the image" in message, message
    assert "[mask_elsewhere]" in message, message
    path = style_file().get_path()
    message = fails(image, [source], "CALLING_ERROR", regions=f"photo|{path}|101")
    assert "strength of a region is '101'" in message and "[bad_settings]" in message, message
    message = fails(image, [source], "CALLING_ERROR", regions="photo")
    assert "[region_style_missing]" in message, message


def case_what_cannot_be_gone_on_with():
    image, source = picture()
    made = paint(image, source)
    go_on = "plug-in-neural-style-continue"
    source.resize(30, 20, 0, 0)
    message = fails(image, [made], "CALLING_ERROR", name=go_on)
    assert "[begun_changed]" in message, message
    image.remove_layer(source)
    message = fails(image, [made], "CALLING_ERROR", name=go_on)
    assert message.endswith("[source_gone]"), message


def case_indexed_image():
    image, source = picture()
    image.convert_indexed(
        Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 8, False, False, ""
    )
    message = fails(image, [source], "CALLING_ERROR")
    assert "indexed" in message, message


def case_style_file_problems():
    import os

    import helpers

    image, source = picture()
    message = fails(image, [source], "CALLING_ERROR", style=None)
    assert "[style_missing]" in message, message
    nowhere = Gio.File.new_for_path("/nowhere/wave.png")
    message = fails(image, [source], "CALLING_ERROR", style=nowhere)
    assert "/nowhere/wave.png" in message and "[file_missing]" in message, message
    path = os.path.join(helpers.WORK, "text.png")
    with open(path, "w") as file:
        file.write("no picture")
    message = fails(image, [source], style=Gio.File.new_for_path(path))
    assert "text.png" in message and "[style_unreadable]" in message, message
    with open(style_file().get_path(), "rb") as file:
        half = file.read()[:60]
    with open(path, "wb") as file:
        file.write(half)
    message = fails(image, [source], style=Gio.File.new_for_path(path))
    assert "text.png" in message, message
