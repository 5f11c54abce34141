"""The pictures of a job, prepared: content, styles and faces, as painting needs them."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from neural_style.cache import cached
from neural_style.canvas import (
    Canvas,
    border,
    canvas_of,
    recoloured,
    resized,
    style_size,
    unframed,
)
from neural_style.errors import NeuralStyleError
from neural_style.faces import LOOK, face_map
from neural_style.image import Picture
from neural_style.resampling import resize
from neural_style.schedule import fit
from neural_style.settings import Settings

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

    def at(self, longest: float) -> Canvas:
        """The painting with about `longest` pixels on its longer side; see `style_size`."""
        canvas = self.canvas
        height, width = style_size(canvas, longest)
        if canvas.pixels.shape[2:] == (height, width):
            return canvas
        key = "size", self.key, canvas.pixels.device, height, width
        return cached(key, lambda: resized(canvas, height, width))


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """What is painted from, all on one device.

    Attributes:
        content: the photo, in the colours that are wanted of it.
        styles: the paintings that count.
        faces: map of the photo's faces, shape (1, 1, h, w), small as they are looked for, on the
            CPU; None if there are none, or nothing depends on them.
    """

    content: Canvas
    styles: tuple[Style, ...]
    faces: Tensor | None

    def to(self, device: torch.device) -> Pictures:
        """The same on another device."""
        styles = (replace(style, canvas=_moved(style.canvas, device)) for style in self.styles)
        return replace(self, content=_moved(self.content, device), styles=tuple(styles))


def prepare(
    content: Picture, styles: Sequence[Picture], settings: Settings, device: torch.device
) -> Pictures:
    """What a job is painted from.

    Raises:
        NeuralStyleError: `bad_settings` for a blend that does not fit, `image_too_small` or
            `image_transparent`.
    """
    shares = shares_of(settings.blend, len(styles))
    canvas = canvas_of(content, device, "The photo")
    key = _digest(content)
    faces = _faces(canvas, key, settings)  # before it is recoloured
    # Each is looked at, and what does not count must not change what is drawn at random either.
    canvases = [canvas_of(style, device, "The style picture") for style in styles]
    counting = [
        _style(whole, share, _digest(style), settings)
        for whole, share, style in zip(canvases, shares, styles, strict=True)
        if share
    ]
    if settings.colours == "photo":
        counting = [_in_colours_of(style, canvas, key) for style in counting]
    elif settings.colours == "painting":
        canvas = Canvas(_in_colours_of_all(canvas, key, counting), canvas.visible)
    return Pictures(content=canvas, styles=tuple(counting), faces=faces)


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


def _digest(picture: Picture) -> bytes:
    """The same for the same pixels, and another one for others."""
    digest = hashlib.blake2b(repr(picture.alpha.shape).encode(), digest_size=32)
    for values in (picture.pixels,) if picture.opaque else (picture.pixels, picture.alpha):
        for row in range(0, len(values), ROWS):  # as they are copied for it
            digest.update(values[row : row + ROWS].tobytes())
    return digest.digest()


def _faces(content: Canvas, key: Hashable, settings: Settings) -> Tensor | None:
    """Map of the photo's faces; None if there is nothing to raise.

    The literal formulas know one weight for the whole content.
    """
    if not settings.faces or settings.formula != "relative":
        return None
    height, width = content.pixels.shape[2:]
    if max(height, width) > LOOK:
        width, height = fit(width, height, LOOK)
    found = cached(
        ("faces", key, content.pixels.device),
        lambda: face_map(resize(content.pixels, height, width)),
    )
    return found if found.any() else None


def _style(canvas: Canvas, share: float, key: Hashable, settings: Settings) -> Style:
    if settings.formula != "relative":
        return Style(canvas=canvas, share=share, key=key)
    sides = cached(("border", key, canvas.pixels.device), lambda: border(canvas))
    return Style(canvas=unframed(canvas, sides), share=share, key=(key, sides))


def _in_colours_of(style: Style, content: Canvas, key: Hashable) -> Style:
    """A painting in the photo's colours."""
    key = "colours", style.key, key, content.pixels.device
    pixels = cached(key, lambda: recoloured(style.canvas, [content], [1.0]).pixels)
    return replace(style, canvas=Canvas(pixels, style.canvas.visible), key=key)


def _in_colours_of_all(content: Canvas, key: Hashable, styles: Sequence[Style]) -> Tensor:
    """The photo's pixels in the colours of the paintings."""
    key = "colours", key, *((style.key, style.share) for style in styles), content.pixels.device
    canvases, shares = [style.canvas for style in styles], [style.share for style in styles]
    return cached(key, lambda: recoloured(content, canvases, shares).pixels)


def _moved(canvas: Canvas, device: torch.device) -> Canvas:
    return Canvas(canvas.pixels.to(device), canvas.visible.to(device))
