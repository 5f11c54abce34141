# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a picture will take, learnt from the jobs that this computer has done before.

Standard library only. One number for each device and network, in a small file: seconds for a
million pixel-steps. The sizes and steps follow the engine's own schedule.
"""

import json
import math

STEP_PIXELS = 10000
"""What a step costs beside its pixels."""

FINISHING_STEPS = 8
"""Steps at the layer's own size, after painting at a smaller one."""


def work(width, height, values):
    """Millions of pixel-steps for a picture painted at that size; `values` has every setting."""
    longest = float(max(width, height))
    coarsest = max(float(values["coarsest"]), 32.0 * longest / min(width, height))
    levels = 0
    if longest > coarsest:
        # A whisker more, for a quotient that is a whole number but for rounding.
        levels = int(math.log(longest / coarsest) / math.log(values["size_ratio"]) + 1e-9)
    total = 0.0
    for level in range(levels + 1):
        part = 1.0 - level / levels if levels else 1.0
        steps = values["steps"] * (values["final_steps"] / values["steps"]) ** part
        shrink = values["size_ratio"] ** (2 * level)
        total += steps * (width * height / shrink + STEP_PIXELS)
    return total / 1e6


def finishing(width, height, layer_width, layer_height):
    """Millions of pixel-steps that bring a picture painted smaller to the layer's size."""
    if layer_width * layer_height <= width * height:
        return 0.0
    return FINISHING_STEPS * (layer_width * layer_height + STEP_PIXELS) / 1e6


def size_to_paint(width, height, size):
    """Width and height at which the engine paints a picture, given the setting `size`."""
    if not size:
        return width, height
    scale = size / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def read_rates(path):
    try:
        with open(path, encoding="utf-8") as file:
            rates = json.load(file)
        return {key: float(rate) for key, rate in rates.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def key(device, network):
    return f"{device} {network}"


def learn(path, rate_key, rate):
    """Remember how fast a finished job was."""
    rates = read_rates(path)
    rates[rate_key] = rate
    try:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(rates, file)
    except OSError:
        pass  # only the estimate is lost


def in_words(seconds, translate):
    """A duration as people say it."""
    if seconds < 90:
        return translate("{n} s").replace("{n}", "%d" % max(1, round(seconds)))
    if seconds < 90 * 60:
        return translate("{n} min").replace("{n}", "%d" % round(seconds / 60))
    return translate("{n} h").replace("{n}", "%.1f" % (seconds / 3600))
