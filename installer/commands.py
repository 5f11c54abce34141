"""The commands: words in, steps in their order, words out."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from installer import doctor, engine, gimps, machine, plugin, proof, torch_build, uninstall, weights
from installer.errors import InstallError

FAILURE, INTERRUPTED = 1, 130
ABOUT = """Installs Neural Style for GIMP: the engine, the networks and the plug-in. Run it again
after anything went wrong; it goes on from there."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the installer; returns the exit status."""
    with suppress(AttributeError, ValueError):  # a terminal that cannot write every letter
        sys.stdout.reconfigure(errors="replace")  # pyright: ignore
    options = _parser().parse_args(arguments)
    try:
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


def _parser() -> argparse.ArgumentParser:
    shared = _shared_options()
    parser = argparse.ArgumentParser(prog="python3 installer", description=ABOUT, parents=[shared])
    parser.set_defaults(run=_install, renew=False)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    command = commands.add_parser("doctor", parents=[shared], help="say what works and what not")
    command.add_argument("--json", action="store_true", help="as JSON, for a report")
    command.set_defaults(run=_doctor)
    command = commands.add_parser("weights", parents=[shared], help="add a network's weights")
    command.add_argument("name", nargs="?", choices=list(weights.KNOWN), default="vgg19")
    command.add_argument("--file", type=Path, help="the original file, if it is here already")
    command.add_argument("--mirror", metavar="URL", help="a folder that has the original file")
    command.set_defaults(run=_weights)
    command = commands.add_parser("upgrade", parents=[shared], help="make the engine anew")
    command.set_defaults(run=_install, renew=True)
    command = commands.add_parser("uninstall", parents=[shared], help="remove what was installed")
    command.add_argument("--all", action="store_true", help="networks and settings too")
    command.set_defaults(run=_uninstall)
    return parser


def _shared_options() -> argparse.ArgumentParser:
    """Options that stand before or after the command; `SUPPRESS` lets the first one given count."""
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    builds = ", ".join(("auto", *torch_build.BUILDS))
    shared.add_argument(
        "--torch", metavar="BUILD", help=f"PyTorch: {builds}, a requirement or a wheel file"
    )
    shared.add_argument("--offline", action="store_true", help="use no network ...")
    shared.add_argument("--wheels", metavar="DIR", type=Path, help="... but packages from here")
    shared.add_argument("--prefix", metavar="DIR", type=Path, help="where the engine goes")
    shared.add_argument("--gimp", metavar="DIR", type=Path, help="one GIMP's configuration folder")
    shared.add_argument("--yes", action="store_true", help="ask nothing")
    return shared


def _prefix(options: argparse.Namespace) -> Path:
    chosen = getattr(options, "prefix", None)
    return Path(os.path.abspath(chosen.expanduser())) if chosen else machine.data_folder()


def say(line: str) -> None:
    print(line, flush=True)


# -- install and upgrade -------------------------------------------------------------------------


def _install(options: argparse.Namespace) -> int:
    if os.environ.get("SUDO_USER"):
        say("warning: run this without sudo; with it, Neural Style is installed for root only")
    prefix = machine.make_folder(_prefix(options))
    with machine.Lock(prefix / "lock"):
        used = _install_engine(options, prefix)
        missing = _try_weights(options, used)
        found = gimps.find(getattr(options, "gimp", None))
        served = [gimp for gimp in found if _install_plugin(prefix, gimp, used)]
        engine.remove_others(prefix, _engines_in_use(prefix, used))
        picture = _prove(prefix, served, used)
    if missing:
        say(missing)
    if not found:
        error = InstallError("gimp_missing", "No GIMP 3 was found, so it was painted without")
        say(f"warning: {error}")
    say(f"Neural Style is installed. Its first picture: {picture}")
    if served:
        say("In GIMP: Filters > Artistic > Neural Style...")
    else:
        program = machine.quoted(used.program)
        say(f"On the command line: {program} stylize PHOTO PAINTING -o OUT.png")
    return FAILURE if found and not served else 0


def _install_engine(options: argparse.Namespace, prefix: Path) -> engine.Engine:
    """The engine in use, made anew if it is not there, broken, or not as it shall be."""
    old = engine.current(prefix)
    wish = engine.Wish(getattr(options, "torch", None), _package_source(options))
    if old and not options.renew and engine.is_up_to_date(old, wish):
        damaged = engine.damaged_files(old)
        try:
            engine.check_devices(old.python)
        except InstallError as error:
            damaged.append(error.message)
        if not damaged:
            say(f"The engine is up to date: {old.folder}")
            return old
        say(f"The engine is damaged ({damaged[0]}) and is made anew.")
    if old and wish.torch is None:
        wish = engine.Wish(old.about.get("torch"), wish.source)
    engine.remove_others(prefix, _engines_in_use(prefix, old))
    new = engine.make(prefix, wish, lambda choice: _confirm_choice(options, prefix, choice), say)
    engine.switch(prefix, new)
    return new


def _package_source(options: argparse.Namespace) -> tuple[str, ...]:
    """pip's options for a folder of wheels."""
    folder = getattr(options, "wheels", None)
    offline = getattr(options, "offline", False)
    if folder is None:
        if offline:
            hint = "Add --wheels DIR."
            raise InstallError("pytorch_missing", "--offline needs a folder with packages", hint)
        return ()
    if not folder.is_dir():
        raise InstallError("file_missing", f"There is no folder {folder}")
    source = ("--find-links", str(folder.resolve()))
    return ("--no-index", *source) if offline else source


