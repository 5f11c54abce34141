"""The command line: words in, words out."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neural_style import __version__, protocol
from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.settings import Settings, as_text, describe, parse_settings

if TYPE_CHECKING:
    from neural_style.image import Picture
    from neural_style.job import Event
    from neural_style.plan import Plan

USAGE, FAILURE, INTERRUPTED = 2, 1, 130

SPINS = "1000"
"""How long threads wait for each other at full speed before they let others run (GNU OpenMP).
Without a limit, one other busy program makes a job on two cores take eight times as long; with
this one 1.5 times, and on an idle computer as long as before within a tenth."""


EXAMPLES = """\
examples:
  neural-style stylize photo.jpg painting.jpg -o out.png
  neural-style stylize photo.jpg painting.jpg -o out.png --preset draft --strength 70
  neural-style stylize photo.jpg painting.jpg --plan    # time and memory, nothing painted

`neural-style stylize --help` lists every option.
"""

STDOUT = "-"
OUTPUT_HELP = "file to write, or a folder, or - for standard output (PNG)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `neural-style`; returns the exit status."""
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)  # before PyTorch is loaded
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
            _emit(protocol.Warning(job=JOB, code=message.code, message=message.message))
        else:
            from neural_style.bar import print_above

            print_above(f"warning: {message}.")

    with warnings.catch_warnings():
        usual, warnings.showwarning = warnings.showwarning, show
        warnings.simplefilter("always", NeuralStyleWarning)
        yield


def _fail(options: argparse.Namespace, error: NeuralStyleError) -> int:
    if options.verbose:
        traceback.print_exc()
    if getattr(options, "json", False):
        _emit(protocol.Error(code=error.code, message=error.message, hint=error.hint))
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
    from neural_style.devices import available_devices, unusable_devices

    devices = available_devices()
    for name, reason in unusable_devices().items():
        print(f"warning: The {name} device cannot be used: {reason}.", file=sys.stderr)
    if options.json:
        print(json.dumps([device.model_dump() for device in devices], indent=2))
        return
    for device in devices:
        memory = f"{device.memory_free / 2**30:.1f} of {device.memory / 2**30:.1f} GiB free"
        print(f"{device.name:6} {device.description}, {memory}")


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

    from neural_style import image

    if not options.plan:
        options.output = _checked_output(options)
    content = image.read_picture(options.content)
    styles = [image.read_picture(style) for style in options.styles]

    # PyTorch takes seconds to load; a mistake in a name should not take as long.
    from neural_style import devices

    devices.keep_memory()
    if options.plan:
        from neural_style.pictures import shares_of
        from neural_style.plan import plan_job

        shares_of(settings.blend, len(styles))
        height, width = content.alpha.shape
        _show_plan(plan_job(width, height, settings, enlarge=False), options)
        return
    if options.frames:
        _make_folder(Path(options.frames))

    from neural_style.job import Finished, Progress, paint

    started, written = time.monotonic(), ""
    events = paint(content, styles, settings, every=options.every or 0)
    for event in _shown(events, options):
        if isinstance(event, Progress) and options.every and event.step % options.every == 0:
            frame = Path(options.frames) / f"frame-{event.step:06}.png"
            image.write_picture(frame, event.picture(), depth=8)
        elif isinstance(event, Finished):
            # In ASCII, which every program reads.
            description = json.dumps(settings.model_dump(mode="json"))
            if options.output == STDOUT:
                _print_picture(event.picture, options.depth, description)
            else:
                image.write_picture(
                    options.output, event.picture, depth=options.depth, description=description
                )
            height, width = event.picture.alpha.shape
            seconds = time.monotonic() - started
            if options.json:
                _emit(
                    protocol.Result(
                        job=JOB,
                        file=options.output,
                        width=width,
                        height=height,
                        seconds=seconds,
                    )
                )
            name = "standard output" if options.output == STDOUT else options.output
            written = f"Written: {name}, {width} x {height}, in {seconds:.0f} s"
    # Below the bar, and for people only.
    if sys.stderr.isatty() and not options.json:
        print(written, file=sys.stderr)


