"""The library: `import neural_style as ns; ns.stylize("photo.jpg", "painting.jpg")`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from typing_extensions import Unpack

from neural_style.axes import CELL_SIZE, Axis, axis, grid_of
from neural_style.bar import Bar, Count
from neural_style.cells import AllPainted, Images, paint_cells, prepare_cells
from neural_style.errors import NeuralStyleError, NeuralStyleWarning
from neural_style.frames.library import is_video
from neural_style.frames.output import (
    check_output,
    find_sound,
    finish,
    folder_of,
    forget,
    is_finished,
    open_footage,
    take_over,
)
from neural_style.frames.run import Done, film_key, made_of, paint_film
from neural_style.image import Picture, from_array, from_pillow, read_picture, to_pillow
from neural_style.job import Finished, Progress, Warned, paint
from neural_style.keeper import Keeper
from neural_style.masks import Guidance, Mask, Region, mask_of_picture, strength_of
from neural_style.schedule import longest_side
from neural_style.series.cluster import cluster_painters
from neural_style.series.inputs import find_photos
from neural_style.series.manifest import Entry, Manifest
from neural_style.series.painters import MOST_JOBS, Painter, local_painters
from neural_style.series.run import paint_series, prepare_series
from neural_style.settings import Keywords, parse_settings
from neural_style.sheet import draw_sheet, sheet_size
from neural_style.styles import find

File: TypeAlias = str | os.PathLike[str]
"""A file's path."""

Source: TypeAlias = str | os.PathLike[str] | Image.Image | NDArray[Any]
"""A picture: a file's path, a Pillow image, or an array (see `image.from_array`)."""


def stylize(
    content: Source,
    styles: Source | Iterable[Source],
    *,
    protect: Source | None = None,
    regions: Iterable[tuple[Source, Source] | tuple[Source, Source, float]] = (),
    initial: Source | None = None,
    checkpoint: File | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    progress_bar: bool = False,
    cancel: Callable[[], bool] | None = None,
    **settings: Unpack[Keywords],
) -> Image.Image:
    """Paint a photo in the style of a painting.

    Pictures are paths, Pillow images of any mode, or arrays (H, W), (H, W, 3) or (H, W, 4) of
    uint8, uint16 or floats 0..1 in sRGB. None of them is changed, and no file is written but a
    checkpoint.

    Args:
        content: the photo. Its transparent pixels are left as they are.
        styles: the painting, or several; `blend` says how much each counts. A word such as
            "impasto" is one of the styles that come with the program, unless a file is called so.
        protect: a mask as large as the photo; where it is white, the photo stays as it is.
        regions: masks, each with a painting and perhaps a strength of its own, such as
            `[("sky.png", "turner.jpg"), ("sea.png", "hokusai.jpg", 70)]`; `styles` are for the
            rest. Soft edges mix. At most eight.
        initial: a picture to go on with, such as an earlier result; then only the steps at the
            full size are taken.
        checkpoint: a file in which a long painting is kept every few minutes. If it is there, of
            the same pictures and settings, the painting goes on from it; once that is finished,
            the file is gone.
        on_progress: called at most ten times a second with the steps, the time left, the loss
            and, if asked for with `progress.image()`, the picture so far. What it raises ends
            the painting and comes out of this call.
        progress_bar: show a bar on standard error, or in the notebook.
        cancel: asked after each step; once it says true, the painting ends with an error.
        settings: `Settings` says what there is and what each is if not given.

    Returns:
        The picture, in sRGB with 8 bits per channel: RGB, or RGBA if the photo has transparency.

    Warns:
        NeuralStyleWarning: something is not as it should be, but the work goes on.

    Raises:
        NeuralStyleError: its `code` says what went wrong, as on the command line, such as
            `bad_settings` or `file_missing`; `cancelled` if `cancel` said so; `checkpoint_other`
            or `checkpoint_damaged` for a file that is there and cannot be gone on from.
    """
    for name, given in (("on_progress", on_progress), ("cancel", cancel)):
        if given is not None and not callable(given):
            message = f"{name} is {given!r} but should be a function"
            raise NeuralStyleError("bad_settings", message, "Give a function's name, without ().")
    values = parse_settings({**settings})
    photo = _picture(content, "The photo")
    paintings = [_picture(_found(style), "The style picture") for style in _several(styles)]
    begun = None if initial is None else _picture(initial, "The picture to go on with")
    guidance = _guidance(protect, regions)
    keeper = None
    if checkpoint is not None:
        path = _place(checkpoint)
        keeper = Keeper(path, photo, paintings, values, guidance=guidance, initial=begun)
    events = paint(
        photo,
        paintings,
        values,
        guidance=guidance,
        initial=begun,
        resume=keeper.load() if keeper else None,
        finish=lambda: _stop(cancel),
    )
    result = photo
    try:
        with Bar(shown=progress_bar, keep=True) as bar, closing(events):
            for event in keeper.watch(events) if keeper else events:
                if isinstance(event, Progress):
                    bar.show(event)
                    if on_progress:
                        on_progress(event)
                elif isinstance(event, Warned):
                    warnings.warn(NeuralStyleWarning(event.code, event.message), stacklevel=2)
                elif isinstance(event, Finished):
                    result = event.picture
    except BaseException:
        if keeper:
            keeper.interrupt()
        raise
    if keeper:
        keeper.remove()
    return to_pillow(result)


