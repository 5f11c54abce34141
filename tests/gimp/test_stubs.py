"""The stubs in plugin/typings say what is true of the real GIMP 2.10."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import lab
from .conftest import no_gimp

pytestmark = pytest.mark.gimp

TYPINGS = Path(__file__).resolve().parents[2] / "plugin" / "typings"
PROCEDURES = "gimp.PDB."
"""A class of the stubs' own: in GIMP the procedures are not attributes of a class."""
TAKES = {
    "INT32": "int",
    "COLOR": "Sequence[float]",
    "INT8ARRAY": "Sequence[int]",
    "STRING": "str | bytes",
    "IMAGE": "Image",
    "ITEM": "Item",
    "DRAWABLE": "Drawable",
    "LAYER": "Layer",
    "CHANNEL": "Channel",
}
CALLABLE = {
    "function", "instancemethod", "builtin_function_or_method", "method_descriptor", "FunctionInfo",
    "wrapper_descriptor", "method-wrapper",
}  # fmt: skip
GIVES = {
    **TAKES, "INT8ARRAY": "tuple[int, ...]", "STRING": "bytes", "STRINGARRAY": "tuple[bytes, ...]",
}  # fmt: skip
ASK = """
import json
import gimp, gimpenums, gimpfu, gimpui, gobject, gtk, pygtk

image = gimp.Image(4, 3, gimpenums.RGB)
layer = gimp.Layer(image, "layer", 4, 3, gimpenums.RGBA_IMAGE)
image.add_layer(layer, 0)
layer.add_mask(layer.create_mask(gimpenums.ADD_WHITE_MASK))
layer.attach_new_parasite("parasite", 0, "data")
region = layer.get_pixel_rgn(0, 0, 4, 3, False, False)
gimpui.gimp_ui_init()
dialog = gimpui.Dialog("Title", "role", None, 0, None, None)
objects = [image, layer, region, layer.parasite_find("parasite"), dialog]
types = dict((getattr(gimpenums, name), name[4:]) for name in dir(gimpenums) if name[:4] == "PDB_")

def find(name):
    names = name.split(".")
    return reduce(getattr, names[1:], globals()[names[0]])

def look(name):
    holder, _, attribute = name.rpartition(".")
    if "." in holder and isinstance(find(holder), type):
        for one in objects:
            if isinstance(one, find(holder)):
                return getattr(one, attribute)
    return find(name)

def kinds(thing):
    if isinstance(thing, type):
        return ["a class"] + [kind.__name__ for kind in thing.__mro__[1:]]
    return [kind.__name__ for kind in type(thing).__mro__]

def procedure(name):
    one = gimp.pdb[str(name)]
    lists = [[(types[value[0]], value[1]) for value in values]
             for values in (one.params, one.return_vals)]
    if lists[0] and lists[0][0][1] == "run-mode":
        del lists[0][0]
    return lists

def answer(function, name):
    try:
        return function(name)
    except (AttributeError, KeyError) as error:
        return "GIMP has none: %s" % error

asked = json.load(open(FOLDER + "/asked.json"))
answers = {
    "things": dict((name, answer(lambda name: kinds(look(name)), name))
                   for name in asked["things"]),
    "procedures": dict((name, answer(procedure, name)) for name in asked["procedures"]),
}
json.dump(answers, open(FOLDER + "/answers.json", "w"))
"""
QUITTING = """
import traceback
try:
    execfile({script!r})
except Exception:
    traceback.print_exc()
pdb.gimp_quit(1)
"""
"""After an exception that nothing catches, GIMP would wait for ever."""


def definitions(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.stmt]]:
    """What a stub defines, by its dotted name."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.AnnAssign):
            yield prefix + ast.unparse(node.target), node
        if isinstance(node, ast.ClassDef):
            yield from definitions(node.body, f"{prefix}{node.name}.")


def read_stubs() -> dict[str, ast.stmt]:
    found = {}
    for path in TYPINGS.rglob("*.pyi"):
        parts = path.relative_to(TYPINGS).with_suffix("").parts
        module = ".".join(part for part in parts if part != "__init__")
        found.update(definitions(ast.parse(path.read_text()).body, module + "."))
    return found


STUBS = read_stubs()
THINGS = sorted(name for name in STUBS if not f"{name}.".startswith(PROCEDURES))
CALLED = sorted(name.removeprefix(PROCEDURES) for name in STUBS if name.startswith(PROCEDURES))


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What GIMP says of everything in the stubs: a thing's types, a procedure's parameters."""
    work = tmp_path_factory.mktemp("stubs")
    (work / "asked.json").write_text(json.dumps({"things": THINGS, "procedures": CALLED}))
    (work / "ask.py").write_text(f"FOLDER = {str(work)!r}\n{ASK}")
    try:
        room = lab.Room("2.10", [str(work)])
    except lab.LabError as error:
        no_gimp("2.10", error)
    code = QUITTING.format(script=str(work / "ask.py"))
    try:
        done = room.run(
            [room.console, "-idf", "--batch-interpreter", "python-fu-eval", "-b", code],
            environment={"GIMP2_DIRECTORY": str(work / "config")},
        )
    finally:
        room.close()
    assert (work / "answers.json").exists(), done.stderr
    return json.loads((work / "answers.json").read_text())


def annotated(node: ast.stmt) -> str | None:
    """The type of an attribute or a constant."""
    if isinstance(node, ast.AnnAssign):
        return ast.unparse(node.annotation)
    if isinstance(node, ast.FunctionDef) and node.returns and node.decorator_list:
        return ast.unparse(node.returns)
    return None


def fits(node: ast.stmt, kinds: list[str] | str) -> bool:
    """Whether a thing whose types have these names is what a stub says."""
    wanted = annotated(node)
    if isinstance(node, ast.ClassDef):
        bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        return {"a class", *bases} <= {*kinds}
    if wanted:
        python2 = {"bytes": "str", "None": "NoneType"}
        names = {one.partition("[")[0] for one in wanted.split(" | ")}
        return not {python2.get(one, one) for one in names}.isdisjoint(kinds)
    return not CALLABLE.isdisjoint(kinds)


def test_everything_in_the_stubs_is_in_gimp(answers):
    things = answers["things"]
    assert things
    wrong = {name: kinds for name, kinds in things.items() if not fits(STUBS[name], kinds)}
    assert not wrong, wrong


def signature(node: ast.stmt) -> tuple[dict[str, str], str]:
    """A procedure's parameters and what it gives, as the stub has them.

    GIMP does not tell where there may be None instead.
    """
    assert isinstance(node, ast.FunctionDef)
    assert node.returns
    parameters = {
        one.arg: ast.unparse(one.annotation).removesuffix(" | None")
        for one in node.args.posonlyargs[1:]
        if one.annotation
    }
    return parameters, ast.unparse(node.returns).removesuffix(" | None")


def in_words_of_stubs(procedure: list[list[list[str]]]) -> tuple[dict[str, str], str]:
    """The same, as GIMP tells it."""
    takes, gives = procedure
    given = [GIVES[kind] for kind, _name in gives]
    result = f"tuple[{', '.join(given)}]" if len(given) > 1 else "".join(given) or "None"
    return {name.replace("-", "_"): TAKES[kind] for kind, name in takes}, result


@pytest.mark.parametrize("name", CALLED)
def test_a_procedure_takes_and_gives_what_the_stub_says(answers, name):
    assert isinstance(answers["procedures"][name], list), answers["procedures"][name]
    assert signature(STUBS[PROCEDURES + name]) == in_words_of_stubs(answers["procedures"][name])
