"""Where may be written, and failures on the way, which leave the old file as it was."""

from __future__ import annotations

import builtins
import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from neural_style.image import check_writable, files, read_picture, write_picture, write_raw
from picture_files import ENDINGS, noise, png, read_bytes, refusal, smooth

pytestmark = pytest.mark.usefixtures("nothing_leaks")


# -- where to write ----------------------------------------------------------------------------


def check(path: Any) -> None:
    check_writable(path)


def write(path: Any) -> None:
    write_picture(path, smooth())


both = pytest.mark.parametrize("function", [check, write])


@pytest.mark.parametrize("ending", ENDINGS)
def test_check_creates_nothing(tmp_path: Path, ending: str) -> None:
    check_writable(tmp_path / f"x.{ending}")
    check_writable(str(tmp_path / f"x.{ending}"))
    assert os.listdir(tmp_path) == []


@both
@pytest.mark.parametrize("name", ["x", "x.", "x.gif", "x.bmp", "x.png.exe", ".png", "png"])
def test_unknown_ending(tmp_path: Path, function: Callable[[Any], None], name: str) -> None:
    assert str(tmp_path / name) in refusal("unsupported_format", function, tmp_path / name)
    assert os.listdir(tmp_path) == []


@both
def test_folder_is_missing(tmp_path: Path, function: Callable[[Any], None]) -> None:
    path = tmp_path / "none" / "x.png"
    assert refusal("cannot_write", function, path) == f"There is no folder {tmp_path / 'none'}"
    (tmp_path / "file").touch()
    refusal("cannot_write", function, tmp_path / "file" / "x.png")
    assert os.listdir(tmp_path) == ["file"]


@both
def test_output_is_a_folder(tmp_path: Path, function: Callable[[Any], None]) -> None:
    (tmp_path / "x.png").mkdir()
    assert (
        refusal("cannot_write", function, tmp_path / "x.png") == f"{tmp_path / 'x.png'} is a folder"
    )
    refusal("cannot_write", function, tmp_path)
    assert os.listdir(tmp_path) == ["x.png"]


