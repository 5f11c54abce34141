"""What happens when the engine misbehaves: an error with a sentence, and the image as it was.

In every GIMP; Python 2.7 runs it too.
"""

import os
import time

from helpers import add_layer, engine, engines, failure_of, folders, images, new_image, paint


def check(mode, code, *words):
    """The plug-in fails with that code, leaves no engine, no folder and the image alone."""
    image = new_image(40, 30)
    source = add_layer(image, 30, 20, offset=(3, 4))
    engine(mode)
    message = failure_of(image, source)
    assert "[%s]" % code in message, message
    for word in words:
        assert word in message, message
    assert "Log: " in message and os.path.exists(message.split("Log: ")[1].strip()), message
    assert_nothing_left()


def assert_nothing_left():
    assert not folders(), folders()
    assert not engines(), engines()
    assert len(images()) == 1


def case_crash():
    check("crash", "engine_crashed", "status 7", "the fake engine crashed as it was told")


def case_crash_at_start():
    check("crash_at_start", "engine_crashed", "No module named 'torch'")


def case_killed_for_memory():
    check("oom", "engine_killed", "memory")


def case_hanging():
    started = time.time()
    check("hang", "engine_hanging", "seconds")
    assert time.time() - started < 15


def case_hanging_at_start():
    check("hang_at_start", "engine_hanging")


def case_no_hello():
    check("no_hello", "engine_hanging")


def case_garbage():
    check("garbage", "engine_garbled")


def case_protocol_too_new():
    check("newer", "engine_newer", "newer", "same version")


def case_protocol_too_old():
    check("older", "engine_older", "older", "same version")


def case_not_a_number():
    check("nan", "bad_result", "not numbers")


def case_half_a_file():
    check("half", "bad_result", "bytes")


def case_wrong_size():
    check("wrong_size", "bad_result", "1 x 1 instead of 30 x 20")


def case_no_file():
    check("gone_file", "temp_unwritable")


def case_engines_own_error():
    check("error", "out_of_memory", "Too large. Choose a smaller size.")


def case_broken_message():
    check("broken_message", "engine_garbled")


def case_strays_are_forgiven():
    engine("stray")
    image = new_image(20, 20)
    paint(image, add_layer(image, 20, 20))
    assert_nothing_left()


def case_warning_is_no_failure():
    engine("warning")
    image = new_image(20, 20)
    paint(image, add_layer(image, 20, 20))


def case_stale_folders_are_swept():
    stale = os.path.join(os.environ["TMPDIR"], "neural-style-stale")
    os.makedirs(stale)
    for name in ("in-use", "content.raw"):
        with open(os.path.join(stale, name), "w") as file:
            file.write("x")
    foreign = os.path.join(os.environ["TMPDIR"], "something-else")
    if not os.path.isdir(foreign):
        os.makedirs(foreign)
    image = new_image(20, 20)
    paint(image, add_layer(image, 20, 20))
    assert not os.path.exists(stale) and os.path.exists(foreign)
