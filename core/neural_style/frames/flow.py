"""What moved where between two frames, and what of a frame was seen in the last one."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Flow = NDArray[np.float32]
"""From each pixel of a frame to the same place in another one: x and y in pixels, (H, W, 2)."""


EDGE = 0.3
"""How sure it is at the edge of something that moves."""


def optical_flow(here: NDArray[np.float32], there: NDArray[np.float32]) -> Flow:
    """The flow from one frame to another.

    Kroeger et al. 2016 (arXiv 1603.03590, "DIS"), in OpenCV: it has no weights to download. It is
    searched down to single pixels: that is three times as exact as OpenCV's half the size.

    Args:
        here, there: frames of one size, sRGB 0..1, shape (H, W, 3).
    """
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)
    flow = search.calc(_grey(here), _grey(there), np.zeros((*here.shape[:2], 2), np.float32))
    return np.asarray(flow, np.float32)


def warped(image: NDArray[np.float32], flow: Flow) -> NDArray[np.float32]:
    """`image` carried along: what it has where the flow points, shape (H, W, C).

    Between pixels it is cubic, as a film carries its strokes through hundreds of frames, and
    anything softer would wash them out.
    """
    rows, columns = np.indices(flow.shape[:2], np.float32)
    places = columns + flow[..., 0], rows + flow[..., 1]
    moved = cv2.remap(image, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def seen(back: Flow, forth: Flow) -> NDArray[np.float32]:
    """How sure it is that a pixel of a frame was seen in the last one, 0..1, shape (H, W).

    Ruder, Dosovitskiy and Brox 2016, section 4.1 (after Sundaram, Brox and Keutzer 2010): those
    from which the two flows lead there and back again; less so at the edge of something that
    moves, where flow is not exact. There they have 0; but in noisy footage that is everywhere now
    and then, and frame by frame the paint would wear off.

    Args:
        back: from this frame to the last one.
        forth: from the last one to this.
    """
    height, width = back.shape[:2]
    rows, columns = np.indices((height, width), np.float32)
    x, y = columns + back[..., 0], rows + back[..., 1]
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    forth = np.asarray(cv2.remap(forth, x, y, cv2.INTER_LINEAR), np.float32)
    lengths = _squared(back) + _squared(forth)
    returned = _squared(back + forth) <= 0.01 * lengths + 0.5
    slopes = sum(_squared(np.gradient(back, axis=axis)) for axis in (0, 1))
    smooth = slopes <= 0.01 * _squared(back) + 0.002
    return (inside & returned) * np.where(smooth, np.float32(1), np.float32(EDGE))


def _squared(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.square(flow).sum(axis=-1)


def _grey(frame: NDArray[np.float32]) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY)
    return np.clip(np.rint(grey * 255), 0, 255).astype(np.uint8)
