"""Keeps a painting on disk while it is painted, so that an interruption costs minutes at most."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from neural_style.checkpoint import (
    Checkpoint,
    part_of,
    read_checkpoint,
    read_fraction,
    write_checkpoint,
)
from neural_style.devices import is_out_of_memory
from neural_style.errors import NeuralStyleError
from neural_style.image import Picture
from neural_style.job import Event, Progress, Warned
from neural_style.masks import UNGUIDED, Guidance
from neural_style.network import weights_digest
from neural_style.pictures import digest, shares_of
from neural_style.recipe import made_of
from neural_style.settings import Settings

SECONDS = 120.0
"""From one checkpoint to the next."""

WORTH_SECONDS = 20.0
"""Of painting that are worth a checkpoint when it is interrupted."""

SHARE = 0.05
"""Of the time that writing may take at most: a slow disk gets fewer checkpoints."""

NEAR = {"device", "precision", "memory"}
"""Settings that may change from one part of a painting to the next."""


@dataclass(frozen=True)
class Kept:
    """A checkpoint was written, with `fraction` (0..1) of the work done."""

    fraction: float


class Keeper:
    """The checkpoint of one painting. Short ones never have any.

    Args:
        path: the file; its folder is there.
        content, styles, settings, guidance, initial, enlarge: what is painted; see `job.paint`.

    Attributes:
        fraction: of the work, that the checkpoint has which was last loaded or written; None as
            long as there is none.
    """

    def __init__(
        self,
        path: Path,
        content: Picture,
        styles: Sequence[Picture],
        settings: Settings,
        *,
        guidance: Guidance = UNGUIDED,
        initial: Picture | None = None,
        enlarge: bool = False,
    ) -> None:
        self.path = path
        self.content, self.styles, self.settings = content, styles, settings
        self.guidance, self.initial, self.enlarge = guidance, initial, enlarge
        self.fraction: float | None = None
        self._take: Callable[[], Checkpoint | None] = lambda: None
        self._since, self._wait = time.monotonic(), SECONDS
        self._failed = self._is_ours = False

    @cached_property
    def key(self) -> str:
        """All that the painting depends on, digested: a second for a large picture."""
        regions = self.guidance.regions
        text = made_of(
            self.settings,
            NEAR,
            network=weights_digest(self.settings.network),
            sources=[digest(picture).hex() for picture in (self.content, *self.styles)],
            shares=shares_of(self.settings.blend, len(self.styles)),
            masks=repr(self.guidance.key),
            regions=[(digest(region.style).hex(), region.strength) for region in regions],
            initial=self.initial and digest(self.initial).hex(),
            enlarge=self.enlarge,
        )
        return blake2b(text.encode(), digest_size=32).hexdigest()

    def load(self) -> Checkpoint | None:
        """Where to go on; None if nothing is kept.

        Raises:
            NeuralStyleError: as `read_checkpoint`.
        """
        # The key takes a second, and mostly there is nothing.
        if not os.path.lexists(self.path):
            return None
        checkpoint = read_checkpoint(self.path, self.key)
        self.fraction, self._is_ours = checkpoint.fraction, True
        return checkpoint

    def look(self) -> float | None:
        """The part of the work that `load` would save, 0..1; None if nothing of use is kept.

        Raises:
            NeuralStyleError: `checkpoint_other`.
        """
        if not os.path.lexists(self.path):
            return None
        try:
            fraction = read_fraction(self.path, self.key)
        except NeuralStyleError as error:
            if error.code == "checkpoint_other":
                raise
            fraction = None
        self._is_ours = True  # what is damaged is nobody's
        return fraction

    def watch(self, events: Iterator[Event]) -> Iterator[Event | Kept]:
        """The same events, and a `Kept` after one at which a checkpoint was written.

        Should the disk be full, that is a warning, once, and the painting goes on.
        """
        for event in events:
            if isinstance(event, Progress):
                self._take = event.checkpoint
            yield event
            if isinstance(event, Progress) and time.monotonic() - self._since >= self._wait:
                try:
                    if self._keep() and self.fraction is not None:
                        yield Kept(self.fraction)
                except NeuralStyleError as error:
                    if not self._failed:
                        self._failed = True
                        message = f"The painting so far could not be kept: {error.message}"
                        yield Warned(error.code, message)

    def interrupt(self) -> None:
        """Keep what there is, if that is worth it: the painting was interrupted.

        An error of its own, such as that of a card that does not answer any more, would hide what
        interrupted it.
        """
        if time.monotonic() - self._since >= WORTH_SECONDS:
            with suppress(Exception):
                self._keep()

    def remove(self) -> None:
        """The painting is finished, or nobody wants it any more; another one's is left alone."""
        for path in [part_of(self.path), *([self.path] if self._is_ours else [])]:
            with suppress(OSError):
                path.unlink()

    def _keep(self) -> bool:
        """Write a checkpoint; whether there was something to write."""
        started = time.monotonic()
        try:
            checkpoint = self._take()
            if checkpoint:
                write_checkpoint(self.path, checkpoint, self.key)
                self.fraction, self._is_ours = checkpoint.fraction, True
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raise NeuralStyleError("out_of_memory", "The memory ran out") from error
        finally:
            self._since = time.monotonic()
            self._wait = max(SECONDS, (self._since - started) / SHARE)
        return checkpoint is not None
