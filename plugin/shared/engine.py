# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the engine, starts it as a child process and talks with it in lines of JSON.

Standard library only, and Python 2.7 can run it. Nothing here knows GIMP. The messages are those
of the engine's `neural_style.protocol`.
"""

import contextlib
import errno
import io
import json
import os
import subprocess
import sys
import threading
import time

import schema
from messages import PluginError
from paths import argument, native

# Python 2.7 has only the clock on the wall.
_clock = getattr(time, "monotonic", time.time)

if sys.version_info[0] > 2:
    import queue
else:
    import Queue as queue

PROTOCOL = 3
HELLO_SECONDS = 120
"""A first start reads a gigabyte of libraries, perhaps from a slow disk."""
SILENCE_SECONDS = 120
"""A working engine gives a sign of life every few seconds, however long its steps are."""
IDLE_SECONDS = 3600
"""So long an engine may live without getting anywhere."""
LONGEST_LOOK = 5.0
"""Seconds that count at most as silence between two looks at the engine: if more have passed, the
computer was asleep, or this process was not let run, and nor was the engine."""
LOG_BYTES = 1000000
LINE_BYTES = 1000000
STRAY_LINES = 20
"""So many lines that are no messages are forgiven: libraries print what they like."""

EXPECTED = {
    "planned": ("device", "width", "height", "memory", "seconds"),
    "progress": ("step", "total", "fraction", "eta_s"),
    "preview": ("file", "width", "height"),
    "kept": ("fraction",),
    "warning": ("message",),
    "result": ("file", "width", "height"),
}
"""The fields of each message that the plug-in relies on."""

# What GIMP's own packaging sets for GIMP and would break another Python; besides all that is
# Python's own.
FOREIGN = (
    "__PYVENV_LAUNCHER__ VIRTUAL_ENV LD_PRELOAD DYLD_INSERT_LIBRARIES GI_TYPELIB_PATH"
    " GIO_MODULE_DIR GIO_EXTRA_MODULES GDK_PIXBUF_MODULE_FILE GDK_PIXBUF_MODULEDIR GTK_PATH"
    " GTK_EXE_PREFIX GTK_DATA_PREFIX GTK_IM_MODULE_FILE GEGL_PATH BABL_PATH"
).split()
SEARCH_PATHS = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH")


# -- finding -------------------------------------------------------------------------------------


def find(folder):
    """The engine's command line and the patience to have with it.

    `engine.json` in the plug-in's folder, which the installer writes, names a `python`; a list
    `prefix` of words before it (such as flatpak-spawn --host) and a number `patience`, in
    seconds, are optional. Next comes the environment's NEURAL_STYLE_PYTHON, then a `neural-style`
    on the PATH.
    """
    # -I: neither Python's variables, which the prefix's side may have too, nor the user's packages.
    module = ["-I", "-X", "utf8", "-u", "-m", "neural_style.cli", "worker"]
    note = _read_note(os.path.join(folder, "engine.json"))
    patience = note.get("patience")
    if note.get("python"):
        prefix = [str(word) for word in note.get("prefix") or []]
        return prefix + [_existing(note["python"], prefix)] + module, patience
    if os.environ.get("NEURAL_STYLE_PYTHON"):
        return [_existing(os.environ["NEURAL_STYLE_PYTHON"], [])] + module, patience
    name = "neural-style.exe" if os.name == "nt" else "neural-style"
    for place in os.environ.get("PATH", "").split(os.pathsep):
        program = os.path.join(place, name)
        if place and os.access(program, os.X_OK):
            return [program, "worker"], patience
    raise PluginError("engine_missing")


def _read_note(path):
    try:
        with io.open(path, "rb") as file:
            return schema.engine(file.read())
    except (IOError, OSError):
        return {}
    except ValueError as error:
        raise PluginError("engine_unstartable", "%s: %s" % (path, error))


def _existing(python, prefix):
    # Behind a prefix the path is that of another file system.
    if not prefix and not os.path.exists(native(python)):
        raise PluginError("engine_missing", sentence="The engine's Python is missing: " + python)
    return python


def clean_environment(environment, bundles=()):
    """The environment without what belongs to another Python or to GIMP's own bundle.

    `bundles` are folders of GIMP's, whose libraries are in the search paths.
    """
    clean = dict(
        (name, value)
        for name, value in environment.items()
        if name not in FOREIGN and not name.startswith("PYTHON")
    )
    for name in SEARCH_PATHS:
        for bundle in [environment.get("APPDIR")] + list(bundles):
            if bundle and clean.get(name):
                parts = clean[name].split(os.pathsep)
                clean[name] = os.pathsep.join(p for p in parts if not _is_within(p, bundle))
    clean["PYTHONNOUSERSITE"] = "1"
    clean["PYTHONUTF8"] = "1"
    return clean


def _is_within(path, folder):
    """Whether a path is a folder or below it, however both are written."""
    path, folder = (os.path.normcase(os.path.normpath(_text(each))) for each in (path, folder))
    return path == folder or path.startswith(folder + os.path.sep)


def _text(path):
    """A path as text: Python 2.7 has the environment's as bytes."""
    encoding = sys.getfilesystemencoding() or "utf-8"
    return path.decode(encoding, "replace") if isinstance(path, bytes) else path


