"""Picture files to float arrays and back.

Inside the program a picture is non-linear sRGB with straight alpha, whatever file it came from:
embedded profiles are converted, EXIF orientation is applied, 16 bits per channel are kept.

Pillow opens every format it knows, but reduces most 16-bit pictures to 8 bits; those in PNG and
TIFF are therefore decoded by imagecodecs and tifffile, and those in HEIC, AVIF and JPEG XL in
`heif` and `jpegxl`. Little CMS (in imagecodecs) converts colours in floating point: its transforms
of 16-bit integers interpolate in a coarse table and can be off by 8 % of the range. OpenCV writes
PNG, as neither Pillow (16 bits) nor imagecodecs (profile, EXIF) writes all that belongs there.

No library does it all: libvips' wheel reads no HEIC, JPEG XL nor 12-bit TIFF and writes text in
ASCII; OpenImageIO's reads no HEIC, nor CMYK of JPEG for its profile, and only files on disk.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
import stat
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, PngImagePlugin, UnidentifiedImageError

from neural_style import __version__, heif, jpegxl
from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.protocol import PictureFile
from neural_style.truncated import whole_jpeg, whole_png

MAX_PIXELS = 200_000_000
"""Most pixels of a picture that is read: 3.2 GB as floats, more than cameras have."""

Array = NDArray[Any]
Floats = NDArray[np.float32]
Path = str | os.PathLike[str]

_FORMATS = {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}
_FORMATS |= {".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WebP"}
_DEEP_FORMATS = ("PNG", "TIFF")
_DEEP_HINT = "Choose a name that ends in .png or .tif."
_LONGEST_SIDE = {"JPEG": 65_500, "WebP": 16_383}

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JPEG_MAGIC = b"\xff\xd8\xff"
_MAGIC = (_PNG_MAGIC, _JPEG_MAGIC, b"RIFF", b"GIF8", *_TIFF_MAGIC)

_DESCRIPTION, _ORIENTATION, _SOFTWARE, _PROFILE = 0x010E, 0x0112, 0x0131, 0x8773

_MODES = {"1": "L", "L": "L", "LA": "LA", "La": "LA", "CMYK": "CMYK"}
_MODES |= {"RGB": "RGB", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}
_MODES |= {"RGBA": "RGBA", "RGBa": "RGBA", "P": "RGBA", "PA": "RGBA"}
"""What Pillow's 8-bit modes are converted to; no palette and no premultiplied alpha is left."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture in memory.

    Args:
        pixels: (H, W, 3), non-linear sRGB 0..1, straight (not premultiplied).
        alpha: (H, W), opacity 0..1, all ones if the file has none.
        depth: bits per channel of the file, 8 or 16 (16 for anything finer than 8).
    """

    pixels: Floats
    alpha: Floats
    depth: int

    @property
    def opaque(self) -> bool:
        """Whether alpha is 1 everywhere."""
        return bool((self.alpha == 1).all())


# -- reading -----------------------------------------------------------------------------------


def read_picture(path: Path) -> Picture:
    """Read a picture file of any common format; of several frames or pages the first.

    A colour profile that is broken or does not suit the pixels is ignored, as if the picture
    were sRGB. Colours outside sRGB are clipped.

    Warns:
        NeuralStyleWarning: `image_truncated` for a JPEG or PNG that lacks less than a hundredth;
            `colours_guessed` for a HEIC, AVIF or JPEG XL picture in HDR or an unknown space.

    Raises:
        NeuralStyleError: `file_missing`, `cannot_read`, `not_an_image`, `image_damaged` or
            `image_too_large`.
    """
    name = _printable(path)
    with _opened(path) as file:
        try:
            with _pillow_limits() as caught:
                picture = _decode_or_complete(file, name)
        except NeuralStyleError:
            raise
        except Image.DecompressionBombError as error:
            raise _too_large(name) from error
        except MemoryError as error:
            message = f"{name} does not fit into this computer's memory"
            raise NeuralStyleError("image_too_large", message) from error
        except Exception as error:  # decoders raise whatever they come across
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                message = f"{name} cannot be read: {error.strerror}"
                raise NeuralStyleError("cannot_read", message) from error
            file.seek(0)
            head = file.read(64)
            known = head.startswith(_MAGIC) or heif.brand(head)
            if isinstance(error, UnidentifiedImageError) and not known:
                message = f"{name} is not a picture in any known format"
                raise NeuralStyleError("not_an_image", message) from error
            raise NeuralStyleError("image_damaged", f"{name} is damaged or incomplete") from error
    for warning in caught:
        if isinstance(warning.message, NeuralStyleWarning):
            warnings.warn(warning.message, stacklevel=2)
    return picture


def _decode_or_complete(file: BinaryIO, name: str) -> Picture:
    try:
        return _decode(file, name)
    except (NeuralStyleError, Image.DecompressionBombError, MemoryError):
        raise
    except Exception:
        file.seek(0)
        data, picture = file.read(), None
        if data.startswith(_JPEG_MAGIC) and (image := whole_jpeg(data)):
            picture = _decode_with_pillow(image)
        elif data.startswith(_PNG_MAGIC) and (whole := whole_png(data)):
            picture = _decode(io.BytesIO(whole), name)
        if picture is None:
            raise
        message = f"{name} lacks its end; what is missing, less than 1 %, was filled"
        warnings.warn(NeuralStyleWarning("image_truncated", message), stacklevel=2)
        return picture


def _decode(file: BinaryIO, name: str) -> Picture:
    head = file.read(64)
    if not head:
        raise NeuralStyleError("not_an_image", f"{name} is empty")
    file.seek(0)
    if head.startswith(jpegxl.MAGIC):
        return _decode_jpegxl(file.read(), name)
    if heif.brand(head) == "HEIC":
        return _decode_heic(file.read(), name)
    if head.startswith(_TIFF_MAGIC):
        with tifffile.TiffFile(file) as tiff:
            page = tiff.pages.first
            if np.max(page.bitspersample) > 8:
                return _decode_tiff(page, name)
        file.seek(0)
    with Image.open(file) as image:
        # Stubs know a format by name only; for EPS, Pillow would start another program.
        if isinstance(image, ImageFile.StubImageFile) or image.format in ("EPS", "MPEG"):
            message = f"{name} is a {image.format} file, which cannot be read"
            raise NeuralStyleError("not_an_image", message)
        if image.format == "PNG" and head[24] == 16:
            orientation = _orientation(image)  # may read to the end, so it comes before the seek
            file.seek(0)
            array = _floats(imagecodecs.png_decode(file.read()), 65535)
            return _picture(array, 16, image.info.get("icc_profile"), orientation)
        if image.format == "AVIF":
            orientation = _orientation(image)
            file.seek(0)
            if decoded := heif.decode_avif(file.read(), image, orientation):
                return _decoded(decoded, name)
        return _decode_with_pillow(image)


def _decode_jpegxl(data: bytes, name: str) -> Picture:
    header = jpegxl.read_header(data)
    if header.width * header.height > MAX_PIXELS:
        raise _too_large(name)
    if jpeg := jpegxl.original_jpeg(data):
        return _decode(io.BytesIO(jpeg), name)
    return _decoded(jpegxl.decode_jpegxl(data, header), name)


def _decode_heic(data: bytes, name: str) -> Picture:
    width, height = heif.heic_size(data)
    if width * height > MAX_PIXELS:
        raise _too_large(name)
    return _decoded(heif.decode_heic(data), name)


def _decoded(decoded: heif.Decoded, name: str) -> Picture:
    if decoded.guessed:
        message = f"{name} has colours that cannot be converted; they are taken for sRGB"
        warnings.warn(NeuralStyleWarning("colours_guessed", message), stacklevel=2)
    array = _unit(_floats(decoded.array, 2**decoded.bits - 1 if decoded.bits else 1))
    depth = 8 if decoded.bits == 8 else 16
    return _picture(array, depth, decoded.profile, decoded.orientation)


def _decode_with_pillow(image: Image.Image) -> Picture:
    image.load()
    orientation, profile = _orientation(image), image.info.get("icc_profile")
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        # Pillow's 32-bit integers hold 16-bit samples here: those of TIFF are read elsewhere.
        grey = _floats(np.asarray(image), 1 if image.mode == "F" else 65535)
        return _picture(_unit(grey), 16, profile, orientation)
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image = ImageCms.buildTransform(lab, srgb, "LAB", "RGB").apply(image)
        profile = None
    mode = _MODES[image.mode]
    if mode in ("L", "RGB") and "transparency" in image.info:  # one grey or colour is clear
        mode += "A"
    array = np.asarray(image if mode == image.mode else image.convert(mode))
    return _picture(_floats(array, 255), 8, profile, orientation, count=len(mode.rstrip("A")))


def _decode_tiff(page: Any, name: str) -> Picture:
    """A page with more than 8 bits per sample; integers count from 0 to their largest value."""
    if page.imagewidth * page.imagelength * page.imagedepth > MAX_PIXELS:
        raise _too_large(name)
    photometric, extras = page.photometric.name, page.extrasamples
    count = {"MINISWHITE": 1, "MINISBLACK": 1, "RGB": 3, "SEPARATED": 4}.get(photometric)
    if count is None or page.axes not in ("YX", "YXS", "SYX"):
        message = f"{name} is a TIFF file of a kind ({photometric}) that cannot be read"
        raise NeuralStyleError("not_an_image", message)
    array = page.asarray()
    kind = array.dtype.kind
    array = _unit(
        _floats(array, 2 ** (page.bitspersample - (kind == "i")) - 1 if kind != "f" else 1)
    )
    array = {"YX": array[..., None], "SYX": np.moveaxis(array, 0, -1)}.get(page.axes, array)
    if extras and extras[0] == tifffile.EXTRASAMPLE.UNSPECIFIED:  # a channel, but not alpha
        array = array[..., :count]
    if extras and extras[0] == tifffile.EXTRASAMPLE.ASSOCALPHA:
        alpha = array[..., count : count + 1]
        array[..., :count] = _unit(array[..., :count] / np.where(alpha > 0, alpha, 1))
    if photometric == "MINISWHITE":
        array[..., :count] = 1 - array[..., :count]
    profile, orientation = page.tags.valueof(_PROFILE), page.tags.valueof(_ORIENTATION, 1)
    return _picture(array, 16, profile, orientation, count)


def _picture(
    array: Floats, depth: int, profile: Any, orientation: int, count: int | None = None
) -> Picture:
    """Make a `Picture` of what stands in the file: grey, RGB or CMYK ink, all 0..1.

    Args:
        array: (H, W) or (H, W, S), colours first, then perhaps alpha.
        depth: bits per channel.
        profile: the ICC profile's bytes, if there is one.
        orientation: as in EXIF: 2 to 4 keep the sides, 5 to 8 exchange them.
        count: number of colours; None for 1 or 3 by S.
    """
    array = array[..., None] if array.ndim == 2 else array
    count = count or (1 if array.shape[2] < 3 else 3)
    pixels = _to_srgb(np.ascontiguousarray(array[..., :count]), profile)
    alpha = array[..., count] if array.shape[2] > count else np.ones(array.shape[:2], np.float32)
    if orientation in (5, 6, 7, 8):
        pixels, alpha = pixels.swapaxes(0, 1), alpha.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels, alpha = pixels[:, ::-1], alpha[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels, alpha = pixels[::-1], alpha[::-1]
    return Picture(np.ascontiguousarray(pixels), np.ascontiguousarray(alpha), depth)


def _to_srgb(channels: Floats, profile: Any) -> Floats:
    count = channels.shape[2]
    space = profile[16:20] if isinstance(profile, bytes) else b""
    if count == 1 and space != b"GRAY":
        channels, count = np.repeat(channels, 3, axis=2), 3
    kind = {(b"GRAY", 1): "gray", (b"RGB ", 3): "rgb", (b"CMYK", 4): "cmyk"}.get((space, count))
    if kind:
        with suppress(imagecodecs.CmsError):
            if kind != "rgb" or not _is_srgb(profile):
                return _converted(channels, profile, kind)
    if count == 4:
        return (1 - channels[..., :3]) * (1 - channels[..., 3:])
    return np.repeat(channels, 3, axis=2) if count == 1 else channels


def _converted(channels: Floats, profile: bytes, kind: str) -> Floats:
    pixels = imagecodecs.cms_transform(
        channels * np.float32(100) if kind == "cmyk" else channels,  # ink is in per cent there
        profile,
        _srgb_profile(),
        colorspace=kind,
        outcolorspace="rgb",
        outdtype=np.float32,
        intent=imagecodecs.CMS.INTENT.PERCEPTUAL,
    )
    return _unit(pixels.reshape(*channels.shape[:2], 3))


def _is_srgb(profile: bytes) -> bool:
    """Whether this is one of the many sRGB profiles, which differ by less than 8-bit steps.

    Conversion from one to another would take long and only disturb what is exact.
    """
    grid = (np.indices((9, 9, 9)).reshape(3, 1, -1).T / 8).astype(np.float32)
    return bool(np.abs(_converted(grid, profile, "rgb") - grid).max() < 1 / 255)


def _floats(array: Array, whole: int) -> Floats:
    return np.divide(array, np.float32(whole), dtype=np.float32)


def _unit(array: Array) -> Floats:
    """Clip to 0..1; what is no number (the "no data" of measured pictures) becomes 0."""
    return np.clip(np.nan_to_num(array), 0, 1)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation that has yet to be applied (some formats Pillow turns itself)."""
    with suppress(Exception):  # broken EXIF data must not cost the picture
        return image.getexif().get(_ORIENTATION, 1)
    return 1


