"""The downloaded networks: fetched or taken from a file, checked, and made small.

The original files also hold a classifier, which is 86 of every 100 bytes and is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from installer import download, machine
from installer.engine import Engine
from installer.errors import InstallError
from neural_style.folders import weights_folder

SUMS = "SHA256SUMS"
SPACE = 700 * 10**6
"""For the original file and the small one that is made of it."""


@dataclass(frozen=True)
class Known:
    """An official weights file; its name carries the beginning of its SHA-256."""

    file: str
    address: str
    sha256: str
    size: int | None = None


KNOWN = {
    "vgg19": Known(
        "vgg19-dcbb9e9d.pth", "https://download.pytorch.org/models/", "dcbb9e9d", 574673361
    ),
    "vgg19-caffe": Known(
        "vgg19-d01eb7cb.pth",
        "https://web.eecs.umich.edu/~justincj/models/",
        "d01eb7cb",
    ),
}


def installed(name: str) -> Path:
    return weights_folder() / f"{name}.safetensors"


def is_installed(name: str) -> bool:
    return installed(name).is_file() and not damaged(name)


def damaged(name: str) -> bool:
    """Whether the file differs from the one that this installer wrote."""
    path = installed(name)
    expected = _sums().get(path.name)
    return path.is_file() and expected is not None and machine.checksum(path) != expected


def add(
    name: str,
    engine: Engine,
    report: download.Report,
    file: Path | None = None,
    mirror: str | None = None,
) -> Path:
    """Install a network's weights.

    Args:
        name: a key of `KNOWN`.
        engine: converts the file, as that needs PyTorch.
        report: see `download.Report`.
        file: the original file, if it is here already.
        mirror: address of a folder that has the original file.

    Raises:
        InstallError: `download_failed`, `download_html`, `weights_damaged`, `file_missing`,
            `disk_full` or `cannot_write`.
    """
    known = KNOWN[name]
    folder = machine.make_folder(weights_folder())
    if installed(name).exists() and installed(name).name not in _sums():
        what = f"{installed(name)} is there already, and not of this installer"
        raise InstallError("cannot_write", what, "Move it away, and run the command again.")
    if file:
        _check_file(file, known)
        return _convert(name, file, engine)
    machine.require_space(folder, SPACE, f"The network {name}")
    original = folder / known.file
    if not download.is_right(original, known.size, known.sha256):
        base = mirror.rstrip("/") + "/" if mirror else known.address
        download.fetch(base + known.file, original, known.size, known.sha256, report)
    converted = _convert(name, original, engine)
    machine.remove(original)
    return converted


def _check_file(file: Path, known: Known) -> None:
    if not file.is_file():
        raise InstallError("file_missing", f"There is no file {file}")
    if not download.is_right(file, known.size, known.sha256):
        raise InstallError(
            "weights_damaged",
            f"{file} is not the whole of {known.file}: it has {machine.words(file.stat().st_size)}",
            "Fetch it again; a web page saved under that name is a frequent cause.",
        )


def _convert(name: str, original: Path, engine: Engine) -> Path:
    """Write the convolutions as safetensors, with the engine's Python."""
    target = installed(name)
    new = target.with_name(f"{name}.new.safetensors")
    script = Path(__file__).with_name("convert.py")
    done = machine.run_python(engine.python, script, original, new, timeout=600)
    if done.returncode != 0 or not new.is_file():
        machine.remove(new)
        detail = machine.last_lines(done.stderr, 1)
        if "No space left" in detail:
            raise InstallError("disk_full", f"The disk of {target} is full")
        raise InstallError("weights_damaged", f"{original} cannot be read: {detail}".rstrip("."))
    # The sum first: a file without its sum would never be found damaged.
    sums = {**_sums(), target.name: machine.checksum(new)}
    lines = "".join(f"{digest}  {file}\n" for file, digest in sums.items())
    machine.write_file(target.with_name(SUMS), lines.encode())
    new.replace(target)
    return target


def _sums() -> dict[str, str]:
    try:
        lines = (weights_folder() / SUMS).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = [line.split(maxsplit=1) for line in lines]
    return {pair[1]: pair[0] for pair in pairs if len(pair) == 2}


def own_files() -> list[Path]:
    """The networks that this installer wrote, as far as they are there, and what downloads left.

    A network without its sum is somebody else's.
    """
    folder, sums = weights_folder(), _sums()
    files = [installed(name) for name in KNOWN if installed(name).name in sums]
    if sums.keys() <= {path.name for path in files}:  # nobody has added a line
        files.append(folder / SUMS)
    for known in KNOWN.values():
        files += [folder / known.file, folder / f"{known.file}.part"]
    return [path for path in files if path.exists()]
