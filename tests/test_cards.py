"""Whole paintings on a graphics card that the CPU plays; see `card`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from card import KINDS, card
from conftest import drawn
from neural_style import budget
from neural_style.checkpoint import read_checkpoint, write_checkpoint
from neural_style.errors import NeuralStyleError
from neural_style.image import Picture
from neural_style.image.picture import Floats
from neural_style.job import Event, Finished, Progress, Started, Warned, paint
from neural_style.masks import Guidance, Region, mask_of
from neural_style.objective import Objective
from neural_style.resampling import resize
from neural_style.settings import Settings, parse_settings
from plain import STATISTICS

PHOTO, PAINTING = drawn(60, 90, "photo"), drawn(50, 50, "painting")

SMALL = {"size": 72, "coarsest": 48, "steps": 6, "final_steps": 5, "precision": "float32"}


def stepped(soft: int) -> Floats:
    """A mask that is white on the left."""
    ramp = np.linspace(1, 0, soft, dtype=np.float32)
    row = np.concatenate([np.ones(40, np.float32), ramp, np.zeros(50 - soft, np.float32)])
    return np.tile(row, (60, 1))


REGION = Region(mask=mask_of(stepped(8), "mask"), style=drawn(40, 60, "other"), strength=80.0)
PROTECT = mask_of(stepped(20)[:, ::-1].copy(), "mask")
SEEN = np.ones((60, 90), np.float32)
SEEN[:, 60:] = 0

OPTIONS: dict[str, dict[str, Any]] = {
    "regions": {"guidance": Guidance(regions=[REGION])},
    "protected": {"guidance": Guidance(protect=PROTECT, regions=[REGION])},
    "film": {"previous": Picture(drawn(60, 90, "last").pixels, SEEN, 8)},
    "goes on": {"initial": drawn(60, 90, "earlier")},
    "enlarged": {"enlarge": True},
}

SETTINGS: dict[str, dict[str, Any]] = {
    **{preset: {"preset": preset} for preset in ("draft", "standard", "fine")},
    **{preset: {"preset": preset} for preset in ("gatys2015", "tutorial")},
    **{statistic: {"statistic": statistic} for statistic in STATISTICS},
    **{f"masks, {statistic}": {"statistic": statistic} for statistic in STATISTICS},
    "max pooling": {"pooling": "max"},
    "torch-adam": {"optimiser": "torch-adam"},
    "lbfgs": {"optimiser": "lbfgs", "statistic": "gram"},
    "luminance": {"colours": "luminance"},
    "faces": {"faces": 100},
    "transparent": {},
}

PHOTOS = {
    "transparent": Picture(PHOTO.pixels, stepped(30), 8),
    "a flat photo": Picture(np.full((60, 90, 3), 0.5, np.float32), PHOTO.alpha, 8),
    "a panorama": drawn(22, 90, "panorama"),
}
"""Real inputs whose covariances have few ranks."""

CASES = [*SETTINGS, *OPTIONS, *(name for name in PHOTOS if name not in SETTINGS)]


def settings_of(case: str, device: str, **more: object) -> Settings:
    return parse_settings({**SMALL, **SETTINGS.get(case, {}), "device": device, **more})


def events_of(case: str, device: str, **more: object) -> Iterator[Event]:
    options = OPTIONS.get(case, OPTIONS["protected"] if case.startswith("masks") else {})
    photo = PHOTOS.get(case, PHOTO)
    return paint(photo, [PAINTING], settings_of(case, device, **more), **options)


def picture_of(events: Iterator[Event]) -> Floats:
    *_, last = events
    assert isinstance(last, Finished)
    return last.picture.pixels


@pytest.mark.parametrize("case", CASES)
def test_a_card_paints_the_same_picture_as_the_cpu(case: str) -> None:
    expected = picture_of(events_of(case, "cpu"))
    for kind in KINDS if case == "standard" else ("cuda", "mps"):
        with card(kind) as played:
            found = picture_of(events_of(case, kind))
            assert played.seen[torch.ops.aten.convolution.default] > 20
        # Matrices have their roots by other ways there; Adam's first steps make that visible.
        assert np.abs(found - expected).mean() < 2e-3, kind


def test_in_half_the_bits() -> None:
    expected = picture_of(events_of("standard", "cpu"))
    with card("mps"):
        found = picture_of(events_of("standard", "mps", precision="bfloat16"))
    assert np.abs(found - expected).mean() < 0.02


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_in_tiles(kind: str, statistic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "choose", lambda *_: budget.Budget(48, 2**20))
    case = f"masks, {statistic}"
    whole = picture_of(events_of(case, "cpu"))
    with card(kind):
        started, *events = events_of(case, kind)
    assert isinstance(started, Started)
    assert (started.plan.device, started.plan.tile) == (kind, 48)
    assert np.abs(picture_of(iter(events)) - whole).mean() < 5e-3


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_interrupted_it_goes_on_to_the_same_picture(kind: str, tmp_path: Path) -> None:
    with card(kind):
        expected = picture_of(events_of("sliced", kind))
    with card(kind):
        for event in paint(PHOTO, [PAINTING], settings_of("sliced", kind), every=1):
            if isinstance(event, Progress) and event.step == 8:
                kept = event.checkpoint()
                assert kept
                write_checkpoint(tmp_path / "kept", kept, "key")
                break
    kept = read_checkpoint(tmp_path / "kept", "key")
    with card(kind):
        found = picture_of(paint(PHOTO, [PAINTING], settings_of("sliced", kind), resume=kept))
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_fit_is_painted_in_tiles_and_then_on_the_cpu(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan was made with more memory than there is: another program took it since."""
    monkeypatch.setattr(budget, "TILES", (48,))
    expected = picture_of(events_of("standard", "cpu"))
    with card(kind) as played:
        events = events_of("standard", kind)
        assert isinstance(next(events), Started)
        played.memory = played.taken + 100_000
        left = list(events)
    warned = [event.message for event in left if isinstance(event, Warned)]
    assert len(warned) == 2
    assert np.abs(picture_of(iter(left)) - expected).mean() < 5e-3
    assert warned[0].endswith("tiles of 48 pixels")
    assert warned[1].endswith(f"memory of {kind} ran out; the picture is now painted on the CPU")


