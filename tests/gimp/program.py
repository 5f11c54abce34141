"""One GIMP for the tests, with a configuration folder, the plug-in and an engine of its own."""

from __future__ import annotations

import ast
import contextlib
import json
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from installer import plugin

from . import lab

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SHARED = ROOT / "plugin" / "shared"
VERSIONS = list(lab.SUITES)
PATIENCE = 5


class Gimp:
    """One GIMP 3 with a configuration folder of its own."""

    edition = "neural-style"
    directory = "GIMP3_DIRECTORY"
    options = ("--quit", "-id")
    inside = (HERE / "inside", HERE / "inside_shared")
    # Any other version in the file makes GIMP open its welcome.
    gimprc = """(check-updates no)
(show-welcome-dialog no)
(config-version "{version}")
(color-profile-policy keep)
"""

    def __init__(self, version: str, work: Path, screen: str = lab.SCREEN) -> None:
        self.version = version
        self.work = work
        self.config = work / "config"
        self.temp = work / "temp"
        self.temp.mkdir(parents=True)
        self.config.mkdir()
        self.plugin = self.config / "plug-ins" / "neural-style"
        for name, source in plugin.source_files(self.edition).items():
            (self.plugin / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, self.plugin / name)
        self.mode_file = work / "mode"
        self._plans = work / "mode.plans"
        self.use_fake_engine()
        self.room = lab.Room(version, [str(ROOT), str(work), *engine_folders()], screen=screen)
        said = self.room.run([self.room.console, "--version"]).stdout
        (self.config / "gimprc").write_text(self.gimprc.format(version=said.split()[-1]))
        self.environment = {
            self.directory: str(self.config),
            "TMPDIR": str(self.temp),
            "FAKE_ENGINE": str(self.mode_file),
        }
        self._results: dict[str, dict] = {}

    def use_engine(self, python: str | None, **more) -> None:
        note = self.plugin / "engine.json"
        if python is None:
            note.unlink(missing_ok=True)
        else:
            note.write_text(json.dumps({"python": python, **more}))

    def use_fake_engine(self, mode: str = "good") -> None:
        self.mode_file.write_text(mode)
        self._plans.write_text("")
        self.use_engine(str(HERE / "fake_engine.py"), patience=PATIENCE)

    def plans(self) -> list[dict]:
        """What the fake engine has been asked to plan since `use_fake_engine`."""
        return [json.loads(line) for line in self._plans.read_text().splitlines()]

    def use_real_engine(self) -> None:
        """The engine of this checkout with the Python that runs the tests."""
        self.use_engine(sys.executable)

    def command(self, code: str, interpreter: str = "python-fu-eval") -> list[str]:
        """A GIMP without a window that runs one piece of code and ends."""
        return [
            self.room.console, *self.options, "--batch-interpreter", interpreter, "-b", code
        ]  # fmt: skip

    def batch(self, code: str, interpreter: str = "python-fu-eval", timeout: float = 120, **env):
        """Run `command` to its end."""
        environment = {**self.environment, **env}
        return self.room.run(self.command(code, interpreter), timeout, environment=environment)

    def with_cases(self, code: str) -> str:
        """Code that may import what lies in `inside`."""
        return (
            f"import sys; sys.path[:0] = {[str(folder) for folder in self.inside]!r}\n"
            f"import helpers; helpers.WORK = {str(self.work)!r}\n{code}"
        )

    def cases(self, module: str, timeout: float = 300) -> dict:
        """Run all of a module's cases in one GIMP; each name maps to None or to what went wrong."""
        if module not in self._results:
            answer = self.work / f"{module}.json"
            code = f"import run_cases; run_cases.run({module!r}, {str(answer)!r})"
            done = self.batch(self.with_cases(code), timeout=timeout)
            results = json.loads(answer.read_text()) if answer.exists() else {}
            (self.work / f"{module}.log").write_text(done.stdout + done.stderr)
            self._results[module] = {"results": results, "output": done.stdout + done.stderr}
        return self._results[module]


class Gimp210(Gimp):
    """GIMP 2.10 with Python-Fu."""

    edition = "neural-style-2.10"
    directory = "GIMP2_DIRECTORY"
    options = ("-id",)
    inside = (HERE / "inside210", HERE / "inside_shared")
    gimprc = """(check-updates no)
(color-profile-policy keep)
"""

    def __init__(self, work: Path) -> None:
        super().__init__("2.10", work)
        self.said = work / "stderr"

    def command(self, code: str, interpreter: str = "python-fu-eval") -> list[str]:
        command = super().command(
            f"import sys; sys.dont_write_bytecode = True\n{code}", interpreter
        )
        # This GIMP has no --quit, and must also end when the code has raised or crashed.
        return [*command, "-b", "pdb.gimp_quit(1)"]

    def batch(self, code: str, interpreter: str = "python-fu-eval", timeout: float = 120, **env):
        """Run `command` to its end; its status is always 0. What GIMP tells the artist it writes to
        its standard error, a file here, where cases find it (`helpers.refusal`)."""
        environment = {**self.environment, **env}
        command = self.command(code, interpreter)
        with open(self.said, "wb") as file:
            done = self.room.run(command, timeout, environment=environment, stderr=file)
        done.stderr = self.said.read_text(errors="replace") + done.stderr
        return done


def case_names(module: str, gimp: type[Gimp] = Gimp) -> list[str]:
    """The cases of a module, in their order."""
    paths = [folder / f"{module}.py" for folder in gimp.inside]
    tree = ast.parse(next(path for path in paths if path.exists()).read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [name for name in names if name.startswith("case_")]


def engine_folders() -> list[str]:
    """Where the real engine's Python lives, to be seen in the chroot too."""
    return sorted({sys.prefix, sys.base_prefix})


# -- processes ---------------------------------------------------------------------------------


def processes(gimp, word):
    """Process numbers, as this machine counts them, of this GIMP's own with a word in the call."""
    mark = f"FAKE_ENGINE={gimp.mode_file}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            call = (folder / "cmdline").read_bytes().split(b"\0")
            if any(word in part for part in call[:3]) and mark in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            pass
    return found


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def at_rest(roots: Iterable[int]) -> bool:
    """Whether these processes and all that they started have done next to nothing for a moment:
    neither worked nor waited for a processor."""

    def spent() -> tuple[int, bool]:
        nanoseconds, runnable = 0, False
        for root in roots:
            for task in lab.tasks(root):
                with contextlib.suppress(OSError):
                    state = (task / "stat").read_text().rpartition(")")[2].split()[0]
                    runnable |= state in "RD"  # it may be waiting all the time, uncounted so far
                    worked, waited, _slices = (task / "schedstat").read_text().split()
                    nanoseconds += int(worked) + int(waited)
        return nanoseconds, runnable

    roots = list(roots)
    before, _ = spent()
    time.sleep(0.1)
    after, runnable = spent()
    return not runnable and abs(after - before) < 0.02e9


def engines(gimp):
    return processes(gimp, b"fake_engine.py")


def plugins(gimp):
    return processes(gimp, b"neural-style.py")


def folders(gimp, name=""):
    return list(gimp.temp.glob(f"neural-style-*/{name}"))
