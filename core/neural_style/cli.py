"""The command line: words in, words out."""

from __future__ import annotations

import argparse
import errno
import json
import os
import re
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from neural_style import __version__, protocol, styles
from neural_style.bar import print_above
from neural_style.batch_cli import add_batch
from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.film_cli import add_film
from neural_style.jsonlines import emit
from neural_style.matrix_cli import add_matrix
from neural_style.options import (
    STYLE_HELP,
    add_depth,
    add_output,
    add_settings,
    check_has_output,
    check_no_list,
    given_settings,
    unknown,
)
from neural_style.settings import describe, parse_settings
from neural_style.startup import check_surroundings

USAGE, FAILURE, INTERRUPTED = 2, 1, 130

DEFAULTS = {"verbose": False, "kept": "nothing was written", "resumes": None}
"""What is known of a command before its words are read."""

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What the system says of a file, or a device, that takes no more."""

_NO_MEMORY = re.compile("failed to map segment|cannot allocate memory", re.IGNORECASE)
"""What the system says where a library does not fit into memory."""

EXAMPLES = """\
examples:
  neural-style stylize photo.jpg painting.jpg -o out.png
  neural-style stylize photo.jpg impasto -o out.png     # a style that comes with the program
  neural-style stylize photo.jpg painting.jpg -o out.png --preset draft --strength 70
  neural-style stylize photo.jpg painting.jpg --plan    # time and memory, nothing painted
  neural-style matrix photo.jpg painting.jpg -o sheet.png --rows strength=25,75 --columns seed=0,1
  neural-style batch photos/ --style painting.jpg -o painted/
  neural-style film in.mp4 painting.jpg -o out.mp4

`neural-style stylize --help` lists every option.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `neural-style`; returns the exit status."""
    options = argparse.Namespace(**DEFAULTS)
    try:
        check_surroundings()
        options, others = _parser().parse_known_args(arguments)
        if others:
            raise unknown(others)
        with _warnings_shown(options):
            options.run(options)
        sys.stdout.flush()  # a reader that has gone shows now
    except NeuralStyleError as error:
        return _fail(options, error)
    except KeyboardInterrupt:
        folder = getattr(options, "frames", None)
        kept = [f"only the frames so far are in {folder}"] if folder else []
        kept += [options.resumes] if options.resumes else []
        print(f"Interrupted; {', and '.join(kept) or options.kept}.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        _give_up_output()
        return FAILURE
    except OSError as error:
        # Errors of files have been given their sentence where they happened.
        if error.errno not in FULL:
            return _fail(options, _unexpected(error))
        _give_up_output()
        message = f"Standard output cannot be written: {error.strerror}"
        return _fail(options, NeuralStyleError("cannot_write", message, "Send it elsewhere."))
    except Exception as error:
        return _fail(options, _unexpected(error))
    return 0


def _unexpected(error: Exception) -> NeuralStyleError:
    """The error to show for one that nobody gave a sentence."""
    if isinstance(error, MemoryError) or (
        isinstance(error, (ImportError, OSError)) and _NO_MEMORY.search(str(error))
    ):
        return NeuralStyleError(
            "out_of_memory",
            "There is too little memory to begin",
            "Close other programs, or raise the limit of this one.",
        )
    message = f"Something unexpected happened ({type(error).__name__}: {error})"
    return NeuralStyleError("internal", message)


def _give_up_output() -> None:
    """Whatever else goes to standard output goes nowhere, also at the program's end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _warnings_shown(options: argparse.Namespace) -> Iterator[None]:
    """Show the engine's own warnings in one line each, as those among the events."""

    def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
        if not isinstance(message, NeuralStyleWarning):
            usual(message, category, *where)
        elif getattr(options, "json", False):
            emit(protocol.Warning(job=options.command, code=message.code, message=message.message))
        else:
            print_above(f"warning: {message}.")

    with warnings.catch_warnings():
        usual, warnings.showwarning = warnings.showwarning, show
        warnings.simplefilter("always", NeuralStyleWarning)
        yield


