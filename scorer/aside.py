"""Slow calls on a thread of their own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

Answer = TypeVar("Answer")
Calls = SimpleQueue[tuple[Callable[[], Any], "Future[Any]"]]


def aside(call: Callable[[], Answer]) -> Answer:
    """Make a call on another thread, always the same, and wait for it.

    Python answers a signal on its main thread, between two of its own instructions: not before a call into C comes
    back. Waiting for another thread is no such call. Where a signal ends the wait, the call goes on and is forgotten;
    its thread doesn't keep the process alive.

    >>> aside(lambda: 6 * 7)
    42
    """
    answer: Future[Answer] = Future()
    _calls().put((call, answer))
    return answer.result()


@cache
def _calls() -> Calls:
    calls: Calls = SimpleQueue()
    # One thread for all: each new one would get memory of its own from the allocators, and leave it unused behind.
    Thread(target=_work, args=(calls,), name="scorer-aside", daemon=True).start()
    return calls


def _work(calls: Calls) -> None:
    while True:
        call, answer = calls.get()
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001  # it is raised where the answer is waited for
            answer.set_exception(error)
        del call, answer
