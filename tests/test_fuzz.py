"""Messages to the worker, changed at random. Headers of pictures are in `test_image_truncated`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import drawn
from neural_style.errors import NeuralStyleError
from neural_style.image import write_raw
from neural_style.protocol import parse_from_host
from test_worker import QUICK, Host

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)

FIELDS = [
    *("job", "folder", "content", "styles", "protect", "regions", "initial", "whole"),
    *("enlarge", "checkpoint", "previews", "preview_size"),
]


@given(st.binary() | anything.map(lambda value: json.dumps(value).encode()))
def test_any_line_is_a_message_or_one_sentence(line: bytes) -> None:
    with pytest.raises(NeuralStyleError) as caught:
        parse_from_host(line)
    assert caught.value.code == "bad_message"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    one = Host(tmp_path_factory.mktemp("worker"))
    assert one.receive()["type"] == "hello"
    yield one
    one.close()


def good_job(folder: Path) -> dict[str, Any]:
    picture = write_raw(folder / "picture.raw", drawn(40, 60)).model_dump()
    return {
        "type": "job",
        "job": "one",
        "folder": str(folder),
        "content": picture,
        "styles": [picture],
        "settings": QUICK,
    }


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(FIELDS), value=anything)
def test_a_job_with_one_wrong_field(host: Host, field: str, value: Any) -> None:
    job = {**good_job(host.folder), field: value}
    host.send(**job)
    *_, last = host.receive_until("result", "error")
    assert last.get("code") != "internal", (field, value, last)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    width=st.integers() | anything,
    height=st.integers() | anything,
    name=st.sampled_from([*QUICK, "network", "strength", "blend", "device", "seed"]),
    value=anything,
)
def test_a_plan_of_anything(host: Host, width: Any, height: Any, name: str, value: Any) -> None:
    host.send(type="plan", job="plan", width=width, height=height, settings={name: value})
    *_, last = host.receive_until("planned", "error")
    assert last.get("code") != "internal", (width, height, name, value, last)


def test_afterwards_it_paints(host: Host) -> None:
    host.send(**good_job(host.folder))
    *_, last = host.receive_until("result", "error")
    assert last["type"] == "result"
