"""The options of those commands that paint."""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.settings import Settings, as_text, describe

STYLE_HELP = "the painting, or one of the names that `neural-style styles` lists; or several"
KEPT = "what is finished is kept, and the same command goes on"
HELP_HINT = "`neural-style COMMAND --help` lists a command's options."
OUTPUT_HELP = "file to write, or a folder, or - for standard output (PNG)"


def add_output(command: argparse.ArgumentParser, plan: str) -> None:
    """Where the result goes, or that there is to be none; `plan` is what is printed instead."""
    command.add_argument("-o", "--output", metavar="OUT", help=OUTPUT_HELP)
    command.add_argument("--plan", action="store_true", help=f"print {plan}, and paint nothing")
    command.add_argument(
        "--json", action="store_true", help="print progress and result as lines of JSON"
    )


def add_depth(command: argparse.ArgumentParser) -> None:
    """How fine the values of the result are."""
    command.add_argument(
        "--depth",
        type=int,
        choices=(8, 16),
        help="bits per channel of a PNG or TIFF (default: the photo's own)",
    )


def add_dry_run(command: argparse.ArgumentParser) -> None:
    """A plan in place of long work."""
    command.add_argument(
        "--dry-run",
        "--plan",
        dest="plan",
        action="store_true",
        help="print what painting would take in memory and time, and paint nothing",
    )


def add_settings(command: argparse.ArgumentParser) -> None:
    """Every setting as an option."""
    group = command.add_argument_group(
        "settings", "Whatever is not given has the value of the preset."
    )
    for entry in describe()["settings"]:
        name = entry["name"]
        group.add_argument(
            *_options(name),
            dest=f"setting_{name}",
            metavar=_metavar(entry),
            help=_help(entry),
        )


def _options(name: str) -> list[str]:
    """How the setting of that name may be written, in either spelling."""
    option = "--" + name.replace("_", "-")
    return list(dict.fromkeys((option, option.replace("colour", "color"))))


def _metavar(entry: dict[str, Any]) -> str:
    if "choices" in entry:
        return f"{{{','.join(entry['choices'])}}}"
    return entry["name"].rpartition("_")[2].upper()


def _help(entry: dict[str, Any]) -> str:
    """A setting's help with its range and default, `%` escaped for argparse."""
    text = entry["help"]
    if "maximum" in entry:
        text += f" From {as_text(entry['minimum'])} to {as_text(entry['maximum'])}."
    return f"{text} Default: {as_text(entry['default']) or 'empty'}.".replace("%", "%%")


def given_settings(options: argparse.Namespace) -> dict[str, str]:
    """Those settings that were given, by name."""
    return {
        name: value
        for name in Settings.model_fields
        if (value := getattr(options, f"setting_{name}", None)) is not None
    }


def unknown(words: Sequence[str]) -> NeuralStyleError:
    """What to say of words on the command line that nothing takes."""
    message = f"There is no option {words[0]}"
    options = [option for name in Settings.model_fields for option in _options(name)]
    if not words[0].startswith("-"):
        return NeuralStyleError("bad_settings", f"Nothing takes the word {words[0]}", HELP_HINT)
    meant = get_close_matches(words[0].partition("=")[0], options, 1)
    hint = f"Did you mean {meant[0]}?" if meant else HELP_HINT
    return NeuralStyleError("bad_settings", message, hint)


def check_no_list(first: str, styles: Sequence[str], meant: str) -> None:
    """Whether the style pictures are more likely photos, into which a shell made a pattern.

    Args:
        first: the photo or film.
        styles: the style pictures' files.
        meant: the command that paints all of them.

    Warns:
        NeuralStyleWarning: `photos_as_styles`, for two or more in the folder of the first and at
            least three in all.
    """
    beside = [one for one in styles if os.path.dirname(one) == os.path.dirname(first)]
    if len(styles) > 2 and len(beside) > 1:
        message = f"{beside[0]} and {len(styles) - 1} more pictures are taken for styles of {first}"
        message += f"; to paint all of them, use `{meant}`"
        warnings.warn(NeuralStyleWarning("photos_as_styles", message), stacklevel=2)


def check_has_output(options: argparse.Namespace) -> None:
    """Whether it is said where the result goes, unless none is wanted.

    Raises:
        NeuralStyleError: `bad_settings`.
    """
    if not (options.output or options.plan):
        raise NeuralStyleError(
            "bad_settings", "There is no file to write to", "Give -o OUT, or --plan."
        )
