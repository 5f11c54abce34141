"""The pictures of a job, prepared: content, styles and faces, as painting needs them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from neural_style.cache import cached
from neural_style.canvas import (
    Canvas,
    border,
    canvas_of,
    grey,
    middle,
    moved,
    recoloured,
    reduced,
    resized,
    seen_canvas,
    style_size,
    unframed,
)
from neural_style.errors import NeuralStyleError
from neural_style.faces import LOOK, SMALLEST, face_map, find_faces
from neural_style.image import Picture
from neural_style.masks import UNGUIDED, Guidance, Region
from neural_style.resampling import resize
from neural_style.schedule import fit
from neural_style.settings import Settings
from neural_style.tiles import Box, bounding_box

ROWS = 256
"""Rows of a picture that are digested at a time."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """One painting.

    Attributes:
        canvas: without its border, and in the colours that are wanted of it.
        share: how much it counts; those of a job sum to one.
        key: all that its pixels were made of: equal keys, equal pixels.
    """

    canvas: Canvas
    share: float
    key: Hashable

    def at(self, longest: float, device: torch.device, most: float = math.inf) -> Canvas:
        """The painting with about `longest` pixels on its longer side; see `style_size`.

        Args:
            longest: in pixels.
            device: where it is wanted.
            most: of these pixels, in the middle; the rest is cut off.
        """
        canvas, cut = self.canvas, most / longest
        if cut < 1:
            part = replace(self, canvas=middle(canvas, cut), key=(self.key, cut))
            return part.at(most, device)
        height, width = style_size(canvas, longest)
        if canvas.pixels.shape[2:] == (height, width):
            return moved(canvas, device)
        key = "size", self.key, device, height, width
        return cached(key, lambda: moved(resized(canvas, height, width), device))


@dataclass(frozen=True, kw_only=True)
class Faces:
    """Where the photo shows faces.

    Attributes:
        squares: left, top and side of each, in pixels of the photo.
        map: 1 on faces, fading to 0 around them, shape (1, 1, h, w), small as they are looked for,
            on the CPU.
    """

    squares: list[tuple[float, float, float]]
    map: Tensor


@dataclass(frozen=True, kw_only=True)
class Painted:
    """A region of the picture, and what it is painted like.

    Attributes:
        styles: the paintings that count.
        strength: as the setting of that name, here.
    """

    styles: tuple[Style, ...]
    strength: float


@dataclass(frozen=True, kw_only=True)
class Whole:
    """What the content is a part of, when only that part is painted, for a look.

    Attributes:
        picture: all of it, small: its colours are what is matched.
        longest: its longer side in pixels, at the size at which the content is a part of it.
    """

    picture: Picture
    longest: int


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """What is painted from, on the CPU, no larger than it is needed.

    Attributes:
        content: the photo, in the colours that are wanted of it.
        regions: in the order of `guidance.weights`: the last is what no mask has chosen, or all.
        guidance: the artist's masks.
        faces: None if there are none, or nothing depends on them.
        colours: the photo whose colours the result keeps, as it came; None if it does not.
        initial: a picture that was begun before, to go on with.
        previous: a film's last frame, carried along to this one; visible is what was seen in it.
        enlarged: how many times larger than the content the picture is that it is a part of.
    """

    content: Canvas
    regions: tuple[Painted, ...]
    guidance: Guidance
    faces: Faces | None
    colours: Canvas | None
    initial: Canvas | None
    previous: Canvas | None
    enlarged: float


def prepare(
    content: Picture,
    styles: Sequence[Picture],
    settings: Settings,
    *,
    longest: float = math.inf,
    guidance: Guidance = UNGUIDED,
    initial: Picture | None = None,
    previous: Picture | None = None,
    whole: Whole | None = None,
) -> Pictures:
    """What a job is painted from; see `job.paint` for the arguments.

    Args:
        longest: longer side of the photo, in pixels, at the largest size at which it is looked at.
            A larger photo is reduced to that, and so is a painting to what is looked at of it.

    Raises:
        NeuralStyleError: `bad_settings` for a blend that does not fit, `image_too_small` or
             `image_transparent`.
    """
    shares = shares_of(settings.blend, len(styles))
    height, width = content.alpha.shape
    if initial:
        _check_proportions(initial, height, width)
    canvas = canvas_of(content, "The photo")
    key = digest(content)
    enlarged = whole.longest / max(height, width) if whole else 1.0
    faces = _faces(canvas, key, settings, enlarged)  # before it is recoloured
    canvas, key = reduced(canvas, longest), (key, longest)
    side = longest * enlarged * settings.style_scale
    # Each is looked at, and what does not count must not change what is drawn at random either.
    canvases = [canvas_of(style, "The style picture") for style in styles]
    counting = [
        _style(painting, share, digest(style), settings, side)
        for painting, share, style in zip(canvases, shares, styles, strict=True)
        if share
    ]
    regions = [_region(region, settings, side) for region in guidance.regions]
    regions.append(Painted(styles=tuple(counting), strength=settings.strength))
    begun = initial and reduced(canvas_of(initial, "The picture to go on with"), longest)
    pictures = Pictures(
        content=canvas,
        regions=tuple(regions),
        guidance=guidance,
        faces=faces,
        colours=None,
        initial=begun,
        previous=previous and reduced(seen_canvas(previous), longest),
        enlarged=enlarged,
    )
    seen = canvas
    if whole:
        seen, key = canvas_of(whole.picture, "The photo"), (key, digest(whole.picture))
    return _coloured(pictures, seen, key, settings)


def _region(region: Region, settings: Settings, longest: float) -> Painted:
    canvas = canvas_of(region.style, f"The style picture of the {region.mask.name}")
    style = _style(canvas, 1.0, digest(region.style), settings, longest)
    strength = settings.strength if region.strength is None else region.strength
    return Painted(styles=(style,), strength=strength)


def _coloured(pictures: Pictures, seen: Canvas, key: Hashable, settings: Settings) -> Pictures:
    """With photo and paintings in the colours that are wanted of them.

    Args:
        pictures: as they came.
        seen: what is looked at for the photo's colours.
        key: what the pixels of photo and `seen` were made of.
        settings: say what is wanted.
    """
    if settings.colours == "free":
        return pictures
    if settings.colours == "luminance":
        return _brought_together(_grey(pictures), seen, ("grey", key), 0.0)
    # From the photo's palette (0) to the painting's (1).
    amount = settings.palette / 100 if settings.colours == "painting" else 0.0
    return _brought_together(pictures, seen, key, amount)


def _grey(pictures: Pictures) -> Pictures:
    """All of it without colours; the result gets the photo's chroma."""
    regions = []
    for region in pictures.regions:
        styles = []
        for style in region.styles:
            key = "grey", style.key
            pixels = cached(key, lambda canvas=style.canvas: grey(canvas).pixels)
            styles.append(replace(style, canvas=Canvas(pixels, style.canvas.visible), key=key))
        regions.append(replace(region, styles=tuple(styles)))
    content, initial, previous = pictures.content, pictures.initial, pictures.previous
    return replace(
        pictures,
        content=grey(content),
        regions=tuple(regions),
        colours=content,
        initial=initial and grey(initial),
        previous=previous and grey(previous),
    )


