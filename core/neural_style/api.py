"""The library: `import neural_style as ns; ns.stylize("photo.jpg", "painting.jpg")`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from typing_extensions import Unpack

from neural_style.bar import Bar
from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.image import Picture, from_array, from_pillow, read_picture, to_pillow
from neural_style.job import Finished, Progress, Warned, paint
from neural_style.settings import Keywords, parse_settings

Source: TypeAlias = str | os.PathLike[str] | Image.Image | NDArray[Any]
"""A picture: a file's path, a Pillow image, or an array (see `image.from_array`)."""


def stylize(
    content: Source,
    styles: Source | Iterable[Source],
    *,
    on_progress: Callable[[Progress], object] | None = None,
    progress_bar: bool = False,
    cancel: Callable[[], bool] | None = None,
    **settings: Unpack[Keywords],
) -> Image.Image:
    """Paint a photo in the style of a painting.

    Pictures are paths, Pillow images of any mode, or arrays (H, W), (H, W, 3) or (H, W, 4) of
    uint8, uint16 or floats 0..1 in sRGB. No file is written, and none of them is changed.

    Args:
        content: the photo. Its transparent pixels are left as they are.
        styles: the painting, or several; `blend` says how much each counts.
        on_progress: called at most ten times a second with the steps, the time left, the loss
            and, if asked for with `progress.image()`, the picture so far. What it raises ends
            the painting and comes out of this call.
        progress_bar: show a bar on standard error, or in the notebook.
        cancel: asked after each step; once it says true, the painting ends with an error.
        settings: `Settings` says what there is and what each is if not given.

    Returns:
        The picture, in sRGB with 8 bits per channel: RGB, or RGBA if the photo has transparency.

    Warns:
        NeuralStyleWarning: something is not as it should be, but the work goes on.

    Raises:
        NeuralStyleError: its `code` says what went wrong, as on the command line, such as
            `bad_settings` or `file_missing`; `cancelled` if `cancel` said so.
    """
    for name, given in (("on_progress", on_progress), ("cancel", cancel)):
        if given is not None and not callable(given):
            message = f"{name} is {given!r} but should be a function"
            raise NeuralStyleError("bad_settings", message, "Give a function's name, without ().")
    values = parse_settings({**settings})
    photo = _picture(content, "The photo")
    paintings = [_picture(style, "The style picture") for style in _several(styles)]

    def stop() -> bool:
        if cancel and cancel():
            raise NeuralStyleError("cancelled", "The painting was cancelled")
        return False

    result = photo
    with (
        Bar(shown=progress_bar, keep=True) as bar,
        closing(paint(photo, paintings, values, finish=stop)) as events,
    ):
        for event in events:
            if isinstance(event, Progress):
                bar.show(event)
                if on_progress:
                    on_progress(event)
            elif isinstance(event, Warned):
                warnings.warn(NeuralStyleWarning(event.code, event.message), stacklevel=2)
            elif isinstance(event, Finished):
                result = event.picture
    return to_pillow(result)


def _several(styles: Source | Iterable[Source]) -> list[Any]:
    if isinstance(styles, (str, bytes, np.ndarray)) or not isinstance(styles, Iterable):
        return [styles]
    listed = list(styles)
    if not listed:
        hint = "Give one, or several in a list."
        raise NeuralStyleError("bad_settings", "There is no style picture", hint)
    return listed


def _picture(source: Source, what: str) -> Picture:
    if isinstance(source, Image.Image):
        return from_pillow(source, what)
    if isinstance(source, np.ndarray):
        return from_array(source, what)
    if isinstance(source, (str, os.PathLike)):
        return read_picture(source)
    message = f"{what} is of type {type(source).__name__}"
    hint = "Give a path, a Pillow image or an array."
    raise NeuralStyleError("not_an_image", message, hint)