def _stop(cancel: Callable[[], bool] | None) -> bool:
    if cancel and cancel():
        raise NeuralStyleError("cancelled", "The painting was cancelled")
    return False


def _place(file: File) -> Path:
    """A file that is to be written later, in a folder that is there."""
    path = Path(file)
    if not path.parent.is_dir():
        raise NeuralStyleError("cannot_write", f"There is no folder {path.parent}")
    return path


@dataclass(frozen=True)
class Matrix:
    """Pictures with other values of two settings.

    Attributes:
        pictures: a list for each row, of Pillow images as `stylize` returns them.
        sheet: all of them on one, labelled with the settings; a Pillow image, RGB.
    """

    pictures: list[list[Image.Image]]
    sheet: Image.Image


def matrix(
    content: Source,
    styles: Source | Iterable[Source],
    *,
    rows: tuple[str, Iterable[Any]],
    columns: tuple[str, Iterable[Any]],
    **settings: Unpack[Keywords],
) -> Matrix:
    """Paint a photo several times, with other values of two settings.

        ns.matrix(
            "photo.jpg",
            "painting.jpg",
            rows=("strength", [25, 50, 75]),
            columns=("style_scale", [0.5, 1, 2]),
        ).sheet.save("sheet.png")

    Each picture is kept in the user's cache folder as soon as it is painted, and found there the
    next time, also by the command line.

    Args:
        content, styles: as in `stylize`.
        rows, columns: a setting's name and its values. At most 400 pictures.
        settings: what is the same everywhere; `size` is 256 pixels if not given, or what
            a very long photo needs.

    Warns:
        NeuralStyleWarning: as `stylize`.

    Raises:
        NeuralStyleError: as `stylize`; nothing is painted if it is a mistake in the arguments.
    """
    axes = _axis(rows, "Rows"), _axis(columns, "Columns")
    grid_of(*axes, settings)  # whether there is a mistake in it
    photo = _picture(content, "The photo")
    paintings = [_picture(_found(style), "The style picture") for style in _several(styles)]
    height, width = photo.alpha.shape
    grid = grid_of(*axes, settings, longest=longest_side(width, height, CELL_SIZE))
    sheet_size(width, height, grid)  # whether it can be drawn
    images: Images = []
    for event in paint_cells(photo, paintings, prepare_cells(photo, paintings, grid)):
        if isinstance(event, Warned):
            warnings.warn(NeuralStyleWarning(event.code, event.message), stacklevel=2)
        elif isinstance(event, AllPainted):
            images = event.images
    return Matrix(images, draw_sheet(images, grid))


@dataclass(frozen=True)
class Painted:
    """A picture of a batch.

    Attributes:
        photo: its file.
        output: the result's file; None if it could not be painted.
        error: why not; None if it could.
        seconds: it took, this time or whenever it was painted.
    """

    photo: Path
    output: Path | None
    error: NeuralStyleError | None
    seconds: float


