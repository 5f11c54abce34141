"""What a host asks of the worker, done: a request in, messages out."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import asdict
from pathlib import Path

import torch

from neural_style import __version__, protocol
from neural_style.checkpoint import Checkpoint
from neural_style.devices import available_devices, keep_memory, release_memory
from neural_style.errors import NeuralStyleError
from neural_style.image import Picture, read_raw, read_raw_mask, write_raw
from neural_style.job import Finished, Progress, Started, Warned, paint
from neural_style.keeper import Keeper, Kept
from neural_style.masks import Guidance, Mask, Region, guided_area, mask_of
from neural_style.network import installed_networks
from neural_style.pictures import Whole
from neural_style.plan import Plan, plan_job
from neural_style.settings import parse_settings


def begin() -> protocol.Hello:
    """Make ready for the first task; what this worker has to work with."""
    keep_memory()
    return protocol.Hello(
        version=__version__,
        torch=torch.__version__,
        devices=available_devices(),
        networks=installed_networks(),
    )


def end() -> None:
    """Give back what a task needed."""
    release_memory()


def done(
    task: protocol.Task, finish: Callable[[], bool]
) -> Generator[protocol.Message, None, None]:
    """Do a task; yields what its host is told, `planned` or `result` last.

    Args:
        task: a job or the request for a plan.
        finish: once true, a job's picture is finished as it is.

    Raises:
        NeuralStyleError: for everything that the person can do something about.
    """
    if isinstance(task, protocol.PlanRequest):
        settings = parse_settings(task.settings)
        plan = plan_job(
            task.width,
            task.height,
            settings,
            enlarge=True,
            regions=task.regions,
            guided=guided_area(task.regions, float(task.protect)),  # each as large as the picture
            begun=task.begun,
        )
        yield planned(task.job, plan)
    else:
        yield from _painted(task, finish)


def _painted(
    job: protocol.Job, finish: Callable[[], bool]
) -> Generator[protocol.Message, None, None]:
    started = time.monotonic()
    settings = parse_settings(job.settings)
    content = read_raw(job.content)
    styles = [read_raw(style) for style in job.styles]
    guidance, initial = _guidance(job), read_raw(job.initial) if job.initial else None
    previews = _Previews(job)
    keeper = None
    if job.checkpoint:
        keeper = Keeper(
            Path(job.checkpoint),
            content,
            styles,
            settings,
            guidance=guidance,
            initial=initial,
            enlarge=job.enlarge,
        )
    events = paint(
        content,
        styles,
        settings,
        guidance=guidance,
        initial=initial,
        resume=_begun(keeper) if keeper else None,
        whole=Whole(picture=read_raw(job.whole.picture), longest=job.whole.longest)
        if job.whole
        else None,
        enlarge=job.enlarge,
        finish=finish,
    )
    try:
        for event in keeper.watch(events) if keeper else events:
            if message := as_message(job.job, event):
                yield message
            if isinstance(event, Progress) and previews.due():
                longest = min(job.preview_size, max(job.content.width, job.content.height))
                yield previews.write(event.picture(longest))
            elif isinstance(event, Finished):
                file = write_raw(Path(job.folder) / f"{job.job}-result.raw", event.picture)
                if keeper:
                    keeper.remove()
                seconds = time.monotonic() - started
                yield protocol.Result(job=job.job, seconds=seconds, **file.model_dump())
    except Exception:
        raise  # what was painted so far can be gone on with
    except BaseException:
        if keeper:  # nobody wants it any more
            keeper.remove()
        raise


def _begun(keeper: Keeper) -> Checkpoint | None:
    """Where to go on; from the start, if what is kept there is of no use."""
    try:
        return keeper.load()
    except NeuralStyleError:
        return None


def _guidance(job: protocol.Job) -> Guidance:
    def mask(file: protocol.MaskFile) -> Mask:
        return mask_of(read_raw_mask(file), file.name)

    regions = [
        Region(mask=mask(one.mask), style=read_raw(one.style), strength=one.strength)
        for one in job.regions
    ]
    return Guidance(protect=mask(job.protect) if job.protect else None, regions=regions)


class _Previews:
    """When the next preview of a job is due, and the files of those so far."""

    def __init__(self, job: protocol.Job) -> None:
        self.job = job
        self.count = 0
        self.last = -float("inf")

    def due(self) -> bool:
        wait = self.job.previews
        return wait is not None and time.monotonic() - self.last >= wait

    def write(self, picture: Picture) -> protocol.Preview:
        self.last = time.monotonic()
        self.count += 1
        path = Path(self.job.folder) / f"{self.job.job}-preview-{self.count}.raw"
        return protocol.Preview(job=self.job.job, **write_raw(path, picture).model_dump())


def as_message(job: str, event: object) -> protocol.Message | None:
    """What the host is told of an event, if anything; a picture has to be written first."""
    if isinstance(event, Started):
        told = {**_told(job, event.plan), "faces": event.faces, "fraction": event.fraction}
        return protocol.Accepted.model_validate(told)
    if isinstance(event, Progress):
        return protocol.Progress(
            job=job,
            step=event.step,
            total=event.total,
            fraction=event.fraction,
            eta_s=event.eta_s,
            stage=event.stage,
            loss=event.loss,
        )
    if isinstance(event, Kept):
        return protocol.Kept(job=job, fraction=event.fraction)
    if isinstance(event, Warned):
        return protocol.Warning(job=job, code=event.code, message=event.message)
    return None


def planned(job: str, plan: Plan) -> protocol.Planned:
    """A plan as the answer to its request."""
    return protocol.Planned.model_validate({**_told(job, plan), "seconds": plan.seconds})


def _told(job: str, plan: Plan) -> dict[str, object]:
    """A plan in the fields of a message."""
    same = "device", "precision", "width", "height", "tile", "memory"
    told = {name: getattr(plan, name) for name in same}
    return {**told, "job": job, "stages": [asdict(one) for one in plan.stages], "total": plan.steps}
