"""The library, as a script or a notebook uses it."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_type_hints

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

import neural_style as ns
from conftest import drawn
from neural_style import api, job
from neural_style.errors import HINTS
from neural_style.image import MAX_PIXELS, Picture, read_picture, to_pillow, write_picture
from neural_style.settings import Keywords, Settings, field_type

QUICK = Keywords(size=48, coarsest=32, steps=4, final_steps=3)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("그림")
    for name in ("photo", "painting"):
        write_picture(folder / f"{name}.png", drawn(40, 60, name))
    return folder / "photo.png", folder / "painting.png"


@pytest.fixture(scope="module")
def painted(files: tuple[Path, Path]) -> Image.Image:
    return ns.stylize(*files, **QUICK)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(ns.NeuralStyleError) as caught:
        call()
    assert caught.value.code in HINTS
    assert str(caught.value).endswith(".")
    return caught.value.code


# -- pictures in, a picture out ------------------------------------------------------------------


def test_files_give_a_pillow_image(painted: Image.Image, files: tuple[Path, Path]) -> None:
    assert (painted.mode, painted.size) == ("RGB", (48, 32))
    assert np.asarray(painted).std() > 10
    assert ns.stylize(str(files[0]), [str(files[1])], **QUICK) == painted
    assert sorted(path.name for path in files[0].parent.iterdir()) == ["painting.png", "photo.png"]


@pytest.mark.parametrize(
    "convert",
    [
        lambda image: image,
        lambda image: Image.open(as_file(image)),
        lambda image: image.convert("RGBA"),
        lambda image: np.asarray(image),
        lambda image: np.asarray(image.convert("RGBA")),
        lambda image: np.asarray(image)[:, ::-1][:, ::-1],
        lambda image: np.asarray(image).astype(np.uint16) * 257,
        lambda image: np.asarray(image) / 255,
        lambda image: np.asarray(image, np.float32) / np.float32(255),
    ],
    ids=["image", "file", "rgba", "uint8", "uint8-alpha", "view", "uint16", "float64", "float32"],
)
def test_images_and_arrays_are_read_as_the_file_is(
    files: tuple[Path, Path], convert: Callable[[Image.Image], Any]
) -> None:
    expected = read_picture(files[0])
    picture = read(convert(Image.open(files[0])))
    assert np.array_equal(picture.pixels, expected.pixels)
    assert np.array_equal(picture.alpha, expected.alpha)


def test_images_and_arrays_are_painted_as_files_are(
    files: tuple[Path, Path], painted: Image.Image
) -> None:
    photo, painting = map(Image.open, files)
    assert ns.stylize(np.asarray(photo), painting, **QUICK) == painted


def as_file(image: Image.Image, kind: str = "PNG", **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    return file


def read(source: Any) -> Picture:
    return api._picture(source, "The photo")


def test_grey_and_every_mode_of_pillow() -> None:
    image = to_pillow(drawn(20, 30))
    grey = np.asarray(image.convert("L"))
    expected = np.repeat(grey[..., None], 3, 2) / np.float32(255)
    for source in (grey, image.convert("L"), grey / 255, Image.fromarray(grey / np.float32(255))):
        assert np.allclose(read(source).pixels, expected, atol=1e-6)
    for mode in ("1", "P", "LA", "CMYK", "YCbCr", "HSV", "LAB", "I;16", "I"):
        picture = read(image.convert("L").convert(mode) if "I" in mode else image.convert(mode))
        assert picture.pixels.shape == (20, 30, 3)


def test_orientation_and_profile_count_as_in_files(tmp_path: Path) -> None:
    """Also in an image that was changed after it had been opened."""
    image = to_pillow(drawn(20, 30))
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = imagecodecs.cms_profile("adobergb")
    plain = read(np.rot90(np.asarray(image), -1)).pixels
    for kind in ("PNG", "JPEG", "TIFF"):
        path = tmp_path / f"turned.{kind}"
        image.save(path, kind, exif=exif, icc_profile=profile, quality=95)
        expected = read_picture(path).pixels
        assert expected.shape == (30, 20, 3)
        assert 0.02 < np.abs(expected - plain).mean() < 0.1
        opened = Image.open(path)
        for source in (opened, opened.copy(), opened.convert("RGBA")):
            assert np.array_equal(read(source).pixels, expected), kind


def test_no_source_is_changed(files: tuple[Path, Path]) -> None:
    photo = np.asarray(Image.open(files[0])) / np.float32(255)
    before = photo.copy()
    photo.flags.writeable = False
    ns.stylize(photo, photo, **QUICK)
    assert np.array_equal(photo, before)


def test_transparency_stays(files: tuple[Path, Path]) -> None:
    photo = np.array(Image.open(files[0]).convert("RGBA"))
    photo[:, :20, 3] = 0
    seen: list[Image.Image] = []
    settings = Keywords(QUICK, size=0)
    result = ns.stylize(
        photo, files[1], on_progress=lambda now: seen.append(now.image()), **settings
    )
    assert {image.mode for image in [result, *seen]} == {"RGBA"}
    assert np.array_equal(np.asarray(result)[:, :20], photo[:, :20])
    assert np.array_equal(np.asarray(result)[..., 3], photo[..., 3])


def test_16_bits_are_read_as_such(tmp_path: Path) -> None:
    grey = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30) * 100
    tifffile.imwrite(tmp_path / "deep.tif", grey)
    for source in (grey, Image.fromarray(grey), tmp_path / "deep.tif"):
        assert np.allclose(read(source).pixels[..., 0], grey / 65535, atol=1e-6)
    assert read(grey).depth == 16
    assert read(grey.astype(np.uint8)).depth == 8


def test_floats_a_little_beyond_are_clipped() -> None:
    values = np.linspace(-0.2, 1.2, 400, dtype=np.float16).reshape(20, 20)
    pixels = read(values).pixels
    assert (pixels.min(), pixels.max()) == (0, 1)


@pytest.mark.slow
def test_masks_and_going_on(files: tuple[Path, Path], painted: Image.Image) -> None:
    photo, painting = files
    mask = np.zeros((40, 60), np.float32)
    mask[:, :30] = 1
    quick = Keywords(coarsest=32, steps=4, final_steps=3, colours="free")
    regions = [(mask, painting), (Image.new("L", (60, 40), 9), painting, 10)]
    result = ns.stylize(photo, painting, protect=mask, regions=regions, **quick)
    change = np.abs(np.asarray(result, float) - np.asarray(Image.open(photo), float)).mean((0, 2))
    assert change[:28].max() < 1.5 < 2.5 < change[32:].mean()
    more = ns.stylize(photo, painting, initial=result, steps=1, final_steps=1)
    assert np.abs(np.asarray(more, float) - np.asarray(result, float)).mean() < 20


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"protect": np.zeros((40, 60))}, "mask_empty"),
        ({"protect": np.ones((20, 20))}, "mask_size"),
        ({"protect": "gone.png"}, "file_missing"),
        ({"protect": 5}, "not_an_image"),
        ({"regions": [np.ones((40, 60))]}, "bad_settings"),
        ({"regions": [("mask.png",)]}, "bad_settings"),
        ({"regions": [(np.ones((40, 60)), drawn(20, 20), "much")]}, "bad_settings"),
        ({"initial": 5}, "not_an_image"),
    ],
)
def test_masks_that_cannot_be_used(
    files: tuple[Path, Path], given: dict[str, Any], code: str
) -> None:
    if code == "bad_settings" and len(given["regions"][0]) == 3:
        given = {"regions": [(np.ones((40, 60)), files[1], "much")]}
    assert code_of(lambda: ns.stylize(*files, **QUICK, **given)) == code


def test_blend(files: tuple[Path, Path], painted: Image.Image) -> None:
    photo, one = files
    two = drawn(50, 50, "other")
    blends: list[Sequence[float] | str] = [[1, 0], (2, 1), "0,1"]
    blended = [
        np.asarray(ns.stylize(photo, [one, to_pillow(two)], **Keywords(QUICK, blend=blend)), int)
        for blend in blends
    ]
    distances = [np.abs(picture - np.asarray(painted, int)).mean() for picture in blended]
    assert distances[0] == 0
    assert 0 < distances[1] < distances[2]


# -- on the way ----------------------------------------------------------------------------------


def test_progress(files: tuple[Path, Path], painted: Image.Image) -> None:
    steps: list[ns.Progress] = []
    sizes = []

    def look(progress: ns.Progress) -> None:
        steps.append(progress)
        sizes.append((progress.image(24).size, progress.image().size))

    assert ns.stylize(*files, on_progress=look, **QUICK) == painted
    assert all(isinstance(progress, ns.Progress) for progress in steps)
    assert set(sizes) == {((24, 16), (48, 32))}
    last = steps[-1]
    assert (last.step, last.fraction, last.stage) == (last.total, pytest.approx(1), "48 x 32")
    assert last.loss > 0
    assert last.eta_s == pytest.approx(0, abs=1e-6)


def test_a_bar_only_if_asked_for(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    ns.stylize(*files, **QUICK)
    assert capsys.readouterr() == ("", "")
    ns.stylize(*files, progress_bar=True, **QUICK)
    out, shown = capsys.readouterr()
    assert out == ""
    for words in ("48 x 32 |", "100%, step ", ", loss ", "00:00 left\n"):
        assert words in shown


def test_cancel_is_asked_after_each_step(files: tuple[Path, Path]) -> None:
    asked = 0

    def cancel() -> bool:
        nonlocal asked
        asked += 1
        return asked == 3

    settings = Keywords(QUICK, final_steps=100_000)
    assert code_of(lambda: ns.stylize(*files, cancel=cancel, **settings)) == "cancelled"
    assert asked == 3


@pytest.mark.parametrize("error", [KeyboardInterrupt, StopIteration, ZeroDivisionError])
def test_what_the_callback_raises_ends_it_and_comes_out(
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
) -> None:
    """At once, whoever holds on to the traceback, and without a file."""
    ended = []

    def paint(*given: Any, **options: Any) -> Iterator[job.Event]:
        try:
            yield from job.paint(*given, **options)
        finally:
            ended.append(True)

    def fail(_: ns.Progress) -> None:
        raise error("enough")

    monkeypatch.setattr(api, "paint", paint)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match="enough"):
        ns.stylize(*files, on_progress=fail, **QUICK)
    assert ended
    assert not list(tmp_path.iterdir())


# -- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("photo", "code"),
    [
        ("none.png", "file_missing"),
        (Path(__file__).parent, "file_missing"),
        (Path(__file__), "not_an_image"),
        (None, "not_an_image"),
        (b"photo.png", "not_an_image"),
        (np.zeros((3, 40, 60), np.uint8), "not_an_image"),
        (np.zeros((40, 60, 2), np.uint8), "not_an_image"),
        (np.zeros(40, np.uint8), "not_an_image"),
        (np.zeros((40, 60), np.int64), "not_an_image"),
        (np.zeros((40, 60), bool), "not_an_image"),
        (np.full((40, 60), 255.0), "not_an_image"),
        (np.full((40, 60), -1.0), "not_an_image"),
        (np.full((40, 60), np.nan), "not_an_image"),
        (Image.new("F", (60, 40), 255.0), "not_an_image"),
        (np.zeros((0, 60), np.float32), "image_too_small"),
        (np.zeros((40, 60, 4), np.uint8), "image_transparent"),
        (np.broadcast_to(np.uint8(0), (MAX_PIXELS, 2)), "image_too_large"),
    ],
)
def test_pictures_that_are_none(files: tuple[Path, Path], photo: Any, code: str) -> None:
    assert code_of(lambda: ns.stylize(photo, files[1], **QUICK)) == code
    if not isinstance(photo, (str, Path)):
        with pytest.raises(ns.NeuralStyleError, match="The style picture"):
            ns.stylize(files[0], photo, **QUICK)


def test_images_that_pillow_cannot_decode(files: tuple[Path, Path]) -> None:
    data = files[0].read_bytes()
    cut = Image.open(io.BytesIO(data[: len(data) // 2]))
    closed = Image.open(files[0])
    closed.close()
    for image in (cut, closed):
        assert code_of(lambda image=image: ns.stylize(image, files[1])) == "image_damaged"


@pytest.mark.parametrize(
    "settings",
    [
        {"strength": 101},
        {"size": "large"},
        {"colour": "photo"},
        {"style_layers": {"conv9_1": 1}},
        {"blend": [1, 2, 3]},
        {"blend": [[1]]},
    ],
)
def test_wrong_settings(files: tuple[Path, Path], settings: dict[str, Any]) -> None:
    assert code_of(lambda: ns.stylize(*files, **settings)) == "bad_settings"


def test_no_style_picture(files: tuple[Path, Path]) -> None:
    assert code_of(lambda: ns.stylize(files[0], [], **QUICK)) == "bad_settings"


def test_warnings_are_pythons(
    photo_files: dict[str, Path],
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those of the files, and those that come while it is painted."""

    def paint(*given: Any, **options: Any) -> Iterator[job.Event]:
        yield job.Warned("less_memory", "The memory ran out")
        yield from job.paint(*given, **options)

    monkeypatch.setattr(api, "paint", paint)
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(photo_files["china"].read_bytes()[:-3])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ns.stylize(cut, files[1], **QUICK)
    ours = [one for one in caught if isinstance(one.message, ns.NeuralStyleWarning)]
    assert [one.message.code for one in ours] == ["image_truncated", "less_memory"]  # type: ignore[union-attr]
    assert ours[-1].filename == __file__


