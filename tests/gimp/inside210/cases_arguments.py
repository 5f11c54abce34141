"""Arguments: what is passed on to the engine, and what is refused."""

import json
import os

import gimpenums

import gimp
import helpers
from helpers import (
    NAME,
    add_layer,
    failure_of,
    mistake_of,
    new_image,
    note_of,
    paint,
    pdb,
    plug_in,
    refusal,
    style_file,
)


def remembered(layer):
    return note_of(layer)["settings"]


def picture():
    image = new_image(20, 20)
    return image, add_layer(image, 20, 20)


def described():
    """The shipped settings by their names, and the names in the procedure's order."""
    with open(os.path.join(helpers.plug_in(), "settings.json")) as file:
        engine = json.load(file)["settings"]
    from arguments import FINISH, POSITIONAL

    return dict((entry["name"], entry) for entry in engine + FINISH), POSITIONAL


def case_every_setting_is_an_argument():
    settings, order = described()
    assert sorted(order) == sorted(settings), order
    names = [name for _kind, name, _words in pdb[NAME].params]
    wanted = ["run-mode", "image", "drawable", "style"]
    wanted += [str(name.replace("_", "-")) for name in order] + ["protect", "regions"]
    assert names == wanted, names
    assert [kind for kind, _name, _words in pdb[NAME].return_vals] == [gimpenums.PDB_LAYER]
    names = [name for _kind, name, _words in pdb[NAME + "-repeat"].params]
    assert names == ["run-mode", "image", "drawable"], names


def case_their_help_names_the_range():
    settings, order = described()
    words = dict((name.replace("-", "_"), words) for _kind, name, words in pdb[NAME].params)
    for name in order:
        for choice in settings[name].get("choices", ()):
            assert choice in words[name], (name, words[name])
        if settings[name].get("maximum") is not None:
            wanted = "[%.10g .. %.10g]" % (settings[name]["minimum"], settings[name]["maximum"])
            assert wanted in words[name], (name, words[name])
    assert "-1: as the preset says" in words["steps"], words["steps"]


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
        "strength": (100.5, -1.0),
        "size": (-1, 30001),
        "style_scale": (0.0, 4.1),
        "seed": (-5,),
        "steps": (0, 100001),
        "learning_rate": (-0.5, 11.0),
        "colours": ("blue", "Painting"),
        "preset": ("best",),
    }
    for name, values in wrong.items():
        for value in values:
            message = mistake_of(image, source, **{name: value})
            assert "[bad_settings]" in message and name in message, message
            assert ".." not in message, message


SCRIPT = """(python-fu-neural-style RUN-NONINTERACTIVE {image} {layer} "{style}" {values})"""


def run_script(image, layer, **values):
    """Call the procedure from Script-Fu."""
    words = [json.dumps(value) for value in helpers.arguments(values)[1:]]
    code = SCRIPT.format(image=image.ID, layer=layer.ID, style=style_file(), values=" ".join(words))
    pdb.plug_in_script_fu_eval(code)


def case_script_fu():
    image, source = picture()
    run_script(image, source, strength=33.5, steps=9, colours="photo")
    values = remembered(image.active_layer)
    assert (values["strength"], values["steps"], values["colours"]) == (33.5, 9, "photo"), values
    message = refusal(image, lambda: run_script(image, source, strength=170))
    assert "strength is 170 but should be a number from 0 to 100" in message, message


def case_engines_own_refusal_is_passed_on():
    image, source = picture()
    helpers.engine("refuse")
    message = mistake_of(image, source, style_layers="conv9_9")
    assert message.startswith("style_layers: conv9_9 is no layer. "), message


def case_last_values():
    image, source = picture()
    mode = {"run_mode": gimpenums.RUN_WITH_LAST_VALS}

    def work():
        return pdb[NAME](image, source, *helpers.arguments({"strength": 80.0}), **mode)

    # Without earlier values there is no style picture, and no way to ask for one.
    message = refusal(image, work)
    assert "[style_missing]" in message, message
    helpers.plug_in()
    import lastvalues
    from arguments import Choices

    path = lastvalues.host.config_file(lastvalues.FILE)
    try:
        lastvalues.save(Choices([helpers.uri_of(style_file())], {"strength": 21.0, "steps": 4}))
        values = remembered(work())
        assert values["strength"] == 21.0 and values["steps"] == 4, values
        with open(path, "w") as file:
            file.write("{")
        assert "[style_missing]" in refusal(image, work)
    finally:
        os.remove(path)


def case_wrong_layers():
    image, source = picture()
    channel = pdb.gimp_channel_new(image, 20, 20, "channel", 50.0, (0, 0, 0))
    pdb.gimp_image_insert_channel(image, channel, None, 0)
    image.active_layer = source
    for drawable in (channel, image.selection):
        message = mistake_of(image, drawable)
        assert "[no_layer]" in message and "layer" in message, message


def case_indexed_image():
    image, source = picture()
    none, generate = gimpenums.CONVERT_DITHER_NONE, gimpenums.CONVERT_PALETTE_GENERATE
    pdb.gimp_image_convert_indexed(image, none, generate, 8, False, False, "")
    message = mistake_of(image, source)
    assert "indexed" in message and "[indexed]" in message, message


def case_style_file_problems():
    image, source = picture()
    message = mistake_of(image, source, style="")
    assert "[style_missing]" in message, message
    message = mistake_of(image, source, style="/nowhere/wave.png")
    assert "/nowhere/wave.png" in message and "[file_missing]" in message, message
    path = os.path.join(helpers.WORK, "text.png")
    with open(path, "w") as file:
        file.write("no picture")
    message = failure_of(image, source, style=path)
    assert "text.png" in message and "[style_unreadable]" in message, message
    with open(style_file(), "rb") as file:
        half = file.read()[:60]
    with open(path, "wb") as file:
        file.write(half)
    message = failure_of(image, source, style=path)
    assert "text.png" in message, message


def case_engine_missing():
    image, source = picture()
    note = os.path.join(helpers.plug_in(), "engine.json")
    with open(note) as file:
        kept = file.read()
    try:
        os.remove(note)
        message = failure_of(image, source)
        assert "[engine_missing]" in message and "installer" in message, message
        with open(note, "w") as file:
            json.dump({"python": "/nowhere/bin/python"}, file)
        message = failure_of(image, source)
        assert "[engine_missing]" in message and "/nowhere/bin/python" in message, message
        with open(note, "w") as file:
            json.dump({"python": helpers.style_file()}, file)
        assert "[engine_unstartable]" in failure_of(image, source)
    finally:
        with open(note, "w") as file:
            file.write(kept)


def case_the_log_keeps_what_failed():
    image, source = picture()
    helpers.engine("crash")
    path = failure_of(image, source).split("Log: ")[1]
    assert path == os.path.join(gimp.directory, "neural-style.log"), path
    with open(path) as file:
        assert "stopped unexpectedly" in file.read()


def case_gimps_own_folder_on_windows():
    """Its libraries must not be found by the engine."""
    plug_in()
    import ntpath

    import host

    class Windows(object):
        name, path = "nt", ntpath

    class Gimp2(object):
        plug_in_directory = "C:\\Program Files\\GIMP 2\\lib\\gimp\\2.0"

    before = host.os, host.gimp
    host.os, host.gimp = Windows, Gimp2
    try:
        assert host.bundles()[1:] == ["C:\\Program Files\\GIMP 2"], host.bundles()
    finally:
        host.os, host.gimp = before
