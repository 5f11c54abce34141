"""Content and styles are prepared once: the next job with the same pixels finds what was made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from conftest import drawn
from neural_style import cache, pictures
from neural_style.cache import MOST, TINY, cached
from neural_style.image import Picture
from neural_style.job import Finished, paint
from neural_style.pictures import Pictures, prepare
from neural_style.settings import Settings, parse_settings

Make = Callable[..., Settings]
SLOW = ("find_faces", "border", "recoloured", "resized")


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    cache.forget()
    yield
    cache.forget()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what takes long, each time that it is done."""
    names: list[str] = []

    def counted(name: str) -> Callable[..., Any]:
        original = getattr(pictures, name)

        def count(*arguments: Any, **options: Any) -> Any:
            names.append(name)
            return original(*arguments, **options)

        return count

    for name in SLOW:
        monkeypatch.setattr(pictures, name, counted(name))
    return names


def photo() -> Picture:
    return drawn(60, 80, "photo")


def painting() -> Picture:
    return drawn(100, 90, "painting")


CPU = torch.device("cpu")


def prepared(
    content: Picture, style: Picture, device: torch.device = CPU, **values: Any
) -> Pictures:
    ready = prepare(content, [style], parse_settings(values))
    ready.regions[0].styles[0].at(50, device)
    return ready


@pytest.mark.parametrize("colours", ["painting", "photo", "free"])
def test_the_same_pixels_are_prepared_once(made: list[str], colours: str) -> None:
    """Also read anew, and with other settings that do not matter to it."""
    first = prepared(photo(), painting(), colours=colours)
    assert sorted(made) == sorted(SLOW if colours != "free" else set(SLOW) - {"recoloured"})
    made.clear()
    again = prepared(photo(), painting(), colours=colours, strength=20, size=70, faces=10)
    assert made == []
    assert torch.equal(first.content.pixels, again.content.pixels)
    assert torch.equal(
        first.regions[0].styles[0].at(50, CPU).pixels, again.regions[0].styles[0].at(50, CPU).pixels
    )


def test_another_photo_leaves_the_painting_prepared(made: list[str]) -> None:
    """As in a batch."""
    prepared(photo(), painting())
    made.clear()
    prepared(drawn(60, 80, "another"), painting())
    assert made == ["find_faces", "recoloured"]


def changed(picture: Picture, place: tuple[int, ...]) -> Picture:
    pixels = picture.pixels.copy()
    pixels[place] = 1 - pixels[place]
    return replace(picture, pixels=pixels)


def seen(picture: Picture) -> Picture:
    alpha = picture.alpha.copy()
    alpha[:10] = 0
    return replace(picture, alpha=alpha)


def turned(picture: Picture) -> Picture:
    """Another shape, and the same bytes."""
    height, width = picture.alpha.shape
    pixels, alpha = picture.pixels.reshape(width, height, 3), picture.alpha.reshape(width, height)
    return replace(picture, pixels=pixels, alpha=alpha)


@pytest.mark.parametrize("change", [lambda p: changed(p, (5, 7, 1)), seen, turned])
def test_other_pixels_are_other_pictures(
    made: list[str], change: Callable[[Picture], Picture]
) -> None:
    prepared(photo(), painting())
    for content, style, anew in (
        (change(photo()), painting(), {"find_faces", "recoloured"}),
        (photo(), change(painting()), {"border", "recoloured", "resized"}),
    ):
        made.clear()
        prepared(content, style)
        assert set(made) == anew


@pytest.mark.parametrize("values", [{"colours": "photo"}, {"formula": "gatys2015"}])
def test_a_style_prepared_otherwise_is_another_one(values: dict[str, Any]) -> None:
    gram = {"statistic": "gram", "colours": "painting", "faces": 0}
    one = prepared(photo(), painting(), **gram).regions[0].styles[0].at(50, CPU)
    other = prepared(photo(), painting(), **{**gram, **values}).regions[0].styles[0].at(50, CPU)
    assert one.pixels.shape != other.pixels.shape or not torch.equal(one.pixels, other.pixels)


def test_the_shares_of_paintings_make_other_colours() -> None:
    contents = [
        prepare(
            photo(), [painting(), drawn(50, 50)], parse_settings({"blend": blend})
        ).content.pixels
        for blend in ("1,1", "1,2")
    ]
    assert not torch.equal(*contents)


def test_a_second_job_paints_the_same_picture(small_settings: Make) -> None:
    """Transparent in places: what is kept is nobody's own memory."""
    results = []
    for colours in ("painting", "photo", "painting", "photo"):
        content, style = seen(photo()), seen(painting())
        *_, last = paint(content, [style], small_settings(colours=colours, precision="float32"))
        assert isinstance(last, Finished)
        results.append(last.picture.pixels)
        for picture in (content, style):
            picture.pixels[:] = picture.alpha[:] = 0  # theirs to change afterwards
    assert np.array_equal(results[0], results[2])
    assert np.array_equal(results[1], results[3])


# -- what is kept ------------------------------------------------------------------------------


def test_what_was_used_last_is_kept_and_never_more_than_there_is_room_for() -> None:
    calls: list[int] = []

    def get(number: int) -> int:
        def make() -> torch.Tensor:
            calls.append(number)
            return torch.full(((MOST // 4 - TINY) // 4,), float(number))

        return int(cached(number, make)[0])

    assert [get(number) for number in range(4)] == [0, 1, 2, 3]
    get(0)
    assert get(4) == 4  # instead of 1, as 0 has been used since
    calls.clear()
    assert [get(0), get(1)] == [0, 1]
    assert calls == [1]


def test_what_is_large_is_not_kept_not_even_a_view_of_it() -> None:
    large = torch.zeros(MOST // 4)
    cached("large", lambda: large)
    cached("view", lambda: large[:1])
    assert cached("view", lambda: torch.ones(1)) == 1


def test_tiny_things_do_not_pile_up() -> None:
    for number in range(MOST // TINY + 1):
        cached(number, lambda: (1, 2))
    assert cached(1, lambda: (3, 4)) == (1, 2)
    assert cached(0, lambda: (3, 4)) == (3, 4)
