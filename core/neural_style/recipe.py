"""All that a picture depends on, as a text by which it is known again."""

from __future__ import annotations

import json
from collections.abc import Set as AbstractSet

from neural_style.settings import Settings

LOOK = 2
"""Raised by hand when the program paints another picture of the same settings: what an earlier one
painted is then not taken for its own, in matrices, batches, films and checkpoints."""


def made_of(settings: Settings, besides: AbstractSet[str], **others: object) -> str:
    """What a picture's pixels depend on, as JSON: equal texts, equal pixels.

    Args:
        settings: but for the preset, whose values they are, and for network and blend, of whose
            names a picture is independent.
        besides: names of those that do not matter either.
        others: what else matters, such as digests of pictures and of the network's weights.
    """
    values = settings.model_dump(mode="json", exclude={"preset", "network", "blend", *besides})
    text = {"look": LOOK, "settings": values, **others}
    return json.dumps(text, sort_keys=True)
