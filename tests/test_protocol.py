"""Messages: one line each, the same after a round trip, clear errors."""

from __future__ import annotations

import json

import pytest

from neural_style import protocol
from neural_style.errors import NeuralStyleError

FILE = {"file": "ä b/c.raw", "width": 3, "height": 2}


def test_a_message_is_one_line_of_json() -> None:
    message = protocol.Warning(job="a", code="diverged", message="two\nlines and ü")
    assert message.line().count("\n") == 1
    assert json.loads(message.line())["type"] == "warning"


def test_job_round_trip() -> None:
    job = protocol.Job.model_validate(
        {"job": "a", "folder": "x", "content": FILE, "styles": [FILE], "settings": {"size": 9}}
    )
    assert protocol.parse_from_host(job.line()) == job


def test_unknown_fields_are_ignored() -> None:
    assert protocol.parse_from_host('{"type": "cancel", "job": "a", "new": 1}') == protocol.Cancel(
        job="a"
    )


def test_an_older_worker_has_the_network_that_comes_with_the_program() -> None:
    hello = {"version": "1", "torch": "2", "devices": []}
    assert protocol.Hello.model_validate(hello).networks == ["compact"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "Invalid JSON"),
        ("{", "Invalid JSON"),
        ("[]", "object"),
        ('{"type": "dance"}', "dance"),
        ('{"type": "job", "job": "a"}', "job.folder"),
        ('{"type": "job", "job": "../a"}', "job.job"),
        ("\xff\xfe", "Invalid JSON"),
    ],
)
def test_wrong_line_says_what_is_wrong(line: str, words: str) -> None:
    with pytest.raises(NeuralStyleError, match=words) as caught:
        protocol.parse_from_host(line)
    assert caught.value.code == "bad_message"


def test_a_picture_needs_a_size() -> None:
    for width in (0, -1, "x"):
        line = json.dumps(
            {
                "type": "job",
                "job": "a",
                "folder": "f",
                "content": {**FILE, "width": width},
                "styles": [FILE],
            }
        )
        with pytest.raises(NeuralStyleError, match=r"content\.width"):
            protocol.parse_from_host(line)


def test_infinite_loss_is_still_json() -> None:
    line = protocol.Progress(
        job="a", step=1, total=2, fraction=0.5, eta_s=1, stage="", loss=float("inf")
    ).line()
    assert json.loads(line)["loss"] is None
