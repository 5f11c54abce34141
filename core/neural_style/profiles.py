"""Colour profiles of files that name their colours by a number instead of an ICC profile.

The numbers are those of ITU-T H.273 ("CICP").
"""

from __future__ import annotations

from functools import cache

import imagecodecs
import numpy as np

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
