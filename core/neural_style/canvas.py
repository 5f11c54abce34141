"""Pictures as the engine sees them: onto the device, to a size, into colours, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from neural_style.colour import colour_transfer, luminance, transferred
from neural_style.errors import NeuralStyleError
from neural_style.image import Picture
from neural_style.resampling import resize
from neural_style.schedule import MIN_SIDE, SMALLEST, fit
from neural_style.settings import Settings

SCAN = 512
"""Longest side of the copy in which the border of a painting is looked for."""

WIDEST = 0.125
"""Widest border, as a part of height or width; what is wider is plain paint or paper."""

WIDEST_AROUND = 0.4
"""The same for a border of one colour on all four sides: a painting that was brought to a square,
or photographed on a wall."""

PLAIN = 0.95
"""Part of a painting's visible pixels that are of one colour, from which on it is worth a word."""

EDGE = 0.01
"""What is cut off a painting on each side beside its border, as a part of the shorter one: the
canvas's own edge, its shadow, and a little that is askew."""

MARGIN = 1 / 64
"""What is painted around a picture on each side and cut off at the end, as a part of the longer
one. Beyond a picture's edge a network sees nothing new, whatever is put there, so its outermost
pixels count more than others, and become a frame."""

ALIKE = 24 / 255
"""Largest difference, in each channel, between pixels of a border."""


@dataclass(frozen=True)
class Canvas:
    """A picture as the engine sees it.

    Attributes:
        pixels: shape (1, 3, H, W), sRGB 0..1.
        visible: how much each pixel counts, 0 where it is transparent, shape (1, 1, H, W).
    """

    pixels: Tensor
    visible: Tensor


def canvas_of(picture: Picture, what: str) -> Canvas:
    """The picture, on the CPU; colours under transparent pixels replaced by visible ones.

    Raises:
        NeuralStyleError: `image_too_small` or `image_transparent`; `what` is its subject.
    """
    height, width = picture.alpha.shape
    check_size(width, height, what)
    if not picture.alpha.any():
        raise NeuralStyleError("image_transparent", f"{what} is transparent everywhere")
    pixels = torch.from_numpy(np.ascontiguousarray(picture.pixels)).permute(2, 0, 1)[None]
    if picture.opaque:
        return Canvas(pixels, _all_visible(height, width, pixels.device))
    visible = torch.from_numpy(np.ascontiguousarray(picture.alpha))[None, None]
    return Canvas(_fill(pixels, visible), visible)


def seen_canvas(picture: Picture) -> Canvas:
    """The picture, on the CPU, as it is: what lies under transparent pixels too."""
    pixels = torch.from_numpy(np.ascontiguousarray(picture.pixels)).permute(2, 0, 1)[None]
    return Canvas(pixels, torch.from_numpy(np.ascontiguousarray(picture.alpha))[None, None])


def _all_visible(height: int, width: int, device: torch.device) -> Tensor:
    """Ones that take no memory."""
    return torch.ones(1, 1, 1, 1, device=device).expand(1, 1, height, width)


def check_size(width: int, height: int, what: str) -> None:
    if min(width, height) < SMALLEST:
        raise NeuralStyleError(
            "image_too_small",
            f"{what} has {width} x {height} pixels, and {SMALLEST} x {SMALLEST} is the least",
        )


def _fill(pixels: Tensor, visible: Tensor) -> Tensor:
    """Give transparent pixels the colour of the visible ones around them.

    What lies under transparency is arbitrary, but the network's windows and every resize reach
    into it. Averages over ever larger cells, each used where the finer ones saw nothing.
    """
    height, width = pixels.shape[2:]
    filled, known = pixels * (visible > 0), (visible > 0).to(pixels)
    result, missing = filled, 1 - known
    cells_pixels, cells_known = filled, known
    while missing.any():
        if min(cells_known.shape[2:]) > 1:
            cells_pixels, cells_known = (
                F.avg_pool2d(cell, 2, ceil_mode=True) for cell in (cells_pixels, cells_known)
            )
        else:
            cells_pixels, cells_known = (
                cell.mean((2, 3), keepdim=True) for cell in (cells_pixels, cells_known)
            )
        colour, seen = (
            F.interpolate(cell, (height, width), mode="nearest")
            for cell in (cells_pixels, cells_known)
        )
        new = missing * (seen > 0)
        result = result + new * colour / seen.clamp_min(1e-9)
        missing = missing - new
    return result


def resized(canvas: Canvas, height: int, width: int) -> Canvas:
    """The picture with another height and width."""
    if canvas.pixels.shape[2:] == (height, width):
        return canvas
    pixels = resize(canvas.pixels, height, width)
    if (canvas.visible == 1).all():
        return Canvas(pixels, _all_visible(height, width, pixels.device))
    return Canvas(pixels, resize(canvas.visible, height, width))


