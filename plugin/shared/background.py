# SPDX-License-Identifier: GPL-3.0-or-later
"""What would make a window stand still is done in threads. Python 2.7 can run it."""

import collections
import os
import threading

import host


class Work(object):
    """A function at work in a thread, to be ticked like a job until its `result` is there."""

    def __init__(self, function):
        self.result = self._error = None
        self._function = function
        self._thread = _started(self._run)

    def _run(self):
        try:
            self.result = self._function()
        except Exception as error:
            self._error = error

    def tick(self, seconds=0.0):
        """Wait that long at most; returns whether it is done. Raises what the function raised."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            return False
        if self._error is not None:
            raise self._error
        return True

    def wait(self):
        """Wait until it is done, whatever comes of it."""
        self._thread.join()


class Turns(object):
    """What GIMP is asked and may take long is asked in a thread, one after the other.

    libgimp has one line to GIMP and no lock: so the main thread may only ask while no thread
    `is_asking`. A thread is only started by `tick`, which a window's timer calls: then no widget is
    in the middle of asking something. GIMP 2.10's Python lets no other thread run while one asks,
    hence there the main thread asks at once (`host.ASKS_IN_THREADS`).
    """

    def __init__(self):
        self._waiting = collections.deque()
        self._turn = None  # the work, and what is called with its result or its error

    @property
    def is_asking(self):
        return self._turn is not None

    def take(self, ask, then, failed):
        """Call `ask` in a thread when its turn comes, then in the main thread `then(result)`, or
        `failed(error)` if one of them raised one."""
        self._waiting.append((ask, then, failed))
        if not host.ASKS_IN_THREADS:
            self.tick()

    def when_free(self, function):
        """Call a function that asks GIMP something short, in the main thread: now, or when it is
        its turn."""
        if self._turn is None and not self._waiting:
            function()
        else:
            self._waiting.append((None, function, None))

    def tick(self):
        """To be called often in the main thread; takes the answer that is there, and goes on."""
        self._next()
        while self._turn is not None:
            turn = work, then, failed = self._turn
            try:
                if not work.tick():
                    return
                self._turn = None
                then(work.result)
            except Exception as error:
                if self._turn is turn:
                    self._turn = None
                failed(error)
            self._next()

    def finish(self):
        """Wait until GIMP is free, so that the main thread can ask it; drop all other questions."""
        self._waiting.clear()
        if self._turn is not None:
            self._turn[0].wait()
            self._turn = None

    def _next(self):
        while self._waiting and self._turn is None:
            ask, then, failed = self._waiting.popleft()
            if ask is None:
                then()
            else:
                self._turn = (Work(ask) if host.ASKS_IN_THREADS else _Done(ask)), then, failed


class _Done(object):
    """A function that is at work when it is ticked."""

    def __init__(self, function):
        self._function = function
        self.result = None

    def tick(self):
        self.result = self._function()
        return True

    def wait(self):
        pass  # it is not begun, and not wanted any more


class Answers(object):
    """The last known answers to questions about files.

    A drive that is gone takes seconds or minutes to say so. So a question is asked in a thread, one
    for each folder, as only the questions about the same folder may wait for each other. A question
    is a function and its arguments, the first of which is the path.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._known = {}  # what `of` is asked
        self._waiting = {}  # by folder: questions, and what is called with their answers
        self._news = collections.deque()
        self.changes = 0  # of what is known

    def of(self, ask, path, *more):
        """The last known answer, or None; it is asked again meanwhile."""
        question = (ask, path) + more
        with self._lock:
            known = self._known.setdefault(question, None)
        self._ask(question)
        return known

    def when_there(self, then, ask, path, *more):
        """Ask, and call `then(answer)` at a tick; the answer is None if `ask` raised an error."""
        self._ask((ask, path) + more, then)

    def tick(self):
        """To be called often in the main thread."""
        while self._news:
            then, answer = self._news.popleft()
            then(answer)

    def _ask(self, question, *then):
        folder = os.path.dirname(question[1])
        with self._lock:
            is_new = folder not in self._waiting
            waiting = self._waiting.setdefault(folder, collections.OrderedDict())
            waiting.setdefault(question, []).extend(then)
            if is_new:
                _started(lambda: self._answer(folder))

    def _answer(self, folder):
        while True:
            with self._lock:
                if not self._waiting[folder]:
                    del self._waiting[folder]
                    return
                question = next(iter(self._waiting[folder]))
            try:
                answer = question[0](*question[1:])
            except Exception:
                answer = None
            with self._lock:
                self._news.extend((then, answer) for then in self._waiting[folder].pop(question))
                if question in self._known and self._known[question] != answer:
                    self._known[question] = answer
                    self.changes += 1


def _started(function):
    thread = threading.Thread(target=function)
    thread.daemon = True  # a drive that never answers must not keep the process
    thread.start()
    return thread
