"""What several test files need: pictures, and settings that take little time."""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from PIL import Image, PngImagePlugin
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from neural_style.devices import available_devices, device_of
from neural_style.image import Picture
from neural_style.pictures import prepare
from neural_style.plan import plan_job
from neural_style.settings import Settings, parse_settings
from neural_style.studio import Studio
from required import say_once

# With more, other programs have a part in the last bits: see `neural_style.threads`.
torch.set_num_threads(1)

# The same examples in every run and no timing, as machines differ; no database in the checkout.
settings.register_profile(
    "tests",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests first: a mistake shows within the first minute. Those of `device` are marked."""
    for item in items:
        if "device" in getattr(item, "fixturenames", ()):
            item.add_marker("device")
    items.sort(
        key=lambda item: (
            bool(item.get_closest_marker("slow")) + 2 * bool(item.get_closest_marker("gimp"))
        )
    )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Each file's tests in one process, and those of windows, which take long, each GIMP's."""
    return ByFileAndWindow(config, log)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What is missing is said at the end, once."""
    say_once(terminalreporter)


_WINDOWS = "test_interface"
"""How the files with tests of windows begin."""


class ByFileAndWindow(LoadFileScheduling):
    """The first process takes the tests of windows, which mostly wait for them, and the others
    what keeps a processor busy, until one kind is done."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, case = nodeid.partition("::")
        return file + case.partition("[")[2] if _WINDOWS in file else file

    def _assign_work_unit(self, node: WorkerController) -> None:
        waits = node is self.nodes[0]
        own = [scope for scope in self.workqueue if (_WINDOWS in scope) is waits]
        if own:
            self.workqueue.move_to_end(own[0], last=False)
        super()._assign_work_unit(node)


@pytest.fixture(params=[device.name for device in reversed(available_devices())])
def device(request: pytest.FixtureRequest) -> torch.device:
    """The CPU, and whatever card there is."""
    return device_of(request.param)


@pytest.fixture
def small_settings() -> Callable[..., Settings]:
    """Settings for a picture in a second."""

    def make(**values: object) -> Settings:
        return parse_settings({"size": 48, "coarsest": 32, "steps": 4, "final_steps": 3, **values})

    return make


def drawn(height: int, width: int, name: str = "picture") -> Picture:
    """A picture with soft shapes and grain, another one for each name."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    waves = [np.sin(x * a + y * b + c) for a, b, c in random.uniform(3, 15, (3, 3))]
    grain = random.normal(0, 0.05, (height, width, 3))
    pixels = np.clip(0.5 + 0.35 * np.stack(waves, -1) + grain, 0, 1).astype(np.float32)
    return Picture(pixels, np.ones((height, width), np.float32), 8)


def studio_of(content: Picture, styles: Sequence[Picture], settings: Settings) -> Studio:
    """Where a job that paints these would begin."""
    height, width = content.alpha.shape
    plan = plan_job(width, height, settings, enlarge=False)
    pictures = prepare(content, styles, settings, longest=max(plan.width, plan.height))
    return Studio(pictures, settings, plan)


@pytest.fixture
def nothing_leaks(
    recwarn: pytest.WarningsRecorder, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """No warning, and Pillow's process-wide limits as they were."""
    before = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
    warnings.simplefilter("always")
    caplog.set_level(logging.WARNING)
    yield
    assert [str(warning.message) for warning in recwarn] == []
    assert caplog.records == []
    assert before == (Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK)


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For Hypothesis, which complains of a fixture made once for all its examples of a test."""
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="session")
def photo_files() -> dict[str, Path]:
    """Real photographs, from the packages of scikit-image and scikit-learn."""
    import skimage
    import sklearn

    folder = Path(skimage.__file__).parent / "data"
    files = {name: next(folder.glob(f"{name}.*")) for name in ("astronaut", "coffee", "chelsea")}
    files["china"] = Path(sklearn.__file__).parent / "datasets" / "images" / "china.jpg"
    return files
