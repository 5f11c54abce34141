"""Notes of strangers: in real GIMPs, and many more of them without one."""

from __future__ import annotations

import importlib
import json
import sys
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .program import SHARED, Gimp210, case_names


def modules_of_the_plugin(*names: str) -> list[ModuleType]:
    """They do not stay importable: the engine and its tests have modules of the same names."""
    own = [path.stem for path in SHARED.glob("*.py")]
    others = {name: sys.modules.pop(name) for name in own if name in sys.modules}
    sys.path.insert(0, str(SHARED))
    try:
        return [importlib.import_module(name) for name in names]
    finally:
        sys.path.remove(str(SHARED))
        for name in own:
            sys.modules.pop(name, None)
        sys.modules.update(others)


note, schema, uris, messages = modules_of_the_plugin("note", "schema", "uris", "messages")

ANSWERS = {"nothing_to_repeat", "note_elsewhere", "style_gone", "mask_gone"}

GOOD: dict[str, Any] = {
    "styles": ["file:///home/me/a.png", "pattern:Pine"],
    "settings": {"strength": 70.0, "preset": "draft", "seed": 3, "network": "compact"},
    "source": 5,
    "masks": "selection:|pattern:Pine|70",
    "image": "0" * 32,
}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.gimp
@pytest.mark.parametrize("case", case_names("cases_strangers"))
def test_strangers(passes: Any, case: str) -> None:
    passes("cases_strangers", case)


@pytest.mark.gimp
@pytest.mark.parametrize("case", case_names("cases_strangers", Gimp210))
def test_strangers_in_210(passes210: Any, case: str) -> None:
    passes210("cases_strangers", case)


def answer(data: bytes) -> dict[str, Any] | str:
    """What a note says, or the code of the error; anything else is a mistake of the plug-in."""
    try:
        return note.read(data, "0" * 32)
    except messages.PluginError as error:
        return str(error.code)


def test_a_good_note_is_read() -> None:
    assert answer(json.dumps(GOOD).encode()) == GOOD


@given(st.binary())
def test_bytes_are_no_note(data: bytes) -> None:
    assert isinstance(answer(data), str)


@given(st.sampled_from(sorted(GOOD)), anything)
def test_any_value_in_a_note(key: str, value: Any) -> None:
    found = answer(json.dumps({**GOOD, key: value}).encode())
    if isinstance(found, str):
        assert found in ANSWERS
    else:
        assert isinstance(found[key], type(GOOD[key]))


@given(st.sampled_from(sorted(schema.BY_NAME)), anything)
def test_any_value_of_a_setting(name: str, value: Any) -> None:
    found = answer(json.dumps({**GOOD, "settings": {name: value}}).encode())
    if isinstance(found, dict):
        assert isinstance(found["settings"][name], (str, int, float))


@given(anything)
def test_any_note(value: Any) -> None:
    data = json.dumps(value).encode()
    assert isinstance(answer(data), str)
    for read in (schema.interrupted, schema.engine):
        try:
            read(data)
        except ValueError:
            continue
        assert isinstance(value, dict)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_note_without_a_bottom(opening: bytes) -> None:
    for count in (1_000, 100_000, 1_000_000):
        assert answer(opening * count) == "nothing_to_repeat"


@pytest.mark.parametrize(
    ("system", "reference", "local"),
    [
        ("posix", "file:///home/me/a.png", True),
        ("posix", "pattern:Pine", True),
        ("posix", "layer:3", True),
        ("posix", "file:////server/a.png", False),
        ("posix", "file://server/a.png", False),
        ("posix", "file:///net/server/a.png", False),
        ("posix", "file:///run/user/1000/gvfs/smb-share:server=nas/a.png", False),
        ("posix", "http://example.org/a.png", False),
        ("posix", "FILE:///home/me/a.png", False),
        ("nt", "file:///C:/me/a.png", True),
        ("nt", "file:///home/me/a.png", False),
        ("nt", "file:////server/share/a.png", False),
        ("nt", "file://server/share/a.png", False),
        ("nt", "smb://server/share/a.png", False),
    ],
)
def test_what_is_of_this_computer(
    system: str, reference: str, local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema.os, "name", system)
    found = schema.is_local(reference)
    monkeypatch.undo()
    assert found is local


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:////nas/art/wave.jpg", rb"\\nas\art\wave.jpg"),
        ("file://nas/art/wave.jpg", rb"\\nas\art\wave.jpg"),
        ("file:///C:/art/wave.jpg", rb"C:\art\wave.jpg"),
    ],
)
def test_windows_paths(uri: str, path: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server's folder has four slashes, as GLib writes it; a drive three, or four of GIMP 3.2."""
    monkeypatch.setattr(uris.os, "name", "nt")
    found = uris.to_path(uri)
    plain = uris.plain(uri)
    collapsed = uris.plain("file:////C:/art/wave.jpg")
    monkeypatch.undo()
    assert found == path
    assert plain == uri
    assert collapsed == "file:///C:/art/wave.jpg"


def test_a_path_of_a_server_as_a_uri(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uris.os.path, "abspath", lambda path: path)
    monkeypatch.setattr(uris.os, "name", "nt")
    found = uris.from_path("\\\\nas\\art\\wave.jpg")
    monkeypatch.undo()
    assert found == "file:////nas/art/wave.jpg"
