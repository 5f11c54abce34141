"""Paintings are taken without the border of their scan, photos with a margin."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from neural_style.canvas import (
    EDGE,
    Canvas,
    as_picture,
    border,
    extended,
    is_plain,
    margin_of,
    unframed,
    without_margin,
)
from neural_style.image import Picture
from neural_style.settings import parse_settings


def paint(height: int, width: int) -> Tensor:
    """Strokes of all colours, none next to another of the same."""
    generator = torch.Generator().manual_seed(1)
    strokes = torch.rand(1, 3, -(-height // 4), -(-width // 4), generator=generator)
    return strokes.repeat_interleave(4, 2).repeat_interleave(4, 3)[..., :height, :width]


def cut(pixels: Tensor) -> Canvas:
    canvas = Canvas(pixels, torch.ones(1, 1, *pixels.shape[2:]))
    return unframed(canvas, border(canvas))


@pytest.mark.parametrize("colour", [0.0, 0.8])
@pytest.mark.parametrize("scale", [1, 4])
def test_a_border_is_cut_off(colour: float, scale: int) -> None:
    """On each side as wide as it is there; not quite plain, and also of a large picture."""
    top, bottom, left, right = (side * scale for side in (20, 6, 12, 0))
    scan = paint(200 * scale, 300 * scale)
    inside = scan[..., top : 200 * scale - bottom, left : 300 * scale - right].clone()
    scan[:] = colour + 0.02 * torch.rand_like(scan)
    scan[..., top : 200 * scale - bottom, left : 300 * scale - right] = inside
    painting = cut(scan)
    height, width = painting.pixels.shape[2:]
    edges = 2 * EDGE * 200 * scale
    assert height == pytest.approx(200 * scale - top - bottom - edges, abs=3 * scale)
    assert width == pytest.approx(300 * scale - left - right - edges, abs=3 * scale)
    assert painting.visible.shape[2:] == (height, width)
    alike = (painting.pixels - colour).abs().amax(1) < 0.05
    for side in (alike[:, 0], alike[:, -1], alike[..., 0], alike[..., -1]):
        assert side.float().mean() < 0.5


def test_a_border_askew_is_cut_off_too() -> None:
    scan = paint(200, 300)
    for column in range(300):
        scan[..., : 8 + column // 50, column] = 0
    assert not (cut(scan).pixels == 0).all(1).any()


def test_a_sky_and_paper_stay() -> None:
    """What is plain but does not end in a line belongs to the painting."""
    sky = paint(200, 300)
    sky[..., :90, :] = 0.7
    hills = paint(200, 300)
    for column in range(300):
        hills[..., : 5 + column // 6, column] = 0.7
    paper = torch.ones(1, 3, 200, 300)
    drawing = paint(165, 200)
    for row in range(165):  # which ends in no line
        half = round(90 * math.sin(math.pi * (row + 1) / 166)) + 1
        paper[..., 15 + row, 150 - half : 150 + half] = drawing[..., row, 100 - half : 100 + half]
    for picture in (sky, hills, paper, torch.zeros(1, 3, 200, 300)):
        assert cut(picture).pixels.shape == (1, 3, 196, 296)


@pytest.mark.parametrize("sides", [(102, 102, 60, 60), (10, 10, 200, 200), (30, 60, 90, 20)])
def test_a_painting_on_a_wall_is_cut_out(sides: tuple[int, int, int, int]) -> None:
    """Brought to a square, or photographed with what is around it: wider than a scan's border."""
    top, bottom, left, right = sides
    scan = 0.95 + 0.02 * torch.rand(1, 3, 600, 600, generator=torch.Generator().manual_seed(0))
    height, width = 600 - top - bottom, 600 - left - right
    scan[..., top : 600 - bottom, left : 600 - right] = paint(height, width)
    found = cut(scan).pixels.shape[2:]
    assert found == pytest.approx((height - 12, width - 12), abs=4)


@pytest.mark.parametrize(
    ("share", "plain"), [(1.0, True), (0.97, True), (0.9, False), (0.0, False)]
)
def test_what_is_nearly_of_one_colour(share: float, plain: bool) -> None:
    pixels = paint(100, 100)
    pixels[..., : round(100 * share), :] = 0.9
    assert is_plain(Canvas(pixels, torch.ones(1, 1, 100, 100))) is plain


def test_what_is_hardly_visible_is_plain() -> None:
    visible = torch.zeros(1, 1, 100, 100)
    visible[..., :5, :5] = 1
    assert is_plain(Canvas(paint(100, 100), visible))


@pytest.mark.parametrize(("height", "width"), [(16, 16), (16, 400), (700, 20)])
def test_of_a_small_painting_nothing_is_cut_without_a_border(height: int, width: int) -> None:
    assert cut(paint(height, width)).pixels.shape == (1, 3, height, width)


def test_a_painting_visible_at_its_edge_alone_stays_whole() -> None:
    visible = torch.zeros(1, 1, 200, 300)
    visible[..., 0] = 1
    style = Canvas(paint(200, 300), visible)
    assert unframed(style, border(style)).visible.any()


@pytest.mark.parametrize(("height", "width"), [(200, 300), (16, 1024), (16, 2000)])
def test_a_margin_is_cut_off_again(height: int, width: int) -> None:
    margin = margin_of(height, width, parse_settings({}))
    assert margin <= max(height, width) / 64 + 0.5
    half_seen = torch.ones(1, 1, height, width)
    half_seen[..., width // 2 :] = 0
    for visible in (torch.ones(1, 1, height, width), half_seen):
        photo = Canvas(paint(height, width), visible)
        larger = extended(photo, margin)
        assert larger.visible.shape[2:] == (height + 2 * margin, width + 2 * margin)
        assert torch.equal(without_margin(larger.pixels, margin), photo.pixels)
        assert torch.equal(without_margin(larger.visible, margin), photo.visible)


@pytest.mark.parametrize(("height", "width"), [(40, 60), (20, 30), (60, 90)])
def test_under_transparency_the_photo_stays(height: int, width: int) -> None:
    """At any size: neither what was painted there, nor the photo in the painting's colours."""
    alpha = np.ones((40, 60), np.float32)
    alpha[:, :30] = 0
    photo = Picture(np.full((40, 60, 3), [0.2, 0.4, 0.6], np.float32), alpha, 8)
    picture = as_picture(torch.ones(1, 3, height, width), photo)
    middle = width // 2
    assert not picture.alpha[:, : middle - 2].any()
    np.testing.assert_allclose(picture.pixels[:, : middle - 2, 2], 0.6, atol=1e-5)
    np.testing.assert_allclose(picture.pixels[:, : middle - 2, 0], 0.2, atol=1e-5)
    assert (picture.alpha[:, middle + 2 :] == 1).all()
    assert (picture.pixels[:, middle + 2 :] == 1).all()
