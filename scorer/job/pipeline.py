"""Windows through threads, in order. It knows nothing of files, skipping, locks or reasons."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from scorer.system.background import answer_or_stop, in_background

Window = TypeVar("Window")
Answer = TypeVar("Answer")
Read = TypeVar("Read")
# Called now and then by the work on a window; raises CancelledError if the work is to end.
Check = Callable[[], None]


class Probe:
    """Is told what the threads are about to do, and may delay it. By default it does nothing.

    Tests hold a run at a known point this way.
    """

    def scoring(self, check: Check) -> None:
        """A window is about to be scored, on this thread."""

    def writing(self) -> None:
        """A slow call is about to start, on the background thread."""

    def waiting(self, output: str, seconds: float) -> None:
        """A file is about to wait for another run that writes its output, so long at most."""


class Pipeline(Generic[Window, Answer]):
    """Threads that work on windows, shared by all files of a run.

    Args:
        threads: number of threads.
        stop: ends all work, and all waiting for it, when it is set.
        probe: is told what the threads are about to do.

    Attributes:
        probe: the same.
    """

    def __init__(
        self, threads: int, stop: threading.Event | None = None, probe: Probe | None = None
    ) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="scorer")
        self._ahead = threads + 1
        self._stop = stop or threading.Event()
        self.probe = probe or Probe()

    def __enter__(self) -> Pipeline[Window, Answer]:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        # A thread that is in the middle of a huge review ends by itself, some seconds later.
        is_stopped = kind is not None or self._stop.is_set()
        self._pool.shutdown(wait=not is_stopped, cancel_futures=True)

    def check(self) -> None:
        """End work that is between two steps.

        Raises:
            CancelledError: ``stop`` was set.
        """
        if self._stop.is_set():
            raise CancelledError

    def reading(self, call: Callable[[], Read]) -> Read:
        """Read on the background thread, and wait for it.

        Raises:
            CancelledError: ``stop`` was set before the call ended.
        """
        return in_background(call, self._stop)

    def wait(self, answer: Future[None]) -> None:
        """Wait for what another thread does.

        Raises:
            CancelledError: ``stop`` was set before it ended.
        """
        answer_or_stop(answer, self._stop)

    def background(self, call: Callable[[], None]) -> None:
        """Run a slow call on the background thread and wait for it.

        Raises:
            CancelledError: ``stop`` was set before the call ended.
        """

        def probed() -> None:
            self.probe.writing()
            call()

        in_background(probed, self._stop)

    @contextmanager
    def answers(
        self, windows: Iterator[Window], work: Callable[[Window, Check], Answer]
    ) -> Iterator[Iterator[Answer]]:
        """Yield an iterator of the answers, in the order of the windows.

        The caller's thread reads windows and takes answers while the others work. At most one
        window more than there are threads waits, so memory is bounded. Work that is under way when
        the block ends is told to end.

        Args:
            windows: read as there is room for them.
            work: called on several threads at once.

        Raises:
            CancelledError: ``stop`` was set.
        """
        abandoned = threading.Event()

        def check() -> None:
            if abandoned.is_set() or self._stop.is_set():
                raise CancelledError

        def checked(window: Window) -> Answer:
            check()
            return work(window, check)

        try:
            yield self._in_order(windows, checked)
        finally:
            abandoned.set()

    def _in_order(
        self, windows: Iterator[Window], work: Callable[[Window], Answer]
    ) -> Iterator[Answer]:
        waiting: deque[Future[Answer]] = deque()
        for window in windows:
            waiting.append(self._pool.submit(work, window))
            if len(waiting) > self._ahead:
                yield answer_or_stop(waiting.popleft(), self._stop)
        while waiting:
            yield answer_or_stop(waiting.popleft(), self._stop)