def moved(canvas: Canvas, device: torch.device) -> Canvas:
    """The picture on another device."""
    visible = canvas.visible
    if (visible == 1).all():
        height, width = visible.shape[2:]
        return Canvas(canvas.pixels.to(device), _all_visible(height, width, device))
    return Canvas(canvas.pixels.to(device), visible.to(device))


def reduced(canvas: Canvas, longest: float) -> Canvas:
    """The picture with at most about `longest` pixels on its longer side; see `style_size`."""
    if longest >= max(canvas.pixels.shape[2:]):
        return canvas
    height, width = style_size(canvas, longest)
    return resized(canvas, height, width) if height < canvas.pixels.shape[2] else canvas


def margin_of(height: int, width: int, settings: Settings) -> int:
    """Width of the margin around a picture of that size, in pixels; the originals have none."""
    if settings.formula != "relative":
        return 0
    return min(round(MARGIN * max(height, width)), min(height, width) - 1)


def with_margin(image: Tensor, margin: int) -> Tensor:
    """(1, C, H, W) with its mirror image around it, `margin` pixels wide."""
    return F.pad(image, [margin] * 4, mode="reflect") if margin else image


def without_margin(image: Tensor, margin: int) -> Tensor:
    """The middle of (1, C, H, W), without `margin` pixels on each side."""
    return F.pad(image, [-margin] * 4) if margin else image


def extended(canvas: Canvas, margin: int) -> Canvas:
    """The picture with its mirror image around it, `margin` pixels wide."""
    pixels = with_margin(canvas.pixels, margin)
    if (canvas.visible == 1).all():
        return Canvas(pixels, _all_visible(pixels.shape[2], pixels.shape[3], pixels.device))
    return Canvas(pixels, with_margin(canvas.visible, margin))


def style_size(canvas: Canvas, longest: float) -> tuple[int, int]:
    """Height and width of a style picture with about `longest` pixels on its longer side.

    Enlarged where needed: not to enlarge would silently make the strokes smaller.
    """
    height, width = canvas.pixels.shape[2:]
    longest = max(longest, MIN_SIDE * max(width, height) / min(width, height))
    width, height = fit(width, height, round(longest))
    return height, width


def border(canvas: Canvas) -> tuple[int, int, int, int]:
    """Rows and columns of a painting's border at its top, bottom, left and right.

    That is the plain border of its scan or photograph, and its edge.
    """
    small = resized(canvas, *style_size(canvas, min(SCAN, max(canvas.pixels.shape[2:])))).pixels[0]
    height, width = small.shape[1:]
    if framed := _frame(small):
        top, bottom, left, right = framed
    else:
        top, bottom = _border(small), _border(small.flip(1))
        # In columns, what lies above and below would be alike on both sides of a border's end.
        columns = small[:, top : height - bottom].transpose(1, 2)
        left, right = _border(columns), _border(columns.flip(1))
    edge, scale = EDGE * min(height, width), canvas.pixels.shape[3] / width
    top, bottom, left, right = (round(scale * (side + edge)) for side in (top, bottom, left, right))
    return top, bottom, left, right


def unframed(canvas: Canvas, sides: tuple[int, int, int, int]) -> Canvas:
    """A painting without its border, as `border` measures it.

    As part of the style, a border would be painted along the picture's edges, its colour in
    patches elsewhere. What is visible nowhere else stays whole.
    """
    top, bottom, left, right = sides
    height, width = canvas.pixels.shape[2:]
    inside = (..., slice(top, height - bottom), slice(left, width - right))
    style = Canvas(canvas.pixels[inside], canvas.visible[inside])
    return style if style.visible.any() else canvas


def is_plain(canvas: Canvas) -> bool:
    """Whether nearly all that is visible of a painting is of one colour, or hardly anything is."""
    pixels = canvas.pixels.flatten(2)[0]
    pixels = pixels[:, canvas.visible.flatten() > 0.5]
    if pixels.shape[1] < SMALLEST**2:
        return True
    alike = (pixels - pixels.median(1, keepdim=True).values).abs().amax(0) < ALIKE
    return float(alike.float().mean()) >= PLAIN


def _frame(pixels: Tensor) -> tuple[int, int, int, int] | None:
    """Rows and columns at top, bottom, left and right of (3, H, W) that are of one colour on all
    four sides, up to straight lines at which hardly anything has that colour any more; None if
    there is no such frame, or it is wider than WIDEST_AROUND."""
    sides = torch.cat([pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1]], 1)
    colour = sides.median(1).values[:, None, None]
    alike = ((pixels - colour).abs().amax(0) < ALIKE).float()
    found: list[int] = []
    for lines in (alike.mean(1), alike.mean(0)):
        painted = (lines < 0.98).nonzero()
        if not len(painted):
            return None
        found += [int(painted[0]), len(lines) - 1 - int(painted[-1])]
    top, bottom, left, right = found
    height, width = alike.shape
    widest = max(top / height, bottom / height, left / width, right / width)
    inside = alike[top : height - bottom, left : width - right]
    if min(found) == 0 or widest > WIDEST_AROUND or min(inside.shape) < SMALLEST:
        return None
    # The outermost lines are mixed with what is beside them.
    ends = (inside[1], inside[-2], inside[:, 1], inside[:, -2])
    return (top, bottom, left, right) if max(map(torch.mean, ends)) < 0.1 else None


