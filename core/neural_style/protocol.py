"""Every message between a host (the GIMP plug-in) and the worker, once.

One message is one line of JSON in UTF-8, told apart by its `type`. The host writes to the
worker's standard input, the worker to its standard output. Pixels never travel in messages but
as raw files in a folder that the host names: little-endian float32, red, green, blue, alpha for
each pixel, row by row from the top left, non-linear sRGB 0..1 with straight alpha.

A conversation:

    worker  {"type": "hello", "protocol": 3, ...}
    host    {"type": "plan", "job": "p", "width": 6000, "height": 4000, "settings": {...}}
    worker  {"type": "planned", "job": "p", "seconds": 95.0, ...}
    host    {"type": "job", "job": "a", "folder": "/tmp/x", "content": {...}, "styles": [...]}
    worker  {"type": "accepted", "job": "a", ...}
    worker  {"type": "alive", "job": "a"}                              every few seconds
    worker  {"type": "progress", "job": "a", "step": 10, ...}          at most ten a second
    worker  {"type": "preview", "job": "a", "file": "/tmp/x/...", ...} if the job asks for it
    worker  {"type": "kept", "job": "a", "fraction": 0.3}              every few minutes, likewise
    worker  {"type": "result", "job": "a", "file": "/tmp/x/...", ...}

The host may send plans and jobs ahead; they are done one after the other. A plan ends with exactly
one `planned` or one `error`, a job with one `result` or one `error`; after `cancel` it is the error
`cancelled`.
Unknown fields are ignored, so that either side may learn new ones without a new number.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from neural_style.errors import NeuralStyleError

PROTOCOL = 3
"""Raised when an old host or worker would misunderstand a new one."""


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")

    def line(self) -> str:
        """The message as one line of JSON, with its line break."""
        return self.model_dump_json() + "\n"


class PictureFile(BaseModel):
    """A raw file of `height * width * 16` bytes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    file: str
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class MaskFile(BaseModel):
    """A raw file of `height * width` bytes: how much each pixel is meant, 0 to 255."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    file: str
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    name: str = "mask"


class RegionFile(BaseModel):
    """A part of the content that is painted like a picture of its own, with its own strength."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    mask: MaskFile
    style: PictureFile
    strength: float | None = Field(None, ge=0, le=100)


class WholeFile(BaseModel):
    """What the content is a part of: all of it, small, and how long that is at the size of
    which the content is a part."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    picture: PictureFile
    longest: int = Field(ge=1)


class Device(BaseModel):
    """Something to compute on; memory in bytes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    description: str
    memory: int
    memory_free: int


JobName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


# -- host to worker ----------------------------------------------------------------------------


class PlanRequest(Message):
    """Say how a content of that size would be painted; nothing is painted, and no file read.

    `regions` is how many there will be with paintings of their own, `protect` whether something
    is protected, `begun` whether there is a picture to go on with.
    """

    type: Literal["plan"] = "plan"
    job: JobName
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    settings: dict[str, Any] = {}
    regions: int = Field(0, ge=0)
    protect: bool = False
    begun: bool = False


class Job(Message):
    """Paint `content` in the style of `styles`; the result has the content's width and height, or
    without `enlarge` those that it is painted at.

    `settings` are those of `neural_style.settings`, by name; `previews` is the least number of
    seconds between two previews (none if absent), `preview_size` their longest side. Where the
    mask `protect` is white, the content stays as it is; `regions` have styles of their own, and
    `styles` are for the rest. `initial` is a picture to go on with. `whole` tells that the content
    is but a part of the artist's picture.

    `checkpoint` is a file that the painting is kept in every few minutes: if one of the same
    painting is there, it is gone on with, and anything else is replaced. Once the job has a result
    or was cancelled at work, the file is gone; after an error or the worker's end it is there.
    """

    type: Literal["job"] = "job"
    job: JobName
    folder: str
    content: PictureFile
    styles: list[PictureFile] = Field(min_length=1)
    protect: MaskFile | None = None
    regions: list[RegionFile] = []
    initial: PictureFile | None = None
    whole: WholeFile | None = None
    settings: dict[str, Any] = {}
    enlarge: bool = True
    checkpoint: str | None = None
    previews: float | None = Field(None, ge=0)
    preview_size: int = Field(512, ge=16)


