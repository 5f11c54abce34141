#!/usr/bin/env python2
"""For the interface tests, when its shortcut is pressed: writes down what is open in GIMP.

First it selects the rectangle that a file beside the answer names, if there is one.
"""

import json
import os

import gimpfu

import gimp

pdb = gimp.pdb


def describe(layer):
    size = layer.width, layer.height
    data = bytearray(layer.get_pixel_rgn(0, 0, size[0], size[1])[0 : size[0], 0 : size[1]])
    return {
        "name": layer.name,
        "first": list(data[:4]),
        "mean": sum(data) / float(len(data)),
        "mask": layer.mask is not None,
    }


def run(_image, _drawable):
    path = os.environ["NEURAL_STYLE_PROBE"]
    if os.path.exists(path + ".select"):
        with open(path + ".select") as file:
            x, y, width, height = json.load(file)
        pdb.gimp_image_select_rectangle(_image, gimpfu.CHANNEL_OP_REPLACE, x, y, width, height)
        os.remove(path + ".select")
    images = [
        {
            "layers": [describe(layer) for layer in image.layers],
            "selected": [image.active_layer.name] if image.active_layer else [],
        }
        for image in gimp.image_list()
        # What a plug-in that was killed in the middle of a conversion has left, and nobody sees.
        if [layer.name for layer in image.layers] != ["scratch"]
    ]
    with open(path + ".part", "w") as file:
        json.dump(images, file)
    os.rename(path + ".part", path)


gimpfu.register(
    "python-fu-neural-style-probe",
    "Writes down what is open",
    "",
    "",
    "",
    "",
    "Neural Style Probe",
    "*",
    [(gimpfu.PF_IMAGE, "image", "", None), (gimpfu.PF_DRAWABLE, "drawable", "", None)],
    [],
    run,
    menu="<Image>/Filters/Development",
)
gimpfu.main()
