"""All that a picture depends on, as a text by which it is known again."""

from __future__ import annotations

import json
from collections.abc import Set as AbstractSet
from functools import cache
from hashlib import blake2b
from pathlib import Path

from neural_style.settings import Settings


def made_of(settings: Settings, besides: AbstractSet[str], **others: object) -> str:
    """What a picture's pixels depend on, as JSON: equal texts, equal pixels.

    Args:
        settings: but for the preset, whose values they are, and for network and blend, of whose
            names a picture is independent.
        besides: names of those that do not matter either.
        others: what else matters, such as digests of pictures and of the network's weights.
    """
    values = settings.model_dump(mode="json", exclude={"preset", "network", "blend", *besides})
    text = {"program": _program(), "settings": values, **others}
    return json.dumps(text, sort_keys=True)


@cache
def _program() -> str:
    """Of the whole package, as it changes more often than the version's number."""
    package = Path(__file__).parent
    hasher = blake2b(digest_size=16)
    for path in sorted(package.rglob("*.py")):
        hasher.update(path.read_bytes())
    return hasher.hexdigest()
