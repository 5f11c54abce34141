# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures, for the artist and for the log. Python 2.7 can run it."""

import io
import time
import traceback

import host
from messages import CALLERS_MISTAKES, PluginError
from translation import _


def unexpected(error):
    """A mistake of the plug-in's own, with its traceback in the log."""
    log(traceback.format_exc())
    return PluginError("internal", "%s: %s" % (type(error).__name__, error))


def in_full(error):
    """A PluginError's sentence; where it is no mistake of the caller's, with the log's place."""
    text = error.text(_)
    if error.code in CALLERS_MISTAKES:
        return text
    log(text)
    path = host.log_path()
    if isinstance(path, bytes):  # Python 2.7, and in no encoding for certain
        path = path.decode("utf-8", "replace")
    return text + "\n" + _("Log: {path}").replace("{path}", path)


def log(text):
    line = time.strftime("%Y-%m-%d %H:%M:%S ") + text + "\n"
    try:
        with io.open(host.log_path(), "ab") as file:
            file.write(line if isinstance(line, bytes) else line.encode("utf-8"))
    except (IOError, OSError):
        pass