_pillow_lock = threading.Lock()


@contextmanager
def _pillow_limits() -> Iterator[list[warnings.WarningMessage]]:
    """Make `MAX_PIXELS` Pillow's own limit, and collect all warnings, for as long as we read.

    Pillow has these limits for the whole process only. It refuses pictures of twice its
    limit, and PNG files with more than 1 MiB of text or profile (scanners embed larger ones).
    """
    with _pillow_lock, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
        Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = MAX_PIXELS // 2, 1 << 26
        try:
            yield caught
        finally:
            Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = before


# -- from memory -------------------------------------------------------------------------------


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
        raise _too_large(what)
    try:
        with _pillow_limits():
            if image.mode == "F":
                return from_array(np.asarray(image), what)
            return _decode_with_pillow(image)
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
        raise _too_large(what)
    if floats and not (np.abs(array - 0.5) < 0.5 + _OVERSHOOT).all():
        message = f"{what} is an array of floats that are not all from 0 to 1"
        raise NeuralStyleError("not_an_image", message, _ARRAYS)
    values = _unit(_floats(array, 1 if floats else np.iinfo(array.dtype).max))
    return _picture(values, 8 if kind == "uint8" else 16, None, 1)


_ARRAYS = "Arrays are (H, W), (H, W, 3) or (H, W, 4) of uint8, uint16 or floats from 0 to 1."
_OVERSHOOT = 0.25


