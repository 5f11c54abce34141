"""Masks: regions with statistics of their own, protected pixels, and what cannot be painted."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from torch import Tensor

from conftest import drawn
from neural_style import cache, statistics
from neural_style.errors import NeuralStyleError
from neural_style.guides import Guide
from neural_style.image import Picture
from neural_style.job import Finished, Warned, paint
from neural_style.masks import Guidance, Mask, Region, mask_of, mask_of_picture, strength_of
from neural_style.network import VGG
from neural_style.objective import StyleTarget, objective_from
from neural_style.pictures import prepare
from neural_style.plan import plan_job
from neural_style.settings import Settings, parse_settings
from neural_style.tiles import Features, TiledNetwork, bounding_box, level, pooled
from plain import STATISTICS, canvas, error, network

Make = Callable[..., Settings]


def ramp(height: int, width: int, first: float = 0.3, end: float = 0.6) -> np.ndarray:
    """A mask that is white above, black below, and soft from `first` to `end` of the height."""
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    return np.clip((end - rows) / (end - first), 0, 1) * np.ones((1, width), np.float32)


def masks(height: int, width: int) -> list[Tensor]:
    """Three regions of a picture: a corner, a strip at the right edge, and the rest."""
    corner, strip = torch.zeros(2, 1, 1, height, width).unbind()
    corner[..., : height // 2, : width // 3] = 1
    strip[..., -5:] = torch.linspace(0, 1, 5)
    strip = torch.minimum(strip, 1 - corner)
    return [corner, strip, 1 - corner - strip]


def targets(height: int, width: int) -> list[StyleTarget]:
    found = []
    for seed, mask in enumerate(masks(height, width)):
        guide = Guide(mask)
        style = canvas(70, 60 + seed, 10 + seed)
        share = guide.mass / (height * width)
        found.append(StyleTarget(styles=[(style, 1.0)], guide=guide, share=share))
    return found


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("tile", [16, 48, 64])
def test_regions_are_the_same_in_tiles(statistic: str, tile: int) -> None:
    settings = parse_settings({"statistic": statistic, "optimiser": "lbfgs"})
    content, image = canvas(90, 110, 1), canvas(90, 110, 2).pixels
    found = []
    for side in (0, tile):
        loss = objective_from(
            settings,
            network=network(settings),
            content=content,
            targets=targets(90, 110),
            tile=side,
            emphasis=torch.rand(1, 1, 90, 110, generator=torch.Generator().manual_seed(1)),
            protection=masks(90, 110)[0],
        )
        found.append(loss(image))
    assert error(found[1][0], found[0][0]) < 1e-5
    assert error(found[1][1], found[0][1]) < 1e-3


@given(st.integers(16, 120), st.integers(16, 120), st.integers(8, 70), st.integers(0, 2))
@hypothesis(max_examples=25, deadline=None)
def test_each_position_counts_as_much_as_its_pixels(
    height: int, width: int, tile: int, number: int
) -> None:
    """Guided Gram matrices in tiles, against a mask that is averaged over the whole layer."""
    mask = masks(height, width)[number]
    assume(mask.any())
    guide, image = Guide(mask), canvas(height, width, 3)
    vgg = network(parse_settings({}))
    grams: dict[str, Tensor] = defaultdict(lambda: torch.zeros(()))
    maps: dict[str, Tensor] = {}

    def add(layer: str, features: Features) -> None:
        if part := guide.of(layer, features):
            own = statistics.gram(part.features.values, part.features.weight)
            grams[layer] = grams[layer] + own

    def keep(layer: str, features: Features) -> None:
        whole = maps.setdefault(layer, features.empty_layer())
        features.box.of(whole)[0].copy_(features.as_map())

    TiledNetwork(vgg, image.visible, tile).forward(image.pixels, add)
    TiledNetwork(vgg, image.visible, 0).forward(image.pixels, keep)
    for layer, whole in maps.items():
        weight = pooled(mask, level(layer)).flatten()
        cloud = whole[0].flatten(1).T
        if weight.any():
            weight = weight / weight.sum()
            assert error(grams[layer], cloud.T @ (cloud * weight[:, None])) < 1e-4
        else:  # so small a region that none of the layer's positions has a part of it
            assert layer not in grams


def test_a_region_that_is_everything_is_the_whole_picture(device: torch.device) -> None:
    settings = parse_settings({})
    content, style, image = (canvas(60, 80, seed, device=device) for seed in (1, 2, 3))
    everywhere = Guide(torch.ones(1, 1, 60, 80, device=device))
    both = [
        objective_from(
            settings,
            network=network(settings, device),
            content=content,
            targets=[StyleTarget(styles=[(style, 1.0)], guide=guide)],
        )(image.pixels)
        for guide in (None, everywhere)
    ]
    assert error(both[1][0], both[0][0]) < 1e-5
    assert error(both[1][1], both[0][1]) < 1e-4


@pytest.mark.parametrize("statistic", STATISTICS)
def test_the_gradient_is_that_of_the_loss(statistic: str) -> None:
    """A step along it lowers the loss by about its square, with regions and protection."""
    settings = parse_settings({"statistic": statistic, "optimiser": "lbfgs"})
    loss = objective_from(
        settings,
        network=network(settings),
        content=canvas(48, 64, 1),
        targets=targets(48, 64),
        protection=masks(48, 64)[0],
    )
    image = canvas(48, 64, 2).pixels
    value, gradient = loss(image)
    step = 1e-3 / float(gradient.norm())
    lower = loss(image - step * gradient)[0]
    assert float(value - lower) == pytest.approx(step * float(gradient.square().sum()), rel=0.05)


def test_a_guide_keeps_its_bounding_box_only() -> None:
    mask = torch.zeros(1, 1, 512, 512)
    mask[..., 100:130, 200:260] = 1
    guide = Guide(mask)
    assert guide.mass == 30 * 60
    assert guide.box == bounding_box(mask, 16)
    kept = sum(weight.untyped_storage().nbytes() for weight in guide._weight)
    assert kept <= 4 * 4 / 3 * 48 * 80


# -- whole jobs ----------------------------------------------------------------------------------


def painted(
    content: Picture, style: Picture, settings: Settings, **options: Any
) -> tuple[Picture, list[str]]:
    warned, result = [], None
    for event in paint(content, [style], settings, **options):
        if isinstance(event, Warned):
            warned.append(event.code)
        elif isinstance(event, Finished):
            result = event.picture
    assert result
    return result, warned


def textured(height: int, width: int, colour: list[float], period: int) -> Picture:
    """Stripes of one colour and black."""
    on = (np.arange(width) // period % 2).astype(np.float32)
    pixels = np.ones((height, 1, 1), np.float32) * on[:, None] * np.array(colour, np.float32)
    return Picture(np.ascontiguousarray(pixels), np.ones((height, width), np.float32), 8)


def distance(picture: Picture, style: Picture, rows: slice, vgg: VGG) -> float:
    """Of the mean and covariance of the features of some rows to those of a painting."""
    found: list[dict[str, tuple[Tensor, Tensor]]] = []
    for one in (picture.pixels[rows], style.pixels):
        layers: dict[str, list[Features]] = {}
        pixels = torch.from_numpy(np.ascontiguousarray(one)).permute(2, 0, 1)[None]
        visible = torch.ones(1, 1, *pixels.shape[2:])

        def visit(layer: str, part: Features, layers: Any = layers) -> None:
            layers.setdefault(layer, []).append(part)

        TiledNetwork(vgg, visible, 0).forward(pixels, visit)
        found.append(
            {
                layer: (
                    torch.stack([p.weight @ p.values for p in parts]).sum(0),
                    torch.stack([statistics.gram(p.values, p.weight) for p in parts]).sum(0),
                )
                for layer, parts in layers.items()
            }
        )
    return sum(error(found[0][layer][1], found[1][layer][1]) for layer in found[0])


def test_each_region_is_nearer_to_its_own_painting(small_settings: Make) -> None:
    """Measured away from the soft edge, against the other's painting."""
    photo = drawn(64, 64, "photo")
    red, blue = textured(64, 64, [1, 0.2, 0.1], 3), textured(64, 64, [0.1, 0.3, 1], 8)
    mask = mask_of(ramp(64, 64, 0.45, 0.55), "mask")
    settings = small_settings(size=0, strength=80, steps=20, final_steps=20)
    guidance = Guidance(regions=[Region(mask=mask, style=red)])
    result, warned = painted(photo, blue, settings, guidance=guidance)
    assert warned == []
    vgg = network(settings)
    above, below = slice(0, 26), slice(38, 64)
    assert distance(result, red, above, vgg) < 0.7 * distance(result, blue, above, vgg)
    assert distance(result, blue, below, vgg) < 0.7 * distance(result, red, below, vgg)