def _border(pixels: Tensor) -> int:
    """Rows of a plain border at the top of (3, H, W).

    It begins with a row that is nearly all of one colour, and ends where hardly anything has that
    colour any more: not so a sky, or the paper around a drawing.
    """
    colour = pixels[:, 0].median(dim=1).values[:, None, None]
    alike = ((pixels - colour).abs().amax(0) < ALIKE).float().mean(1)
    widest = int(WIDEST * len(alike))
    inside = (alike[: widest + 1] < 0.1).nonzero()
    return int(inside[0]) if alike[0] >= 0.9 and len(inside) else 0


def recoloured(
    canvas: Canvas, targets: list[Canvas], shares: list[float], like: Canvas | None = None
) -> Canvas:
    """`canvas` in the colours of `targets`, of which each counts as much as its share.

    Args:
        canvas: what is given other colours.
        targets, shares: which.
        like: a picture of the same colours that is looked at in place of `canvas`.
    """
    own = _colours([like or canvas], [1.0])
    transfer = colour_transfer(*own, *_colours(targets, shares))
    colours = transferred(canvas.pixels.flatten(2)[0], transfer)
    return Canvas(colours.view(canvas.pixels.shape), canvas.visible)


def middle(canvas: Canvas, part: float) -> Canvas:
    """The middle of a picture, that part of its height and width, but `SMALLEST` at least."""
    height, width = canvas.pixels.shape[2:]
    inside = []
    for side in (height, width):
        kept = min(max(round(side * part), SMALLEST), side)
        first = (side - kept) // 2
        inside.append(slice(first, first + kept))
    rows, columns = inside
    cut = Canvas(canvas.pixels[..., rows, columns], canvas.visible[..., rows, columns])
    return cut if cut.visible.any() else canvas


def grey(canvas: Canvas) -> Canvas:
    """The picture without its colours."""
    return Canvas(luminance(canvas.pixels).expand_as(canvas.pixels).contiguous(), canvas.visible)


def _colours(canvases: list[Canvas], shares: list[float]) -> tuple[Tensor, Tensor]:
    """All pixels (3, N) of some pictures and how much each counts (N,), summing to one."""
    weights = [
        share * canvas.visible.flatten() / canvas.visible.sum()
        for canvas, share in zip(canvases, shares, strict=True)
    ]
    pixels = [canvas.pixels.flatten(2)[0] for canvas in canvases]
    # One picture as it is: a large one is not copied without need.
    return (pixels[0] if len(pixels) == 1 else torch.cat(pixels, 1)), torch.cat(weights)


def first_image(
    content: Canvas, styles: list[Canvas], shares: list[float], settings: Settings
) -> Tensor:
    """What painting starts from, at the size of `content`, if nothing was begun before."""
    generator = torch.Generator().manual_seed(settings.seed)
    noise = torch.rand(content.pixels.shape, generator=generator).to(content.pixels)
    if settings.start == "noise":
        # Faint, as in the authors' and most programs: what strong noise leaves between pixels no
        # average pooling ever sees.
        return 0.45 + 0.1 * noise
    if settings.start == "colours":
        return recoloured(Canvas(noise, content.visible), styles, shares).pixels
    if settings.formula != "relative":
        return content.pixels  # the originals add nothing
    # Equal neighbours have equal gradients and would stay equal: a white wall needs a little
    # noise to become brush strokes.
    return (content.pixels + 0.05 * (noise - 0.5)).clamp(0, 1)


def as_picture(image: Tensor, content: Picture) -> Picture:
    """The painted `image` (1, 3, H, W) as a picture.

    Alpha, and the colours where nothing is visible, are the content's own.
    """
    height, width = image.shape[2:]
    pixels = image[0].permute(1, 2, 0).contiguous().cpu().numpy()
    if content.opaque:
        return Picture(pixels, np.ones((height, width), np.float32), content.depth)
    alpha, under = content.alpha, content.pixels
    if alpha.shape != (height, width):
        both = torch.from_numpy(np.dstack([under, alpha])).permute(2, 0, 1)[None]
        both = resize(both, height, width)[0].permute(1, 2, 0).numpy()
        alpha, under = both[..., 3], both[..., :3]
    return Picture(np.where(alpha[..., None] > 0, pixels, under), alpha, content.depth)