def _fail(options: argparse.Namespace, error: NeuralStyleError) -> int:
    if options.verbose:
        traceback.print_exc()
    if getattr(options, "json", False):
        try:
            emit(protocol.Error(code=error.code, message=error.message, hint=error.hint))
        except OSError:  # its reader has gone, or it is full
            _give_up_output()
    with suppress(OSError):  # as full as standard output may be
        print(f"error: {error}", file=sys.stderr, flush=True)
        if options.resumes:
            print(f"Then {options.resumes}.", file=sys.stderr, flush=True)
    return USAGE if error.code == "bad_settings" else FAILURE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="neural-style",
        description="Paint a photo in the style of a painting.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=lambda _: parser.print_help(), **DEFAULTS)
    parser.add_argument("--version", action="version", version=f"neural-style {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--verbose", action="store_true", help="show where an error came from")
    commands = parser.add_subparsers(metavar="COMMAND", dest="command")
    command = commands.add_parser("stylize", parents=[common], help="paint a picture")
    # All settings by name would hide the mistake that they are shown with.
    command.usage = "%(prog)s CONTENT STYLE [STYLE ...] -o OUT [options]"
    _add_stylize(command)
    command = commands.add_parser(
        "matrix", parents=[common], help="paint a sheet of variations over two settings"
    )
    add_matrix(command)
    command = commands.add_parser("batch", parents=[common], help="paint many photos")
    add_batch(command)
    command = commands.add_parser("film", parents=[common], help="paint a film")
    add_film(command)
    command = commands.add_parser(
        "describe", parents=[common], help="print every setting and preset as JSON"
    )
    command.set_defaults(run=_describe)
    command = commands.add_parser(
        "styles", parents=[common], help="list the style pictures that come with the program"
    )
    command.add_argument("--json", action="store_true", help="as JSON")
    command.set_defaults(run=_styles)
    command = commands.add_parser(
        "devices", parents=[common], help="list what the engine can compute on here"
    )
    command.add_argument("--json", action="store_true", help="as JSON")
    command.set_defaults(run=_devices)
    command = commands.add_parser(
        "worker", parents=[common], help="serve a host program over standard input and output"
    )
    command.set_defaults(run=_worker)
    return parser


def _add_stylize(command: argparse.ArgumentParser) -> None:
    command.add_argument("content", metavar="CONTENT", help="the photo")
    command.add_argument("styles", metavar="STYLE", nargs="+", help=STYLE_HELP)
    add_output(command, "what painting would take in memory and time")
    add_depth(command)
    command.add_argument(
        "--protect",
        metavar="MASK",
        help="a picture as large as the photo: where it is white, the photo stays as it is",
    )
    command.add_argument(
        "--region",
        dest="regions",
        action="append",
        nargs="+",
        default=[],
        metavar=("MASK STYLE", "STRENGTH"),
        help="MASK STYLE or MASK STYLE STRENGTH, after CONTENT and STYLE: where the mask is white, "
        "paint in another style, with another strength if that is given; may be repeated",
    )
    command.add_argument(
        "--continue",
        dest="initial",
        metavar="PICTURE",
        help="go on with an earlier result of this photo, at the full size only",
    )
    command.add_argument(
        "--resume",
        action="store_true",
        help="go on with this painting where it was interrupted; from the start if it was not",
    )
    command.add_argument("--every", type=int, metavar="N", help="save a frame every N steps ...")
    command.add_argument("--frames", metavar="DIR", help="... in this folder")
    add_settings(command)
    command.set_defaults(run=_stylize)


def _describe(_: argparse.Namespace) -> None:
    about = {"version": __version__, "protocol": protocol.PROTOCOL, **describe()}
    print(json.dumps(about, indent=2))


def _styles(options: argparse.Namespace) -> None:
    about = styles.descriptions()
    if options.json:
        listed = [
            {"name": name, "description": text, "file": str(styles.path_of(name))}
            for name, text in about.items()
        ]
        print(json.dumps(listed, indent=2))
        return
    for name, text in about.items():
        print(f"{name:14} {text}")


def _devices(options: argparse.Namespace) -> None:
    from neural_style import console

    console.show_devices(as_json=options.json)


def _worker(_: argparse.Namespace) -> None:
    from neural_style import worker

    worker.main()


def _stylize(options: argparse.Namespace) -> None:
    settings = parse_settings(given_settings(options))
    if (options.every is None) != (options.frames is None):
        raise NeuralStyleError(
            "bad_settings",
            "--every and --frames go together",
            "Give both: --every 10 --frames DIR.",
        )
    if options.every is not None and options.every < 1:
        raise NeuralStyleError(
            "bad_settings", f"--every is {options.every}", "Give a number of 1 or more."
        )
    for region in options.regions:
        if not 2 <= len(region) <= 3:
            raise NeuralStyleError(
                "bad_settings",
                f"--region cannot be {' '.join(region)}",
                "Give a mask, a painting and perhaps a strength: --region sky.png turner.jpg 70.",
            )
    check_has_output(options)

    options.styles = [styles.find(style) for style in options.styles]
    if "blend" not in given_settings(options):
        check_no_list(options.content, options.styles, "neural-style batch PHOTOS --style STYLE")
    options.regions = [[mask, styles.find(style), *rest] for mask, style, *rest in options.regions]

    # NumPy and the libraries for files take half a second to load, PyTorch takes several: a mistake
    # in an option or a name should not take as long.
    from neural_style import output
    from neural_style.image import check_readable, read_picture

    masks = [path for region in options.regions for path in region[:2]]
    others = [path for path in (options.protect, options.initial) if path]
    named = [options.content, *options.styles, *masks, *others]
    if not options.plan:
        options.output = output.checked(options, named)
    check_readable(named)
    content = read_picture(options.content)
    paintings = [read_picture(style) for style in options.styles]

    from neural_style import console

    sources = console.sources_of(content, paintings, options)
    if options.plan:
        console.show_plan(sources, settings, options)
    else:
        console.paint_to_file(sources, settings, options)


if __name__ == "__main__":
    sys.exit(main())
