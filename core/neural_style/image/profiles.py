"""Colour profiles: of files that name their colours by a number, and from all to sRGB.

The numbers are those of ITU-T H.273 ("CICP"). Little CMS (in imagecodecs) converts in floating
point: its transforms of 16-bit integers interpolate in a coarse table and can be off by 8 % of the
range.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from functools import cache
from typing import Any

import imagecodecs
import numpy as np

from neural_style.image.picture import Floats, unit

SRGB_PRIMARIES = 1

_D65 = (0.3127, 0.3290, 1.0)
_PRIMARIES = {
    1: (0.640, 0.330, 0.300, 0.600, 0.150, 0.060),  # BT.709 and sRGB
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),  # BT.2020
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),  # Display P3
}
_LINEAR = 8
_GAMMAS = {4: 2.2, 5: 2.8}
_KNOWN_TRANSFERS = (1, 2, 4, 5, 6, 8, 13, 14, 15)
"""Without PQ and HLG, the curves of HDR."""


def is_known(primaries: int, transfer: int) -> bool:
    """Whether `profile_of` can say what colours these are."""
    return primaries in (2, *_PRIMARIES) and transfer in _KNOWN_TRANSFERS


@cache
def profile_of(primaries: int, transfer: int) -> bytes | None:
    """An ICC profile; None for sRGB, and for what is not known.

    The curves of television (1, 6, 14, 15) are taken as sRGB's, as browsers show them.

    Args:
        primaries: of the red, green and blue, 2 if unspecified.
        transfer: the curve from values to light.
    """
    if not is_known(primaries, transfer) or primaries == 2:
        return None
    values = np.linspace(0, 1, 4096)
    if transfer == _LINEAR:
        light = values
    elif transfer in _GAMMAS:
        light = values ** _GAMMAS[transfer]
    elif primaries == SRGB_PRIMARIES:
        return None
    else:
        light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    table = np.rint(light * 65535).astype(np.uint16)
    chosen = _PRIMARIES[primaries]
    return imagecodecs.cms_profile("rgb", whitepoint=_D65, primaries=chosen, transferfunction=table)


def to_srgb(channels: Floats, profile: Any) -> Floats:
    """Convert grey, RGB or CMYK ink to sRGB, all 0..1.

    Args:
        channels: (H, W, 1), (H, W, 3) or (H, W, 4).
        profile: the ICC profile's bytes; any other, or one that does not suit, is ignored.

    Returns:
        (H, W, 3).
    """
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
        srgb_profile(),
        colorspace=kind,
        outcolorspace="rgb",
        outdtype=np.float32,
        intent=imagecodecs.CMS.INTENT.PERCEPTUAL,
    )
    return unit(pixels.reshape(*channels.shape[:2], 3))


def _is_srgb(profile: bytes) -> bool:
    """Whether this is one of the many sRGB profiles, which differ by less than 8-bit steps.

    Conversion from one to another would take long and only disturb what is exact.
    """
    grid = (np.indices((9, 9, 9)).reshape(3, 1, -1).T / 8).astype(np.float32)
    return bool(np.abs(_converted(grid, profile, "rgb") - grid).max() < 1 / 255)


@cache
def srgb_profile() -> bytes:
    """Little CMS' own sRGB profile, free to use, without the time of day in its header.

    The same picture thus makes the same file, and files of ours are recognised.
    """
    profile = imagecodecs.cms_profile("srgb")
    return profile[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + profile[36:]
