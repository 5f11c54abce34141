"""`python3 core/styles`: draw the style pictures that come with the program."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a folder, from anywhere
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from styles import pictures


def main(words: list[str] | None = None) -> int:
    """Draw; returns the exit status."""
    given = _parser().parse_args(words)
    given.output.mkdir(parents=True, exist_ok=True)
    for name in given.only or pictures.DRAWN:
        print(pictures.write(given.output, name))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 core/styles",
        description="Draw the style pictures that come with the program, the same ones every time.",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for the pictures")
    parser.add_argument(
        "--only", nargs="+", choices=pictures.DRAWN, metavar="NAME", help="default: all of them"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