@pytest.mark.parametrize("colours", ["painting", "photo", "luminance", "free"])
def test_what_is_protected_stays_the_photo(small_settings: Make, colours: str) -> None:
    photo, style = drawn(60, 64, "photo"), drawn(64, 64, "painting")
    mask = mask_of(ramp(60, 64, 0.4, 0.6), "mask")
    settings = small_settings(size=0, colours=colours, strength=80, steps=12, final_steps=20)
    result, _ = painted(photo, style, settings, guidance=Guidance(protect=mask))
    change = np.abs(result.pixels - photo.pixels).mean((1, 2))
    assert change[:22].max() < 0.002
    assert change[38:].mean() > 0.02
    free, _ = painted(photo, style, settings)
    assert np.abs(free.pixels - photo.pixels)[:22].mean() > 0.02


@pytest.mark.parametrize("preset", ["draft", "gatys2015", "tutorial"])
def test_masks_go_with_every_formula(small_settings: Make, preset: str) -> None:
    """What no mask chooses is painted as it is without masks, and what is protected is not."""
    photo, style = drawn(60, 64, "photo"), drawn(64, 64, "painting")
    settings = small_settings(preset=preset, size=0, coarsest=64, final_steps=8)
    protect = mask_of(ramp(60, 64, 0.4, 0.5), "mask")
    region = Region(mask=mask_of(ramp(60, 64, 0.7, 0.8), "mask"), style=drawn(64, 64, "other"))
    guidance = Guidance(protect=protect, regions=[region])
    plain, _ = painted(photo, style, settings)
    result, _ = painted(photo, style, settings, guidance=guidance)
    usual, change = (np.abs(one.pixels - photo.pixels).mean((1, 2)) for one in (plain, result))
    assert change[:22].max() < 0.002
    for rows in (slice(34, 42), slice(52, 60)):  # the region, and the rest
        assert change[rows].mean() > 0.4 * usual[rows].mean()


