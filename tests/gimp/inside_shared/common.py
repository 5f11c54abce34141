"""What cases need in every GIMP. Python 2.7 runs it too."""

import glob
import os
import time


def engine(mode):
    """Say how the fake engine behaves from its next start on."""
    with open(os.environ["FAKE_ENGINE"], "w") as file:
        file.write(mode)


def engines():
    """Fake engines that are running."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                if b"fake_engine.py" in file.read():
                    found.append(path)
        except (IOError, OSError):
            pass
    return found


def folders():
    """Temporary folders of the plug-in."""
    return glob.glob(os.path.join(os.environ["TMPDIR"], "neural-style-*"))


def largest_difference(one, other):
    assert len(one) == len(other), (len(one), len(other))
    return max([abs(a - b) for a, b in zip(one, other)] or [0.0])


def without_alpha(values):
    return [value for index, value in enumerate(values) if index % 4 != 3]


def inverted(values):
    """A picture's colours as the fake engine paints them."""
    return [1.0 - value for value in without_alpha(values)]


def finished(painting):
    """Wait until a window would have all answers to what it has asked."""
    from style_files import answers  # in the plug-in's folder

    turns, end = painting.turns, time.time() + 60
    while turns.is_asking or turns._waiting or answers._waiting or answers._news:
        assert time.time() < end, "there is no answer"
        turns.tick()
        answers.tick()
        time.sleep(0.01)


def plan_of(painting, values=()):
    """The plan to tick that the dialog asks for."""
    painting.look()
    return painting.plan(dict(values), painting.look_at_masks())


def preview_of(painting, part, styles, values):
    """The job to tick of a preview of a part, as the dialog begins it."""
    content = painting.write_part(part)
    request = painting.preview_request(part, content, styles, values, 256)
    return painting.start_preview(request, {})
