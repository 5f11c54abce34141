"""Pictures from Pillow images and arrays, and to Pillow."""

from __future__ import annotations

import numpy as np
from PIL import Image

from neural_style.errors import NeuralStyleError
from neural_style.image.picture import MAX_PIXELS, Array, Picture, floats_of, too_large, unit
from neural_style.image.reading import decode_with_pillow, picture_of, pillow_limits
from neural_style.image.writing import channels_of, integers_of

_ARRAYS = "Arrays are (H, W), (H, W, 3) or (H, W, 4) of uint8, uint16 or floats from 0 to 1."
_OVERSHOOT = 0.25


def from_pillow(image: Image.Image, what: str) -> Picture:
    """A Pillow image of any mode as `read_picture` would read its file, in Pillow's depth.

    Args:
        image: its EXIF orientation and its profile are applied. Mode F goes from 0 to 1, I to
            65535, as Pillow has it of 16-bit files.
        what: its name in messages.

    Raises:
        NeuralStyleError: `image_too_large`, or `not_an_image` for other values in mode F;
            `image_damaged` if it was opened from a file that cannot be decoded, or closed.
    """
    if image.width * image.height > MAX_PIXELS:
        raise too_large(what)
    try:
        with pillow_limits():
            if image.mode == "F":
                return from_array(np.asarray(image), what)
            return decode_with_pillow(image)
    except NeuralStyleError:
        raise
    except MemoryError as error:
        message = f"{what} does not fit into this computer's memory"
        raise NeuralStyleError("image_too_large", message) from error
    except Exception as error:  # decoders raise whatever they come across
        message = f"{what} cannot be decoded ({error})"
        raise NeuralStyleError("image_damaged", message) from error


def from_array(array: Array, what: str) -> Picture:
    """An array as a picture.

    Args:
        array: (H, W), (H, W, 3) or (H, W, 4), non-linear sRGB and straight alpha, as uint8,
            uint16 or floats 0..1. Floats a little beyond, as filters leave them, are clipped.
        what: its name in messages.

    Raises:
        NeuralStyleError: `image_too_large`, or `not_an_image` for any other array.
    """
    kind, floats = array.dtype.name, array.dtype.kind == "f"
    if array.shape[2:] not in ((), (3,), (4,)) or array.ndim < 2:
        message = f"{what} is an array of shape {array.shape}"
        raise NeuralStyleError("not_an_image", message, _ARRAYS)
    if not floats and kind not in ("uint8", "uint16"):
        raise NeuralStyleError("not_an_image", f"{what} is an array of {kind}", _ARRAYS)
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise too_large(what)
    if floats and not (np.abs(array - 0.5) < 0.5 + _OVERSHOOT).all():
        message = f"{what} is an array of floats that are not all from 0 to 1"
        raise NeuralStyleError("not_an_image", message, _ARRAYS)
    values = unit(floats_of(array, 1 if floats else np.iinfo(array.dtype).max))
    return picture_of(values, 8 if kind == "uint8" else 16, None, 1)


def to_pillow(picture: Picture) -> Image.Image:
    """A picture as a Pillow image of 8 bits: RGB if it is opaque, else RGBA."""
    return Image.fromarray(integers_of(channels_of(picture), 8))
