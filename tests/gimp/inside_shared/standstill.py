"""How long the main loop of a plug-in stands still at most: a part of the plug-in during a test.

Each standstill is a line in the file that NEURAL_STYLE_STANDSTILL names: its seconds, and what the
main thread was doing. The time for which this machine had no processor free does not count. Python
2.7 runs it too.
"""

import json
import os
import sys
import threading
import time
import traceback

try:
    from gi.repository.GLib import timeout_add
except ImportError:
    from gobject import timeout_add

TICK_MS, TELLING = 5, 0.01
clock = getattr(time, "monotonic", time.time)


class Watch(object):
    def __init__(self, path):
        self._path = path
        self._main = threading.current_thread().ident
        self._ticked = self._waited = 0.0
        self._doing = ""
        timeout_add(TICK_MS, self._tick)
        sampler = threading.Thread(target=self._sample)
        sampler.daemon = True
        sampler.start()

    def _tick(self):
        now, waited = clock(), self._seconds_without_processor()
        if self._ticked:
            seconds = now - self._ticked - (waited - self._waited)
            if seconds > TELLING:
                with open(self._path, "a") as file:
                    file.write(json.dumps([round(seconds, 3), self._doing]) + "\n")
        self._ticked, self._waited, self._doing = now, waited, ""
        return True

    def _seconds_without_processor(self):
        with open("/proc/self/schedstat") as file:  # of the main thread
            return int(file.read().split()[1]) / 1e9

    def _sample(self):
        while True:
            time.sleep(TICK_MS / 1000.0)
            if self._ticked and clock() - self._ticked > TELLING and not self._doing:
                frame = sys._current_frames()[self._main]
                self._doing = "".join(traceback.format_stack(frame)[-6:])


if os.environ.get("NEURAL_STYLE_STANDSTILL"):
    Watch(os.environ["NEURAL_STYLE_STANDSTILL"])
