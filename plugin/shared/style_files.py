# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of style pictures, which may be on a drive that is gone. Python 2.7 can run it."""

import os

import uris
from background import Answers, Work
from messages import PluginError
from paths import native

PATIENCE = 30.0
"""Seconds that a drive has to answer: one that sleeps takes ten."""

answers = Answers()
"""What is known of files, in all windows of a run."""


def seems_there(path):
    """Whether a file is there as far as is known; it is looked at meanwhile."""
    return answers.of(os.path.exists, path) is not False


def is_there(path):
    """Whether a file is there.

    Raises:
        PluginError: `file_unreachable`, if its drive does not answer.
    """
    look = Work(lambda: os.path.exists(path))
    if not look.tick(PATIENCE):
        name = path.decode("utf-8", "replace") if isinstance(path, bytes) else path
        raise PluginError("file_unreachable", name)
    return look.result


def path_of(uri):
    """A file's path as this Python's functions want it."""
    return native(uris.to_path(uri))
