"""GIMP 2.10 with Python-Fu (gimpfu, Python 2.7) for the tests.

Debian's last GIMP with Python-Fu is older than those in use, so the chroot has bookworm's GIMP
2.10, bullseye's Python 2.7 beside it, and what lies between, made by python-fu/build.sh: pygimp out
of GIMP's own source, and PyGTK. PyGTK and pygimp are written for PyGObject 2.28, of which no source
is to be had: the header and the modules in python-fu/ give them its interface over PyGObject 3.36,
the last for Python 2.7. So gimpfu, its dialogs and GIMP's procedures are the original code, while
the module `gobject` underneath is not.
"""

from __future__ import annotations

import hashlib
import html
import importlib.util
import os
import re
import shlex
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urljoin

from .chroot import LabError, Recipe, cache, call

FILES = Path(__file__).resolve().parent / "python-fu"
SUITES = ("bookworm", "bullseye")
PACKAGES = """gimp python2.7 libgirepository-1.0-1 gir1.2-glib-2.0 librsvg2-common
    gtk2-engines-pixbuf python3""".split()
TOOLS = """gcc libc6-dev make pkg-config msitools python2.7-dev python-setuptools libgimp2.0-dev
    libgtk2.0-dev libgirepository1.0-dev libcairo2-dev libffi-dev""".split()
"""Needed to build, and removed afterwards."""
GIMP_SOURCE = "gimp_2.10.34.orig.tar.bz2"
DOWNLOADS = {
    GIMP_SOURCE: "84004642d351b398a4293cd7fd3592044a944f05bb52850ee6068f247c657aa3",
    "pycairo-1.18.2.tar.gz": "dcb853fd020729516e8828ad364084e752327d4cff8505d20b13504b32b16531",
    "PyGObject-3.36.1.tar.gz": "012a589aec687bfa809a1ff9f5cd775dc7f6fcec1a6bc7fe88e1002a68f8ba34",
    "pygobject-2.28.3.win32-py2.7.msi": (
        "6ec3bd44ee3b5fbb26b29e1cda50bef863fd775225850a2b7a94040ffd653e1a"
    ),
    "pygtk-2.24.0.tar.bz2": "cd1c1ea265bd63ff669e92a2d3c2a88eb26bcd9e5363e0f82c896e649f206912",
}
"""Files and their SHA-256: GIMP's from Debian's archive, the others from pip's index."""
UNWANTED = ["/usr/share/locale/*", "/usr/lib/*/libLLVM*", "/usr/lib/*/dri/*", "/usr/lib/*/mfx/*"]
WANTED = ["/usr/share/locale/de/*", "/usr/share/locale/ko/*"]
PYTHON_FU_SAYS = "Python-Fu says 42"
ASK_PYTHON_FU = [
    "-idf", "-b",
    "(python-fu-eval RUN-NONINTERACTIVE \"print('Python-Fu says %d' % (6 * 7))\")",
    "-b", "(gimp-quit 0)",
]  # fmt: skip
"""Arguments with which a GIMP that has Python-Fu says so. Script-Fu asks, as a GIMP without the
interpreter of its batch does not end."""


def has_python_fu(program: str) -> bool:
    """Whether an installed GIMP 2.10 runs Python-Fu, which many packages of it do without."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "GIMP2_DIRECTORY": folder}
        try:
            said = subprocess.run(
                [program, *ASK_PYTHON_FU],
                capture_output=True,
                text=True,
                timeout=60,
                env=environment,
            )
        except subprocess.TimeoutExpired:
            return False
    return PYTHON_FU_SAYS in said.stdout


def recipe() -> Recipe:
    content = hashlib.sha256(repr((DOWNLOADS, TOOLS, UNWANTED, WANTED)).encode())
    for path in sorted(FILES.rglob("*")):
        if path.is_file():
            content.update(f"{path.relative_to(FILES)}\n".encode() + path.read_bytes())
    return Recipe(SUITES, [*PACKAGES, *TOOLS], content.hexdigest(), _prepare)


def _prepare(archive: str) -> list[str]:
    """Fetch the sources; return mmdebstrap's options that build them."""
    folder = cache() / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    for name in DOWNLOADS:
        _fetch(name, folder, archive)
    sources = shlex.join(str(folder / name) for name in DOWNLOADS)
    remove = f"apt-get purge --quiet --yes --auto-remove {shlex.join(TOOLS)}"
    return [
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in UNWANTED),
        *(f"--dpkgopt=path-include={pattern}" for pattern in WANTED),
        f'--customize-hook=cp -r {shlex.quote(str(FILES))} "$1/build" && cp {sources} "$1/build"',
        '--customize-hook=chroot "$1" /build/build.sh',
        f'--customize-hook=chroot "$1" {remove} && rm -r "$1/build"',
    ]


def _fetch(name: str, folder: Path, archive: str) -> None:
    """Have a file in the folder.

    Raises:
        LabError: it cannot be had, or is not the one that was meant.
    """
    path = folder / name
    if path.is_file() and _sha256(path) == DOWNLOADS[name]:
        return
    part = path.with_name(name + ".part")
    part.unlink(missing_ok=True)
    if name == GIMP_SOURCE:
        call(
            f"fetching {name}",
            [
                "/usr/lib/apt/apt-helper", "-o", "APT::Sandbox::User=root", "download-file",
                f"{archive.rstrip('/')}/pool/main/g/gimp/{name}", str(part),
            ],
        )  # fmt: skip
    else:
        _fetch_from_index(name, part)
    if _sha256(part) != DOWNLOADS[name]:
        raise LabError(f"{name} came with other content than the pinned one")
    part.replace(path)


def _fetch_from_index(name: str, path: Path) -> None:
    """From the index that pip is configured with, through pip's own session, which knows the
    machine's certificates and proxies. `pip download` refuses some of these files."""
    if not importlib.util.find_spec("pip"):
        raise LabError("fetching PyGTK needs a Python with pip")
    from pip._internal.commands import create_command
    from pip._internal.commands.download import DownloadCommand
    from pip._vendor.requests.exceptions import RequestException

    command = create_command("download")
    assert isinstance(command, DownloadCommand)
    options, _rest = command.parse_args([])
    project = name.split("-")[0].lower()
    try:
        with command._build_session(options) as session:
            page = session.get(f"{options.index_url.rstrip('/')}/{project}/")
            page.raise_for_status()
            link = re.search(rf'href="([^"#]*/{re.escape(name)})[#"]', page.text)
            if not link:
                raise LabError(f"pip's index has no {name}")
            answer = session.get(urljoin(page.url, html.unescape(link[1])))
            answer.raise_for_status()
            path.write_bytes(answer.content)
    except RequestException as error:
        raise LabError(f"{name} could not be fetched from pip's index: {error}") from error


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
