#!/usr/bin/env python3
"""For the interface tests, when its shortcut is pressed: writes down what is open in GIMP.

First it selects the rectangle and deletes the channel that files beside the answer name, if there
are any.
"""

import json
import os
import sys

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, GLib  # noqa: E402


class Probe(Gimp.PlugIn):
    def do_set_i18n(self, _name):
        return False

    def do_query_procedures(self):
        return ["test-neural-style-probe"]

    def do_create_procedure(self, name):
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.ALWAYS)
        procedure.set_menu_label("Neural Style Probe")
        procedure.add_menu_path("<Image>/Filters/Development")
        return procedure


def describe(layer):
    area = Gegl.Rectangle.new(0, 0, layer.get_width(), layer.get_height())
    data = layer.get_buffer().get(area, 1.0, "R'G'B'A u8", Gegl.AbyssPolicy.NONE)
    middle = 4 * (area.width * (area.height // 2) + area.width // 2)
    return {
        "name": layer.get_name(),
        "first": list(data[:4]),
        "middle": list(data[middle : middle + 4]),
        "last": list(data[-4:]),
        "mean": sum(data) / len(data),
        "mask": layer.get_mask() is not None,
    }


def run(procedure, _mode, image, _drawables, _config, _data):
    path = os.environ["NEURAL_STYLE_PROBE"]
    if os.path.exists(path + ".select"):
        with open(path + ".select") as file:
            image.select_rectangle(Gimp.ChannelOps.REPLACE, *json.load(file))
        os.remove(path + ".select")
    if os.path.exists(path + ".delete"):
        with open(path + ".delete") as file:
            image.remove_channel(image.get_channel_by_name(json.load(file)))
        os.remove(path + ".delete")
    images = [
        {
            "layers": [describe(layer) for layer in image.get_layers()],
            "selected": [layer.get_name() for layer in image.get_selected_layers()],
            "channels": [channel.get_name() for channel in image.get_channels()],
        }
        for image in Gimp.get_images()
    ]
    with open(path + ".part", "w") as file:
        json.dump(images, file)
    os.rename(path + ".part", path)
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())


Gimp.main(Probe.__gtype__, sys.argv)