def _brought_together(pictures: Pictures, seen: Canvas, key: Hashable, amount: float) -> Pictures:
    """Photo and paintings of each region in the same colours, so that they do not disagree.

    Args:
        pictures, seen, key: see `_coloured`.
        amount: which colours: 0 for the photo's, 1 for the paintings', or between.
    """
    content = pictures.content
    pixels, regions = content.pixels, []
    for number, (region, weight) in enumerate(
        zip(pictures.regions, _weights(pictures), strict=True)
    ):
        own_key = key, number, pictures.guidance.key
        place = bounding_box(weight)
        part, looked = _within(content, place), seen
        if pictures.guidance and pictures.enlarged == 1:
            looked = _within(Canvas(seen.pixels, seen.visible * weight), place)
        if not (part.visible.any() and looked.visible.any()):  # nothing is painted there
            regions.append(region)
            continue
        if amount:
            new = _in_colours_of_all(part, looked, own_key, region.styles)
            if pictures.guidance:
                pixels = pixels.clone() if pixels is content.pixels else pixels
                place.of(pixels).add_(place.of(weight) * (new - part.pixels), alpha=amount)
            else:
                pixels = new if amount == 1 else torch.lerp(pixels, new, amount)
        if amount < 1:
            styles = [_in_colours_of(style, looked, own_key, 1 - amount) for style in region.styles]
            region = replace(region, styles=tuple(styles))
        regions.append(region)
    return replace(pictures, content=Canvas(pixels, content.visible), regions=tuple(regions))


def _weights(pictures: Pictures) -> Iterator[Tensor]:
    """How much each pixel of the content belongs to each region in turn, (1, 1, H, W)."""
    pixels = pictures.content.pixels
    height, width = pixels.shape[2:]
    if not pictures.guidance:
        return iter([pixels.new_ones(1, 1, 1, 1).expand(1, 1, height, width)])
    return pictures.guidance.weights(height, width)


