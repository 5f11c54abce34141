"""Pictures to files: PNG, JPEG, WebP and TIFF, with the sRGB profile.

OpenCV writes PNG, as Pillow has no 16 bits there, and imagecodecs neither profile nor EXIF.
"""

from __future__ import annotations

import io
import os
import warnings

import numpy as np
import tifffile
from PIL import Image

from neural_style import __version__
from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.image.files import Path, printable, replace_file
from neural_style.image.picture import Array, Floats, Picture
from neural_style.image.profiles import srgb_profile

_FORMATS = {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}
_FORMATS |= {".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WebP"}
_DEEP_FORMATS = ("PNG", "TIFF")
_DEEP_HINT = "Choose a name that ends in .png or .tif."
_LONGEST_SIDE = {"JPEG": 65_500, "WebP": 16_383}

_DESCRIPTION, _SOFTWARE = 0x010E, 0x0131


def can_write(ending: str, depth: int | None = None) -> bool:
    """Whether `write_picture` knows files with this ending, of this depth if it matters."""
    kind = _FORMATS.get(ending.lower())
    return kind is not None and (depth != 16 or kind in _DEEP_FORMATS)


def check_writable(path: Path, *, depth: int | None = None, size: tuple[int, int] = (1, 1)) -> None:
    """Find out, before the long job, whether `write_picture` could write there.

    Args:
        path: the file.
        depth: bits per channel that are asked for.
        size: the picture's width and height, if they are known already.

    Raises:
        NeuralStyleError: `unsupported_format` or `cannot_write`.
    """
    name, target = printable(path), os.path.realpath(path)
    folder = os.path.dirname(target)
    if os.path.isdir(target):
        raise NeuralStyleError("cannot_write", f"{name} is a folder")
    _check_format(path, depth, size)
    if not os.path.isdir(folder):
        raise NeuralStyleError("cannot_write", f"There is no folder {printable(folder)}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise NeuralStyleError("cannot_write", f"You may not write to {printable(folder)}")
    if os.path.exists(target) and not (os.path.isfile(target) and os.access(target, os.W_OK)):
        raise NeuralStyleError("cannot_write", f"{name} exists and may not be overwritten")


def _check_format(path: Path, depth: int | None, size: tuple[int, int]) -> None:
    name, ending = printable(path), os.path.splitext(path)[1].lower()
    if ending not in _FORMATS:
        ending = f"the unknown ending {ending}" if ending.strip(".") else "no ending"
        raise NeuralStyleError("unsupported_format", f"{name} has {ending}")
    if depth == 16 and _FORMATS[ending] not in _DEEP_FORMATS:
        message = f"{name} cannot have 16 bits per channel, because {_FORMATS[ending]} has only 8"
        raise NeuralStyleError("unsupported_format", message, _DEEP_HINT)
    longest = _LONGEST_SIDE.get(_FORMATS[ending])
    if longest and max(size) > longest:
        message = f"{name} cannot have {size[0]} × {size[1]} pixels"
        reason = f"because {_FORMATS[ending]} ends at {longest} a side"
        raise NeuralStyleError("unsupported_format", f"{message}, {reason}", _DEEP_HINT)


def write_picture(
    path: Path, picture: Picture, *, depth: int | None = None, description: str | None = None
) -> None:
    """Write a PNG, JPEG, WebP or TIFF file, by the name's ending, with the sRGB profile.

    Alpha is kept if the picture is not opaque; JPEG has none, so that there the picture is laid
    on white. JPEG (quality 95, full colour resolution) and WebP (quality 95) are lossy.

    Args:
        path: the file; one that exists is replaced only when the new one is complete.
        picture: what to write, rounded to the nearest value the file can hold.
        depth: bits per channel, 8 or 16; None for the picture's own, if the format has it.
        description: EXIF ImageDescription, in UTF-8; None for none.

    Warns:
        NeuralStyleWarning: `metadata_left_out`, once the picture is written without its
            description.

    Raises:
        NeuralStyleError: `unsupported_format`, `cannot_write` or `disk_full`.
    """
    height, width = picture.alpha.shape
    check_writable(path, depth=depth, size=(width, height))
    data, whole = encode_file(path, picture, depth=depth, description=description)
    replace_file(path, data)
    if not whole:
        kind = _FORMATS[os.path.splitext(path)[1].lower()]
        message = f"{printable(path)} was written without its settings: {kind} cannot hold them"
        warnings.warn(NeuralStyleWarning("metadata_left_out", message), stacklevel=2)


def encode_file(
    path: Path, picture: Picture, *, depth: int | None, description: str | None
) -> tuple[bytes, bool]:
    """What `write_picture` writes, and whether the description is in it.

    Raises:
        NeuralStyleError: `unsupported_format` for a picture too large for the format.
    """
    height, width = picture.alpha.shape
    _check_format(path, depth, (width, height))
    kind = _FORMATS[os.path.splitext(path)[1].lower()]
    try:
        return encode_picture(picture, kind, depth=depth, description=description), True
    except Exception as error:  # libraries raise whatever a text does not suit
        if description is None or isinstance(error, MemoryError):
            raise
        return encode_picture(picture, kind, depth=depth), False


def encode_picture(
    picture: Picture, kind: str, *, depth: int | None = None, description: str | None = None
) -> bytes:
    """A picture as the content of a file.

    Args:
        picture: see `write_picture`, as for what follows.
        kind: "PNG", "JPEG", "WebP" or "TIFF".
        depth: bits per channel.
        description: EXIF ImageDescription.

    Raises:
        Exception: whatever the encoder raises for a description that the format cannot hold.
    """
    values = channels_of(picture)
    if kind == "JPEG" and not picture.opaque:
        values = 1 - (1 - picture.pixels) * picture.alpha[..., None]
    deep = kind in _DEEP_FORMATS and (depth or picture.depth) == 16
    encode = {"PNG": _encode_png, "TIFF": _encode_tiff}.get(kind, _encode_with_pillow)
    text = None if description is None else _as_exif_text(description)
    return encode(integers_of(values, 16 if deep else 8), kind, text)


def channels_of(picture: Picture) -> Floats:
    """RGB, and alpha only if it says something."""
    return picture.pixels if picture.opaque else np.dstack([picture.pixels, picture.alpha])


def integers_of(values: Floats, bits: int) -> Array:
    """Floats of 0..1, clipped, as the nearest integers of 8 or 16 bits."""
    whole = np.rint(np.clip(values, 0, 1) * np.float32(2**bits - 1))
    return whole.astype(np.uint16 if bits == 16 else np.uint8)


def _as_exif_text(text: str) -> bytes:
    """EXIF's text ends at a zero."""
    return text.replace("\0", " ").encode("utf-8", "replace")


def _encode_png(array: Array, _kind: str, description: bytes | None) -> bytes:
    import cv2  # here, as it takes a third of a second

    metadata = {
        cv2.IMAGE_METADATA_ICCP: srgb_profile(),
        cv2.IMAGE_METADATA_EXIF: _exif(description).removeprefix(b"Exif\0\0"),
    }
    done, data = cv2.imencodeWithMetadata(
        ".png",
        cv2.cvtColor(array, cv2.COLOR_RGB2BGR if array.shape[2] == 3 else cv2.COLOR_RGBA2BGRA),
        list(metadata),
        [np.frombuffer(part, np.uint8) for part in metadata.values()],
        [cv2.IMWRITE_PNG_COMPRESSION, 6],
    )
    if not done:
        raise ValueError("OpenCV could not write the PNG file")
    return data.tobytes()


def _encode_tiff(array: Array, _kind: str, description: bytes | None) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        array,
        photometric="rgb",
        extrasamples=["unassalpha"] if array.shape[2] == 4 else None,
        compression="zlib",
        predictor=True,
        iccprofile=srgb_profile(),
        description=description,
        software=_software(),
        metadata=None,
    )
    return buffer.getvalue()


def _encode_with_pillow(array: Array, kind: str, description: bytes | None) -> bytes:
    buffer, profile, exif = io.BytesIO(), srgb_profile(), _exif(description)
    chroma = {"subsampling": "4:4:4"} if kind == "JPEG" else {}
    Image.fromarray(array).save(buffer, kind, quality=95, icc_profile=profile, exif=exif, **chroma)
    return buffer.getvalue()


def _exif(description: bytes | None) -> bytes:
    exif = Image.Exif()
    exif[_SOFTWARE] = _software()
    if description is not None:
        exif[_DESCRIPTION] = description
    return exif.tobytes()


def _software() -> str:
    return f"neural-style {__version__}"