# -- talking -------------------------------------------------------------------------------------


class Engine(object):
    """The engine's process; it ends when this object is stopped or this process ends."""

    running = []

    def __init__(self, folder, log_path, bundles=()):
        command, patience = find(folder)
        self.silence = float(patience or SILENCE_SECONDS)
        self.hello_silence = float(patience or HELLO_SECONDS)
        self.log_path = log_path
        self.hello = None
        self.busy = False
        self._stray = 0
        self._silence = self._idle = 0.0
        self._looked = _clock()
        self._lines = queue.Queue()
        self._process = _start(command, log_path, bundles)
        reader = threading.Thread(target=_read_lines, args=(self._process.stdout, self._lines))
        reader.daemon = True
        reader.start()
        Engine.running.append(self)

    def send(self, message):
        line = json.dumps(message).encode("ascii") + b"\n"
        if message["type"] in ("plan", "job"):
            self.busy = True
            self._silence = self._idle = 0.0
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except (IOError, OSError, ValueError):
            if self.busy:
                raise self._death()

    def receive(self, timeout=0.0):
        """The next message, or None when none came in time.

        Raises PluginError when the engine died, hangs or talks nonsense.
        """
        try:
            line = self._lines.get(timeout > 0, timeout or None)
        except queue.Empty:
            self._wait_on()
            return None
        if line is None:
            raise self._death()
        return self._understand(line)

    def _wait_on(self):
        """Count the silence, and raise PluginError when there is too much of it."""
        now = _clock()
        passed = min(max(now - self._looked, 0.0), LONGEST_LOOK)
        self._looked = now
        if not self.busy and self.hello:
            return
        self._silence += passed
        self._idle += passed
        limit = self.silence if self.hello else self.hello_silence
        if self._silence > limit or self._idle > IDLE_SECONDS:
            raise PluginError("engine_hanging", "%d" % max(self._silence, limit))

    def _understand(self, line):
        try:
            message = json.loads(line.decode("utf-8"))
            kind = message["type"]
        except (ValueError, TypeError, KeyError):
            self._stray += 1
            if self._stray > STRAY_LINES or len(line) >= LINE_BYTES:
                raise PluginError("engine_garbled", repr(line[:40]))
            return None
        self._silence = 0.0
        if kind != "alive":
            self._idle = 0.0
        if kind == "hello":
            self._check(message)
            self.hello = message
        elif kind in ("planned", "result", "error"):
            self.busy = False
        return message

    def _check(self, hello):
        number = hello.get("protocol")
        if number != PROTOCOL:
            newer = not isinstance(number, int) or number > PROTOCOL
            code = "engine_newer" if newer else "engine_older"
            raise PluginError(code, "%s instead of %d" % (number, PROTOCOL))

    def _death(self):
        self.busy = False
        status = _wait(self._process, 2.0)
        if status in (-9, 137):
            return PluginError("engine_killed")
        last = _last_line(self.log_path)
        detail = "status %s" % status + (": " + last if last else "")
        return PluginError("engine_crashed", detail)

    def stop(self):
        """End the process, gently for a second and then by force."""
        try:
            self._process.stdin.close()
        except (IOError, OSError, ValueError):
            pass
        _wait(self._process, 1.0)
        self.kill()
        self.busy = False

    def kill(self):
        try:
            self._process.kill()
            self._process.wait()
        except (IOError, OSError):
            pass
        if self in Engine.running:
            Engine.running.remove(self)


def _start(command, log_path, bundles):
    log = _open_log(log_path)
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log}
    options["env"] = clean_environment(os.environ, bundles)
    try:
        os.getcwd()
    except OSError:  # the folder that GIMP was started in is gone, and no Python starts there
        options["cwd"] = os.path.abspath(os.sep)
    options["close_fds"] = os.name != "nt" or sys.version_info[0] > 2
    if os.name == "nt":
        options["creationflags"] = 0x08000000  # CREATE_NO_WINDOW
    elif sys.platform.startswith("linux"):
        options["preexec_fn"] = _die_with_parent
    try:
        log.write(("\n%s %s\n" % (time.strftime("%Y-%m-%d %H:%M:%S"), command)).encode("utf-8"))
        log.flush()
        with _usual_libraries():
            return subprocess.Popen([argument(word) for word in command], **options)
    except (IOError, OSError) as error:
        raise PluginError("engine_unstartable", str(error))
    finally:
        log.close()


