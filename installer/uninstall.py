"""Removes what the installer recorded, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from installer import engine, machine, marks, plugin, weights
from neural_style.folders import cells_folder, weights_folder

OWN_FILES = ("current.json", "installed.json")
CELLS = "?" * 64 + ".png"
"""The cells of matrices; see `neural_style.store`."""

SETTINGS = (
    "plug-in-settings/GimpProcedureConfigRun-plug-in-neural-style*",
    "neural-style.json",
    "neural-style-2.10.json",
    "neural-style-speed.json",
    "neural-style-styles.json",
    "neural-style-styles-????????.json",  # which was being written
    "neural-style.log",
)
"""What the plug-in leaves in GIMP's own folder."""
INTERRUPTED = "neural-style-interrupted"
"""There, the folder with one for each painting that was interrupted."""


def targets(prefix: Path, everything: bool) -> list[Path]:
    """What would be removed, as folders and files."""
    found = [Path(folder) for folder in plugin.recorded(prefix)]
    found += [*engine.own(prefix), *_proofs(prefix)]
    found += own_files(prefix)
    if everything:
        found += weights.own_files()
        found += settings(prefix)
    return [path for path in found if path.exists() or path.is_symlink()]


def own_files(prefix: Path) -> list[Path]:
    cells = sorted(cells_folder().glob(CELLS))
    return [*(prefix / name for name in OWN_FILES), engine.launcher(prefix), *cells]


def _proofs(prefix: Path) -> list[Path]:
    return [folder for folder in [prefix / "proof"] if marks.is_ours(folder)]


def settings(prefix: Path) -> list[Path]:
    """The dialog's settings, the log, older versions' speeds and what is kept of interrupted
    paintings, in each GIMP's folder."""
    configs = _configs(prefix)
    found = [path for config in configs for pattern in SETTINGS for path in config.glob(pattern)]
    # The lock is in each from its beginning on.
    locks = [lock for config in configs for lock in config.glob(f"{INTERRUPTED}/*/in-use")]
    return found + [lock.parent for lock in locks]


def _configs(prefix: Path) -> set[Path]:
    """Each GIMP's folder, also where the plug-in was removed before."""
    recorded = {Path(folder).parent.parent for folder in plugin.recorded(prefix)}
    return recorded | set((machine.config_base() / "GIMP").glob("*"))


def remove(prefix: Path, everything: bool) -> Iterator[Path]:
    """Remove it; yields what is left behind because others put it there."""
    left = [*settings(prefix), *weights.own_files()] if everything else []
    interrupted = [config / INTERRUPTED for config in _configs(prefix)] if everything else []
    # The plug-ins first: without their engine they would only tell of an error.
    for folder in list(plugin.recorded(prefix)):
        yield from plugin.remove(prefix, Path(folder))
    yield from engine.remove_others(prefix, ())
    for folder in _proofs(prefix):
        marks.remove(folder)
    for path in own_files(prefix) + left:
        machine.remove(path)
    folders = engine.engines(prefix), engine.launcher(prefix).parent, weights_folder()
    folders = *folders, cells_folder(), cells_folder().parent, *interrupted
    for folder in (*folders, prefix):
        with suppress(OSError):
            folder.rmdir()