@pytest.mark.parametrize("kind", KINDS)
def test_however_much_smaller_a_picture_gets(kind: str) -> None:
    """A card's own kernel makes a side at most some 47 times smaller."""
    image = torch.rand(1, 3, 400, 1900, generator=torch.Generator().manual_seed(0))
    expected = resize(image, 20, 20)
    with card(kind) as played:
        found = resize(image.to(played.device), 20, 20).cpu()
    assert torch.equal(found, expected)


WAITS: dict[str, Callable[[Tensor], object]] = {
    "reads a number": lambda image: image.sum().item(),
    "asks whether": lambda image: bool((image > 0).any()),
    "chooses by a mask": lambda image: image[image > 0.5].sum(),
    "compares": lambda image: torch.equal(image, image),
    "reads all": lambda image: image.cpu(),
    "brings": lambda image: torch.ones(3).to(image.device),
}


@pytest.mark.parametrize("waits", WAITS)
def test_a_step_that_waits_is_found(waits: str, monkeypatch: pytest.MonkeyPatch) -> None:
    call = Objective.__call__

    def waiting(loss: Objective, image: Tensor) -> tuple[Tensor, Tensor]:
        WAITS[waits](image)
        return call(loss, image)

    monkeypatch.setattr(Objective, "__call__", waiting)
    with card("cuda"), pytest.raises(RuntimeError, match="synchronizing"):
        list(events_of("standard", "cuda"))


def test_what_a_card_refuses_is_refused() -> None:
    with card("cuda") as played:
        image = torch.ones(1, 3, 96, 96, device=played.device)
        assert (image * torch.tensor(2.0)).device == played.device
        with pytest.raises(RuntimeError, match="same device"):
            image.add(torch.ones(96))
        with pytest.raises(RuntimeError, match="shared memory"):
            torch.nn.functional.interpolate(image, (2, 2), mode="bicubic", antialias=True)
        with pytest.raises(TypeError):
            image.numpy()
        with pytest.raises(torch.OutOfMemoryError):
            torch.empty(2**32, device=played.device)
    with card("mps") as played:
        image = torch.ones(8, 8, device=played.device)
        for refused in (
            lambda: image.double(),
            lambda: torch.ones(2, dtype=torch.double).to(played.device),
            lambda: torch.linalg.eigh(image),
            lambda: image.view(torch.int32),
            lambda: torch.nn.functional.interpolate(image[None, None], (3, 3), mode="area"),
        ):
            with pytest.raises((TypeError, NotImplementedError), match="MPS"):
                refused()
        assert image.cpu().double().dtype == torch.double


def test_memory_is_counted() -> None:
    with card("cuda") as played:
        image = torch.zeros(1000, device=played.device)
        view = image[10:]
        assert played.taken == 4000, "a view takes none"
        del image
        assert played.taken == 4000
        view += 1
        assert view.sum().item() == 990
        assert played.most == 4004
        del view
        assert played.taken == 0


def test_more_memory_than_there_is_in_all_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "free_memory", lambda _: 2**20)
    with card("cuda", memory=2**20), pytest.raises(NeuralStyleError) as caught:
        list(events_of("standard", "cuda"))
    assert caught.value.code == "out_of_memory"
