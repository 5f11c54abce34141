"""Format, lint, types and the house rules of the code itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from neural_style.errors import HINTS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "core" / "neural_style"
BIN = Path(sys.executable).parent

BESIDE = {"benchmarks", "styles", "training"}

FLOORS = [
    {"errors", "folders", "settings", "protocol", "axes"},
    {
        "statistics",
        "colour",
        "image",
        "faces",
        "network",
        "machine",
        "devices",
        "precision",
        "threads",
        "cache",
        "resampling",
        "store",
        "styles",
    },
    {
        "schedule",
        "objective",
        "sampling",
        "losses",
        "budget",
        "canvas",
        "guides",
        "masks",
        "tiles",
        "optimise",
        "sheet",
    },
    {
        "job",
        "studio",
        "plan",
        "pictures",
        "cells",
        "series",
        "frames",
        "checkpoint",
        "keeper",
        "recipe",
    },
    {
        "__init__",
        "api",
        "bar",
        "batch_cli",
        "batch_console",
        "cli",
        "console",
        "film_cli",
        "film_console",
        "jsonlines",
        "matrix_cli",
        "matrix_console",
        "options",
        "output",
        "startup",
        "tasks",
        "worker",
    },
]
"""CONTRIBUTING.md's picture: a room may import rooms of its own floor and below."""


def modules() -> dict[str, Path]:
    """A package counts as the modules in it, and its __init__ as one of them."""
    paths = PACKAGE.rglob("*.py")
    return {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in paths}


def floor(module: str) -> int:
    room = module.partition(".")[0]
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "format", "--check", "--no-cache"],
        ["ruff", "check", "--no-cache"],
        pytest.param(["basedpyright", "--pythonpath", sys.executable], marks=pytest.mark.slow),
    ],
    ids=["format", "lint", "types"],
)
def test_tool_has_no_complaint(command: list[str]) -> None:
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_environments_packages_agree() -> None:
    command = [sys.executable, "-m", "pip", "check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", modules())
def test_no_room_imports_from_a_floor_above(module: str) -> None:
    tree = ast.parse(modules()[module].read_text())
    rooms = {module.partition(".")[0] for module in modules()}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("neural_style"):
            base = (node.module or "").removeprefix("neural_style").lstrip(".")
            names = [base] if base else [alias.name for alias in node.names]
            for name in names:
                if name.partition(".")[0] in rooms:
                    assert floor(name) <= floor(module), f"{module} imports {name}"


def test_the_package_does_not_import_what_stands_beside_it() -> None:
    """That is not installed."""
    for path in modules().values():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] not in BESIDE


def test_every_error_code_in_use_has_a_hint_and_every_hint_a_use() -> None:
    used = set()
    for path in modules().values():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and node.value in HINTS and path.stem != "errors":
                used.add(node.value)
    assert used == set(HINTS)