@contextlib.contextmanager
def _usual_libraries():
    """On Windows, GIMP adds its folder of libraries to where processes look, and children inherit
    that whatever PATH says: so it is taken away while one starts."""
    if os.name != "nt":
        yield
        return
    import ctypes

    kernel = ctypes.windll.kernel32
    folder = ctypes.create_unicode_buffer(32768)
    kernel.GetDllDirectoryW(len(folder), folder)
    kernel.SetDllDirectoryW(None)
    try:
        yield
    finally:
        kernel.SetDllDirectoryW(folder.value or None)


def _die_with_parent():
    """In the child: have Linux kill it with its parent, should it hang and miss the pipe's end."""
    import ctypes

    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL


def _open_log(path):
    try:
        if os.path.exists(path) and os.path.getsize(path) > LOG_BYTES:
            os.remove(path)
        return open(path, "ab")
    except (IOError, OSError):
        return open(os.devnull, "ab")


def _read_lines(pipe, lines):
    """The reader thread's whole life; None is the end."""
    try:
        for line in iter(lambda: pipe.readline(LINE_BYTES), b""):
            lines.put(line)
    except (IOError, OSError, ValueError):
        pass
    lines.put(None)


def _wait(process, seconds):
    """The exit status, or None if the process still runs after that time."""
    for _look in range(int(seconds / 0.02)):
        if process.poll() is not None:
            break
        time.sleep(0.02)
    return process.poll()


def _last_line(path):
    try:
        with open(path, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 2000))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except (IOError, OSError):
        return ""
    last = lines[-1].strip() if lines else ""
    return "" if "worker'" in last else last[:200]


def lead_group():
    """Make this process lead a group of its own, which GIMP's Cancel kills as a whole."""
    try:
        os.setpgid(0, 0)
    except (AttributeError, OSError):  # Windows; or it leads one
        pass


# -- one task ------------------------------------------------------------------------------------


class Task(object):
    """Something for the engine to do: `tick` until its `result`, a message, is there.

    It is sent as soon as the engine has said hello and has no other task.
    """

    _count = 0

    def __init__(self, engine, message, ends_with, handlers=()):
        Task._count += 1
        self.engine = engine
        self.name = "%d-%d" % (os.getpid(), Task._count)
        self.result = None
        self._message = dict(message, job=self.name)
        self._ends_with = ends_with
        self._handlers = dict(handlers)
        self._sent = False

    def tick(self, timeout=0.0):
        """Handle what has arrived; True when the result is there.

        Raises PluginError for the engine's answer `error`, and as `Engine.receive` does.
        """
        while True:
            if self.engine.hello and not self._sent and not self.engine.busy:
                self._sent = True
                self.engine.send(self._message)
            message = self.engine.receive(timeout)
            if message is None:
                return self.result is not None
            self._handle(message)
            timeout = 0.0

    def _handle(self, message):
        kind = message["type"]
        if message.get("job") not in (self.name, None):
            return  # the last words of a cancelled task
        missing = [key for key in EXPECTED.get(kind, ()) if key not in message]
        if missing:
            raise PluginError("engine_garbled", "%s without %s" % (kind, ", ".join(missing)))
        if kind == self._ends_with:
            self.result = message
        elif kind == "error":
            sentence = message.get("message") or message.get("code")
            raise PluginError(str(message.get("code")), "", sentence, message.get("hint"))
        elif self._handlers.get(kind):
            self._handlers[kind](message)

    def cancel(self):
        self._tell("cancel")
        self._sent = True

    def _tell(self, kind):
        if self._sent and self.result is None:
            self.engine.send({"type": kind, "job": self.name})


class Plan(Task):
    """How a picture of that size would be painted, and how long that would take; with so many
    regions, and perhaps something to protect, or a picture begun."""

    def __init__(self, engine, width, height, settings, regions=0, protect=False, begun=False):
        message = {"type": "plan", "width": width, "height": height, "settings": settings}
        message.update(regions=regions, protect=protect, begun=begun)
        Task.__init__(self, engine, message, "planned")


class Job(Task):
    """One picture to paint.

    `handlers` are called in between, each with a message, by the message's type.
    """

    def __init__(self, engine, request, handlers):
        Task.__init__(self, engine, dict(request, type="job"), "result", handlers)

    def finish(self):
        """Ask for the picture as it is now."""
        self._tell("finish")


def writable(error):
    """An OSError of a temporary file as an error to show."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return PluginError("disk_full")
    return PluginError("temp_unwritable", str(error))
