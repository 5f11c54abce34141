"""GIMP with its windows, driven by keys and clicks like a person's (xdotool), and screenshots."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from . import lab
from .program import at_rest, plugins, wait_for

TITLE = "^((Repeat|Continue) )?Neural Style$"
HERE = Path(__file__).resolve().parent


class Ui:
    """One GIMP window with a picture open; `gimp` is a program.Gimp."""

    shortcuts = (
        "shortcutsrc",
        """(file-version 1)
(action "plug-in-neural-style" "<Primary><Alt>n")
(action "plug-in-neural-style-repeat" "<Primary><Alt>r")
(action "plug-in-neural-style-continue" "<Primary><Alt>c")
(action "test-neural-style-probe" "<Primary><Alt>p")
(action "layers-delete" "<Primary><Alt>d")
""",
    )
    cancel_of_bar = (985, 877)
    """Where Cancel is, at the right end of the image window's status bar."""

    def __init__(self, gimp, picture: Path, language: str = "C.UTF-8") -> None:
        self.gimp = gimp
        self.room = gimp.room
        self.picture = picture
        self.language = language
        probe = gimp.config / "plug-ins" / "neural-style-probe"
        if not probe.exists():
            shutil.copytree(gimp.inside[0] / "neural-style-probe", probe)
        name, content = self.shortcuts
        (gimp.config / name).write_text(content)
        self.answer = gimp.work / "probe.json"
        self.start()

    def start(self) -> None:
        """Open the picture in GIMP."""
        self.log = open(self.gimp.work / "ui.log", "ab")  # noqa: SIM115 - closed by `close`
        environment = {
            **self.gimp.environment,
            "NEURAL_STYLE_PROBE": str(self.answer),
            "LANG": self.language,
            "LANGUAGE": self.language.split(".")[0],
        }
        self.process = self.room.start(
            ["dbus-run-session", "--", self.room.window, "--no-splash", str(self.picture)],
            environment=environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        self.main = self.wait_for_window(rf"^\*?\[?{self.picture.stem}", 90)
        self.tool("windowmove", self.main, "0", "20", "windowsize", self.main, "1270", "860")
        time.sleep(1)
        self.settle(20)

    def restart(self) -> None:
        """A new GIMP with the picture: whatever a failed test left is gone."""
        self.close()
        self.start()

    def tool(self, *arguments: str) -> str:
        return self.room.run(["xdotool", *arguments]).stdout.strip()

    def windows(self, title: str) -> list[str]:
        """Those on the screen. A window that goes while xdotool looks ends its search with nothing
        found and an error of X, so it looks again."""
        search = ["xdotool", "search", "--onlyvisible", "--name", title]
        found = self.room.run(search)
        for _attempt in range(4):
            if found.stderr:
                found = self.room.run(search)
        return found.stdout.split()

    def wait_for_window(self, title: str, seconds: float = 20, besides: str = "") -> str:
        """The window of that name; `besides` is one that has the name too and is not meant."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = [window for window in self.windows(title) if window != besides]
            if found:
                return found[-1]
            time.sleep(0.2)
        self.shot("missing-" + re.sub(r"\W+", "-", title))
        raise AssertionError(f"no window named {title} in {seconds} s")

    def wait_until_gone(self, title: str, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while self.windows(title):
            if time.monotonic() > end:
                self.shot("staying-" + re.sub(r"\W+", "-", title))
                raise AssertionError(f"the window {title} is still there after {seconds} s")
            time.sleep(0.2)

    def wait_until_ended(self, seconds: float = 20) -> None:
        """Until the plug-in has ended. Its dialog is gone before the window with the progress
        comes, so no window for a moment does not mean that it is done."""
        if not wait_for(lambda: not plugins(self.gimp), seconds):
            self.shot("not-ended")
            raise AssertionError(f"Neural Style has not ended after {seconds} s")

    def settle(self, seconds: float = 4) -> None:
        """Until X, the window manager, GIMP and the plug-in have handled what came, so that a key
        does not fall between two windows, on a busy machine too. What never rests, such as a
        preview that grows, is waited for that long only."""
        time.sleep(0.35)  # GTK lets a button that a key pressed act a quarter of a second later
        end = time.monotonic() + seconds
        roots = [*self.room.helpers, self.process]
        while time.monotonic() < end and not at_rest(root.pid for root in roots):
            pass

    def key(self, window: str, *keys: str) -> None:
        self.tool("windowactivate", "--sync", window)
        self.settle()
        for key in keys:
            self.tool("key", "--clearmodifiers", key)
            self.settle()

    def dismiss(self, dialog: str) -> None:
        """Escape until the dialog is gone, as a menu that is open takes the first one; then wait
        for the plug-in to end."""
        for _attempt in range(3):
            self.key(dialog, "Escape")
            if wait_for(lambda: dialog not in self.windows(TITLE), 5):
                break
        self.wait_until_ended()

    def key_for_window(self, window: str, key: str, title: str, seconds: float = 15) -> str:
        """Press a key that makes a window come; again if it was lost, as on a busy machine."""
        for _attempt in range(2):
            self.key(window, key)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                if found := self.windows(title):
                    return found[-1]
                time.sleep(0.2)
        self.key(window, key)
        return self.wait_for_window(title, seconds)

    def type(self, text: str) -> None:
        self.tool("type", "--delay", "20", text)

    def click(self, x: int, y: int) -> None:
        """Click at a place of the screen."""
        self.tool("mousemove", str(x), str(y), "click", "1")
        self.settle()

    def open_dialog(self, keys: str = "ctrl+alt+n") -> str:
        dialog = self.key_for_window(self.main, keys, TITLE)
        self.settle()
        return dialog

    def choose_style(self, dialog: str, path: Path) -> None:
        """Through the file chooser, as a person does."""
        self.key(dialog, "alt+y", "space")
        self.wait_for_window("^Choose the style picture$")
        time.sleep(1)
        self.type("/")  # opens the line for a name; what follows at once would be lost
        time.sleep(1)
        self.tool("key", "ctrl+a")  # GTK 2 has the name of the present file there
        self.type(str(path))
        time.sleep(0.5)
        self.tool("key", "Return")
        self.wait_until_gone("^Choose the style picture$")
        time.sleep(0.5)

    def probe(self) -> list[dict]:
        """What is open in GIMP now."""
        self.answer.unlink(missing_ok=True)
        for _attempt in range(3):
            self.key(self.main, "ctrl+alt+p")
            end = time.monotonic() + 8
            while time.monotonic() < end and not self.answer.exists():
                time.sleep(0.1)
            if self.answer.exists():
                break
        else:
            self.shot("no-probe")
            raise AssertionError("GIMP did not answer the probe")
        return json.loads(self.answer.read_text())

    def undo_until(self, as_it_was: Callable[[], bool]) -> None:
        """Undo what a test did; where that fails, the next one has a new GIMP all the same."""
        for _ in range(12):
            if as_it_was():
                return
            self.key(self.main, "ctrl+z")
        self.shot("not-undone")
        found = self.probe()
        self.restart()
        raise AssertionError(f"undoing did not bring it back: {found}")

    def select(self, *rectangle: int) -> None:
        """Select x, y, width, height."""
        self.answer.with_name(self.answer.name + ".select").write_text(json.dumps(rectangle))
        self.probe()

    def delete_channel(self, name: str) -> None:
        self.answer.with_name(self.answer.name + ".delete").write_text(json.dumps(name))
        self.probe()

    def layers(self, awaited: list[str] | None = None) -> list[str]:
        """The names of the picture's layers; with `awaited`, up to 15 s later if they differ."""
        end = time.monotonic() + 15
        while True:
            names = [layer["name"] for layer in self.probe()[0]["layers"]]
            if awaited is None or names == awaited or time.monotonic() > end:
                return names

    def shot(self, name: str, window: str = "root") -> Path:
        """A screenshot in NEURAL_STYLE_SHOTS, or else among the test's temporary files."""
        folder = Path(os.environ.get("NEURAL_STYLE_SHOTS") or self.gimp.work / "shots")
        folder.mkdir(parents=True, exist_ok=True)
        inside = self.gimp.work / "shot.png"
        self.room.run(["import", "-window", window, str(inside)])
        path = folder / f"{self.gimp.version}-{name}.png"
        if inside.exists():
            shutil.move(inside, path)
        return path

    def close(self) -> None:
        lab.kill_tree(self.process.pid)
        self.process.wait()
        self.log.close()


class Ui210(Ui):
    """The same for GIMP 2.10."""

    shortcuts = (
        "menurc",
        """(gtk_accel_path "<Actions>/plug-in/python-fu-neural-style" "<Primary><Alt>n")
(gtk_accel_path "<Actions>/plug-in/python-fu-neural-style-repeat" "<Primary><Alt>r")
(gtk_accel_path "<Actions>/plug-in/python-fu-neural-style-continue" "<Primary><Alt>c")
(gtk_accel_path "<Actions>/plug-in/python-fu-neural-style-probe" "<Primary><Alt>p")
(gtk_accel_path "<Actions>/layers/layers-delete" "<Primary><Alt>d")
""",
    )
