#!/usr/bin/env python3
"""The README's two pictures, taken anew: screenshots.py PHOTO STYLE FOLDER [VERSION]

The dialog over the photo with its preview, and the finished layer in the Layers dock, painted by
the project's own engine. Run it with a Python that has the engine's packages.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from gimp.program import Gimp, Gimp210
from gimp.ui import Ui, Ui210


def main(photo: str, style: str, folder: str, version: str = "3.2") -> None:
    os.environ["NEURAL_STYLE_SHOTS"] = folder
    with tempfile.TemporaryDirectory() as work:
        place = Path(work) / "work"
        gimp = Gimp210(place) if version == "2.10" else Gimp(version, place)
        gimp.use_real_engine()
        copies = [gimp.work / f"photo{Path(photo).suffix}", gimp.work / Path(style).name]
        for original, copy in zip((photo, style), copies, strict=True):
            shutil.copy(original, copy)
        ui = (Ui210 if version == "2.10" else Ui)(gimp, copies[0])
        try:
            take(ui, copies[1])
        finally:
            ui.close()
            gimp.room.close()


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