def batch(
    photos: File | Iterable[File],
    styles: File | Iterable[File],
    output: File,
    *,
    each: bool = False,
    jobs: int | None = None,
    devices: Iterable[str] = (),
    ray: str | None = None,
    depth: int | None = None,
    on_picture: Callable[[Painted], object] | None = None,
    progress_bar: bool | None = False,
    **settings: Unpack[Keywords],
) -> list[Painted]:
    """Paint many photos into a folder, each kept there as soon as it is finished.

    What is there already is not painted again, as long as photo, paintings and settings are the
    same: after an interruption, or with more photos, the same call goes on. The folder's
    `neural-style.jsonl` tells what is there.

    Args:
        photos: files, folders (all pictures in them, also in folders below) or patterns such as
            "shots/**/*.jpg". Results keep their names and folders.
        styles: a painting's file or the name of a style that comes with the program, or several.
        output: the folder, which is made if it is not there.
        each: paint every photo after every painting, in a folder for each, instead of after all
            of them together.
        jobs: pictures at a time; None for one on each card, or each core.
        devices: cards to use, such as ["cuda:0", "cuda:1"].
        ray: address of a Ray cluster to paint on, "auto" for the one that this computer is in.
        depth: bits per channel of PNG and TIFF files, 8 or 16; None for each photo's own.
        on_picture: called with each picture as it is finished or fails. What it raises ends the
            batch and comes out of this call; what is finished is kept.
        progress_bar: show a bar on standard error, or in the notebook; None where it is a terminal.
        settings: `Settings` says what there is and what each is if not given.

    Returns:
        All pictures: those that were there before, then the others as they were finished. One that
        could not be painted is among them, and does not end the batch.

    Warns:
        NeuralStyleWarning: something about a picture is not as it should be.

    Raises:
        NeuralStyleError: for mistakes in the arguments; `batch_busy` while another batch paints
            into the folder; `disk_full`, `painter_lost` if no painter is left.
    """
    values, folder = parse_settings({**settings}), Path(output)
    named = [Path(find(style)) for style in _several(styles)]
    chosen = [parse_settings({"device": device}).device for device in devices]
    if jobs is not None and not 1 <= jobs <= MOST_JOBS:
        message = f"jobs is {jobs}"
        raise NeuralStyleError("bad_settings", message, f"Give a number from 1 to {MOST_JOBS}.")
    found = find_photos(_several(photos, "photo"), besides=folder)
    pictures = [read_picture(style) for style in named]
    with Manifest(folder) as manifest, ExitStack() as stack:
        series = prepare_series(found, named, values, manifest, each=each, depth=depth)
        done = [_painted(entry, folder) for entry in series.there]
        painters: Sequence[Painter]
        if ray:
            painters = stack.enter_context(cluster_painters(pictures, ray, jobs=jobs))
            alone = None
        else:
            painters, alone = local_painters(
                pictures, manifest.work, values, jobs=jobs, devices=chosen
            )
        with (
            Count(len(series.missing), shown=progress_bar) as bar,
            closing(paint_series(series, manifest, painters, alone)) as entries,
        ):
            for entry in entries:
                bar.add()
                done.append(_painted(entry, folder))
                if on_picture:
                    on_picture(done[-1])
    return done


@dataclass(frozen=True)
class PaintedFrame:
    """A frame of a film.

    Attributes:
        number: 1 for the first.
        total: how many there are, about; 0 if nobody knows.
        file: its PNG file; that of a video's frames is there only until the video is written.
        new: whether it was painted now, or was there already.
        seconds: it took, this time or whenever it was painted.
    """

    number: int
    total: int
    file: Path
    new: bool
    seconds: float


