"""Devices that fail at one call or another, and what is said when memory runs out."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
import torch

from conftest import drawn
from neural_style import devices
from neural_style.errors import NeuralStyleError
from neural_style.job import Started, Warned, paint
from neural_style.network import build, network_for
from neural_style.plan import plan_job
from neural_style.settings import Settings

GIB = 2**30
KINDS = ("cuda", "xpu", "mps")


def _fail(*_: object, **__: object) -> NoReturn:
    raise RuntimeError("The driver says no\nand more that nobody wants to read")


Plant = Callable[..., None]


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """A card of some kind that works, but for what the test replaces."""

    def plant(kind: str, **calls: Any) -> None:
        working = {
            "is_available": lambda: True,
            "is_initialized": lambda: False,
            "mem_get_info": lambda _: (6 * GIB, 8 * GIB),
            "memory_reserved": lambda _: GIB,
            "memory_allocated": lambda _: GIB // 2,
            "get_device_properties": lambda _: SimpleNamespace(total_memory=8 * GIB),
            "get_device_name": lambda _: "A card",
            "recommended_max_memory": lambda: 8 * GIB,
            "driver_allocated_memory": lambda: 2 * GIB,
            "empty_cache": lambda: None,
        }
        card = SimpleNamespace(**{**working, **calls})
        monkeypatch.setattr(torch, kind, card)
        monkeypatch.setattr(devices, "_CARDS", {kind: card})
        monkeypatch.setattr(devices, "try_convolution", calls.get("convolution", lambda _: None))

    return plant


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_that_works_comes_first(kind: str, plant: Plant) -> None:
    plant(kind)
    assert [device.name for device in devices.available_devices()] == [kind, "cpu"]
    assert devices.unusable_devices() == {}
    free = 6 * GIB if kind == "mps" else 6 * GIB + GIB // 2  # with what PyTorch keeps
    assert devices.free_memory(torch.device(kind, 0)) == free


def test_each_of_several_cards_is_a_device(plant: Plant) -> None:
    """The first is called as its kind, and has its memory for itself."""
    plant(
        "cuda",
        device_count=lambda: 3,
        mem_get_info=lambda index: (index * GIB, 8 * GIB),
        get_device_name=lambda index: f"Card {index}",
    )
    found = devices.available_devices()
    assert [device.name for device in found] == ["cuda", "cuda:1", "cuda:2", "cpu"]
    assert found[1].description == "Card 1"
    assert devices.choose_device("cuda:2") == torch.device("cuda", 2)
    assert devices.choose_device("auto") == torch.device("cuda", 0)
    assert devices.free_memory(torch.device("cuda", 2)) == 2 * GIB + GIB // 2
    assert devices.name_of(torch.device("cuda", 0)) == "cuda"
    with pytest.raises(NeuralStyleError, match="no cuda:3 device"):
        devices.choose_device("cuda:3")


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_has_one_name_inside(kind: str, plant: Plant) -> None:
    """As its tensors have it: what is kept of a card is found again by whatever name."""
    plant(kind)
    names = (kind, f"{kind}:0", "auto")
    assert {devices.choose_device(name) for name in names} == {torch.device(kind, 0)}
    assert devices.name_of(devices.device_of(f"{kind}:0")) == kind
    assert devices.choose_device("cpu") == torch.device("cpu") == torch.ones(1).device


@pytest.mark.parametrize("kind", KINDS)
def test_one_network_is_built_for_plan_and_painting(
    kind: str,
    plant: Plant,
    small_settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(kind)
    built = []

    def build_network(*arguments: Any) -> SimpleNamespace:
        """One whose tensors say where they are as PyTorch's do: always with a number."""
        built.append(arguments)
        return SimpleNamespace(device=torch.device(arguments[3].type, 0))

    monkeypatch.setattr(build, "VGG", build_network)
    build._network.cache_clear()
    settings = small_settings(device=kind, precision="float32")
    for _ in range(2):
        network: Any = network_for(settings, devices.choose_device(settings.device))
        assert network_for(settings, network.device) is network
    build._network.cache_clear()
    assert len(built) == 1


@pytest.mark.parametrize(
    ("wanted", "touched"),
    [("cpu", []), ("cuda:1", ["cuda:1"]), ("cuda", ["cuda"]), ("auto", ["cuda"])],
)
def test_only_the_card_that_is_used_is_touched(
    wanted: str, touched: list[str], plant: Plant, small_settings: Callable[..., Settings]
) -> None:
    """Every process that touches a card takes hundreds of megabytes there."""
    seen = []

    def see(device: torch.device | int, *_: object) -> tuple[int, int]:
        number = device if isinstance(device, int) else device.index
        seen.append(devices.name_of(torch.device("cuda", number)))
        return 6 * GIB, 8 * GIB

    plant("cuda", device_count=lambda: 3, convolution=see, mem_get_info=see)
    devices.free_memory(devices.choose_device(wanted))
    assert sorted(set(seen)) == touched
    if wanted == "cpu":
        plan_job(60, 40, small_settings(device="cpu"), enlarge=False)
        assert seen == []
    elif wanted == "auto":
        assert devices.passed_over() == {}
        assert set(seen) == {"cuda"}


def _error(error: type[Exception]) -> Callable[..., NoReturn]:
    def fail(*_: object) -> NoReturn:
        raise error("The driver says no\nand more that nobody wants to read")

    return fail


