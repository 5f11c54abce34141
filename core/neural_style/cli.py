"""The command line: words in, words out."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from neural_style import __version__, protocol
from neural_style.bar import print_above
from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.jsonlines import JOB, emit
from neural_style.settings import Settings, as_text, describe, parse_settings

USAGE, FAILURE, INTERRUPTED = 2, 1, 130

EXAMPLES = """\
examples:
  neural-style stylize photo.jpg painting.jpg -o out.png
  neural-style stylize photo.jpg painting.jpg -o out.png --preset draft --strength 70
  neural-style stylize photo.jpg painting.jpg --plan    # time and memory, nothing painted

`neural-style stylize --help` lists every option.
"""

OUTPUT_HELP = "file to write, or a folder, or - for standard output (PNG)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `neural-style`; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        with _warnings_shown(options):
            options.run(options)
    except NeuralStyleError as error:
        return _fail(options, error)
    except KeyboardInterrupt:
        folder = getattr(options, "frames", None)
        kept = f"only the frames so far are in {folder}" if folder else "nothing was written"
        print(f"Interrupted; {kept}.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return FAILURE
    except Exception as error:
        message = f"Something unexpected happened ({type(error).__name__}: {error})"
        return _fail(options, NeuralStyleError("internal", message))
    return 0


@contextmanager
def _warnings_shown(options: argparse.Namespace) -> Iterator[None]:
    """Show the engine's own warnings in one line each, as those among the events."""

    def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
        if not isinstance(message, NeuralStyleWarning):
            usual(message, category, *where)
        elif getattr(options, "json", False):
            emit(protocol.Warning(job=JOB, code=message.code, message=message.message))
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
        emit(protocol.Error(code=error.code, message=error.message, hint=error.hint))
    print(f"error: {error}", file=sys.stderr)
    return USAGE if error.code == "bad_settings" else FAILURE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="neural-style",
        description="Paint a photo in the style of a painting.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=lambda _: parser.print_help(), verbose=False)
    parser.add_argument("--version", action="version", version=f"neural-style {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--verbose", action="store_true", help="show where an error came from")
    commands = parser.add_subparsers(metavar="COMMAND")
    command = commands.add_parser("stylize", parents=[common], help="paint a picture")
    # All settings by name would hide the mistake that they are shown with.
    command.usage = "%(prog)s CONTENT STYLE [STYLE ...] -o OUT [options]"
    _add_stylize(command)
    command = commands.add_parser(
        "describe", parents=[common], help="print every setting and preset as JSON"
    )
    command.set_defaults(run=_describe)
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
    command.add_argument("styles", metavar="STYLE", nargs="+", help="the painting, or several")
    command.add_argument("-o", "--output", metavar="OUT", help=OUTPUT_HELP)
    command.add_argument(
        "--plan",
        action="store_true",
        help="print what painting would take in memory and time, and paint nothing",
    )
    command.add_argument(
        "--depth",
        type=int,
        choices=(8, 16),
        help="bits per channel of a PNG or TIFF (default: the photo's own)",
    )
    command.add_argument("--every", type=int, metavar="N", help="save a frame every N steps ...")
    command.add_argument("--frames", metavar="DIR", help="... in this folder")
    command.add_argument(
        "--json", action="store_true", help="print progress and result as lines of JSON"
    )
    group = command.add_argument_group(
        "settings", "Whatever is not given has the value of the preset."
    )
    for entry in describe()["settings"]:
        name = entry["name"]
        option = "--" + name.replace("_", "-")
        group.add_argument(
            *dict.fromkeys((option, option.replace("colour", "color"))),
            dest=f"setting_{name}",
            choices=entry.get("choices"),
            metavar=None if "choices" in entry else name.rpartition("_")[2].upper(),
            help=_help(entry),
        )
    command.set_defaults(run=_stylize)


def _help(entry: dict[str, Any]) -> str:
    """A setting's help with its range and default, `%` escaped for argparse."""
    text = entry["help"]
    if "maximum" in entry:
        text += f" From {as_text(entry['minimum'])} to {as_text(entry['maximum'])}."
    return f"{text} Default: {as_text(entry['default']) or 'empty'}.".replace("%", "%%")


def _describe(_: argparse.Namespace) -> None:
    about = {"version": __version__, "protocol": protocol.PROTOCOL, **describe()}
    print(json.dumps(about, indent=2))


def _devices(options: argparse.Namespace) -> None:
    from neural_style import console

    console.show_devices(as_json=options.json)


def _worker(_: argparse.Namespace) -> None:
    from neural_style import worker

    worker.main()


def _stylize(options: argparse.Namespace) -> None:
    given = {
        name: value
        for name in Settings.model_fields
        if (value := getattr(options, f"setting_{name}", None)) is not None
    }
    settings = parse_settings(given)
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
    if not (options.output or options.plan):
        raise NeuralStyleError(
            "bad_settings", "There is no file to write to", "Give -o OUT, or --plan."
        )

    # NumPy and the libraries for files take half a second to load, PyTorch takes several: a mistake
    # in an option or a name should not take as long.
    from neural_style import output
    from neural_style.image import read_picture

    if not options.plan:
        options.output = output.checked(options)
    content = read_picture(options.content)
    styles = [read_picture(style) for style in options.styles]

    from neural_style import console

    if options.plan:
        console.show_plan(content, styles, settings, as_json=options.json)
    else:
        console.paint_to_file(content, styles, settings, options)


if __name__ == "__main__":
    sys.exit(main())
