"""A small world for the installer's tests: a checkout whose engine paints in no time, packages in
a folder, and a GIMP that is a script."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

ENGINE = """
import json, shutil, sys
import torch
if "devices" in sys.argv:
    print(json.dumps([{"name": name} for name in torch.DEVICES]))
elif "stylize" in sys.argv:
    output = sys.argv[sys.argv.index("-o") + 1]
    shutil.copy(sys.argv[2], output)
    exec(torch.PAINTING)
def main(): pass
"""

SETUP = """[metadata]
name = gimp-neural-style
[options]
python_requires = >=3.10
install_requires =
    torch >= 2.6
[options.entry_points]
console_scripts =
    neural-style = neural_style.cli:main
"""

GIMP = r"""
import json, os, re, shutil, sys
from pathlib import Path
if "--version" in sys.argv:
    sys.exit(print("GNU Image Manipulation Program version {version}.4"))
code = sys.argv[sys.argv.index("-b") + 1]
{reading}
config = os.environ.get("{variable}") or Path(os.environ["HOME"], "{config}")
folder = Path(config, "plug-ins", "neural-style")
folder.parent.mkdir(parents=True, exist_ok=True)
main = folder / "neural-style.py"
memory = Path(config, "pluginrc")
entry = '(plug-in-def "${{gimp_dir}}/plug-ins/neural-style/neural-style.py" '
known = False
if main.exists():
    time = int(main.stat().st_mtime)
    if not memory.exists() or entry + str(time) not in memory.read_text():
        works = os.access(main, os.X_OK)
        memory.write_text(entry + str(time) + ('\n("{procedure}")' if works else ""))
    known = '"{procedure}"' in memory.read_text()
if "FOLDER" in code:
    print("FOLDER", json.dumps(str(config)), known)
elif "PAINTED" in code:
    paths = json.loads(eval(re.search(r"json.loads\(('.*')\)", code)[1]))
    assert known and Path(json.loads((folder / "engine.json").read_text())["python"]).exists()
    shutil.copy(paths["painting"], paths["output"])
    print("PAINTED")
"""


GIMP_2 = r"""
if "--quit" in sys.argv:
    sys.exit("Unknown option --quit")
if "plug-in-script-fu-eval" not in sys.argv or "(gimp-quit 0)" not in sys.argv:
    import time
    time.sleep(1000)  # as it does after saying that batch mode is disabled
if not {python}:
    sys.exit(print("Error: eval: unbound variable: python-fu-eval", file=sys.stderr))
literals = re.findall(r'"(?:[^"\\]|\\.)*"', code)
assert max(map(len, literals)) < 1024
code = "".join(map(json.loads, literals))
for path in Path(os.environ["HOME"], "{config}", "plug-ins/neural-style").glob("*.py"):
    path.with_suffix(".pyc").write_bytes(b"")
"""
"""What a GIMP 2.10 does otherwise, as seen of a real one."""


class World:
    """A home, a checkout and packages, all below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.checkout = folder / "checkout"
        self.wheels = folder / "wheels"
        self.bin = folder / "bin"
        for each in (self.home, self.checkout, self.wheels, self.bin):
            each.mkdir(parents=True)
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "installer", self.checkout / "installer", ignore=ignore)
        shutil.copytree(ROOT / "plugin", self.checkout / "plugin", ignore=ignore)
        package = self.checkout / "core" / "neural_style"
        package.mkdir(parents=True)
        (package / "cli.py").write_text(ENGINE)
        shutil.copy(ROOT / "core" / "neural_style" / "folders.py", package)
        (self.checkout / "setup.cfg").write_text(SETUP)
        self.set_version("1")
        add_torch(self.wheels, "2.9.0")
        self.prefix = self.home / ".local/share/neural-style"
        self.plugin = self.home / ".config/GIMP/3.0/plug-ins/neural-style"

    def set_version(self, version: str) -> None:
        path = self.checkout / "core" / "neural_style" / "__init__.py"
        path.write_text(f'__version__ = "{version}"\n')

    def add_gimp(self, version: str = "3.0", config: str = "", python: bool = True) -> None:
        """A GIMP, with its configuration folder below the home; a 2.10 may be without Python."""
        program = self.bin / f"gimp-console-{version}"
        config = config or f".config/GIMP/{version}"
        old = version == "2.10"
        code = GIMP.format(
            version=version,
            config=config,
            reading=GIMP_2.format(python=python, config=config) if old else "",
            variable="GIMP2_DIRECTORY" if old else "GIMP3_DIRECTORY",
            procedure="python-fu-neural-style" if old else "plug-in-neural-style",
        )
        # Not as `#!` line, which cannot hold a path with spaces.
        command = f"exec {shlex.quote(sys.executable)} - \"$@\" <<'END'"
        program.write_text(f"#!/bin/sh\n{command}\n{code}END\n")
        program.chmod(0o755)

    def add_card(self, build: str, size: int = 0) -> None:
        """Let the installer find a graphics card, whose build of PyTorch takes so many bytes."""
        with (self.checkout / "installer" / "gpu.py").open("a") as file:
            file.write(f"\ndef detect(): return Card({build!r}, 'a card of the tests')\n")
        with (self.checkout / "installer" / "torch_build.py").open("a") as file:
            file.write(f"\nSIZES[{build!r}] = (0, {size})\n")

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.checkout / "installer"), *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        path = f"{self.bin}:/usr/bin:/bin"
        kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
        return {**kept, "PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8", **more}

    def run(
        self, *arguments: str, wrap: Sequence[str] = (), **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the installer to its end."""
        return subprocess.run(
            [*wrap, *self.command(*arguments)],
            env=self.environment(**more),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=300,
            check=False,
        )

    def install(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run it with the packages of the folder."""
        return self.run("--yes", "--offline", "--wheels", str(self.wheels), *arguments, **more)

    def engine(self) -> Path | None:
        """The folder of the environment in use."""
        note = self.prefix / "current.json"
        if not note.exists():
            return None
        return self.prefix / "engines" / json.loads(note.read_text())["engine"]


def add_torch(
    folder: Path,
    version: str,
    devices: Sequence[str] = ("cpu",),
    broken: bool = False,
    painting: str = "",
) -> None:
    """A wheel that calls itself PyTorch; `painting` is code that runs when a picture is painted."""
    module = f"DEVICES, PAINTING = {list(devices)!r}, {painting!r}\n"
    add_wheel(folder, "torch", version, module + ("1 / 0\n" if broken else ""))


def add_wheel(folder: Path, name: str, version: str, module: str = "") -> None:
    """A package of one module."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": module,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    names = [*files, f"{info}/RECORD"]
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in names)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
