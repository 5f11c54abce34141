"""The figures as tables for people, as plain data for JSON, and the curves as a picture."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from benchmarks.curves import Curve, Race
from benchmarks.row import Figures, Row
from benchmarks.targets import Measured

Peaks = dict[tuple[str, str], float]
"""Operations per second of a large matrix product, by device and precision."""


def step_data(measured: Measured, peaks: Peaks) -> list[dict[str, Any]]:
    """Each row with its figures and what follows from them."""
    return [_step(row, figures, _textbook(row, measured), peaks) for row, figures in measured]


def _textbook(row: Row, measured: Measured) -> Figures | None:
    """The textbook's figures for the same network, size and device."""
    for other, figures in measured:
        same = (other.network, other.size, other.device) == (row.network, row.size, row.device)
        if same and other.side == "textbook" and isinstance(figures, Figures):
            return figures
    return None


def _step(
    row: Row, figures: Figures | str, textbook: Figures | None, peaks: Peaks
) -> dict[str, Any]:
    if isinstance(figures, str):
        return {**asdict(row), "error": figures}
    data = {
        **asdict(row),
        **asdict(figures),
        "peak_share": figures.flops / figures.seconds / peaks[row.device, row.precision],
        "bytes_per_pixel": figures.bytes / row.size**2,
    }
    if textbook:
        data["time_ratio"] = figures.seconds / textbook.seconds
        # A tiny picture may fit in memory that the process has already.
        if textbook.bytes > 0:
            data["memory_ratio"] = figures.bytes / textbook.bytes
    return data


def step_table(data: list[dict[str, Any]]) -> Table:
    caption = "Ratios are to the textbook's; peak: share of the machine's matrix products."
    table = _table("One step", caption, "picture", "side", "precision")
    for name in ("ms", "ratio", "peak", "B/px", "ratio"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in data:
        words = [f"{row['network']} {row['size']} {row['device']}", row["side"], row["precision"]]
        if "error" in row:
            table.add_row(*words, row["error"])
            continue
        table.add_row(
            *words,
            f"{row['seconds'] * 1000:.1f}",
            f"{row['time_ratio']:.2f}" if "time_ratio" in row else "",
            f"{row['peak_share']:.0%}",
            f"{row['bytes_per_pixel']:.0f}",
            f"{row['memory_ratio']:.2f}" if "memory_ratio" in row else "",
        )
    return table


def _table(title: str, caption: str, *names: str) -> Table:
    """A table narrow enough for 80 columns, with its first columns."""
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, no_wrap=True)
    return table


def race_data(race: Race) -> dict[str, Any]:
    """The curves, and how the others' times compare with the textbook's at two losses."""
    return {
        **asdict(race),
        "goal": race.goal,
        "results": [{"name": curve.name, **_result(race, curve)} for curve in race.curves],
    }


def _result(race: Race, curve: Curve) -> dict[str, float | None]:
    """Seconds to the textbook's last loss, and the textbook's to this curve's last loss."""
    textbook = race.curves[0]
    return {
        "seconds": curve.seconds[-1],
        "loss": curve.losses[-1],
        "seconds_to_goal": curve.reached(race.goal),
        "ratio": race.ratio(curve),
        "textbook_seconds_to_loss": textbook.reached(curve.losses[-1]),
    }


def race_table(data: dict[str, Any]) -> Table:
    title = f"{data['network']}, {data['size']} px, {data['device']}, from {data['start']}"
    caption = (
        f"Goal: the textbook's last loss, {data['goal']:.4g}. Last column: seconds the textbook "
        "took to this side's last loss."
    )
    table = _table(title, caption, "side")
    for name in ("seconds", "loss", "to goal", "ratio", "textbook"):
        table.add_column(name, justify="right", no_wrap=True)
    for result in data["results"]:
        values = [result[key] for key in ("seconds", "loss", "seconds_to_goal", "ratio")]
        values.append(result["textbook_seconds_to_loss"])
        table.add_row(result["name"], *("never" if v is None else f"{v:.3g}" for v in values))
    return table


def draw(races: list[Race], path: Path) -> None:
    """Loss over seconds, one panel for each race, both axes logarithmic."""
    from matplotlib.figure import Figure  # takes a second, and only curves need it

    figure = Figure(figsize=(6 * len(races), 5), layout="constrained")
    for panel, race in zip(figure.subplots(1, len(races), squeeze=False)[0], races, strict=True):
        for curve in race.curves:
            panel.plot(curve.seconds, curve.losses, label=curve.name)
        panel.axhline(race.goal, color="grey", linestyle=":")
        panel.set(
            xscale="log",
            yscale="log",
            xlabel="seconds",
            ylabel="loss",
            title=f"{race.network}, {race.size} px, {race.device}",
        )
        panel.legend()
    figure.savefig(path, dpi=120)