def _engines_in_use(prefix: Path, used: engine.Engine | None) -> list[Path]:
    """Environments that the installer or any plug-in relies on."""
    notes = [
        machine.read_note(Path(folder) / plugin.NOTE).get("python")
        for folder in plugin.recorded(prefix)
    ]
    pythons = [Path(str(note)) for note in notes if note]
    in_use = [python.parent.parent for python in pythons]
    return [*in_use, used.folder] if used else in_use


def _confirm_choice(options: argparse.Namespace, prefix: Path, choice: torch_build.Choice) -> None:
    free = machine.words(machine.free_space(prefix))
    sizes = "size unknown"
    if choice.sizes:
        download, disk = map(machine.words, choice.sizes)
        sizes = f"at most about {download} to download and {disk} on disk"
    say(f"PyTorch: {choice.requirement} from {choice.origin}; {sizes}; {free} free in {prefix}")
    if sys.stdin.isatty():
        _ask(options, "Install this?")


def _ask(options: argparse.Namespace, question: str) -> None:
    """Go on only if the person at the terminal agrees.

    Raises:
        InstallError: `not_confirmed`.
    """
    if getattr(options, "yes", False):
        return
    answer = input(f"{question} [y/n] ").strip().lower() if sys.stdin.isatty() else ""
    if answer not in ("y", "yes"):
        raise InstallError("not_confirmed", "Nothing was changed")


def _try_weights(options: argparse.Namespace, used: engine.Engine) -> str:
    """Add the paper's network if it can be had; returns a line that says what is missing."""
    if weights.is_installed("vgg19"):
        return ""
    reason = "--offline was given"
    if not getattr(options, "offline", False):
        try:
            say("Fetching the network vgg19")
            weights.add("vgg19", used, _report)
            return ""
        except InstallError as error:
            reason = error.message
    return (
        f"The network vgg19 is not installed ({reason}); compact does without it. "
        "To add it later: python3 installer weights"
    )


def _install_plugin(prefix: Path, gimp: gimps.Gimp, used: engine.Engine) -> bool:
    """Whether the plug-in went into this GIMP; why not is said."""
    try:
        if gimp.problem:
            raise gimp.problem
        gimps.wake(gimp)
        plugin.install(prefix, gimp, used.python)
    except InstallError as error:
        say(f"warning: {gimp.name} gets no plug-in. {error}")
        return False
    say(f"Plug-in installed: {gimp.name}, {gimp.plugin}")
    return True


def _prove(prefix: Path, served: Sequence[gimps.Gimp], used: engine.Engine) -> Path:
    """Paint a picture, through the first GIMP that can, or else through the engine alone."""
    folder = machine.make_folder(prefix / "proof")
    picture, painted = folder / "painted.png", False
    for gimp in served:
        if not gimp.console:
            say(f"{gimp.name}: its program was not found, so the plug-in was not tried in it")
            continue
        try:
            if not proof.is_registered(gimp):
                plugin.forget(gimp)
                if not proof.is_registered(gimp):
                    what = f"{gimp.name} does not know the plug-in"
                    raise InstallError("plugin_not_registered", what)
            if not painted:
                say(f"Painting a first picture with {gimp.name}")
                proof.paint_with_gimp(gimp, picture, folder)
                painted = True
        except InstallError as error:
            say(f"warning: {error}")
    if not painted:
        say("Painting a first picture with the engine alone")
        proof.paint_with_engine(used.python, picture, folder)
    return picture


# -- the other commands --------------------------------------------------------------------------


def _weights(options: argparse.Namespace) -> int:
    prefix = machine.make_folder(_prefix(options))
    with machine.Lock(prefix / "lock"):
        used = engine.current(prefix)
        if not used:
            raise InstallError("engine_missing", f"No engine is installed in {prefix}")
        if options.file is None and getattr(options, "offline", False):
            hint = "Add --file FILE."
            raise InstallError("file_missing", "--offline needs the original file", hint)
        path = weights.add(options.name, used, _report, options.file, options.mirror)
    say(f"Installed: {path}")
    if options.name != "vgg19":
        say(f"To paint with it, give this file as the network: --network {path}")
    return 0


def _report(there: int, total: int) -> None:
    """A bar on a terminal; nothing elsewhere."""
    if not sys.stdout.isatty():
        return
    width = max(10, min(40, shutil.get_terminal_size().columns - 40))
    filled = width * there // total if total else 0
    bar = "#" * filled + "-" * (width - filled)
    end = "\n" if there == total else ""
    print(f"\r[{bar}] {machine.words(there)} of {machine.words(total)}  ", end=end, flush=True)


def _doctor(options: argparse.Namespace) -> int:
    findings = []
    for finding in doctor.examine(_prefix(options), getattr(options, "gimp", None)):
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


def _uninstall(options: argparse.Namespace) -> int:
    prefix = _prefix(options)
    found = uninstall.targets(prefix, options.all)
    if not found:
        say(f"Nothing is installed in {prefix}.")
        return 0
    say("This will be removed:")
    for path in found:
        say(f"  {path}")
    _ask(options, "Remove it?")
    with machine.Lock(prefix / "lock"):
        left = list(uninstall.remove(prefix, options.all))
        machine.remove(prefix / "lock")
    with suppress(OSError):
        prefix.rmdir()
    for path in left:
        say(f"Left, as the installer did not make it: {path}")
    if not options.all:
        say("Downloaded networks and GIMP's settings stay; --all removes them too.")
    return 0
