#!/usr/bin/env python3
"""Make the plug-in's catalogues: po/*.po into shared/locale/*/LC_MESSAGES/neural-style.mo.

    catalogues.py           compile every .po file
    catalogues.py LANGUAGE  print what that language's .po file lacks, ready to be filled in

Standard library only. The texts are those of the plug-in's code, its table of errors, its own
settings and the engine's settings.json, and the names and descriptions of the style pictures that
come with it.
"""

from __future__ import annotations

import ast
import json
import struct
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SHARED = HERE.parent / "shared"
DRAWN = HERE.parents[1] / "core" / "neural_style" / "styles" / "styles.json"


def texts() -> list[str]:
    """Every text that the plug-in translates, each once."""
    found: dict[str, None] = {}
    for path in sorted(HERE.parent.glob("*/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if _is_translation(node):
                found[ast.literal_eval(node.args[0])] = None  # type: ignore[attr-defined]
    for sentence, hint in _constant("messages.py", "TABLE").values():
        found.update({sentence: None, hint: None})
    engine = json.loads((SHARED / "settings.json").read_text(encoding="utf-8"))["settings"]
    for setting in [*engine, *_constant("arguments.py", "FINISH")]:
        found.update({setting["label"]: None, setting["help"]: None})
        found.update(dict.fromkeys(setting.get("choices", [])))
    for name, description in json.loads(DRAWN.read_text(encoding="utf-8")).items():
        found.update({name.replace("-", " "): None, description: None})
    return [text for text in found if text != "{detail}"]


def _is_translation(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("_", "translate")
        and isinstance(node.args[0], ast.Constant)
    )


def _constant(file: str, name: str) -> Any:
    """The value that a shared file gives to a name."""
    tree = ast.parse((SHARED / file).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise ValueError(f"{file} has no {name}")


def read(path: Path) -> dict[str, str]:
    """A .po file's translations by text; the text "" has its header."""
    entries: dict[str, str] = {}
    key, values = "", {"msgid": "", "msgstr": ""}
    for line in [*path.read_text(encoding="utf-8").splitlines(), 'msgid ""']:
        word, _, rest = line.partition(" ")
        if word in values:
            if word == "msgid":
                entries[values["msgid"]] = values["msgstr"]
                values["msgstr"] = ""
            key, values[word] = word, ast.literal_eval(rest)
        elif line.startswith('"'):
            values[key] += ast.literal_eval(line)
    return entries


def compiled(entries: dict[str, str]) -> bytes:
    """The .mo file's bytes: a header, two tables of length and offset, then the texts."""
    pairs = [(k.encode(), v.encode()) for k, v in sorted(entries.items()) if v]
    start = 28 + 16 * len(pairs)
    tables: list[bytes] = []
    body = b""
    for column in (0, 1):
        for pair in pairs:
            tables.append(struct.pack("<II", len(pair[column]), start + len(body)))
            body += pair[column] + b"\0"
    count = len(pairs)
    header = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 28 + 16 * count)
    return header + b"".join(tables) + body


def catalogue(po: Path) -> Path:
    return SHARED / "locale" / po.stem / "LC_MESSAGES" / "neural-style.mo"


def main(arguments: list[str]) -> None:
    if arguments:
        known = read(HERE / f"{arguments[0]}.po")
        for text in texts():
            if not known.get(text):
                print(f'msgid {json.dumps(text, ensure_ascii=False)}\nmsgstr ""\n')
        return
    for po in HERE.glob("*.po"):
        catalogue(po).parent.mkdir(parents=True, exist_ok=True)
        catalogue(po).write_bytes(compiled(read(po)))


if __name__ == "__main__":
    main(sys.argv[1:])
