"""Float32 is computed as float32 whatever PyTorch was told before, and bfloat16 where it pays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from conftest import drawn
from neural_style import precision
from neural_style.errors import NeuralStyleError
from neural_style.job import Finished, paint
from neural_style.network import load_weights, vgg
from neural_style.precision import choose_precision, exact_float32
from neural_style.settings import Settings

CPU = torch.device("cpu")
BACKENDS: Any = torch.backends
KINDS = {
    "cudnn.conv": BACKENDS.cudnn.conv,
    "cuda.matmul": BACKENDS.cuda.matmul,
    "mkldnn.conv": BACKENDS.mkldnn.conv,
    "mkldnn.matmul": BACKENDS.mkldnn.matmul,
}
EXACT = {"ieee", "none"}
"""PyTorch's names for float32 computed as float32: of the newer flags, and of the older ones."""


def precisions() -> dict[str, str]:
    return {name: kind.fp32_precision for name, kind in KINDS.items()}


def state() -> tuple[object, ...]:
    """All that somebody else could ask PyTorch for; some of it raises in some states."""
    found: list[object] = [precisions(), BACKENDS.cudnn.deterministic, BACKENDS.cudnn.benchmark]
    for ask in (torch.get_float32_matmul_precision, lambda: BACKENDS.cudnn.allow_tf32):
        try:
            found.append(ask())
        except RuntimeError:
            found.append("mixed")
    return tuple(found)


WISHES: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "conv ieee": lambda: setattr(BACKENDS.cudnn.conv, "fp32_precision", "ieee"),
    "cudnn tf32": lambda: setattr(BACKENDS.cudnn, "fp32_precision", "tf32"),
    "matmul tf32": lambda: setattr(BACKENDS.cuda.matmul, "fp32_precision", "tf32"),
    "all tf32": lambda: setattr(BACKENDS, "fp32_precision", "tf32"),
    "all bf16": lambda: setattr(BACKENDS, "fp32_precision", "bf16"),
    "old conv": lambda: setattr(BACKENDS.cudnn, "allow_tf32", False),
    "old matmul": lambda: setattr(BACKENDS.cuda.matmul, "allow_tf32", True),
    "old high": lambda: torch.set_float32_matmul_precision("high"),
    "old medium": lambda: torch.set_float32_matmul_precision("medium"),
}
"""What a program that uses the library may have asked of PyTorch, by its newer and older flags."""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    BACKENDS.fp32_precision = BACKENDS.cudnn.fp32_precision = "none"
    torch.set_float32_matmul_precision("highest")
    BACKENDS.cudnn.allow_tf32 = True
    for name in ("cuda.matmul", "mkldnn.conv", "mkldnn.matmul"):
        KINDS[name].fp32_precision = "none"
    BACKENDS.cudnn.deterministic = BACKENDS.cudnn.benchmark = False


@pytest.fixture(params=[False, True], ids=["no card", "a card"])
def on_card(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether NVIDIA's flags matter, which can be set and read without a card."""
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: request.param)
    return request.param


@pytest.mark.parametrize("wish", WISHES)
def test_float32_is_exact_and_all_is_as_before_afterwards(wish: str, on_card: bool) -> None:
    WISHES[wish]()
    before = state()
    for _ in range(2):
        with exact_float32(), exact_float32():
            exact = [name for name in KINDS if on_card or name.startswith("mkldnn")]
            assert {precisions()[name] for name in exact} <= EXACT
            if on_card:
                assert (BACKENDS.cudnn.deterministic, BACKENDS.cudnn.benchmark) == (True, False)
                # Here PyTorch's products on a card look whether old and new flags agree.
                assert not BACKENDS.cuda.matmul.allow_tf32
        assert state() == before


def test_flags_that_are_right_are_left_alone() -> None:
    """So that on the CPU, where they are, nothing happens that another thread could see."""
    before = state()
    with exact_float32():
        assert state() == before


def test_what_is_inherited_stays_inherited(on_card: bool) -> None:
    BACKENDS.fp32_precision = "bf16"
    with exact_float32():
        pass
    BACKENDS.fp32_precision = "none"
    assert precisions()["mkldnn.conv"] == precisions()["mkldnn.matmul"] == "none"


@pytest.mark.parametrize("wish", WISHES)
def test_the_same_picture_is_painted_whatever_was_asked_of_pytorch(
    wish: str, small_settings: Callable[..., Settings]
) -> None:
    """Some processors compute in bfloat16 what is float32 if they may."""

    def painted() -> torch.Tensor:
        settings = small_settings(device="cpu", precision="float32")
        *_, last = paint(drawn(40, 60), [drawn(50, 50, "painting")], settings)
        assert isinstance(last, Finished)
        return torch.from_numpy(last.picture.pixels)

    expected = painted()
    WISHES[wish]()
    assert torch.equal(painted(), expected)


def test_no_convolution_runs_outside(on_card: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, convolve = [], F.conv2d

    def look(*arguments: Any, **options: Any) -> torch.Tensor:
        seen.append(precisions()["cudnn.conv"])
        return convolve(*arguments, **options)

    monkeypatch.setattr(F, "conv2d", look)
    network = vgg.VGG(load_weights("compact"), ["conv2_1"])
    tape = network.forward(torch.rand(1, 3, 20, 20), lambda *_: None, keep=True)
    network.backward(tape, lambda *_: None)
    precision._gain_of_bfloat16.__wrapped__(CPU)  # compares with float32 as it will be
    assert len(seen) == 6 + 10
    assert set(seen) <= (EXACT if on_card else {"tf32"})


def test_the_first_thread_sets_and_the_last_sets_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    before = state()
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with exact_float32():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with exact_float32():
        thread.start()
        assert inside.wait(10)
    assert precisions()["cudnn.conv"] in EXACT, "the other one is still at work"
    leave.set()
    thread.join()
    assert state() == before


def test_an_error_sets_back_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    before = state()
    with pytest.raises(ValueError, match="inside"), exact_float32():
        raise ValueError("inside")
    assert state() == before


def test_precision_can_be_chosen_and_is_measured_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cpu = torch.device("cpu")
    assert choose_precision(cpu, "float32") == torch.float32
    assert choose_precision(cpu, "bfloat16") == torch.bfloat16
    for gain, expected in ((0.0, torch.float32), (1.1, torch.float32), (4.0, torch.bfloat16)):
        monkeypatch.setattr(precision, "_gain_of_bfloat16", lambda _, gain=gain: gain)
        assert choose_precision(cpu, "auto") == expected


def test_a_device_without_bfloat16_gets_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    def seconds(_: torch.device, dtype: torch.dtype) -> float:
        if dtype == torch.bfloat16:
            raise RuntimeError("not implemented for BFloat16")
        return 1.0

    monkeypatch.setattr(precision, "_seconds", seconds)
    precision._gain_of_bfloat16.cache_clear()
    assert choose_precision(torch.device("cpu"), "auto") == torch.float32
    precision._gain_of_bfloat16.cache_clear()


def test_bfloat16_that_does_not_work_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a painting, the same words mean that memory ran out."""

    def convolve(picture: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
        if picture.dtype == torch.bfloat16:
            raise RuntimeError("GET was unable to find an engine to execute this computation")
        return torch.full((1, 4, 8, 8), 27.0)

    monkeypatch.setattr(F, "conv2d", convolve)
    assert choose_precision(CPU, "float32") == torch.float32
    with pytest.raises(NeuralStyleError, match="does not compute in bfloat16") as caught:
        choose_precision(CPU, "bfloat16")
    assert caught.value.code == "device_unavailable"
