"""What is measured on a graphics card, part by part.

Each part is a generator of rows for a table and of `Target`s; it runs in a process of its own.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
import traceback
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from benchmarks import machine, scene
from benchmarks import row as one_row
from benchmarks.row import Figures, Row
from benchmarks.targets import Target
from neural_style import budget
from neural_style.devices import device_of, free_memory, release_memory
from neural_style.errors import NeuralStyleError
from neural_style.image import Picture
from neural_style.job import Finished, Started, Warned, paint
from neural_style.network import VGG, load_weights, network_for
from neural_style.optimise import Adam
from neural_style.plan import Plan
from neural_style.resampling import resize
from neural_style.settings import MAX_SIDE, Settings, parse_settings

CORE = Path(__file__).resolve().parents[2]

GIB = 2**30

H100_CLASS = 4e14
"""Operations per second of a large bfloat16 product from which on a card counts as an H100's
equal, for which a time in seconds is promised."""

STEPS: dict[str, dict[str, Any]] = {
    "standard": {},
    "gram": {"statistic": "gram"},
    "sliced": {"statistic": "sliced"},
}
"""Kinds of steps, by the settings that make them."""

Found = Iterator[dict[str, Any] | Target]


class NotHere(Exception):  # noqa: N818 - no error
    """Raised by a part that makes no sense on the device."""


@dataclass(frozen=True)
class Task:
    """What a part is told: the device, whether sizes are small, and the folder for its files."""

    device: str
    quick: bool
    folder: str

    @property
    def demanding(self) -> bool:
        """Whether speed and memory are such that targets for cards can be asked for."""
        return not self.quick and torch.device(self.device).type == "cuda"


def run(name: str, task: Task) -> None:
    """Run one part and write what it finds into `{name}.json`, as it comes."""
    rows: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []

    def write(status: str) -> None:
        path = Path(task.folder) / f"{name}.json"
        new = path.with_suffix(".new")
        found = {"status": status, "rows": rows, "targets": targets}
        new.write_text(json.dumps(found, indent=1) + "\n")
        new.replace(path)  # whoever ends this process finds a whole file

    write("begun")
    try:
        for found in WORK[name](task):
            if isinstance(found, Target):
                targets.append({"met": found.met, "sentence": found.sentence()})
            else:
                rows.append(found)
            write("begun")
    except NotHere:
        write(f"not on {task.device}")
    else:
        write("done")


def device_tests(task: Task) -> Found:
    """The tests of tensors, those on this device."""
    report = Path(task.folder) / "device-tests.xml"
    words = ["-m", "device", "-k", task.device, f"--junitxml={report}"]
    words += ["-p", "no:cacheprovider", "-q", "tests/test_sampling.py" if task.quick else "tests"]
    subprocess.run(  # noqa: S603 - pytest
        [sys.executable, "-m", "pytest", *words], cwd=CORE.parent, check=False
    )
    cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314 - written above
    results: dict[str, list[tuple[str, str]]] = {"failed": [], "skipped": []}
    for case in cases:
        for result in case:
            if kind := {"failure": "failed", "error": "failed", "skipped": "skipped"}.get(
                result.tag
            ):
                results[kind].append((case.get("name", ""), result.get("message", "")))
    counts = {kind: len(found) for kind, found in results.items()}
    yield {"passed": len(cases) - sum(counts.values()), **counts}
    for kind, found in results.items():
        for name, message in found:
            yield {"result": kind, "test": name, "message": _first_line(message)}
    # A run that has found no test has shown nothing.
    failing = counts["failed"] if cases else None
    yield Target("device tests that fail", 0, failing, lower=True)


def steps(task: Task) -> Found:
    """One step: its time, what part of the peak that is, and its memory beside the plan's."""
    device = device_of(task.device)
    precisions = ["bfloat16", machine.TF32, "float32"]
    if device.type != "cuda":
        precisions = machine.precisions(device)
    peaks = {precision: machine.peak_flops(device, precision) for precision in precisions}
    for precision, peak in peaks.items():
        yield {"side": "matrix products", "precision": precision, "TFLOP/s": peak / 1e12}
    # The one with a target first, should the time not suffice.
    sizes = [64] if task.quick else [1024, 512, 2048]
    sides = [(sizes[0], "same loss"), *((size, "standard") for size in sizes)]
    if device.type == "cuda":  # where launches dominate
        sides.append((256, "standard"))
    for network in scene.NETWORKS:
        for size, side in sorted(sides, key=lambda one: one != (sizes[0], "standard")):
            for precision in precisions if side == "standard" else precisions[:1]:
                one = Row(network, size, task.device, precision, side, 1 if task.quick else 10)
                row = {"network": network, "px": size, "precision": precision, "side": side}
                figures = one_row.measure(one)
                if isinstance(figures, str):
                    yield {**row, "error": figures}
                    continue
                share = figures.flops / figures.seconds / peaks[precision]
                yield {**row, **_measured(one, figures), "of the peak": share}
                promised = (network, size, precision) == ("vgg19", 1024, "bfloat16")
                if task.demanding and promised and side == "standard":
                    what = "of the bfloat16 peak, a step of vgg19, standard, 1024 px"
                    yield Target(what, 0.4, share, lower=False)


