#!/usr/bin/env python3
"""The README's pictures of GIMP, taken anew: screenshots.py PHOTO STYLE FOLDER [VERSION]

The dialog over the photo with its preview, and the finished layer in the Layers dock, painted by
the project's own engine; in GIMP 3 also the dialog with a drawn style picture out of the strip,
with *Try Nine*, and with masks, which are meant for skimage's rocket. Run it with a Python that has
the engine's packages.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from gimp.program import ROOT, Gimp, Gimp210
from gimp.ui import Ui, Ui210

MASKED = """
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path({photo!r}))
photo = image.get_layers()[0]
style = Gimp.file_load_layer(
    Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path({style!r})
)
style.set_name("stained glass")
style.set_visible(False)
image.insert_layer(style, None, 1)
Gimp.context_set_feather(True)
Gimp.context_set_feather_radius(8, 8)
size = image.get_width(), image.get_height()
for name, area in (("ground", (-20, 335, 680, 120)), ("rocket", (311, 122, 26, 280))):
    image.select_rectangle(Gimp.ChannelOps.REPLACE, *area)
    channel = Gimp.Channel.new(image, name, *size, 50, Gegl.Color.new("blue"))
    channel.set_visible(False)
    image.insert_channel(channel, None, 0)
    channel.edit_fill(Gimp.FillType.WHITE)
Gimp.Selection.none(image)
image.set_selected_layers([photo])
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path({to!r}), None)
"""
"""A photo with two channels, and a style picture as a layer."""


def main(photo: str, style: str, folder: str, version: str = "3.2") -> None:
    os.environ["NEURAL_STYLE_SHOTS"] = folder
    with tempfile.TemporaryDirectory() as work:
        place = Path(work) / "work"
        gimp = Gimp210(place) if version == "2.10" else Gimp(version, place)
        gimp.use_real_engine()
        copies = [gimp.work / f"photo{Path(photo).suffix}", gimp.work / Path(style).name]
        for original, copy in zip((photo, style), copies, strict=True):
            shutil.copy(original, copy)
        try:
            if version != "2.10":
                take_masks(gimp, *copies)
            ui = (Ui210 if version == "2.10" else Ui)(gimp, copies[0])
            if version != "2.10":
                take_strip(ui)
                take_nine(ui, copies[1])
            take(ui, copies[1])
            ui.close()
        finally:
            gimp.room.close()


def take_strip(ui: Ui) -> None:
    dialog = ui.open_dialog()
    ui.tool("mousemove", "1", "1")  # no tooltip
    ui.key(dialog, "alt+y", "shift+Tab", *["Right"] * 3, "Return", "alt+v")
    time.sleep(90)  # the preview paints until it is finished
    ui.shot("strip", dialog)
    ui.key(dialog, "Escape")
    ui.wait_until_ended()


def take_nine(ui: Ui, style: Path) -> None:
    dialog = ui.open_dialog()
    ui.choose_style(dialog, style)
    ui.key(dialog, "alt+n")
    nine = ui.wait_for_window("^Try Nine$")
    time.sleep(180)
    ui.key(nine, "Tab", "Tab", "Down", "Right", "space")
    ui.shot("nine", nine)
    ui.key(nine, "Escape")
    ui.wait_until_gone("^Try Nine$")
    ui.key(dialog, "Escape")
    ui.wait_until_ended()


def take_masks(gimp: Gimp, photo: Path, style: Path) -> None:
    other = gimp.work / "other.jpg"
    shutil.copy(ROOT / "core/neural_style/styles/stained-glass.jpg", other)
    masked = gimp.work / "photo.xcf"
    gimp.batch(MASKED.format(photo=str(photo), style=str(other), to=str(masked)))
    ui = Ui(gimp, masked)
    dialog = ui.open_dialog()
    ui.choose_style(dialog, style)
    ui.key(dialog, "alt+k", "alt+t", "Down", "Down")  # Selection, Channel: rocket
    time.sleep(1)
    ui.key(dialog, "alt+g")  # of the other channel, the ground
    time.sleep(1)
    ui.key(dialog, "space", "l", "Down", "Return")  # below the photo
    ui.key(dialog, "alt+v")
    time.sleep(120)
    ui.shot("regions")
    ui.close()


def take(ui: Ui, style: Path) -> None:
    dialog = ui.open_dialog()
    ui.choose_style(dialog, style)
    ui.key(dialog, "alt+v")
    time.sleep(90)  # the preview paints until it is finished
    ui.shot("dialog")
    ui.key(dialog, "alt+p")
    # The dialog closes, the window with the growing picture opens: wait for the layer itself.
    while len(ui.layers()) < 2:
        time.sleep(2)
    ui.shot("layer")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