def _checked_output(options: argparse.Namespace) -> str:
    """The file to write, or `STDOUT`, before the long job.

    Raises:
        NeuralStyleError: `bad_settings`, `cannot_write` or `unsupported_format`.
    """
    from neural_style import image

    output, depth = options.output, options.depth
    if output == STDOUT:
        if options.json:
            raise NeuralStyleError(
                "bad_settings",
                "-o - and --json both write to standard output",
                "Give -o a file name, or leave out --json.",
            )
        if sys.stdout.isatty():
            raise NeuralStyleError(
                "cannot_write",
                "Standard output is a terminal, which shows no pictures",
                "Send it elsewhere, as in -o - > out.png, or give -o a file name.",
            )
        return output
    if os.path.isdir(output) or output.endswith((os.sep, "/")):
        output = output_in(output, options.content, depth)
    image.check_writable(output, depth=depth)
    _check_is_no_source(output, [options.content, *options.styles])
    return output


def output_in(folder: str, content: str, depth: int | None) -> str:
    """A file in a folder, named like the photo; never one that is there already.

    Args:
        folder: where.
        content: the photo's name; its ending stays if such files can be written.
        depth: bits per channel that the file must be able to hold, if that matters.
    """
    from neural_style import image

    stem, ending = os.path.splitext(os.path.basename(content))
    ending = ending if image.can_write(ending, depth) else ".png"
    output, number = os.path.join(folder, stem + ending), 1
    while os.path.lexists(output):
        number += 1
        output = os.path.join(folder, f"{stem}-{number}{ending}")
    return output


def _print_picture(picture: Picture, depth: int | None, description: str) -> None:
    """Write a PNG file to standard output."""
    from neural_style import image

    data = image.encode_picture(picture, "PNG", depth=depth, description=description)
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise image.writing_failed("standard output", error) from error


def _check_is_no_source(output: str, sources: Sequence[str]) -> None:
    """Nothing is lost: a picture is not painted over itself."""
    for source in sources:
        if os.path.exists(source) and os.path.exists(output) and os.path.samefile(source, output):
            raise NeuralStyleError(
                "cannot_write",
                f"{output} is one of the pictures to paint from",
                "Choose another name for the output.",
            )


def _show_plan(plan: Plan, options: argparse.Namespace) -> None:
    if options.json:
        from neural_style.tasks import planned

        _emit(planned(JOB, plan))
        return
    sizes = ", ".join(f"{s.width} x {s.height} ({s.steps} steps)" for s in plan.stages)
    tiles = f"tiles of {plan.tile} pixels" if plan.tile else "the whole picture at once"
    time_ = (
        f"about {plan.seconds:.0f} s"
        if plan.seconds < 120
        else f"about {plan.seconds / 60:.0f} min"
    )
    print(f"picture  {plan.width} x {plan.height}")
    print(f"device   {plan.device}, {plan.precision}")
    print(f"sizes    {sizes}")
    print(f"in       {tiles}")
    print(f"memory   at most {plan.memory / 2**30:.1f} GiB beside the program")
    print(f"time     {time_}")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NeuralStyleError("cannot_write", f"{folder}: {error.strerror}") from None


JOB = "stylize"
"""The job's name in the messages of `--json`, which are the worker's."""


def _shown(events: Iterable[Event], options: argparse.Namespace) -> Iterable[Event]:
    """The same events, each shown to the person or program that waits."""
    return _shown_as_json(events) if options.json else _shown_as_bar(events)


def _shown_as_json(events: Iterable[Event]) -> Iterable[Event]:
    from neural_style.tasks import as_message

    for event in events:
        if message := as_message(JOB, event):
            _emit(message)
        yield event


def _emit(message: protocol.Message) -> None:
    print(message.line(), end="", flush=True)


def _shown_as_bar(events: Iterable[Event]) -> Iterable[Event]:
    """A bar where standard error is a terminal, and warnings above it."""
    from neural_style.bar import Bar
    from neural_style.job import Progress, Warned

    with Bar(shown=None, keep=False) as bar:
        for event in events:
            if isinstance(event, Progress):
                bar.show(event)
            elif isinstance(event, Warned):
                warnings.warn(NeuralStyleWarning(event.code, event.message), stacklevel=2)
            yield event


if __name__ == "__main__":
    sys.exit(main())
