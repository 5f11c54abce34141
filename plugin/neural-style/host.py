# SPDX-License-Identifier: GPL-3.0-or-later
"""What painting needs of GIMP besides its layers."""

import os
import sys

from gi.repository import Gimp

ASKS_IN_THREADS = True
"""Whether a thread can wait for GIMP's answer while the others go on."""


def config_file(name):
    """A file's path in GIMP's own folder."""
    return os.path.join(Gimp.directory(), name)


def log_path():
    return config_file("neural-style.log")


def bundles():
    """Folders with GIMP's own libraries, where it brings them along."""
    return [sys.prefix] if os.name == "nt" or sys.platform == "darwin" else []


def begin_progress(text):
    Gimp.progress_init(text)


def show_progress(fraction, text):
    Gimp.progress_set_text(text)
    Gimp.progress_update(fraction)


def end_progress():
    Gimp.progress_end()


def tell(text):
    """Tell the artist something that is no failure."""
    Gimp.message(text)