def _within(canvas: Canvas, box: Box) -> Canvas:
    return Canvas(box.of(canvas.pixels), box.of(canvas.visible))


def shares_of(blend: tuple[float, ...], count: int) -> list[float]:
    """How much each of `count` style pictures counts; sums to one.

    Raises:
        NeuralStyleError: `bad_settings` for another number of weights, or none above zero.
    """
    weights = list(blend) or [1.0] * count
    if len(weights) != count:
        message = f"blend has {len(weights)} weights, and there are {count} style pictures"
        raise NeuralStyleError("bad_settings", message)
    if not sum(weights):
        message = "blend must not be zero for every style picture"
        raise NeuralStyleError("bad_settings", message)
    return [weight / sum(weights) for weight in weights]


def check(
    content: Picture,
    styles: Sequence[Picture],
    settings: Settings,
    *,
    guidance: Guidance = UNGUIDED,
    initial: Picture | None = None,
) -> None:
    """Whether a job can be painted from these, before anything is begun.

    Raises:
        NeuralStyleError: as `prepare`.
    """
    prepare(
        content,
        styles,
        settings.model_copy(update={"colours": "free", "faces": 0}),  # what else takes time
        guidance=guidance,
        initial=initial,
    )


def _check_proportions(initial: Picture, height: int, width: int) -> None:
    """Nobody wants an earlier result stretched: it was of another photo.

    Raises:
        NeuralStyleError: `bad_settings`.
    """
    own_height, own_width = initial.alpha.shape
    scale = max(own_height, own_width) / max(height, width)
    if max(abs(own_height - scale * height), abs(own_width - scale * width)) > 1:
        message = (
            f"The picture to go on with has {own_width} x {own_height} pixels, and so other "
            f"proportions than the photo with its {width} x {height}"
        )
        raise NeuralStyleError("bad_settings", message, "Give an earlier result of this photo.")


def digest(picture: Picture) -> bytes:
    """The same for the same pixels, and another one for others."""
    hasher = hashlib.blake2b(repr(picture.alpha.shape).encode(), digest_size=32)
    for values in (picture.pixels,) if picture.opaque else (picture.pixels, picture.alpha):
        for row in range(0, len(values), ROWS):  # as they are copied for it
            hasher.update(values[row : row + ROWS].tobytes())
    return hasher.digest()


def _faces(content: Canvas, key: Hashable, settings: Settings, enlarged: float) -> Faces | None:
    """The photo's faces; None if there is nothing to raise.

    The literal formulas know one weight for the whole content. Of a part, those do not count that
    would be too small to be found in the whole.
    """
    if not settings.faces or settings.formula != "relative":
        return None
    height, width = content.pixels.shape[2:]
    scale = min(LOOK / max(height, width), 1.0)
    if scale < 1:
        width, height = fit(width, height, LOOK)
    found = cached(
        ("faces", key),
        lambda: torch.tensor(find_faces(resize(content.pixels, height, width))),
    ).tolist()
    smallest = SMALLEST / LOOK * enlarged * max(height, width)
    found = [face for face in found if face[2] >= smallest] if enlarged > 1 else found
    if not found:
        return None
    squares = [(left / scale, top / scale, side / scale) for left, top, side in found]
    return Faces(squares=squares, map=face_map(found, height, width))


def _style(
    canvas: Canvas, share: float, key: Hashable, settings: Settings, longest: float
) -> Style:
    if settings.formula == "relative":
        sides = cached(("border", key), lambda: border(canvas))
        canvas, key = unframed(canvas, sides), (key, sides)
    return Style(canvas=reduced(canvas, longest), share=share, key=(key, longest))


def _in_colours_of(style: Style, content: Canvas, key: Hashable, amount: float) -> Style:
    """A painting on the way to the photo's colours, which it has at an amount of 1."""
    key = "colours", style.key, key, amount

    def make() -> Tensor:
        new = recoloured(style.canvas, [content], [1.0]).pixels
        return new if amount == 1 else torch.lerp(style.canvas.pixels, new, amount)

    return replace(style, canvas=Canvas(cached(key, make), style.canvas.visible), key=key)


def _in_colours_of_all(
    content: Canvas, looked: Canvas, key: Hashable, styles: Sequence[Style]
) -> Tensor:
    """The photo's pixels in the colours of the paintings; `looked` has the photo's own."""
    key = "colours", key, *((style.key, style.share) for style in styles)
    canvases, shares = [style.canvas for style in styles], [style.share for style in styles]
    return cached(key, lambda: recoloured(content, canvases, shares, like=looked).pixels)