@pytest.mark.parametrize("colours", ["painting", "luminance"])
def test_what_is_protected_has_its_detail_at_any_moment(small_settings: Make, colours: str) -> None:
    """A picture that is finished early, at a coarse size, is enlarged: not so what is protected."""
    photo, style = drawn(120, 128, "photo"), drawn(64, 64, "painting")
    mask = mask_of(ramp(120, 128, 0.4, 0.6), "mask")
    settings = small_settings(size=0, coarsest=64, colours=colours)
    events = paint(
        photo, [style], settings, guidance=Guidance(protect=mask), enlarge=True, finish=lambda: True
    )
    result = next(event.picture for event in events if isinstance(event, Finished))
    assert np.abs(result.pixels - photo.pixels)[:44].max() < 0.002


def test_protecting_is_not_a_region() -> None:
    """Nothing that was prepared for the one is taken for the other."""
    photo, style = drawn(48, 64, "photo"), drawn(50, 50, "painting")
    mask, settings = mask_of(ramp(48, 64), "mask"), parse_settings({"faces": 0})
    contents = []
    for order in (1, -1):
        cache.forget()
        guidances = [Guidance(protect=mask), Guidance(regions=[Region(mask=mask, style=style)])]
        prepared = [
            prepare(photo, [style], settings, guidance=guidance).content.pixels
            for guidance in guidances[::order]
        ]
        contents.append(prepared[::order])
    assert torch.equal(contents[0][0], contents[1][0])
    assert torch.equal(contents[0][1], contents[1][1])


def test_the_size_that_is_recommended_suffices() -> None:
    """A mask takes memory too."""
    settings = parse_settings({"memory": 0.5})
    with pytest.raises(NeuralStyleError) as caught:
        plan_job(12000, 9000, settings, enlarge=False, regions=2, guided=4.0)
    (size,) = re.findall(r"Set the size to (\d+) or less", caught.value.hint)
    smaller = parse_settings({"memory": 0.5, "size": int(size)})
    assert plan_job(12000, 9000, smaller, enlarge=False, regions=2, guided=4.0).width == int(size)


def test_grey_protects_half(small_settings: Make) -> None:
    photo, style = drawn(64, 64, "photo"), drawn(64, 64, "painting")
    settings = small_settings(size=0, strength=80, steps=20, final_steps=20)
    changes = []
    for grey in (0.0, 0.5, 1.0):
        values = np.full((64, 64), grey, np.float32)
        guidance = Guidance(protect=mask_of(values, "mask")) if grey else Guidance()
        result, _ = painted(photo, style, settings, guidance=guidance)
        changes.append(float(np.abs(result.pixels - photo.pixels).mean()))
    assert changes[0] > 1.3 * changes[1]
    assert changes[1] > 1.3 * changes[2]


