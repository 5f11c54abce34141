"""The command `batch`: many photos."""

from __future__ import annotations

import argparse
from pathlib import Path

from neural_style import styles
from neural_style.errors import NeuralStyleError
from neural_style.options import (
    KEPT,
    STYLE_HELP,
    add_depth,
    add_dry_run,
    add_settings,
    given_settings,
)
from neural_style.settings import parse_settings

ABOUT = """\
Paint many photos. Each result is kept as soon as it is finished, under the photo's name and in \
the same folders below OUT, and what is there already is not painted again: after an \
interruption, or for more photos, give the same command once more.
"""


def add_batch(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    command.description = ABOUT
    command.usage = "%(prog)s PHOTOS ... --style STYLE -o OUT [options]"
    command.add_argument(
        "photos",
        metavar="PHOTOS",
        nargs="*",
        help="files, folders (all pictures in them, also in folders below) or patterns such as "
        "'shots/**/*.jpg'",
    )
    command.add_argument(
        "--list",
        dest="lists",
        action="append",
        default=[],
        metavar="FILE",
        help="a text file with further photos, one path in each line",
    )
    command.add_argument(
        "--style",
        dest="styles",
        action="append",
        default=[],
        metavar="STYLE",
        help=f"{STYLE_HELP}: then --style again",
    )
    command.add_argument(
        "--each",
        action="store_true",
        help="paint every photo after every style, in a folder for each, instead of after a "
        "mixture of them",
    )
    command.add_argument("-o", "--output", metavar="OUT", help="folder for the results")
    add_depth(command)
    command.add_argument(
        "--jobs",
        metavar="N",
        help="pictures at a time (default: one for each core, or each card)",
    )
    command.add_argument("--devices", metavar="LIST", help="cards to use, such as cuda:0,cuda:1")
    command.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="paint on the computers of a Ray cluster; auto for the one that this computer is in",
    )
    add_dry_run(command)
    command.add_argument("--json", action="store_true", help="print each result as a line of JSON")
    add_settings(command)
    command.set_defaults(run=_batch, kept=KEPT)


def _batch(options: argparse.Namespace) -> None:
    settings = parse_settings(given_settings(options))
    if not options.output:
        message = "There is no folder for the results"
        raise NeuralStyleError("bad_settings", message, "Give -o OUT.")
    if not options.styles:
        raise NeuralStyleError("bad_settings", "There is no style picture", "Give --style STYLE.")
    jobs = _jobs(options.jobs)
    devices = [device.strip() for device in (options.devices or "").split(",") if device.strip()]
    if devices and options.ray:
        message = "--devices and --ray do not go together"
        raise NeuralStyleError("bad_settings", message, "Ray's nodes say which cards they have.")
    for device in devices:
        parse_settings({"device": device})
    named = [Path(styles.find(style)) for style in options.styles]

    # As late as in `stylize`, and for the same reason.
    from neural_style.series.inputs import find_photos, read_list

    listed = [path for file in options.lists for path in read_list(file)]
    if not (options.photos or listed):
        raise NeuralStyleError("bad_settings", "There are no photos", "Give files or folders.")
    folder = Path(options.output)
    sources = [*options.photos, *listed]
    photos = find_photos(sources, besides=folder)

    from neural_style import batch_console

    if options.plan:
        batch_console.show_plan(photos, named, settings, folder, options)
    else:
        batch_console.paint_to_folder(sources, named, folder, options, jobs=jobs, devices=devices)


def _jobs(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal():
        raise NeuralStyleError("bad_settings", f"jobs is {text}", "Give a whole number.")
    return int(text)