ERRORS = [RuntimeError, AssertionError, AttributeError, OSError]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("calls", [["convolution"], ["is_available", "convolution"]])
def test_a_card_that_does_not_compute_is_left_out(
    kind: str, calls: list[str], error: type[Exception], plant: Plant
) -> None:
    plant(kind, **dict.fromkeys(calls, _error(error)))
    assert [device.name for device in devices.available_devices()] == ["cpu"]
    assert devices.unusable_devices() == devices.passed_over() == {kind: "The driver says no"}
    assert devices.choose_device("auto").type == "cpu"
    assert devices.choose_device("cpu").type == "cpu"
    with pytest.raises(NeuralStyleError, match="The driver says no") as caught:
        devices.choose_device(kind)
    assert caught.value.code == "device_unavailable"
    devices.release_memory()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(
    "calls",
    [
        ["mem_get_info"],
        ["memory_reserved"],
        ["recommended_max_memory"],
        ["driver_allocated_memory"],
        ["mem_get_info", "get_device_properties"],
        ["get_device_name"],
    ],
)
def test_a_card_that_computes_is_used_whatever_else_it_does_not_tell(
    kind: str, calls: list[str], error: type[Exception], plant: Plant
) -> None:
    """Intel's integrated cards do not tell what memory is free."""
    plant(kind, **dict.fromkeys(calls, _error(error)))
    card, cpu = devices.available_devices()
    assert (card.name, cpu.name) == (kind, "cpu")
    assert 0 < card.memory_free <= card.memory
    assert devices.choose_device("auto") == torch.device(kind, 0)
    assert devices.unusable_devices() == {}


def test_without_an_answer_free_memory_is_what_is_not_taken(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant("xpu", mem_get_info=_fail, memory_allocated=lambda _: 3 * GIB)
    for own, expected in ((100, 5), (2, 2)):  # it may share the computer's
        monkeypatch.setattr(devices.machine, "memory", lambda own=own: (own * GIB, 128 * GIB))
        assert devices.free_memory(torch.device("xpu", 0)) == expected * GIB


def test_a_card_that_fails_later_is_noticed(plant: Plant) -> None:
    works = [True]

    def convolve(_: torch.device) -> None:
        if not works[0]:
            _fail()

    plant("cuda", convolution=convolve)
    assert devices.choose_device("auto").type == "cuda"
    works[0] = False
    assert devices.choose_device("auto").type == "cpu"


def test_a_real_convolution_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    # This build of PyTorch knows the name and has no code for it: as a card that is too old.
    card = SimpleNamespace(is_available=lambda: True)
    kind = next(kind for kind in KINDS if not devices._CARDS[kind].is_available())
    monkeypatch.setattr(devices, "_CARDS", {kind: card})
    assert kind in devices.unusable_devices()
    devices.try_convolution(torch.device("cpu"))
    monkeypatch.setattr(devices.F, "conv2d", lambda *_, **__: torch.zeros(1))
    with pytest.raises(RuntimeError, match="wrong numbers"):
        devices.try_convolution(torch.device("cpu"))


def test_giving_memory_back_survives_a_card(plant: Plant) -> None:
    plant("cuda", empty_cache=_fail)
    devices.release_memory()


def test_who_leaves_the_choice_to_us_is_told(
    small_settings: Callable[..., Settings], plant: Plant
) -> None:
    photo, painting = drawn(40, 60), drawn(50, 50)
    plant("cuda", convolution=_fail)
    events = paint(photo, [painting], small_settings())
    warned, started = next(events), next(events)
    assert isinstance(warned, Warned)
    assert warned.code == "device_unusable"
    assert "cuda" in warned.message
    assert "The driver says no" in warned.message
    assert isinstance(started, Started)
    events = paint(photo, [painting], small_settings(device="cpu"))
    assert isinstance(next(events), Started)


@pytest.mark.parametrize(
    "words",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 8.00 GiB",
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "Unable to find a valid cuDNN algorithm to run convolution",
        "GET was unable to find an engine to execute this computation",
        "HIP out of memory. Tried to allocate 512.00 MiB (GPU 0; 8.00 GiB total capacity)",
        "HIP error: out of memory\nHIP kernel errors might be asynchronously reported",
        "HIP error: hipErrorOutOfMemory",
        "MPS backend out of memory (MPS allocated: 17.6 GB, max allowed: 18.1 GB)",
        "Invalid buffer size: 24.00 GiB",
        "XPU out of memory. Tried to allocate 3.00 GiB. GPU 0 has a total capacity of 15 GiB",
        "Native API failed. Native API returns: -5 (PI_ERROR_OUT_OF_RESOURCES)",
        "level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)",
        "level_zero backend failed with error: 38 (UR_RESULT_ERROR_OUT_OF_HOST_MEMORY)",
        "level_zero backend failed with error: 40 (UR_RESULT_ERROR_OUT_OF_RESOURCES)",
        "could not create a memory object",
        "could not create a memory",
        "could not create a primitive",
        "std::bad_alloc",
        "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory:"
        " you tried to allocate 400 bytes. Error code 12 (Cannot allocate memory)",
        "[enforce fail at alloc_cpu.cpp:80] data. DefaultCPUAllocator: not enough memory: you tried"
        " to allocate 400 bytes.",
    ],
)
def test_all_the_ways_to_say_that_memory_ran_out(words: str) -> None:
    assert devices.is_out_of_memory(RuntimeError(words))


@pytest.mark.parametrize(
    "words",
    [
        "HIP error: invalid device function",
        "CUDA error: an illegal memory access was encountered",
        "The size of tensor a (3) must match the size of tensor b (4)",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
        "could not create a primitive descriptor for a convolution forward propagation primitive",
    ],
)
def test_other_errors_are_no_lack_of_memory(words: str) -> None:
    assert not devices.is_out_of_memory(RuntimeError(words))


def test_lack_of_memory_by_type() -> None:
    assert devices.is_out_of_memory(MemoryError())
    assert devices.is_out_of_memory(torch.OutOfMemoryError("no words"))
    assert not devices.is_out_of_memory(ValueError("out of memory"))
