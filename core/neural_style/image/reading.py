"""Files of any common format to pictures.

Pillow opens every format it knows, but reduces most 16-bit pictures to 8 bits; those in PNG and
TIFF are therefore decoded by imagecodecs and tifffile, and those in HEIC, AVIF and JPEG XL in
`heif` and `jpegxl`.
"""

from __future__ import annotations

import errno
import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageCms, ImageFile, PngImagePlugin, UnidentifiedImageError

from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.image import heif, jpegxl
from neural_style.image.files import Path, opened, printable
from neural_style.image.picture import MAX_PIXELS, Floats, Picture, floats_of, too_large, unit
from neural_style.image.profiles import to_srgb
from neural_style.image.truncated import whole_jpeg, whole_png

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JPEG_MAGIC = b"\xff\xd8\xff"
_MAGIC = (_PNG_MAGIC, _JPEG_MAGIC, b"RIFF", b"GIF8", *_TIFF_MAGIC)

_ORIENTATION, _PROFILE = 0x0112, 0x8773

_MODES = {"1": "L", "L": "L", "LA": "LA", "La": "LA", "CMYK": "CMYK"}
_MODES |= {"RGB": "RGB", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}
_MODES |= {"RGBA": "RGBA", "RGBa": "RGBA", "P": "RGBA", "PA": "RGBA"}
"""What Pillow's 8-bit modes are converted to; no palette and no premultiplied alpha is left."""


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
    name = printable(path)
    with opened(path) as file:
        try:
            with pillow_limits() as caught:
                picture = _decode_or_complete(file, name)
        except NeuralStyleError:
            raise
        except Image.DecompressionBombError as error:
            raise too_large(name) from error
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


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of a picture file, from its first bytes where the format allows it.

    Raises:
        NeuralStyleError: as `read_picture`.
    """
    with suppress(Exception), pillow_limits(), Image.open(path) as image:
        turned = image.getexif().get(_ORIENTATION, 1) >= 5
        return (image.height, image.width) if turned else image.size
    height, width = read_picture(path).alpha.shape
    return width, height


def _decode_or_complete(file: BinaryIO, name: str) -> Picture:
    try:
        return _decode(file, name)
    except (NeuralStyleError, Image.DecompressionBombError, MemoryError):
        raise
    except Exception:
        file.seek(0)
        data, picture = file.read(), None
        if data.startswith(_JPEG_MAGIC) and (image := whole_jpeg(data)):
            picture = decode_with_pillow(image)
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
            array = floats_of(imagecodecs.png_decode(file.read()), 65535)
            return picture_of(array, 16, image.info.get("icc_profile"), orientation)
        if image.format == "AVIF":
            orientation = _orientation(image)
            file.seek(0)
            if decoded := heif.decode_avif(file.read(), image, orientation):
                return _decoded(decoded, name)
        return decode_with_pillow(image)


def _decode_jpegxl(data: bytes, name: str) -> Picture:
    header = jpegxl.read_header(data)
    if header.width * header.height > MAX_PIXELS:
        raise too_large(name)
    if jpeg := jpegxl.original_jpeg(data):
        return _decode(io.BytesIO(jpeg), name)
    return _decoded(jpegxl.decode_jpegxl(data, header), name)


def _decode_heic(data: bytes, name: str) -> Picture:
    width, height = heif.heic_size(data)
    if width * height > MAX_PIXELS:
        raise too_large(name)
    return _decoded(heif.decode_heic(data), name)


def _decoded(decoded: heif.Decoded, name: str) -> Picture:
    if decoded.guessed:
        message = f"{name} has colours that cannot be converted; they are taken for sRGB"
        warnings.warn(NeuralStyleWarning("colours_guessed", message), stacklevel=2)
    array = unit(floats_of(decoded.array, 2**decoded.bits - 1 if decoded.bits else 1))
    depth = 8 if decoded.bits == 8 else 16
    return picture_of(array, depth, decoded.profile, decoded.orientation)


def decode_with_pillow(image: Image.Image) -> Picture:
    """An image of any mode as a picture, with as many bits as Pillow has kept of it."""
    image.load()
    orientation, profile = _orientation(image), image.info.get("icc_profile")
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        # Pillow's 32-bit integers hold 16-bit samples here: those of TIFF are read elsewhere. Or
        # 8-bit ones, as `convert("I")` leaves them.
        samples = np.asarray(image)
        few = image.mode == "I" and samples.max() <= 255
        grey = floats_of(samples, 1 if image.mode == "F" else 255 if few else 65535)
        return picture_of(unit(grey), 8 if few else 16, profile, orientation)
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image = ImageCms.buildTransform(lab, srgb, "LAB", "RGB").apply(image)
        profile = None
    mode = _MODES[image.mode]
    if mode in ("L", "RGB") and "transparency" in image.info:  # one grey or colour is clear
        mode += "A"
    array = np.asarray(image if mode == image.mode else image.convert(mode))
    return picture_of(floats_of(array, 255), 8, profile, orientation, count=len(mode.rstrip("A")))


def _decode_tiff(page: Any, name: str) -> Picture:
    """A page with more than 8 bits per sample; integers count from 0 to their largest value."""
    if page.imagewidth * page.imagelength * page.imagedepth > MAX_PIXELS:
        raise too_large(name)
    photometric, extras = page.photometric.name, page.extrasamples
    count = {"MINISWHITE": 1, "MINISBLACK": 1, "RGB": 3, "SEPARATED": 4}.get(photometric)
    if count is None or page.axes not in ("YX", "YXS", "SYX"):
        message = f"{name} is a TIFF file of a kind ({photometric}) that cannot be read"
        raise NeuralStyleError("not_an_image", message)
    array = page.asarray()
    kind = array.dtype.kind
    array = unit(
        floats_of(array, 2 ** (page.bitspersample - (kind == "i")) - 1 if kind != "f" else 1)
    )
    array = {"YX": array[..., None], "SYX": np.moveaxis(array, 0, -1)}.get(page.axes, array)
    if extras and extras[0] == tifffile.EXTRASAMPLE.UNSPECIFIED:  # a channel, but not alpha
        array = array[..., :count]
    if extras and extras[0] == tifffile.EXTRASAMPLE.ASSOCALPHA:
        alpha = array[..., count : count + 1]
        array[..., :count] = unit(array[..., :count] / np.where(alpha > 0, alpha, 1))
    if photometric == "MINISWHITE":
        array[..., :count] = 1 - array[..., :count]
    profile, orientation = page.tags.valueof(_PROFILE), page.tags.valueof(_ORIENTATION, 1)
    return picture_of(array, 16, profile, orientation, count)


def picture_of(
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
    pixels = to_srgb(np.ascontiguousarray(array[..., :count]), profile)
    alpha = array[..., count] if array.shape[2] > count else np.ones(array.shape[:2], np.float32)
    if orientation in (5, 6, 7, 8):
        pixels, alpha = pixels.swapaxes(0, 1), alpha.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels, alpha = pixels[:, ::-1], alpha[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels, alpha = pixels[::-1], alpha[::-1]
    return Picture(np.ascontiguousarray(pixels), np.ascontiguousarray(alpha), depth)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation that has yet to be applied (some formats Pillow turns itself)."""
    with suppress(Exception):  # broken EXIF data must not cost the picture
        return image.getexif().get(_ORIENTATION, 1)
    return 1


_pillow_lock = threading.Lock()


@contextmanager
def pillow_limits() -> Iterator[list[warnings.WarningMessage]]:
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
