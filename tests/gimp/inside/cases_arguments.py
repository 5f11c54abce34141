"""Arguments: what is passed on to the engine, and what is refused."""

import json

from gi.repository import Gimp, Gio

from helpers import add_layer, call, fails, new_image, note_of, paint, style_file

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
    wanted = [name.replace("_", "-") for name in settings]
    assert names == ["run-mode", "image", "drawables", "style", *wanted], names
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
    status, answer = call(image, [source], mode=Gimp.RunMode.WITH_LAST_VALS, style=None)
    assert status == Gimp.PDBStatusType.CALLING_ERROR and "[style_missing]" in answer, answer


def case_wrong_layers():
    image, source = picture()
    other = add_layer(image, 20, 20, name="other")
    for drawables in ([], [source, other], [image.get_selection()]):
        message = fails(image, drawables, "CALLING_ERROR")
        assert "layer" in message, message


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
