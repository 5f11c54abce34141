"""What the command `film` shows and writes, once PyTorch is loaded."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from neural_style.api import PaintedFrame, film
from neural_style.console import duration
from neural_style.frames.output import find_sound, open_footage
from neural_style.options import given_settings
from neural_style.plan import plan_job
from neural_style.settings import Keywords, Settings


def show_plan(settings: Settings, options: argparse.Namespace, *, fps: float | None) -> None:
    """Print what painting would take."""
    output = Path(options.output) if options.output else None
    footage = open_footage(Path(options.film), output, fps=fps)
    ways = find_sound(footage, output) if output else {}
    first, other = (
        plan_job(footage.width, footage.height, settings, enlarge=False, begun=begun)
        for begun in (False, True)
    )
    print(f"frames   {footage.count or 'as many as there are'}")
    print(f"picture  {first.width} x {first.height}")
    print(f"device   {first.device}, {first.precision}")
    print(f"memory   at most {first.memory / 2**30:.1f} GiB beside the program")
    for way in ways.values():
        print(f"sound    {way or 'left out'}")
    each = f"about {other.seconds:.1f} s a frame, {first.seconds:.0f} s where a scene begins"
    print(f"time     {each}")
    if footage.count:
        print(f"         {duration(first.seconds + other.seconds * (footage.count - 1))} in all")


def paint_to_output(
    styles: Sequence[Path], options: argparse.Namespace, *, fps: float | None
) -> None:
    """Paint the frames that are missing, and write the video if it is to be one."""

    def tell(frame: PaintedFrame) -> None:
        if options.json:
            about = {"frame": frame.number, "seconds": frame.seconds}
            print(json.dumps({**about, "output": str(frame.file)}), flush=True)

    result = film(
        options.film,
        styles,
        options.output,
        fps=fps,
        depth=options.depth,
        on_frame=tell,
        progress_bar=None,
        **cast("Keywords", given_settings(options)),
    )
    if sys.stderr.isatty():  # for people only
        print(f"Written: {result}", file=sys.stderr)
