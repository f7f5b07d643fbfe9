"""Slow calls into C on a background thread, so that the main thread can answer signals."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from functools import cache
from queue import SimpleQueue
from typing import Any, TypeVar

Answer = TypeVar("Answer")
Calls = SimpleQueue[tuple[Callable[[], Any], "Future[Any]"]]

SECONDS_BETWEEN_LOOKS = 0.1

_unanswered: set[Future[Any]] = set()


def in_background(call: Callable[[], Answer], stop: threading.Event | None = None) -> Answer:
    """Run a call on the background thread and wait for its answer.

    Python runs signal handlers on the main thread and only between bytecodes, so a long call into C
    delays them; waiting for another thread doesn't. If the wait ends early, the call continues and
    its answer is dropped. The thread is a daemon: it doesn't keep the process alive.

    Args:
        call: what to run.
        stop: ends the wait when it is set.

    Raises:
        CancelledError: ``stop`` was set before the answer came.

    >>> in_background(lambda: 6 * 7)
    42
    """
    answer: Future[Answer] = Future()
    _unanswered.add(answer)
    answer.add_done_callback(_unanswered.discard)
    _calls().put((call, answer))
    return answer.result() if stop is None else answer_or_stop(answer, stop)


def is_background_busy() -> bool:
    """Whether a call is still running, or waiting to be run, on the background thread."""
    return bool(_unanswered)


def answer_or_stop(answer: Future[Answer], stop: threading.Event) -> Answer:
    """Wait for an answer.

    Args:
        answer: from any thread.
        stop: ends the wait when it is set.

    Raises:
        CancelledError: ``stop`` was set before the answer came.
    """
    while True:
        try:
            return answer.result(SECONDS_BETWEEN_LOOKS)
        except TimeoutError:
            # The call itself may have raised it, or its answer came just after this look.
            if answer.done():
                return answer.result()
            if stop.is_set():
                raise CancelledError from None


class Crew:
    """Daemon threads that run calls, several at once; a call that hangs keeps no process alive.

    Args:
        threads: most calls at once. Each thread is started when it is needed first.
    """

    def __init__(self, threads: int) -> None:
        self._most = threads
        self._threads = 0
        self._calls: Calls = SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0

    def begin(self, call: Callable[[], Answer]) -> Future[Answer]:
        """Have a call run, and return at once."""
        answer: Future[Answer] = Future()
        _unanswered.add(answer)
        answer.add_done_callback(self._ended)
        with self._lock:
            self._waiting += 1
            if self._threads < min(self._most, self._waiting):
                self._threads += 1
                threading.Thread(
                    target=_work, args=(self._calls,), name="scorer-crew", daemon=True
                ).start()
        self._calls.put((call, answer))
        return answer

    def _ended(self, answer: Future[Answer]) -> None:
        _unanswered.discard(answer)
        with self._lock:
            self._waiting -= 1


@cache
def _calls() -> Calls:
    calls: Calls = SimpleQueue()
    # One thread for all calls: each new thread would get an arena from the allocator and leave it.
    threading.Thread(target=_work, args=(calls,), name="scorer-background", daemon=True).start()
    return calls


def _work(calls: Calls) -> None:
    while True:
        call, answer = calls.get()
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
            answer.set_exception(error)
        del call, answer
