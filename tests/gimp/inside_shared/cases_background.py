"""What is done in threads beside a window: in every GIMP; Python 2.7 runs it too."""

import threading
import time

import helpers

helpers.plug_in()
import background  # noqa: E402
import host  # noqa: E402
import style_files  # noqa: E402
from messages import PluginError  # noqa: E402


def wait_for(condition, tick):
    end = time.time() + 20
    while not condition():
        assert time.time() < end
        tick()
        time.sleep(0.002)


def case_turns_are_taken_one_after_the_other():
    turns, said, threads = background.Turns(), [], set()

    def ask(word):
        threads.add(threading.current_thread())
        time.sleep(0.02)
        return word

    def wrong():
        raise ValueError("wrong")

    turns.when_free(lambda: said.append("at once"))
    turns.take(lambda: ask("one"), said.append, said.append)
    turns.take(wrong, said.append, lambda error: said.append(type(error)))
    turns.when_free(lambda: said.append("short"))
    turns.take(
        lambda: ask("two"), lambda word: said.remove("nothing"), lambda _e: said.append("bad")
    )
    turns.take(lambda: ask("three"), said.append, said.append)
    wait_for(lambda: "three" in said, turns.tick)
    assert said == ["at once", "one", ValueError, "short", "bad", "three"], said
    assert not turns.is_asking
    is_main = threading.current_thread() in threads
    assert is_main == (not host.ASKS_IN_THREADS), threads


def case_no_thread_asks_before_a_tick_or_after_the_end():
    if not host.ASKS_IN_THREADS:
        return
    turns, said = background.Turns(), []

    def ask(word):
        time.sleep(0.2)
        said.append(word)

    turns.take(lambda: ask("asked"), lambda _none: said.append("told"), said.append)
    turns.take(lambda: said.append("never"), said.append, said.append)
    time.sleep(0.05)
    assert not said and not turns.is_asking
    turns.tick()
    turns.finish()
    turns.tick()
    time.sleep(0.05)
    assert said == ["asked"] and not turns.is_asking, said


def case_a_drive_that_is_gone_keeps_only_its_own_waiting():
    answers, gone, said = background.Answers(), threading.Event(), []

    def look(path):
        if path.startswith("/gone/"):
            gone.wait(20)
        return path.upper()

    answers.when_there(said.append, look, "/gone/a")
    answers.when_there(said.append, look, "/gone/b")
    answers.when_there(said.append, look, "/here/c")
    assert answers.of(look, "/gone/a") is None
    wait_for(lambda: said, answers.tick)
    assert said == ["/HERE/C"] and answers.changes == 0
    gone.set()
    wait_for(lambda: len(said) == 3, answers.tick)
    assert said == ["/HERE/C", "/GONE/A", "/GONE/B"], said
    gone.clear()
    assert answers.changes == 1
    assert answers.of(look, "/gone/a") == "/GONE/A", "what was known last"
    gone.set()
    wait_for(lambda: not answers._waiting, answers.tick)
    assert answers.changes == 1, "it is the same"


def case_a_question_that_fails_has_no_answer():
    answers, said = background.Answers(), []
    answers.when_there(said.append, lambda path: 1 // 0, "/a/b")
    wait_for(lambda: said, answers.tick)
    assert said == [None]


def case_painting_does_not_wait_for_a_drive_for_ever():
    exists, patience = style_files.os.path.exists, style_files.PATIENCE
    gone = threading.Event()
    style_files.os.path.exists = lambda path: gone.wait(20)
    style_files.PATIENCE, failure = 0.1, None
    try:
        style_files.is_there("/mnt/nas/wave.png")
    except PluginError as error:
        failure = error
    finally:
        style_files.os.path.exists, style_files.PATIENCE = exists, patience
        gone.set()
    assert failure and failure.code == "file_unreachable", failure
    assert "/mnt/nas/wave.png" in failure.text()
