"""A slow call on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

Answer = TypeVar("Answer")


def aside(call: Callable[[], Answer]) -> Answer:
    """Make a call on another thread and wait for it.

    Python answers a signal on its main thread, between two of its own instructions: not before a call into C comes
    back. Waiting for another thread is no such call. Where a signal ends the wait, the call goes on and is forgotten;
    its thread doesn't keep the process alive.

    >>> aside(lambda: 6 * 7)
    42
    """
    answer: Future[Answer] = Future()

    def work() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001  # it is raised where the answer is waited for
            answer.set_exception(error)

    Thread(target=work, name="scorer-aside", daemon=True).start()
    return answer.result()
