"""What differs between the GIMPs that are served: one edition of the plug-in for each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Edition:
    """An edition of the plug-in, and how to talk with the GIMPs that it is for."""

    folder: str
    """Its folder in `plugin/`."""
    series: str
    """A regular expression for the versions, without their last number, as GIMP's folders have it.
    Versions for developers, such as 2.99, are in none."""
    variable: str
    """The environment variable that names GIMP's configuration folder."""
    procedure: str
    """Under which name GIMP knows the plug-in."""
    needs_python_fu: bool
    """Whether the plug-in cannot work where GIMP's own python-fu-eval is missing."""
    batch: Callable[[str], tuple[str, ...]]
    """GIMP's options that run Python code without a window and then end it."""
    ask: str
    """Code that says `FOLDER`, the configuration folder as JSON, and if the plug-in is known."""
    paint: str
    """Code that paints a picture with the compact network and says `PAINTED`; for `PATHS` it wants
    a string literal with JSON: `photo`, `painting`, `output` and the plug-in's folder `plugin`."""

    def version(self, text: str | None) -> re.Match[str] | None:
        """A version of the edition in what a program says, as group 1 without its last number."""
        return re.search(rf"\b({self.series})\.\d+", text or "")

    def is_folder(self, path: Path) -> bool:
        """Whether a folder is named as GIMP names its own."""
        return re.fullmatch(self.series, path.name) is not None


def _batch_3(code: str) -> tuple[str, ...]:
    return "--quit", "-idf", "--batch-interpreter", "python-fu-eval", "-b", code


def _batch_2(code: str) -> tuple[str, ...]:
    """By way of Script-Fu, which is always there: told to take an interpreter that it does not
    have, GIMP 2.10 waits for ever, as it does after an exception in Python.
    """
    # Script-Fu reads no literal of more than 1023 characters; JSON's of ASCII are written as its.
    pieces = " ".join(json.dumps(code[at : at + 500]) for at in range(0, len(code), 500))
    evaluated = f"(python-fu-eval RUN-NONINTERACTIVE (string-append {pieces}))"
    scheme = ("--batch-interpreter", "plug-in-script-fu-eval")
    return "-idf", *scheme, "-b", evaluated, "-b", "(gimp-quit 0)"


_PROCEDURE_3 = "plug-in-neural-style"
_LOOK_UP = f"Gimp.get_pdb().lookup_procedure('{_PROCEDURE_3}')"

GIMP_3 = Edition(
    folder="neural-style",
    series=r"3\.\d+",
    variable="GIMP3_DIRECTORY",
    procedure=_PROCEDURE_3,
    needs_python_fu=False,
    batch=_batch_3,
    ask="import json; "
    f"print('FOLDER', json.dumps(Gimp.directory()), {_LOOK_UP} is not None, flush=True)",
    paint=f"""
import json
paths = {{name: Gio.File.new_for_path(path) for name, path in json.loads(PATHS).items()}}
image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, paths['photo'])
procedure = {_LOOK_UP}
config = procedure.create_config()
config.set_property('image', image)
config.set_core_object_array('drawables', image.get_layers())
config.set_property('style', paths['painting'])
config.set_property('network', 'compact')
result = procedure.run(config)
if result.index(0) != Gimp.PDBStatusType.SUCCESS: raise RuntimeError(result.index(1))
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, paths['output'], None)
image.delete()
print('PAINTED', flush=True)
""",
)

# Python 2.7. Its answers are messages of GIMP's: on Windows its Python may have no standard output.
# Elsewhere it wants its path as bytes, or else fails at an umlaut where no language is set.
_PROCEDURE_2 = "python-fu-neural-style"

GIMP_2 = Edition(
    folder="neural-style-2.10",
    series=r"2\.10",
    variable="GIMP2_DIRECTORY",
    procedure=_PROCEDURE_2,
    needs_python_fu=True,
    batch=_batch_2,
    ask=f"""
import json
known = bool(pdb.gimp_procedural_db_proc_exists('{_PROCEDURE_2}'))
gimp.message('FOLDER %s %s' % (json.dumps(gimp.directory), known))
""",
    paint=f"""
import json, os, sys
paths = json.loads(PATHS)
sys.path.insert(0, paths['plugin'] if os.name == 'nt' else paths['plugin'].encode('utf-8'))
import arguments
values = [arguments.default(name) for name in arguments.POSITIONAL] + ['', '']  # no masks
values[arguments.POSITIONAL.index('network')] = 'compact'
image = pdb.gimp_file_load(paths['photo'], paths['photo'])
painted = pdb['{_PROCEDURE_2}'](image, image.active_layer, paths['painting'], *values)
pdb.gimp_file_save(image, painted, paths['output'], paths['output'])
gimp.delete(image)
gimp.message('PAINTED')
""",
)

EDITIONS = (GIMP_3, GIMP_2)
"""In order of preference."""


def edition_of(text: str | None) -> tuple[Edition, re.Match[str]] | None:
    """The edition for the GIMP that says its version like this, and its version."""
    for edition in EDITIONS:
        if version := edition.version(text):
            return edition, version
    return None
