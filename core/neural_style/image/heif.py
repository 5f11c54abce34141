"""HEIC, the format of phones, and AVIF: both are pictures in boxes of HEIF."""

from __future__ import annotations

import io
import re
import struct
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import Image

from neural_style.image.profiles import is_known, profile_of


@dataclass(frozen=True, eq=False)
class Decoded:
    """A picture as it stands in the file.

    Attributes:
        array: (H, W) or (H, W, S) integers or floats, colours first, then perhaps alpha.
        bits: of an integer; 0 for floats of 0..1.
        profile: the ICC profile, if there is one or the file names its colours.
        orientation: as in EXIF, what has yet to be applied.
        guessed: whether the file says of its colours what cannot be converted.
    """

    array: NDArray[Any]
    bits: int
    profile: bytes | None
    orientation: int = 1
    guessed: bool = False


def brand(head: bytes) -> str:
    """What a file that begins like this is: "HEIC", "AVIF", or "" for neither.

    Args:
        head: the first bytes, 64 at least where the file has them.
    """
    if head[4:8] != b"ftyp":
        return ""
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[place : place + 4] for place in range(16, length, 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    hevc = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1"}
    return "HEIC" if brands & hevc else ""


def heic_size(data: bytes) -> tuple[int, int]:
    """Width and height of a HEIC file's picture, which is not decoded."""
    return pi_heif.open_heif(io.BytesIO(data)).size


def decode_heic(data: bytes) -> Decoded:
    """Decode the main picture of a HEIC file.

    The file turns it itself; EXIF's orientation only tells that it was turned.

    Raises:
        Exception: whatever libheif makes of a damaged file.
    """
    file = pi_heif.open_heif(
        io.BytesIO(data), convert_hdr_to_8bit=False, hdr_to_16bit=False, remove_stride=True
    )
    # A copy, as the values are libheif's own and go with the file.
    array, bits = np.array(file), int(file.info["bit_depth"])
    if file.premultiplied_alpha:
        alpha = array[..., -1:].astype(np.float32)
        colours = array[..., :-1] / np.where(alpha > 0, alpha, 1)
        array = np.dstack([np.clip(colours, 0, 1), alpha / (2**bits - 1)])
        bits = 0
    profile, guessed = file.info.get("icc_profile"), False
    if not profile and (colours := file.info.get("nclx_profile")):
        profile, guessed = _named(colours["color_primaries"], colours["transfer_characteristics"])
    return Decoded(array, bits, profile, guessed=guessed)


def decode_avif(data: bytes, image: Image.Image, orientation: int) -> Decoded | None:
    """Decode an AVIF file that has more than 8 bits or names its colours by number.

    Args:
        data: the file.
        image: the same, opened by Pillow, which reduces it to 8 bits.
        orientation: that Pillow found.

    Returns:
        None where Pillow's own picture is all there is.
    """
    # The first of each is the main picture's or its alpha's, which has as many bits.
    configured = re.search(rb"av1C..(.)", data, re.DOTALL)
    flags = configured[1][0] if configured else 0
    bits = 8 + 2 * bool(flags & 0x40) + 2 * bool(flags & 0x20)
    profile, guessed = image.info.get("icc_profile"), False
    colours = re.search(rb"colrnclx(....)", data, re.DOTALL)
    if not profile and colours:
        profile, guessed = _named(*struct.unpack(">HH", colours[1]))
    if bits == 8 and not guessed and profile == image.info.get("icc_profile"):
        return None
    array = np.asarray(image) if bits == 8 else imagecodecs.avif_decode(data, index=0)
    return Decoded(array, bits, profile, orientation, guessed)


def _named(primaries: int, transfer: int) -> tuple[bytes | None, bool]:
    """The profile of colours that are named by numbers, and whether they are a guess."""
    return profile_of(primaries, transfer), not is_known(primaries, transfer)
