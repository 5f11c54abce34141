"""All that a graphics card has to show, in one call.

    python3 core/benchmarks gpu --minutes 10 --out FOLDER

runs each part (`parts.PARTS`) in a process of its own, with a share of the time that is left; what
takes longer is ended with all that it started, and the others still run. Each part's results are
in a file of its name in the folder, written as they come, what it printed beside them, and all of
it in `report.md`. `--device cpu --quick` tries the whole of it where there is no card.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.markdown import Markdown

from benchmarks import machine
from benchmarks.gpu import parts
from benchmarks.gpu.parts import PARTS, Task, command
from neural_style.devices import choose_device, name_of
from neural_style.errors import NeuralStyleError
from neural_style.settings import parse_settings

Result = dict[str, Any]
"""What a part's file holds, with the part's name, seconds and limit."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; returns the exit status, 1 if a target is missed or a part did not end well."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["--part"]:  # what `parts.command` starts
        name, device, quick, place = words[1:]
        parts.run(name, Task(device, bool(int(quick)), place))
        return 0
    options = _parser().parse_args(words)
    console = Console()
    try:
        wanted = parse_settings({"device": options.device}).device
        device = name_of(choose_device(wanted))
    except NeuralStyleError as error:
        return _refuse(error.message)
    if device == "cpu" and wanted == "auto":
        return _refuse("This computer has no graphics card that PyTorch can use")
    folder: Path = options.out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    task = Task(device, options.quick, str(folder))
    results: list[Result] = []
    report, end = "", time.monotonic() + 60 * options.minutes
    shares = [part.share for part in PARTS.values()]
    for number, (name, part) in enumerate(PARTS.items()):
        # What a part leaves of its time goes to those after it.
        limit = (end - time.monotonic()) * part.share / sum(shares[number:])
        with console.status(f"{name}, at most {limit:.0f} s"):
            results.append(_run(name, task, limit))
        console.print(f"{name}: {results[-1]['status']}", highlight=False)
        report = _report(results, task)
        (folder / "report.md").write_text(report, encoding="utf-8")
    console.print(Markdown(report))
    console.print(f"Written: {folder}")
    return int(not all(_is_good(result) for result in results))


def _refuse(sentence: str) -> int:
    Console(stderr=True).print(
        f"error: {sentence}; --device cpu --quick is a trial", soft_wrap=True
    )
    return 2


def _run(name: str, task: Task, limit: float) -> Result:
    """One part in its process; its file says at the end how that went."""
    file, log = (Path(task.folder) / f"{name}.{kind}" for kind in ("json", "log"))
    file.unlink(missing_ok=True)
    started = time.monotonic()
    with log.open("w") as output:
        process = psutil.Popen(command(name, task), stdout=output, stderr=subprocess.STDOUT)
        try:
            status = process.wait(max(limit, 0))
            ended = f"failed: {_last_line(log) or f'status {status}'}" if status else ""
        except psutil.TimeoutExpired:
            ended = f"ended after its {limit:.0f} s"
        finally:
            _end(process)
    found = {"status": "found nothing", "rows": [], "targets": []}
    if file.exists():
        found = json.loads(file.read_text())
    result = {"part": name, **found, "seconds": time.monotonic() - started, "limit": limit}
    result["status"] = ended or found["status"]
    file.write_text(json.dumps(result, indent=1) + "\n")
    return result


def _end(process: psutil.Popen) -> None:
    """With all that it started, if it has not ended."""
    if not process.is_running():
        return
    tree = [process, *process.children(recursive=True)]
    for one in tree:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(tree, timeout=5)


def _last_line(log: Path) -> str:
    return (log.read_text(errors="replace").strip().splitlines() or [""])[-1]


def _is_good(result: Result) -> bool:
    done = result["status"] == "done" or result["status"].startswith("not on ")
    return done and all(target["met"] for target in result["targets"])


def _report(results: list[Result], task: Task) -> str:
    """All parts so far, as Markdown: how each ended, the targets, the figures."""
    facts = {**machine.describe(), "device": task.device}
    lines = ["# What a graphics card has to show", ""]
    lines += [f"- {name}: {fact}" for name, fact in facts.items()]
    lines += ["", "## Targets", ""]
    for result in results:
        lines += [f"- {target['sentence']}" for target in result["targets"]]
        if not result["targets"]:
            why = result["status"]
            if why == "done":
                why = f"there is no such target for {task.device}" + task.quick * " in a trial"
            lines.append(f"- NOT RUN: {PARTS[result['part']].promise}: {why}")
    lines += ["", "## Parts", ""]
    columns = ("part", "status", "seconds", "limit")
    lines += _table([{name: result[name] for name in columns} for result in results])
    for result in results:
        lines += ["", f"## {result['part']}", "", *_table(result["rows"])]
    return "\n".join(lines) + "\n"


def _table(rows: list[dict[str, Any]]) -> list[str]:
    """Rows of a table in Markdown, with a column for whatever one of them has."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_text(row.get(name, "")) for name in names] for row in rows]
    return [f"| {' | '.join(words)} |" for words in [names, ["---"] * len(names), *cells] if words]


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("|", "/").replace("\n", " ")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 core/benchmarks gpu",
        description="Test and measure the engine on a graphics card: "
        + "; ".join(part.promise for part in PARTS.values())
        + ".",
    )
    add = parser.add_argument
    add("--minutes", type=float, default=10, metavar="N", help="for all parts; default: 10")
    add("--out", type=Path, required=True, metavar="FOLDER", help="for the results")
    add("--device", default="auto", help="default: the first graphics card")
    add("--quick", action="store_true", help="small sizes, no targets of speed: does all work?")
    return parser