# -- writing -----------------------------------------------------------------------------------


def can_write(ending: str, depth: int | None = None) -> bool:
    """Whether `write_picture` knows files with this ending, of this depth if it matters."""
    kind = _FORMATS.get(ending.lower())
    return kind is not None and (depth != 16 or kind in _DEEP_FORMATS)


def check_writable(path: Path, *, depth: int | None = None) -> None:
    """Find out, before the long job, whether `write_picture` could write there.

    Raises:
        NeuralStyleError: `unsupported_format` or `cannot_write`.
    """
    name, target = _printable(path), os.path.realpath(path)
    folder, ending = os.path.dirname(target), os.path.splitext(path)[1].lower()
    if os.path.isdir(target):
        raise NeuralStyleError("cannot_write", f"{name} is a folder")
    if ending not in _FORMATS:
        ending = f"the unknown ending {ending}" if ending.strip(".") else "no ending"
        raise NeuralStyleError("unsupported_format", f"{name} has {ending}")
    if depth == 16 and _FORMATS[ending] not in _DEEP_FORMATS:
        message = f"{name} cannot have 16 bits per channel, because {_FORMATS[ending]} has only 8"
        raise NeuralStyleError("unsupported_format", message, _DEEP_HINT)
    if not os.path.isdir(folder):
        raise NeuralStyleError("cannot_write", f"There is no folder {_printable(folder)}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise NeuralStyleError("cannot_write", f"You may not write to {_printable(folder)}")
    if os.path.exists(target) and not (os.path.isfile(target) and os.access(target, os.W_OK)):
        raise NeuralStyleError("cannot_write", f"{name} exists and may not be overwritten")


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
    check_writable(path, depth=depth)
    kind = _FORMATS[os.path.splitext(path)[1].lower()]
    height, width = picture.alpha.shape
    if max(height, width) > _LONGEST_SIDE.get(kind, max(height, width)):
        size = f"{_printable(path)} cannot have {width} × {height} pixels"
        message = f"{size}, because {kind} ends at {_LONGEST_SIDE[kind]} a side"
        raise NeuralStyleError("unsupported_format", message, _DEEP_HINT)
    refused = False
    try:
        data = encode_picture(picture, kind, depth=depth, description=description)
    except Exception as error:  # libraries raise whatever a text does not suit
        if description is None or isinstance(error, MemoryError):
            raise
        data, refused = encode_picture(picture, kind, depth=depth), True
    _replace_file(path, data)
    if refused:
        message = f"{_printable(path)} was written without its settings: {kind} cannot hold them"
        warnings.warn(NeuralStyleWarning("metadata_left_out", message), stacklevel=2)


def to_pillow(picture: Picture) -> Image.Image:
    """A picture as a Pillow image of 8 bits: RGB if it is opaque, else RGBA."""
    return Image.fromarray(_integers(_channels(picture), 8))


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
    values = _channels(picture)
    if kind == "JPEG" and not picture.opaque:
        values = 1 - (1 - picture.pixels) * picture.alpha[..., None]
    deep = kind in _DEEP_FORMATS and (depth or picture.depth) == 16
    encode = {"PNG": _encode_png, "TIFF": _encode_tiff}.get(kind, _encode_with_pillow)
    text = None if description is None else _as_exif_text(description)
    return encode(_integers(values, 16 if deep else 8), kind, text)


def _channels(picture: Picture) -> Floats:
    """RGB, and alpha only if it says something."""
    return picture.pixels if picture.opaque else np.dstack([picture.pixels, picture.alpha])


def _integers(values: Floats, bits: int) -> Array:
    whole = np.rint(np.clip(values, 0, 1) * np.float32(2**bits - 1))
    return whole.astype(np.uint16 if bits == 16 else np.uint8)


def _as_exif_text(text: str) -> bytes:
    """EXIF's text ends at a zero."""
    return text.replace("\0", " ").encode("utf-8", "replace")


def _encode_png(array: Array, _kind: str, description: bytes | None) -> bytes:
    import cv2  # here, as it takes a third of a second

    metadata = {
        cv2.IMAGE_METADATA_ICCP: _srgb_profile(),
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
        iccprofile=_srgb_profile(),
        description=description,
        software=_software(),
        metadata=None,
    )
    return buffer.getvalue()


def _encode_with_pillow(array: Array, kind: str, description: bytes | None) -> bytes:
    buffer, profile, exif = io.BytesIO(), _srgb_profile(), _exif(description)
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


@cache
def _srgb_profile() -> bytes:
    """Little CMS' own sRGB profile, free to use, without the time of day in its header.

    The same picture thus makes the same file, and files of ours are recognised.
    """
    profile = imagecodecs.cms_profile("srgb")
    return profile[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + profile[36:]


# -- raw files between plug-in and worker ------------------------------------------------------


def read_raw(file: PictureFile) -> Picture:
    """Read a raw file (see `protocol`).

    Values outside 0..1 are clipped: GIMP has them in pictures with a wide gamut, where they
    are colours that sRGB cannot show.

    Raises:
        NeuralStyleError: `file_missing`, `cannot_read`, `image_too_large`; `bad_message` for a
            wrong length, or values that are no numbers or infinite.
    """
    name, size = _printable(file.file), file.width * file.height * 16
    if file.width * file.height > MAX_PIXELS:
        raise _too_large(name)
    with _opened(file.file) as stream:
        if (length := os.fstat(stream.fileno()).st_size) != size:
            message = f"{name} has {length} bytes, where {file.width} × {file.height} pixels"
            raise NeuralStyleError("bad_message", f"{message} take {size}")
        values = np.fromfile(stream, "<f4").reshape(file.height, file.width, 4)
    if not np.isfinite(values).all():
        raise NeuralStyleError("bad_message", f"{name} has values that are not finite numbers")
    return _picture(_unit(values), 16, None, 1)


def write_raw(path: Path, picture: Picture) -> PictureFile:
    """Write a raw file (see `protocol`), which appears under its name when it is complete.

    Raises:
        NeuralStyleError: `cannot_write` or `disk_full`.
    """
    data = np.dstack([picture.pixels, picture.alpha]).astype("<f4").tobytes()
    _replace_file(path, data)
    height, width = picture.alpha.shape
    return PictureFile(file=os.fspath(path), width=width, height=height)


# -- files and errors --------------------------------------------------------------------------


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    name = _printable(path)
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):  # opening a pipe could wait for ever
            what = "is a folder" if stat.S_ISDIR(mode) else "is not an ordinary file"
            raise NeuralStyleError("file_missing", f"{name} {what}")
        file = open(path, "rb")  # noqa: SIM115 - closed below, beyond these errors
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise NeuralStyleError("file_missing", f"There is no file {name}") from error
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror}"
        raise NeuralStyleError("cannot_read", message) from error
    with file:
        yield file


def _replace_file(path: Path, data: bytes) -> None:
    """Write under another name first, so that no failure leaves half a file or harms an old one."""
    target = os.path.realpath(path)  # what is a link stays one
    temporary = os.path.join(os.path.dirname(target), f".{secrets.token_hex(8)}.part")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        with suppress(FileNotFoundError):
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        raise writing_failed(_printable(path), error) from error
    finally:
        with suppress(OSError):
            os.unlink(temporary)


def writing_failed(name: str, error: OSError) -> NeuralStyleError:
    """`disk_full` or `cannot_write`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NeuralStyleError("disk_full", f"There is no room left on the disk for {name}")
    return NeuralStyleError("cannot_write", f"{name} cannot be written: {error.strerror}")


def _printable(path: Path) -> str:
    """The name for messages, which must be proper Unicode even where file names need not be."""
    return os.fsencode(path).decode("utf-8", "replace")


def _too_large(name: str) -> NeuralStyleError:
    millions = MAX_PIXELS // 1_000_000
    return NeuralStyleError("image_too_large", f"{name} has more than {millions} million pixels")