class Cancel(Message):
    """Stop the job and forget it."""

    type: Literal["cancel"] = "cancel"
    job: str


class Finish(Message):
    """Stop the job now and send what there is as its result."""

    type: Literal["finish"] = "finish"
    job: str


class Shutdown(Message):
    """End the worker; the end of its standard input does the same."""

    type: Literal["shutdown"] = "shutdown"


# -- worker to host ----------------------------------------------------------------------------


class Hello(Message):
    """The worker's first message; `networks` are those that are installed, by name."""

    type: Literal["hello"] = "hello"
    protocol: int = PROTOCOL
    version: str
    torch: str
    devices: list[Device]
    networks: list[str] = ["compact"]


class Stage(BaseModel):
    """One size, in pixels, and the number of optimiser steps taken at it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    width: int
    height: int
    steps: int


class JobPlan(Message):
    """How a job is done.

    `width` and `height` are those it is painted at, `stages` the sizes and steps on the way (the
    last may be larger: some steps at the content's own size), `total` the number of all steps,
    `tile` the side of the tiles in pixels (0 for the whole picture at once), and `memory` what
    painting will need at most, in bytes, estimated.
    """

    job: str
    device: str
    precision: str
    width: int
    height: int
    stages: list[Stage]
    total: int
    tile: int
    memory: int


class Planned(JobPlan):
    """The answer to a plan's request; `seconds` is how long it will take, estimated."""

    type: Literal["planned"] = "planned"
    seconds: float


class Accepted(JobPlan):
    """The job's files and settings are good, and this is how it will be done.

    `faces` are squares around the faces that are kept more of the photo: left, top and side in
    pixels of the content; `fraction` (0..1) of the work was done before, see `Job`.
    """

    type: Literal["accepted"] = "accepted"
    faces: list[tuple[float, float, float]] = []
    fraction: float = 0.0


class Matrix(Message):
    """How a matrix is done, which only the command line does; `progress` and `result` follow.

    `width` and `height` are the sheet's, `cells` the number of its pictures, of which `missing`
    have to be painted; for these, `total`, `memory` and `seconds` are as in `Planned`.
    """

    type: Literal["matrix"] = "matrix"
    job: str
    width: int
    height: int
    cells: int
    missing: int
    total: int
    memory: int
    seconds: float


class Alive(Message):
    """The worker is at work; there may be nothing else to say for minutes."""

    type: Literal["alive"] = "alive"
    job: str


class Progress(Message):
    """Step `step` of `total` is done; `fraction` (0..1) is of the work, not of the steps."""

    type: Literal["progress"] = "progress"
    job: str
    step: int
    total: int
    fraction: float
    eta_s: float
    stage: str
    loss: float


class Preview(Message):
    """The picture so far, small; the file belongs to the host, who deletes it."""

    type: Literal["preview"] = "preview"
    job: str
    file: str
    width: int
    height: int


class Kept(Message):
    """The job's checkpoint was written, with `fraction` (0..1) of the work done."""

    type: Literal["kept"] = "kept"
    job: str
    fraction: float


class Warning(Message):
    """Something that the artist should know, though the job goes on."""

    type: Literal["warning"] = "warning"
    job: str
    code: str
    message: str


class Result(Message):
    """The finished picture, in the content's width and height."""

    type: Literal["result"] = "result"
    job: str
    file: str
    width: int
    height: int
    seconds: float


class Error(Message):
    """The job failed, or (without `job`) a line could not be understood."""

    type: Literal["error"] = "error"
    job: str | None = None
    code: str
    message: str
    hint: str


Task = PlanRequest | Job
"""What the worker does one after the other; each has a name of its own."""

FromHost = Annotated[PlanRequest | Job | Cancel | Finish | Shutdown, Field(discriminator="type")]

_from_host: TypeAdapter[PlanRequest | Job | Cancel | Finish | Shutdown] = TypeAdapter(FromHost)


def parse_from_host(line: str | bytes) -> PlanRequest | Job | Cancel | Finish | Shutdown:
    """Read one line that a host sent.

    Raises:
        NeuralStyleError: `bad_message`, saying which field is wrong.
    """
    try:
        return _from_host.validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the line"
        raise NeuralStyleError("bad_message", f"{where}: {first['msg']}") from None
