"""A checkpoint: all that going on with a painting takes, and the file that it is kept in."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from safetensors import SafetensorError, safe_open
from torch import Tensor

from neural_style.errors import NeuralStyleError
from neural_style.image import check_readable, writing_failed
from neural_style.image.files import printable
from neural_style.optimise import State
from neural_style.schedule import Stage, total_work

_DTYPES = {"torch.float32": "F32", "torch.uint8": "U8"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint:
    """Where a painting is after a step.

    Attributes:
        stages: all of them.
        stage: number of the one at work.
        left: steps left in it.
        device, tile: what was in force.
        first: loss of the stage's first step.
        optimiser: its state, and so the picture. Lent: the next step changes it.
        sampling: states of the generators.
    """

    stages: Sequence[Stage]
    stage: int
    left: int
    device: str
    tile: int
    first: float
    optimiser: State
    sampling: Mapping[str, Tensor]

    @property
    def steps(self) -> int:
        """Steps done."""
        return sum(stage.steps for stage in self._done())

    @property
    def work(self) -> float:
        """Work done, in the units of `schedule.work`."""
        return total_work(self._done())

    @property
    def fraction(self) -> float:
        """The part of the work that is done, 0..1."""
        return self.work / total_work(self.stages)

    def _done(self) -> list[Stage]:
        now = self.stages[self.stage]
        return [*self.stages[: self.stage], replace(now, steps=now.steps - self.left)]


def part_of(path: Path) -> Path:
    """The file that is to be a checkpoint's once it is complete; a crash may leave it."""
    return path.with_name(f"{path.name}.part")


def write_checkpoint(path: Path, checkpoint: Checkpoint, key: str) -> None:
    """Write a safetensors file; one that is there is replaced when the new one is on the disk.

    Args:
        path: the file.
        checkpoint: what to write.
        key: all that the painting depends on, digested.

    Raises:
        NeuralStyleError: `cannot_write` or `disk_full`; then the file is as it was.
    """
    part = part_of(path)
    try:
        with open(part, "wb") as file:
            _write(file, checkpoint, key)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise writing_failed(printable(path), error) from error
    finally:
        with suppress(OSError):
            part.unlink()


def _write(file: BinaryIO, checkpoint: Checkpoint, key: str) -> None:
    # By hand, as the library can need all tensors a second time: a gigabyte of a large picture.
    optimiser = {f"optimiser.{name}": one for name, one in checkpoint.optimiser.tensors.items()}
    sampling = {f"sampling.{name}": one for name, one in checkpoint.sampling.items()}
    tensors = optimiser | sampling
    header: dict[str, Any] = {"__metadata__": _metadata(checkpoint, key)}
    start = 0
    for name, tensor in tensors.items():
        end = start + tensor.numel() * tensor.element_size()
        about = {"dtype": _DTYPES[str(tensor.dtype)], "shape": list(tensor.shape)}
        header[name] = about | {"data_offsets": [start, end]}
        start = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(struct.pack("<Q", len(text)) + text)
    for tensor in tensors.values():
        file.write(tensor.cpu().contiguous().numpy().data)


def _metadata(checkpoint: Checkpoint, key: str) -> dict[str, str]:
    about = {
        "stages": [asdict(stage) for stage in checkpoint.stages],
        "stage": checkpoint.stage,
        "left": checkpoint.left,
        "device": checkpoint.device,
        "tile": checkpoint.tile,
        "first": checkpoint.first,
        "numbers": dict(checkpoint.optimiser.numbers),
    }
    return {"key": key, "checkpoint": json.dumps(about)}


def read_checkpoint(path: Path, key: str) -> Checkpoint:
    """The checkpoint in a file.

    Raises:
        NeuralStyleError: `checkpoint_other` for one with another key, `checkpoint_damaged` for a
            file that is none, `file_missing` or `cannot_read`.
    """
    return _read(path, key, with_tensors=True)


def read_fraction(path: Path, key: str) -> float:
    """`Checkpoint.fraction` of the one in a file, without reading all of it.

    Raises:
        NeuralStyleError: as `read_checkpoint`.
    """
    return _read(path, key, with_tensors=False).fraction


def _read(path: Path, key: str, *, with_tensors: bool) -> Checkpoint:
    check_readable([path])
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            if metadata["key"] == key:
                names = file.keys() if with_tensors else []
                # Not views of the file, which Windows could not replace then.
                tensors = {name: file.get_tensor(name).clone() for name in names}
                return _checkpoint_of(json.loads(metadata["checkpoint"]), tensors)
    except (SafetensorError, OSError, LookupError, TypeError, ValueError, AttributeError) as error:
        message = f"{printable(path)} is damaged, or no checkpoint"
        raise NeuralStyleError("checkpoint_damaged", message) from error
    message = f"{printable(path)} is of other pictures or settings, or of another version"
    raise NeuralStyleError("checkpoint_other", message)


def _checkpoint_of(about: dict[str, Any], tensors: Mapping[str, Tensor]) -> Checkpoint:
    parts: dict[str, dict[str, Tensor]] = {"optimiser": {}, "sampling": {}}
    for name, tensor in tensors.items():
        part, _, own = name.partition(".")
        parts[part][own] = tensor
    numbers = about.pop("numbers")
    stages = tuple(Stage(**stage) for stage in about.pop("stages"))
    state = State(parts["optimiser"], numbers)
    return Checkpoint(**about, stages=stages, optimiser=state, sampling=parts["sampling"])
