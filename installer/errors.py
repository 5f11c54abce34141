"""Every error and warning of the installer, by its code.

As in the engine: what happened is written where it happens, what to do about it stands here, and
the README explains each code under an anchor of the same name.
"""

from __future__ import annotations

import errno

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
"""The system's numbers for it."""

HINTS: dict[str, str] = {
    # -- Python --------------------------------------------------------------------------------
    "python_too_old": "Install Python 3.10 or newer.",
    "venv_missing": "Install the package that the message names, then run the installer again.",
    # -- the machine ---------------------------------------------------------------------------
    "cannot_write": "Choose a folder that you may write to: --prefix DIR.",
    "disk_full": "Free some disk space, or choose another disk with --prefix DIR.",
    "installer_running": "Wait until the other one has ended.",
    "file_missing": "Check the name and the folder.",
    "not_confirmed": "Answer with y, or add --yes.",
    # -- packages ------------------------------------------------------------------------------
    "pytorch_missing": "Check the network, or give the packages with --offline --wheels DIR.",
    "packages_failed": "Check the network, then run the installer again; it goes on from there.",
    "versions_untested": "Mostly that does no harm; if the engine fails, try another Python.",
    "gpu_unused": "Update the graphics driver, then run `python3 installer upgrade`; or add "
    "--torch cpu.",
    # -- the engine ----------------------------------------------------------------------------
    "engine_missing": "Run `python3 installer`.",
    "engine_broken": "Run `python3 installer` again; it makes the engine anew.",
    "engine_outdated": "Run `python3 installer`.",
    "engine_busy": "Close Neural Style's dialog in GIMP, or wait, and run the command again.",
    "painting_failed": "Run `python3 installer doctor`, and report this with what it prints.",
    # -- network weights -----------------------------------------------------------------------
    "download_failed": "Check the network and run the command again; it goes on from there.",
    "download_html": "Log in to that network first, or fetch the file in a browser and give it "
    "with --file.",
    "weights_damaged": "Fetch the file again: `python3 installer weights`.",
    # -- GIMP ----------------------------------------------------------------------------------
    "gimp_missing": "Install GIMP 3.0 or newer and run `python3 installer` again.",
    "gimp_sandboxed": "Follow the message, or install GIMP in another way.",
    "gimp_without_python": "Install your system's package with GIMP's Python plug-ins if there is "
    "one, or else GIMP 3 (as Flatpak or AppImage it runs beside any other), then run the installer "
    "again.",
    "gimp_failed": "Start GIMP once by hand; if it works, run the installer again.",
    "plugin_foreign": "Move that folder out of GIMP's plug-ins, and run the installer again.",
    "plugin_missing": "Run `python3 installer`.",
    "plugin_damaged": "Run `python3 installer`.",
    "plugin_not_executable": "Run `python3 installer`.",
    "plugin_disconnected": "Run `python3 installer`.",
    "plugin_not_registered": "Close GIMP, run `python3 installer` and start GIMP again.",
    # -- anything else -------------------------------------------------------------------------
    "internal": "This is a mistake in the installer; please report it with what it printed.",
}


class InstallError(Exception):
    """Something that the person at the terminal can understand and act on.

    Args:
        code: a key of `HINTS`.
        message: one sentence without its full stop.
        hint: what to do; the code's own hint unless the place of the error knows better.
    """

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = HINTS[code] if hint is None else hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint} [{self.code}]"


def of_file(error: OSError, path: object) -> InstallError:
    """An error of the file system as one to show."""
    if error.errno in DISK_FULL:
        return InstallError("disk_full", f"The disk of {path} is full")
    reason = error.strerror or type(error).__name__
    return InstallError("cannot_write", f"{error.filename or path} cannot be written ({reason})")
