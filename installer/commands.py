"""The commands: words in, words out."""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from installer import (
    archive,
    doctor,
    engine,
    install,
    machine,
    marks,
    plugin,
    torch_build,
    uninstall,
    weights,
)
from installer.errors import InstallError
from installer.terminal import ask, report, say
from neural_style.folders import data_folder

FAILURE, INTERRUPTED = 1, 130
ABOUT = """Installs Neural Style for GIMP: the engine, the networks and the plug-in. Run it again
after anything went wrong; it goes on from there."""

BUILDS = ", ".join(
    ("auto", *torch_build.BUILDS, "a requirement such as torch==2.9.1 or a wheel file")
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the installer; returns the exit status."""
    with suppress(AttributeError, ValueError):  # a terminal that cannot write every letter
        sys.stdout.reconfigure(errors="replace")  # pyright: ignore
    options = _parser().parse_args(arguments)
    try:
        options = _complete(options)
        return options.run(options)
    except InstallError as error:
        print(f"error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again to go on.", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        traceback.print_exc()
        what = f"Something unexpected happened ({type(error).__name__}: {error})"
        print(f"error: {InstallError('internal', what)}", file=sys.stderr)
    return FAILURE


OWN = "neural-style"
"""The folder's name within a chosen one that has other things in it."""

DEFAULTS = dict.fromkeys(("torch", "wheels", "prefix", "gimp")) | {"offline": False, "yes": False}


def _complete(options: argparse.Namespace) -> argparse.Namespace:
    """The options with those that were not given."""
    complete = argparse.Namespace(**{**DEFAULTS, **vars(options)})
    chosen = complete.prefix
    complete.prefix = _prefix(Path(os.path.abspath(chosen.expanduser())) if chosen else None)
    return complete


def _prefix(chosen: Path | None) -> Path:
    """Where all of it goes: never among other people's files, but into a folder of its own there.

    Raises:
        InstallError: `cannot_write` if that folder has other people's files in it too.
    """
    if chosen in (None, data_folder()):
        return data_folder()
    if not _is_foreign(chosen):
        return chosen
    own = chosen / OWN
    if _is_foreign(own):
        raise InstallError("cannot_write", f"{chosen} and {own} have other things in them")
    return own


def _is_foreign(folder: Path) -> bool:
    """Whether a folder has things in it, but neither our mark nor, as of older versions, the note
    of an engine or a plug-in: other programs have files of the same names."""
    if (folder / marks.MARK).is_file() or plugin.recorded(folder):
        return False
    if isinstance(machine.read_note(folder / "current.json").get("engine"), str):
        return False
    try:
        return any(folder.iterdir())
    except OSError:  # it is not there yet, or no folder: that is said later
        return False


def _parser() -> argparse.ArgumentParser:
    shared = _shared_options()
    parser = argparse.ArgumentParser(prog="python3 installer", description=ABOUT, parents=[shared])
    parser.set_defaults(run=install.run, renew=False)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    command = commands.add_parser("doctor", parents=[shared], help="say what works and what not")
    command.add_argument("--json", action="store_true", help="as JSON, for a report")
    command.set_defaults(run=_doctor)
    command = commands.add_parser("weights", parents=[shared], help="add a network's weights")
    command.add_argument("name", nargs="?", choices=list(weights.KNOWN), default="vgg19")
    command.add_argument("--file", type=Path, help="the original file, if it is here already")
    command.add_argument("--mirror", metavar="URL", help="a folder that has the original file")
    command.set_defaults(run=_weights)
    command = commands.add_parser(
        "upgrade", parents=[shared], help="make it anew, of the newest packages"
    )
    command.set_defaults(run=install.run, renew=True)
    command = commands.add_parser("uninstall", parents=[shared], help="remove what was installed")
    command.add_argument("--all", action="store_true", help="networks and settings too")
    command.set_defaults(run=_uninstall)
    command = commands.add_parser("archive", help="write the zip file to publish, into this folder")
    command.set_defaults(run=_archive)
    return parser


def _shared_options() -> argparse.ArgumentParser:
    """Options for before or after the command, without defaults, which would hide each other."""
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--torch", metavar="BUILD", type=_torch, help=f"PyTorch: {BUILDS}")
    shared.add_argument("--offline", action="store_true", help="use no network ...")
    shared.add_argument("--wheels", metavar="DIR", type=Path, help="... but packages from here")
    shared.add_argument("--prefix", metavar="DIR", type=Path, help="where the engine goes")
    shared.add_argument("--gimp", metavar="DIR", type=Path, help="one GIMP's configuration folder")
    shared.add_argument("--yes", action="store_true", help="ask nothing")
    return shared


def _torch(wanted: str) -> str:
    """Refuse what pip would take for the name of some other package."""
    if wanted == "auto" or torch_build.is_known(wanted):
        return wanted
    raise argparse.ArgumentTypeError(f"there is no build {wanted!r}; choose {BUILDS}")


def _weights(options: argparse.Namespace) -> int:
    prefix = options.prefix
    used = engine.current(prefix)
    if not used:
        raise InstallError("engine_missing", f"No engine is installed in {prefix}")
    with machine.Lock(machine.make_folder(prefix) / "lock"):
        if options.file is None and options.offline:
            hint = "Add --file FILE."
            raise InstallError("file_missing", "--offline needs the original file", hint)
        path = weights.add(options.name, used, report, options.file, options.mirror)
    say(f"Installed: {path}")
    if options.name != "vgg19":
        say(f"To paint with it, give this file as the network: --network {path}")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    findings = []
    for finding in doctor.examine(options.prefix, options.gimp):
        findings.append(finding)
        if not options.json:
            say(finding.as_text())
    faults = [finding for finding in findings if finding.fault]
    if options.json:
        report = {"ok": not faults, "findings": [finding.as_json() for finding in findings]}
        say(json.dumps(report, indent=2, ensure_ascii=False))
    elif not faults:
        say("Everything is well.")
    return FAILURE if faults else 0


def _archive(_: argparse.Namespace) -> int:
    say(f"Written: {archive.write(Path.cwd())}")
    return 0


def _uninstall(options: argparse.Namespace) -> int:
    prefix = options.prefix
    found = uninstall.targets(prefix, options.all)
    if not found:
        say(f"Nothing is installed in {prefix}.")
        return 0
    say("This will be removed:")
    for path in found:
        say(f"  {path}")
    ask("Remove it?", options.yes)
    machine.make_folder(prefix)  # for the lock: what is left to remove may lie elsewhere
    with machine.Lock(prefix / "lock") as lock:
        if busy := [folder for folder in engine.own(prefix) if engine.is_busy(folder)]:
            raise InstallError("engine_busy", f"GIMP or a command is using {busy[0]}")
        left = list(uninstall.remove(prefix, options.all))
        lock.remove()
    if [path.name for path in prefix.iterdir()] == [marks.MARK]:
        machine.remove(prefix / marks.MARK)
    with suppress(OSError):
        prefix.rmdir()
    for path in left:
        say(f"Left, as the installer did not make it: {path}")
    if not options.all:
        say("Downloaded networks and GIMP's settings, if any, stay; --all removes them too.")
    return 0
