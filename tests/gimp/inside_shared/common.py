"""What cases need in every GIMP. Python 2.7 runs it too."""

import glob
import os


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