# -- names ---------------------------------------------------------------------------------------


def test_import_loads_nothing_heavy() -> None:
    script = (
        "import os, sys, neural_style as ns\n"
        "assert ns.__version__ and 'stylize' in dir(ns)\n"
        "assert os.environ['GOMP_SPINCOUNT']\n"
        "heavy = {'torch', 'numpy', 'PIL', 'pydantic', 'tqdm'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "ns.NeuralStyleError, ns.Settings\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_all_names_are_there_and_no_others() -> None:
    assert sorted(ns.__all__) == dir(ns)
    for name in ns.__all__:
        assert getattr(ns, name) is not None
    assert set(ns._HOMES) == set(ns.__all__) - {"__version__"}
    with pytest.raises(AttributeError, match="no attribute 'paint'"):
        _ = ns.paint  # type: ignore[attr-defined]


def test_keywords_are_the_settings() -> None:
    """So that an editor completes them, with the types that a caller may give."""
    hints = get_type_hints(Keywords)
    assert list(hints) == list(Settings.model_fields)
    loose = {"numbers": Sequence[float] | str, "layers": Mapping[str, float] | str}
    for name, field in Settings.model_fields.items():
        assert hints[name] == loose.get(field_type(name), field.annotation), name
    (keywords,) = get_args(get_type_hints(ns.stylize)["settings"])
    assert keywords is Keywords


@pytest.mark.parametrize("given", [{"cancel": True}, {"on_progress": 5}])
def test_what_is_no_function_is_named(given: dict[str, Any]) -> None:
    with pytest.raises(ns.NeuralStyleError, match="should be a function") as caught:
        ns.stylize("photo.png", "painting.png", **given)
    assert caught.value.code == "bad_settings"