def _measured(one: Row, figures: Figures) -> dict[str, float]:
    settings, tile = one_row.SIDES[one.side]
    layers = {*settings.content_layers, *settings.style_layers}
    device = "cpu" if one.device == "cpu" else "meta"  # the latter stands for any card
    dtype = machine.dtype(one.precision)
    network = VGG(scene.weights(one.network), layers, settings.pooling, device, dtype)
    planned = budget.needed(one.size, one.size, network, settings, tile)
    return {
        "ms": figures.seconds * 1000,
        "GiB": figures.bytes / GIB,
        "GiB planned": planned / GIB,
    }


def painting(task: Task) -> Found:
    """500 steps at 1024 pixels with a network of VGG-19's shape, as the library paints."""
    device = device_of(task.device)
    size, count = (64, 3) if task.quick else (1024, 500)
    fast = 0.0
    if device.type == "cuda":
        fast = machine.peak_flops(device, "bfloat16")
    with _vgg19() as network:
        for name in ("standard", "gram"):
            settings = _settings(
                task,
                **STEPS[name],
                network=network,
                precision="bfloat16" if device.type == "cuda" else "auto",
                coarsest=MAX_SIDE,
                final_steps=count,
            )
            done = _painted(_picture(scene.photo, size, size), settings)
            yield {"step": name, "px": size, "steps": done.plan.steps, "seconds": done.seconds}
            if name == "standard" and task.demanding and fast >= H100_CLASS:
                what = "seconds, 500 steps of vgg19, standard, 1024 px"
                yield Target(what, 5.0, done.seconds, lower=True)


def large(task: Task) -> Found:
    """24 megapixels with 8 GiB, from the smallest size to the largest, in a few steps each."""
    device = device_of(task.device)
    width, height = (120, 80) if task.quick else (6000, 4000)
    content = _picture(scene.photo, width, height)
    with _vgg19() as vgg19:
        for name, network in (("compact", "compact"), ("vgg19", vgg19)):
            settings = _settings(task, network=network, memory=8, steps=2, final_steps=2)
            peak = _peak(device)
            try:
                done = _painted(content, settings)
            except NeuralStyleError as error:  # the plan says that it does not fit
                yield {"network": name, "error": error.message}
                continue
            most = peak() / GIB
            yield {
                "network": name,
                "picture": f"{width} x {height}",
                "tile": done.plan.tile,
                "GiB": most,
                "GiB planned": done.plan.memory / GIB,
                "seconds": done.seconds,
                "warnings": " ".join(done.warnings),
            }
            if task.demanding:
                what = f"GiB that PyTorch took of the card, 24 megapixels, {name}"
                yield Target(what, 8.0, most, lower=True)


def _peak(device: torch.device) -> Callable[[], int]:
    """Begins to count; what it returns tells the most memory that PyTorch held since: on a card
    all that it took, on the CPU what the process did."""
    release_memory()
    if device.type != "cuda":
        return machine.Memory(device).peak
    torch.cuda.reset_peak_memory_stats(device)
    return lambda: torch.cuda.max_memory_reserved(device)


