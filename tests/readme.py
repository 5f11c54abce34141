"""Writes the table of settings into README.md: `python3 tests/readme.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- settings: written by tests/readme.py -->\n", "<!-- settings end -->"


def settings_table() -> str:
    """The table of all settings, from `describe`."""
    sys.path.insert(0, str(ROOT / "core"))
    from neural_style.settings import as_text, describe

    rows = ["| setting | default | values | |", "| --- | --- | --- | --- |"]
    for entry in describe()["settings"]:
        if "choices" in entry:
            values = ", ".join(f"`{choice}`" for choice in entry["choices"])
        elif "maximum" in entry:
            values = f"{as_text(entry['minimum'])} to {as_text(entry['maximum'])}"
        else:
            values = {
                "layers": "`layer:weight,...`",
                "numbers": "`number,...`",
                "string": "`compact`, `vgg19` or a file",
            }[entry["type"]]
        default = f"`{as_text(entry['default'])}`" if as_text(entry["default"]) else ""
        option = "--" + entry["name"].replace("_", "-")
        rows.append(f"| `{option}` | {default} | {values} | {entry['help']} |")
    return "\n".join(rows) + "\n"


def with_table(text: str) -> str:
    """README's text with the present table in its place."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + settings_table() + END + rest.split(END)[1]


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
