"""`python3 installer` and its `upgrade`: the steps in their order.

`options` are those of `commands.py`: torch, offline, wheels, prefix, gimp, yes and renew.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from installer import engine, gimps, machine, marks, plugin, proof, torch_build, weights
from installer.errors import InstallError
from installer.terminal import ask, report, say

FAILURE = 1


def run(options: argparse.Namespace) -> int:
    """Everything: engine, network, plug-in, proof; returns the exit status."""
    if os.environ.get("SUDO_USER"):
        say("warning: run this without sudo; with it, Neural Style is installed for root only")
    prefix = marks.make(options.prefix)
    with machine.Lock(prefix / "lock"):
        say("Looking for GIMP")
        found = gimps.find(options.gimp)  # first, as a wrong --gimp should not wait for downloads
        used = _install_engine(options, prefix)
        engine.write_launcher(prefix, used)
        missing = _try_weights(options, used)
        served = [gimp for gimp in found if _install_plugin(prefix, gimp, used)]
        busy = engine.remove_others(prefix, _engines_in_use(prefix, used))
        picture, proven = _prove(prefix, served, used)
    if missing:
        say(missing)
    for folder in busy:
        what = f"Another engine is in use, so it stays: {folder}"
        hint = "Close Neural Style's dialog in GIMP, and run the installer again to remove it."
        say(f"warning: {InstallError('engine_busy', what, hint)}")
    able = [gimp for gimp in found if not gimp.without_python]
    if not able:
        what = "No GIMP that can have the plug-in was found, so it was painted without"
        error = InstallError("gimp_missing", what)
        say(f"warning: {error}")
    say(f"Neural Style is installed. Its first picture: {picture}")
    if served:
        say("In GIMP, which wants to be started anew: Filters > Artistic > Neural Style...")
    program = machine.quoted(engine.launcher(prefix))
    say(f"On the command line: {program} stylize PHOTO PAINTING -o OUT.png")
    return 0 if proven and (served or not able) else FAILURE


def _install_engine(options: argparse.Namespace, prefix: Path) -> engine.Engine:
    """The engine in use, made anew if it is not there, broken, or not as it shall be."""
    old = engine.current(prefix)
    wish = engine.Wish(options.torch)
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
    torch = wish.torch or (old.about.get("torch") if old else None)
    wish = engine.Wish(torch, _package_source(options), newest=options.renew)
    engine.remove_others(prefix, _engines_in_use(prefix, old))
    new = engine.make(prefix, wish, lambda choice: _confirm_choice(options, prefix, choice), say)
    engine.switch(prefix, new)
    return new


def _package_source(options: argparse.Namespace) -> tuple[str, ...]:
    """pip's options for a folder of wheels."""
    folder = options.wheels
    offline = options.offline
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
    if not (options.offline or weights.is_installed("vgg19")):
        size = machine.words(weights.KNOWN["vgg19"].size or 0)
        say(f"After it, where it can be had, the network vgg19: {size} more")
    if sys.stdin.isatty():
        ask("Install this?", options.yes)


def _try_weights(options: argparse.Namespace, used: engine.Engine) -> str:
    """Add the paper's network if it can be had; returns a line that says what is missing."""
    if weights.is_installed("vgg19"):
        return ""
    reason = "--offline was given"
    if not options.offline:
        try:
            size = machine.words(weights.KNOWN["vgg19"].size or 0)
            say(f"Fetching the network vgg19, {size}")
            weights.add("vgg19", used, report)
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
        plugin.install(prefix, gimp, used.python)
    except InstallError as error:
        say(f"warning: {gimp.name} gets no plug-in. {error}")
        return False
    say(f"Plug-in installed: {gimp.name}, {gimp.plugin}")
    return True


def _prove(prefix: Path, served: Sequence[gimps.Gimp], used: engine.Engine) -> tuple[Path, bool]:
    """Paint a picture, through the first GIMP that can, or else through the engine alone.

    Returns the picture, and whether every GIMP that could be started knows the plug-in.
    """
    folder = marks.make(prefix / "proof")
    picture, painted, proven = folder / "painted.png", False, True
    for gimp in served:
        if not gimp.console:
            say(f"{gimp.name}: its program was not found, so the plug-in was not tried in it")
            continue
        try:
            if gimp.silence:
                raise gimp.silence
            if not gimps.ask(gimp).registered:
                plugin.forget(gimp)
                if not gimps.ask(gimp).registered:
                    what = f"{gimp.name} does not know the plug-in"
                    raise InstallError("plugin_not_registered", what)
            if not painted:
                say(f"Painting a first picture with {gimp.name}")
                proof.paint_with_gimp(gimp, picture, folder)
                painted = True
        except InstallError as error:
            say(f"warning: {error}")
            proven = False
    if not painted:
        say("Painting a first picture with the engine alone")
        proof.paint_with_engine(used.python, picture, folder)
    return picture, proven