def film(
    source: File,
    styles: File | Iterable[File],
    output: File,
    *,
    fps: float | None = None,
    depth: int | None = None,
    on_frame: Callable[[PaintedFrame], object] | None = None,
    progress_bar: bool | None = False,
    **settings: Unpack[Keywords],
) -> Path:
    """Paint a film, each frame going on from the last one, so that nothing flickers.

    Frames are kept as they are finished: after an interruption the same call goes on. Sound and
    times of a video are kept. Videos need PyAV: `pip install 'gimp-neural-style[film]'`.

    Args:
        source: a video, or a folder with its frames, which are taken in the order of their names.
        styles: a painting's file or the name of a style that comes with the program, or several.
        output: a video (.mp4, .mov, .mkv or .webm), or a folder for frames (PNG).
        fps: frames a second, if a folder becomes a video; None for 25.
        depth: bits per channel of a folder's frames, 8 or 16; None for their own.
        on_frame: called with each frame once it is there. What it raises ends the film and comes
            out of this call; what is finished is kept.
        progress_bar: show a bar on standard error, or in the notebook; None where it is a terminal.
        settings: `Settings` says what there is and what each is if not given.

    Returns:
        The video or the folder.

    Warns:
        NeuralStyleWarning: something about the film is not as it should be.

    Raises:
        NeuralStyleError: for mistakes in the arguments; `film_unreadable`, `frame_size`;
            `batch_busy` while the same film is painted; `disk_full`.
    """
    values, path, folder = parse_settings({**settings}), Path(source), Path(output)
    named = [Path(find(style)) for style in _several(styles)]
    footage = open_footage(path, folder, fps=fps)
    check_output(path, folder)
    pictures = [read_picture(style) for style in named]
    depth = 8 if is_video(folder) else depth
    made = made_of(pictures, values, depth)
    key = film_key(footage, made)
    if is_finished(folder, key):
        forget(folder)  # should the last call have ended just before that
        return folder
    ways = find_sound(footage, folder)
    take_over(footage, folder, made)
    frames: list[Done] = []
    with Manifest(folder_of(folder)) as manifest:
        with (
            Count(footage.count, shown=progress_bar, unit="frame") as bar,
            closing(paint_film(footage, pictures, values, manifest, depth=depth)) as done,
        ):
            for one in done:
                bar.add()
                frames.append(one)
                if on_frame:
                    file = manifest.folder / one.entry.output
                    seconds = one.entry.seconds
                    on_frame(PaintedFrame(one.number, footage.count, file, one.new, seconds))
        finish(folder, frames, footage, manifest, ways=ways, key=key)
    forget(folder)
    return folder


def _painted(entry: Entry, folder: Path) -> Painted:
    error = NeuralStyleError(entry.code, entry.message or "") if entry.code else None
    output = None if error else folder / entry.output
    return Painted(Path(entry.photo), output, error, entry.seconds)


def _axis(given: Any, what: str) -> Axis:
    if isinstance(given, (tuple, list)) and len(given) == 2:
        name, values = given
        if isinstance(name, str) and isinstance(values, Iterable):
            return axis(name, values, what)
    message = f"{what} are {given!r} but should be a setting's name and its values"
    raise NeuralStyleError("bad_settings", message, 'Give ("strength", [25, 50, 75]).')


def _guidance(
    protect: Source | None, regions: Iterable[tuple[Source, Source] | tuple[Source, Source, float]]
) -> Guidance:
    def mask(source: Source, what: str) -> Mask:
        name = f"mask {os.fspath(source)}" if isinstance(source, (str, os.PathLike)) else what
        return mask_of_picture(_picture(source, f"The {what}"), name)

    if isinstance(regions, str) or not isinstance(regions, Iterable):
        message = f"regions is {regions!r} but should be a list"
        raise NeuralStyleError("bad_settings", message, 'Give [("mask.png", "painting.jpg")].')
    listed = []
    for number, region in enumerate(regions, start=1):
        if not isinstance(region, (tuple, list)) or not 2 <= len(region) <= 3:
            message = f"Region {number} is no mask with a painting"
            hint = "Give a mask, a painting and perhaps a strength."
            raise NeuralStyleError("bad_settings", message, hint)
        name = f"mask of region {number}"
        style = _picture(_found(region[1]), f"The style picture of region {number}")
        strength = strength_of(region[2], f"region {number}") if len(region) == 3 else None
        listed.append(Region(mask=mask(region[0], name), style=style, strength=strength))
    hold = None if protect is None else mask(protect, "mask of what is protected")
    return Guidance(protect=hold, regions=listed)


def _several(given: Any, what: str = "style picture") -> list[Any]:
    if isinstance(given, (str, bytes, np.ndarray)) or not isinstance(given, Iterable):
        return [given]
    listed = list(given)
    if not listed:
        hint = "Give one, or several in a list."
        raise NeuralStyleError("bad_settings", f"There is no {what}", hint)
    return listed


def _found(style: Source) -> Source:
    return find(style) if isinstance(style, (str, os.PathLike)) else style


def _picture(source: Source, what: str) -> Picture:
    if isinstance(source, Image.Image):
        return from_pillow(source, what)
    if isinstance(source, np.ndarray):
        return from_array(source, what)
    if isinstance(source, (str, os.PathLike)):
        return read_picture(source)
    message = f"{what} is of type {type(source).__name__}"
    hint = "Give a path, a Pillow image or an array."
    raise NeuralStyleError("not_an_image", message, hint)
