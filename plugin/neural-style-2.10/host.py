# SPDX-License-Identifier: GPL-3.0-or-later
"""What painting needs of GIMP 2.10 besides its layers."""

import os
import sys

import gimp
from paths import native

ASKS_IN_THREADS = False
"""Whether a thread can wait for GIMP's answer while the others go on."""


def config_file(name):
    """A file's path in GIMP's own folder."""
    return os.path.join(native(gimp.directory), name)


def log_path():
    return config_file("neural-style.log")


def bundles():
    """Folders with GIMP's own libraries, where it brings them along."""
    if os.name != "nt" and sys.platform != "darwin":
        return []
    folder = native(gimp.plug_in_directory)
    for _level in ("2.0", "gimp", "lib"):
        folder = os.path.dirname(folder)
    return [sys.prefix, folder]  # its Python may have a folder of its own


def begin_progress(text):
    gimp.progress_init(text)


def show_progress(fraction, text):
    gimp.pdb.gimp_progress_set_text(text)
    gimp.progress_update(fraction)


def end_progress():
    gimp.pdb.gimp_progress_end()


def tell(text):
    """Tell the artist something that is no failure."""
    gimp.message(text)