def test_a_regions_strength_is_its_own(small_settings: Make) -> None:
    """The same painting, nearer to the photo above."""
    photo, style = drawn(64, 64, "photo"), drawn(64, 64, "painting")
    settings = small_settings(size=0, colours="free", strength=90, steps=10, final_steps=15)
    mask = mask_of(ramp(64, 64, 0.45, 0.55), "mask")
    change = []
    for strength in (None, 0.0):
        region = Region(mask=mask, style=style, strength=strength)
        result, _ = painted(photo, style, settings, guidance=Guidance(regions=[region]))
        change.append(np.abs(result.pixels - photo.pixels).mean((1, 2)))
    assert change[1][:24].mean() < 0.7 * change[0][:24].mean()
    assert change[1][44:].mean() > 0.7 * change[0][44:].mean()


def test_masks_of_any_kind_are_painted(small_settings: Make) -> None:
    """Covering all, a single pixel, on each other, in transparent parts, with eight regions."""
    photo, style = drawn(48, 64, "photo"), drawn(50, 50, "painting")
    alpha = np.ones((48, 64), np.float32)
    alpha[:20] = 0
    clear = Picture(photo.pixels, alpha, 8)
    dot = np.zeros((48, 64), np.float32)
    dot[2, 3] = 1
    full = np.ones((48, 64), np.float32)
    for content in (photo, clear):
        for values in ([full], [dot, ramp(48, 64)], [ramp(48, 64)] * 8):
            regions = [Region(mask=mask_of(one, "mask"), style=style) for one in values]
            protect = mask_of(ramp(48, 64, 0.8, 0.9), "mask")
            guidance = Guidance(protect=protect, regions=regions)
            settings = small_settings(size=0, coarsest=64, final_steps=2)
            result, _ = painted(content, style, settings, guidance=guidance)
            assert np.isfinite(result.pixels).all()
            assert np.array_equal(result.alpha, content.alpha)


def test_overlapping_regions_are_told_of(small_settings: Make) -> None:
    photo, style = drawn(48, 64, "photo"), drawn(50, 50, "painting")

    def warned(*values: np.ndarray) -> list[str]:
        regions = [Region(mask=mask_of(one, "mask"), style=style) for one in values]
        guidance = Guidance(regions=regions)
        return painted(
            photo, style, small_settings(size=0, coarsest=64, final_steps=1), guidance=guidance
        )[1]

    above = ramp(48, 64)
    assert warned(above, 1 - above) == []  # soft edges that meet
    assert warned(above, np.ones((48, 64), np.float32)) == ["masks_overlap"]


def mask(height: int, width: int) -> Mask:
    return mask_of(np.ones((height, width), np.float32), "mask sky.png")


@pytest.mark.parametrize(
    ("guidance", "code", "text"),
    [
        (lambda s: Guidance(protect=mask(20, 30)), "mask_size", "sky.png has 30 x 20 pixels"),
        (
            lambda s: Guidance(regions=[Region(mask=mask(48, 64), style=s)] * 9),
            "bad_settings",
            "There are 9 regions, and 8 are the most",
        ),
    ],
)
def test_what_does_not_go_together_is_said_before_painting(
    guidance: Callable[[Picture], Guidance], code: str, text: str
) -> None:
    photo, style = drawn(48, 64, "photo"), drawn(50, 50, "painting")
    with pytest.raises(NeuralStyleError) as caught:
        next(paint(photo, [style], parse_settings({}), guidance=guidance(style)))
    assert caught.value.code == code
    assert text in caught.value.message


def test_a_black_or_transparent_mask_is_empty() -> None:
    picture = drawn(20, 20, "photo")
    for one in (
        Picture(0 * picture.pixels, picture.alpha, 8),
        Picture(picture.pixels, 0 * picture.alpha, 8),
    ):
        with pytest.raises(NeuralStyleError) as caught:
            mask_of_picture(one, "mask m.png")
        assert (caught.value.code, "m.png" in caught.value.message) == ("mask_empty", True)


@pytest.mark.parametrize("given", ["120", "-1", "much", "nan", True, None, 100.5, [70]])
def test_a_strength_is_a_number(given: object) -> None:
    with pytest.raises(NeuralStyleError, match="The strength of region 2 is") as caught:
        strength_of(given, "region 2")
    assert caught.value.code == "bad_settings"


@pytest.mark.parametrize("given", [70, 70.0, "70", np.int64(70), np.float32(70)])
def test_a_strength_of_any_type(given: object) -> None:
    assert strength_of(given, "region 2") == 70


def test_a_masks_memory_is_its_bounding_box() -> None:
    values = np.zeros((400, 300), np.float32)
    values[10:20, 30:50] = 0.5
    one = mask_of(values, "mask")
    assert one.values.size == 200
    assert np.array_equal(one.at(400, 300)[0, 0].numpy(), values)
    guidance = Guidance(regions=[Region(mask=one, style=drawn(20, 20))])
    assert guidance.area == pytest.approx(1 + 200 / 120_000)