def retreat(task: Task) -> Found:
    """The memory is taken away once the plan is made: the picture is finished in tiles."""
    device = device_of(task.device)
    size = 640 if task.quick else 2048
    give_back: list[Callable[[], object]] = []
    with _vgg19() as network:
        count = 1 if task.quick else 5
        settings = _settings(task, network=network, coarsest=MAX_SIDE, final_steps=count)

        def take(plan: Plan) -> None:
            vgg = network_for(settings, device)
            # All but what the second smallest tiles need by the plan's count: should that be too
            # low, there are the smallest.
            left = budget.needed(plan.width, plan.height, vgg, settings, budget.TILES[-2])
            take_memory = _take_address_space if device.type == "cpu" else _take_card
            give_back.append(take_memory(left, device))

        def warned() -> None:
            if (
                device.type == "cpu" and give_back
            ):  # freed addresses are not free in one piece, as memory is
                give_back.pop()()

        done = _painted(_picture(scene.photo, size, size), settings, take, warned)
    finite = bool(np.isfinite(done.picture.pixels).all())
    yield {
        "px": size,
        "tile": done.plan.tile,
        "finite": finite,
        "seconds": done.seconds,
        "warnings": " ".join(done.warnings),
    }
    what = "pictures finished with less memory, of 1 whose memory was taken"
    yield Target(what, 1, float("less_memory" in done.codes and finite), lower=False)


def _take_card(left: int, device: torch.device) -> Callable[[], object]:
    """Take a card's memory but for `left` bytes; what is returned gives it back."""
    release_memory()
    size = max(free_memory(device) - left, 0)
    held = [torch.empty(size, dtype=torch.uint8, device=device)]
    return held.clear


def _take_address_space(left: int, _device: torch.device) -> Callable[[], object]:
    """Let this process have a third of `left` bytes more, at most: on the CPU a picture needs less
    than the plan says, and only the memory's end is tried."""
    if not sys.platform.startswith("linux"):
        raise NotHere
    import resource  # not on Windows

    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + left // 3
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_AS, before)


def same_seed(task: Task) -> Found:
    """The same pictures painted by two processes."""
    both: list[dict[str, Any]] = []
    for number in range(2):
        folder = Path(task.folder) / f"pictures-{number}"
        folder.mkdir(exist_ok=True)
        subprocess.run(  # noqa: S603 - this program
            command("pictures", Task(task.device, task.quick, str(folder))), check=True
        )
        with np.load(folder / "pictures.npz") as file:
            both.append(dict(file))
    for name, one in both[0].items():
        difference = np.abs(one - both[1][name])
        differing = int((difference > 0).any(2).sum())
        yield {
            "step": name,
            "pixels that differ": differing,
            "largest difference": float(difference.max()),
        }
        if name == "standard":
            what = "pixels that differ between two runs of the same seed, standard"
            yield Target(what, 0, differing, lower=True)


def pictures(task: Task) -> Found:
    """One of the two processes of `same_seed`."""
    size, count = (48, 2) if task.quick else (512, 30)
    content = _picture(scene.photo, size, size)
    painted = {}
    for name, values in STEPS.items():
        settings = _settings(task, **values, steps=count, final_steps=count)
        painted[name] = _painted(content, settings).picture.pixels
    np.savez(Path(task.folder) / "pictures.npz", **painted)
    yield {"painted": len(painted)}


def waiting(task: Task) -> Found:
    """Steps in which the processor waits for the card, and where."""
    device = device_of(task.device)
    if device.type != "cuda":
        raise NotHere
    waiting = 0
    for name, values in STEPS.items():
        step = _step(parse_settings({"colours": "free", **values}), device)
        for _ in range(3):  # what is made once is made
            step()
        row: dict[str, Any] = {"step": name, "error": "", "first": ""}
        try:
            with sync_mode("error"):
                step()
        except RuntimeError as error:
            waiting += 1
            row.update(error=_first_line(str(error)), first=_place(error))
        with warnings.catch_warnings(record=True) as told, sync_mode("warn"):
            warnings.simplefilter("always")
            step()
        places = {f"{Path(one.filename).name}:{one.lineno}" for one in told}
        yield {**row, "all": " ".join(sorted(places))}
    yield Target("kinds of steps that wait for the card", 0, waiting, lower=True)