@both
def test_name_without_folder_is_in_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: Callable[[Any], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    function("x.png")
    assert os.listdir(tmp_path) == (["x.png"] if function is write else [])


@both
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipe_is_not_replaced(tmp_path: Path, function: Callable[[Any], None]) -> None:
    os.mkfifo(tmp_path / "x.png")
    refusal("cannot_write", function, tmp_path / "x.png")
    assert os.listdir(tmp_path) == ["x.png"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder below which only its own permissions matter (pytest's own are root's alone)."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in folder.rglob("*"):
        path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def nobody(open_folder: Path) -> Iterator[Callable[[], None]]:
    """A function that gives up root's right to everything, until the test is over."""
    if os.name != "posix":
        pytest.skip("permissions work otherwise here")
    real, effective, _ = os.getresuid()
    read_bytes(png(noise()))  # so that all modules are loaded that nobody may perhaps not read
    write_picture(open_folder / "x.webp", smooth())

    def become() -> None:
        if effective == 0:
            os.setresuid(65534, 65534, 0)

    yield become
    if effective == 0:
        os.setresuid(real, effective, 0)


def test_reading_without_permission(open_folder: Path, nobody: Callable[[], None]) -> None:
    path = open_folder / "secret.png"
    path.write_bytes(png(noise()))
    path.chmod(0)
    nobody()
    sentence = refusal("cannot_read", read_picture, path)
    assert sentence == f"{path} cannot be read: {os.strerror(errno.EACCES)}"


@both
def test_writing_without_permission(
    open_folder: Path, nobody: Callable[[], None], function: Callable[[Any], None]
) -> None:
    (open_folder / "closed").mkdir(mode=0o555)
    (open_folder / "old").mkdir()
    (open_folder / "old").chmod(0o777)
    old = open_folder / "old" / "x.png"
    old.touch()
    old.chmod(0o444)
    nobody()
    sentence = refusal("cannot_write", function, open_folder / "closed" / "x.png")
    assert sentence == f"You may not write to {open_folder / 'closed'}"
    assert "overwritten" in refusal("cannot_write", function, old)
    assert os.listdir(open_folder / "closed") == []


@pytest.mark.skipif(os.name != "posix", reason="permissions work otherwise here")
@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_permissions(tmp_path: Path, mask: int) -> None:
    path, raw = tmp_path / "x.png", tmp_path / "x.raw"
    before = os.umask(mask)
    try:
        write_picture(path, smooth())
        write_raw(raw, smooth())
        assert path.stat().st_mode & 0o777 == 0o666 & ~mask
        assert raw.stat().st_mode & 0o777 == 0o666 & ~mask
        path.chmod(0o604)
        write_picture(path, smooth())
        assert path.stat().st_mode & 0o777 == 0o604
    finally:
        os.umask(before)


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege there")
def test_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "x.png").symlink_to(tmp_path / "real" / "y.png")
    for _ in range(2):  # at first it leads nowhere
        write_picture(tmp_path / "x.png", smooth())
        assert (tmp_path / "x.png").is_symlink()
        assert os.listdir(tmp_path / "real") == ["y.png"]
    assert sorted(os.listdir(tmp_path)) == ["real", "x.png"]


# -- failures on the way -----------------------------------------------------------------------


def raw(path: Path) -> None:
    write_raw(path, smooth(200, 200))


def small_raw(path: Path) -> None:
    write_raw(path, smooth(1, 1))


writers = pytest.mark.parametrize("function", [write, raw, small_raw])


@writers
@pytest.mark.parametrize("existing", [True, False])
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_full_disk(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: Callable[[Path], None],
    existing: bool,
) -> None:
    """The temporary file is made, but its bytes go to a device without room."""
    made = []

    def open_full(path: str, mode: str) -> Any:
        builtins.open(path, mode).close()
        made.append(path)
        return builtins.open("/dev/full", "wb")

    path = tmp_path / "x.png"
    if existing:
        path.write_bytes(b"old")
    monkeypatch.setattr(files, "open", open_full, raising=False)
    sentence = refusal("disk_full", function, path)
    assert sentence == f"There is no room left on the disk for {path}"
    assert os.path.dirname(made[0]) == str(tmp_path)
    assert made[0].endswith(".part")
    assert os.listdir(tmp_path) == (["x.png"] if existing else [])
    assert not existing or path.read_bytes() == b"old"


@writers
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EIO, "cannot_write"),
        (errno.EROFS, "cannot_write"),
    ],
)
def test_failure_at_the_last_step(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: Callable[[Path], None],
    number: int,
    code: str,
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    path = tmp_path / "x.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", fail)
    sentence = refusal(code, function, path)
    assert str(path) in sentence
    assert (os.strerror(number) in sentence) == (code == "cannot_write")
    assert os.listdir(tmp_path) == ["x.png"]
    assert path.read_bytes() == b"old"


@writers
def test_interruption_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: Callable[[Path], None]
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        function(tmp_path / "x.png")
    assert os.listdir(tmp_path) == []


def test_failing_encoder_leaves_the_old_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> bytes:
        raise MemoryError

    path = tmp_path / "x.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(cv2, "imencodeWithMetadata", fail)
    with pytest.raises(MemoryError):
        write(path)
    assert os.listdir(tmp_path) == ["x.png"]
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder that holds no files")
def test_folder_that_takes_no_files() -> None:
    refusal("cannot_write", raw, Path("/proc/self/x.raw"))
    refusal("cannot_write", write, Path("/proc/self/x.png"))


def test_raw_file_in_a_missing_folder(tmp_path: Path) -> None:
    refusal("cannot_write", raw, tmp_path / "none" / "x.raw")


def test_longest_possible_name(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 251 + ".png")
    write(path)
    assert os.listdir(tmp_path) == [path.name]
