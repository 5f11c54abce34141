"""Paintings that were interrupted: in every GIMP; Python 2.7 runs it too."""

import os
import shutil
import time

from helpers import (
    add_layer,
    engine,
    failure_of,
    gtk_ready,
    new_image,
    paint,
    painting_of,
    preview_of,
    select,
    style_file,
    uri_of,
)

gtk_ready()
import host  # noqa: E402
import interrupted  # noqa: E402
from arguments import Choices  # noqa: E402
from messages import Cancelled, PluginError  # noqa: E402
from running import CANCEL, Running  # noqa: E402

SETTINGS = {"strength": 40.0}


def folders():
    base = host.config_file(interrupted.FOLDER)
    return os.listdir(base) if os.path.isdir(base) else []


def notes():
    base = host.config_file(interrupted.FOLDER)
    return [os.path.join(base, name, interrupted.NOTE) for name in folders()]


def empty():
    shutil.rmtree(host.config_file(interrupted.FOLDER), ignore_errors=True)


def scene(width=60, height=40):
    empty()
    image = new_image(width, height)
    return image, add_layer(image, width, height)


def start(one, mode, values=None, warnings=None):
    engine(mode)
    told = [] if warnings is None else warnings
    return one.start(
        [uri_of(style_file())], values or SETTINGS, lambda _message: None, on_warning=told.append
    )


def done(job):
    while not job.tick(0.1):
        pass


def crash(image, source, values=None):
    """Paint with an engine that dies on the way."""
    one, code = painting_of(image, source), ""
    try:
        done(start(one, "kept_crash", values))
    except PluginError as error:
        code = error.code
    finally:
        one.close()
    assert code == "engine_crashed", code


def found_for(image, source):
    one = painting_of(image, source)
    try:
        return one.interrupted()
    finally:
        one.close()


def case_short_paintings_leave_nothing():
    image, source = scene()
    paint(image, source)
    assert not folders()
    assert found_for(image, source) is None


def case_a_painting_that_failed_is_found_again():
    image, source = scene()
    crash(image, source)
    assert len(folders()) == 1
    found = found_for(image, source)
    assert 0.5 < found.fraction < 0.7, found.fraction
    choices = Choices()
    choices.set("seed", 5)
    choices.recall(found.how)
    assert choices.collect() == Choices(values=SETTINGS).collect(), choices.collect()
    assert choices.styles == [uri_of(style_file())], choices.styles


def case_it_is_gone_on_with_and_then_gone():
    image, source = scene()
    crash(image, source)
    one, warnings = painting_of(image, source), []
    try:
        assert one.go_on(one.interrupted())
        assert found_for(image, source) is None, "somebody works on it"
        job = start(one, "good", warnings=warnings)
        done(job)
        one.keep([uri_of(style_file())], SETTINGS, job.result)
    finally:
        one.close()
    assert not warnings, warnings
    assert not folders()


def case_what_does_not_fit_any_more_is_said():
    image, source = scene()
    crash(image, source)
    one, warnings = painting_of(image, source), []
    try:
        assert one.go_on(one.interrupted())
        done(start(one, "good", {"strength": 41.0}, warnings))
    finally:
        one.close()
    assert len(warnings) == 1 and "from the start" in warnings[0]["message"], warnings


def case_it_fails_again_and_can_be_gone_on_with_again():
    image, source = scene()
    crash(image, source)
    one, code = painting_of(image, source), ""
    try:
        assert one.go_on(one.interrupted())
        done(start(one, "error"))
    except PluginError as error:
        code = error.code
    finally:
        one.close()
    assert code == "out_of_memory", code
    assert found_for(image, source) is not None


def case_only_the_same_is_offered():
    image, source = scene()
    crash(image, source)
    assert found_for(image, add_layer(image, 60, 40, name="other")) is None
    assert found_for(image, add_layer(image, 50, 40)) is None
    other = new_image(60, 40)
    assert found_for(other, add_layer(other, 60, 40)) is None
    select(image, 5, 5, 20, 10)
    assert found_for(image, source) is None, "another part"


def case_a_second_coat_is_another_painting():
    image, source = scene()
    crash(image, source)
    one = painting_of(image, source)
    one.begun = add_layer(image, 60, 40, name="made")
    try:
        assert one.interrupted() is None
    finally:
        one.close()


def case_two_cannot_go_on_with_it():
    image, source = scene()
    crash(image, source)
    one, other = painting_of(image, source), painting_of(image, source)
    try:
        seen_by_one, seen_by_other = one.interrupted(), other.interrupted()
        assert one.go_on(seen_by_one)
        assert not other.go_on(seen_by_other)
        seen_by_other.forget()  # not what another one works on
        assert len(folders()) == 1
    finally:
        other.close()
        one.close()
    assert found_for(image, source) is not None, "nothing was painted"


def case_forgotten_it_is_gone():
    image, source = scene()
    crash(image, source)
    found = found_for(image, source)
    found.forget()
    assert not folders()
    found.forget()
    assert found.take() is None


def case_cancelled_it_is_gone():
    image, source = scene()
    one = painting_of(image, source)
    running = Running(one, [uri_of(style_file())], SETTINGS, View())
    engine("kept")
    cancelled = False
    try:
        for _tick in range(500):
            running.tick()
            if any(os.path.exists(path) for path in notes()):
                break
            time.sleep(0.02)
        assert any(os.path.exists(path) for path in notes()), "nothing was kept"
        running.wait(lambda: CANCEL)
    except Cancelled:
        cancelled = True
    finally:
        one.close()
    assert cancelled
    assert not folders()


class View(object):
    """A window that shows nothing."""

    live_wanted = False

    def __getattr__(self, _name):
        return lambda *_anything: None


def case_old_ones_and_pieces_are_swept():
    image, source = scene()
    crash(image, source)
    base = host.config_file(interrupted.FOLDER)
    (old,) = folders()
    note = os.path.join(base, old, interrupted.NOTE)
    long_ago = time.time() - 31 * 86400
    piece = os.path.join(base, "piece")
    os.mkdir(piece)
    open(os.path.join(piece, "in-use"), "wb").close()
    crash(image, source)
    assert len(folders()) == 2 and old in folders(), "the piece alone is swept"
    os.utime(note, (long_ago, long_ago))
    engine("good")
    paint(image, source)
    assert old not in folders() and len(folders()) == 1, folders()


def case_damaged_notes_are_none():
    image, source = scene()
    crash(image, source)
    (name,) = folders()
    path = os.path.join(host.config_file(interrupted.FOLDER), name, interrupted.NOTE)
    for data in (b"", b"{", b"[]", b"null", b'{"fraction": "x"}', b'{"fraction": 0.5}', b"\xff"):
        with open(path, "wb") as file:
            file.write(data)
        assert found_for(image, source) is None, data


def case_where_nothing_can_be_written_it_is_painted_all_the_same():
    image, source = scene()
    base = host.config_file(interrupted.FOLDER)
    open(base, "wb").close()
    try:
        paint(image, source)
        assert found_for(image, source) is None
    finally:
        os.remove(base)


def case_previews_are_not_kept():
    image, source = scene()
    one = painting_of(image, source)
    try:
        part = one.part_to_show(SETTINGS)
        job = preview_of(one, part, [uri_of(style_file())], SETTINGS)
        done(job)
        assert "checkpoint" not in job._message
    finally:
        one.close()
    assert not folders()


def case_a_run_without_a_dialog_is_kept_too():
    image, source = scene()
    engine("kept_crash")
    assert "[engine_crashed]" in failure_of(image, source)
    assert len(folders()) == 1
    empty()
