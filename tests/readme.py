"""Writes what is derived from the settings: `python3 tests/readme.py`.

That is the table in README.md, and the settings.json from which the plug-in, which has no
pydantic, makes its arguments and its dialog.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PLUGIN_SETTINGS = ROOT / "plugin" / "shared" / "settings.json"
BEGIN, END = "<!-- settings: written by tests/readme.py -->\n", "<!-- settings end -->"

sys.path.insert(0, str(ROOT / "core"))


def settings_table() -> str:
    """The table of all settings, from `describe`."""
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


def plugin_settings() -> str:
    """The text of the plug-in's settings.json."""
    from neural_style.settings import describe

    return json.dumps(describe(), indent=1) + "\n"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
    PLUGIN_SETTINGS.write_text(plugin_settings())
