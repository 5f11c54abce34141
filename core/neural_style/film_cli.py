"""The command `film`: a video, or the frames of one."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from neural_style import styles
from neural_style.errors import NeuralStyleError
from neural_style.options import (
    KEPT,
    STYLE_HELP,
    add_depth,
    add_dry_run,
    add_settings,
    check_no_list,
    given_settings,
)
from neural_style.settings import parse_settings

ABOUT = """\
Paint a film: each frame goes on from the last one, carried along with what moves, so that strokes \
stay where they are and nothing flickers; at a cut painting begins anew. Each frame is kept as \
soon as it is finished: after an interruption, give the same command once more.
"""


def add_film(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    command.description = ABOUT
    command.usage = "%(prog)s FILM STYLE [STYLE ...] -o OUT [options]"
    command.add_argument("film", metavar="FILM", help="a video, or a folder with its frames")
    command.add_argument("styles", metavar="STYLE", nargs="+", help=STYLE_HELP)
    command.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="video to write (.mp4, .mov, .mkv or .webm), or a folder for the frames (PNG)",
    )
    command.add_argument(
        "--fps", metavar="N", help="frames a second, if a folder becomes a video (default: 25)"
    )
    add_depth(command)
    add_dry_run(command)
    command.add_argument("--json", action="store_true", help="print each frame as a line of JSON")
    add_settings(command)
    command.set_defaults(run=_film, kept=KEPT)


def _film(options: argparse.Namespace) -> None:
    settings = parse_settings(given_settings(options))
    if not (options.output or options.plan):
        message = "There is no file or folder to write to"
        raise NeuralStyleError("bad_settings", message, "Give -o OUT.")
    fps = _fps(options.fps)
    if "blend" not in given_settings(options):
        check_no_list(options.film, options.styles, "neural-style film FOLDER STYLE")
    named = [Path(styles.find(style)) for style in options.styles]

    # As late as in `stylize`, and for the same reason.
    from neural_style import film_console

    if options.plan:
        film_console.show_plan(settings, options, fps=fps)
    else:
        film_console.paint_to_output(named, options, fps=fps)


def _fps(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        fps = float(text)
    except ValueError:
        fps = math.nan
    if not 0.1 <= fps <= 1000:
        message = f"fps is {text}"
        raise NeuralStyleError("bad_settings", message, "Give a number from 0.1 to 1000.")
    return fps
