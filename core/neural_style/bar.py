"""A progress bar, on terminals and in notebooks."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # without notebook widgets it is a bar of text, which will do
    from tqdm.auto import tqdm

if TYPE_CHECKING:
    from neural_style.job import Progress

tqdm.monitor_interval = 0  # no thread of its own: the bar moves often enough

FORMAT = "{desc} |{bar}| {percentage:3.0f}%{postfix}"


class Bar:
    """How far a job is, its size, step, loss and time left; to be used in a `with` statement.

    Args:
        shown: None shows it where standard error is a terminal, and nowhere else; nor where there
            is no standard error, as in a program without a console.
        keep: whether it stays when the job has ended.
    """

    def __init__(self, *, shown: bool | None, keep: bool) -> None:
        self._bar = tqdm(
            desc="starting",
            total=1.0,
            bar_format=FORMAT,
            leave=keep,
            disable=_disabled(shown),
            dynamic_ncols=True,
        )

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, progress: Progress) -> None:
        """Move the bar."""
        bar, left = self._bar, tqdm.format_interval(progress.eta_s)
        bar.n = progress.fraction
        bar.set_description_str(progress.stage, refresh=False)
        text = f"step {progress.step}/{progress.total}, loss {progress.loss:.4g}, {left} left"
        bar.set_postfix_str(text)


class Count:
    """How many pictures are done, how fast, and the time left; to be used in a `with` statement.

    Args:
        total: pictures; 0 if nobody knows.
        shown: see `Bar`.
        unit: what they are.
    """

    def __init__(self, total: int, *, shown: bool | None, unit: str = "picture") -> None:
        self._bar = tqdm(
            total=total or None, unit=unit, disable=_disabled(shown), dynamic_ncols=True
        )

    def __enter__(self) -> Count:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def add(self) -> None:
        """One more is done."""
        self._bar.update()


def _disabled(shown: bool | None) -> bool | None:
    """`shown` in tqdm's words."""
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        return True
    return None if shown is None else not shown


def print_above(line: str) -> None:
    """Print a line to standard error, above the bar if there is one."""
    tqdm.write(line, file=sys.stderr)
