"""What the tests must have, and why it is not there."""

from __future__ import annotations

from typing import Any

REQUIRED = "cannot be had, and is required"
"""What is said of a GIMP that the tests must have and have not."""


def say_once(terminalreporter: Any) -> None:
    """Say once why there is no GIMP, whatever the number of tests that wanted it."""
    failed = [*terminalreporter.stats.get("error", []), *terminalreporter.stats.get("failed", [])]
    said = (line for report in failed for line in report.longreprtext.splitlines())
    for line in sorted({line.removeprefix("Failed: ") for line in said if REQUIRED in line}):
        terminalreporter.write_line(line, red=True)