@contextmanager
def sync_mode(mode: str) -> Iterator[None]:
    """What CUDA does, in PyTorch's words, where the processor would wait: "warn" or "error"."""
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode(mode)
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def _step(settings: Settings, device: torch.device) -> Callable[[], Tensor]:
    layers = {*settings.content_layers, *settings.style_layers}
    network = VGG(load_weights("compact"), layers, settings.pooling, device)
    content, style = (make(256).to(device) for make in (scene.photo, scene.painting))
    objective = scene.objective(network, content, style, settings)
    adam = Adam(content, settings.learning_rate, settings.averaging)
    return lambda: adam.step(objective)


def _place(error: Exception) -> str:
    """The innermost line of the engine's."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "neural_style" in frame.filename]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


@dataclass(frozen=True, kw_only=True)
class Painted:
    """A picture, the seconds that all after its plan took, and what was warned of."""

    plan: Plan
    picture: Picture
    seconds: float
    codes: list[str]
    warnings: list[str]


def _painted(
    content: Picture,
    settings: Settings,
    begun: Callable[[Plan], None] = lambda _: None,
    warned: Callable[[], None] = lambda: None,
) -> Painted:
    style = _picture(scene.painting, 512, 512)
    told: list[Warned] = []
    plan: Plan | None = None
    start = math.nan
    for event in paint(content, [style], settings):
        if isinstance(event, Started):
            plan = event.plan
            begun(plan)
            start = time.perf_counter()
        elif isinstance(event, Warned):
            told.append(event)
            warned()
        elif isinstance(event, Finished) and plan:
            return Painted(
                plan=plan,
                picture=event.picture,
                seconds=time.perf_counter() - start,
                codes=[one.code for one in told],
                warnings=[one.message for one in told],
            )
    raise RuntimeError("The painting ended without a picture")


def _settings(task: Task, **values: Any) -> Settings:
    return parse_settings({"device": task.device, **values})


def _picture(make: Callable[[int], Tensor], width: int, height: int) -> Picture:
    """One of the scene's pictures at any size, as if it came from a file."""
    return scene.picture(resize(make(min(max(width, height), 1024)), height, width))


@contextmanager
def _vgg19() -> Iterator[str]:
    """A weights file of VGG-19's shape, in this project's layout; as it has no activations, it
    is taken as it is."""
    tensors = {}
    for name, (weight, bias) in scene.random_vgg19().convolutions.items():
        tensors |= {f"{name}.weight": weight, f"{name}.bias": bias}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "vgg19.safetensors"
        save_file(tensors, path)
        yield str(path)


@dataclass(frozen=True)
class Part:
    """A part: how it works, its share of the time, and what it is to show."""

    work: Callable[[Task], Found]
    share: float
    promise: str


PARTS = {
    "tests": Part(device_tests, 0.15, "the device tests pass"),
    "waiting": Part(waiting, 0.05, "no step waits for the card"),
    "seed": Part(same_seed, 0.1, "the same seed gives the same picture"),
    "retreat": Part(retreat, 0.1, "a picture is finished when its memory is taken"),
    "large": Part(large, 0.15, "24 megapixels within 8 GiB"),
    "painting": Part(painting, 0.15, "500 steps of vgg19 at 1024 px in 5 s, on an H100's equal"),
    "steps": Part(steps, 0.3, "a step of vgg19 at 1024 px reaches 40 % of the bfloat16 peak"),
}

WORK = {"pictures": pictures, **{name: part.work for name, part in PARTS.items()}}
"""Whatever has a process of its own."""


def command(name: str, task: Task) -> list[str]:
    """What runs one part in a process of its own."""
    words = [str(CORE / "benchmarks"), "gpu", "--part", name]
    return [sys.executable, *words, task.device, str(int(task.quick)), task.folder]
