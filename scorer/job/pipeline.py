"""Threads that work, and threads that read and write. They know nothing of files or reasons."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

from scorer.system.background import SECONDS_BETWEEN_LOOKS, Crew, answer_or_stop, in_background

Answer = TypeVar("Answer")
Read = TypeVar("Read")
# Called now and then by work that is under way; raises CancelledError if it is to end.
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


class Pipeline(Generic[Answer]):
    """Threads that work, shared by all files of a run; and one each that reads and syncs.

    Args:
        threads: number of threads that work.
        stop: ends all work, and all waiting for it, when it is set.
        probe: is told what the threads are about to do.

    Attributes:
        threads: the same.
        stop: the same.
        probe: the same.
    """

    def __init__(
        self, threads: int, stop: threading.Event | None = None, probe: Probe | None = None
    ) -> None:
        self.threads, self.probe = threads, probe or Probe()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="scorer")
        self._disk = Crew(1)
        self.stop = stop or threading.Event()
        self._abandoned = threading.Event()

    def __enter__(self) -> Pipeline[Answer]:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        self._abandoned.set()
        # A thread that is in the middle of a huge review ends by itself, some seconds later.
        is_stopped = kind is not None or self.stop.is_set()
        self._pool.shutdown(wait=not is_stopped, cancel_futures=True)

    def check(self) -> None:
        """End work that is between two steps.

        Raises:
            CancelledError: ``stop`` was set, or nobody waits for the work any more.
        """
        if self.stop.is_set() or self._abandoned.is_set():
            raise CancelledError

    def begin(self, work: Callable[[], Answer]) -> Future[Answer]:
        """Have work done by one of the threads, and return at once."""
        return self._pool.submit(work)

    def share(self, calls: Sequence[Callable[[], None]]) -> None:
        """Do calls on this thread, one of those that work, and on others that are idle.

        So no thread is left alone with a window at the end of a job. The calls may end in any
        order.

        Raises:
            CancelledError: ``stop`` was set, or nobody waits for the work any more.
            Exception: of a call; those that weren't begun are left out.
        """
        left = deque(calls)

        def work() -> None:
            try:
                while (call := _taken(left)) is not None:
                    call()
            except BaseException:
                left.clear()
                raise

        helpers = self._helpers(work, min(self.threads, len(calls)) - 1)
        try:
            work()
        finally:
            # Those that no thread has begun have nothing to do any more.
            begun = [helper for helper in helpers if not helper.cancel()]
            wait(begun)
        for helper in begun:
            helper.result()

    def _helpers(self, work: Callable[[], None], count: int) -> list[Future[None]]:
        try:
            return [self._pool.submit(work) for _ in range(count)]
        except RuntimeError:
            # The pool takes no work any more.
            self.check()
            raise

    def answers(self, works: Iterable[Callable[[], Answer]]) -> Iterator[Answer]:
        """Yield the answers of works, in their order, while further ones are under way.

        At most one more than there are threads waits, so that memory is bounded.

        Raises:
            CancelledError: ``stop`` was set.
        """
        waiting: deque[Future[Answer]] = deque()
        for work in works:
            waiting.append(self.begin(work))
            if len(waiting) > self.threads + 1:
                yield self._answer(waiting.popleft())
        while waiting:
            yield self._answer(waiting.popleft())

    def _answer(self, answer: Future[Answer]) -> Answer:
        self.wait_for(answer)
        return answer.result()

    def wait_for(self, answer: Future[Answer]) -> None:
        """Wait until work is done, whether it succeeded or not.

        Raises:
            CancelledError: ``stop`` was set before.
        """
        while not wait([answer], SECONDS_BETWEEN_LOOKS).done:
            self.check()

    def reading(self, call: Callable[[], Read]) -> Read:
        """Read on the background thread, and wait for it.

        Raises:
            CancelledError: ``stop`` was set before the call ended.
        """
        return in_background(call, self.stop)

    def wait(self, answer: Future[None]) -> None:
        """Wait for what another thread does.

        Raises:
            CancelledError: ``stop`` was set before it ended.
        """
        answer_or_stop(answer, self.stop)

    def background(self, call: Callable[[], None]) -> None:
        """Run a slow call on the background thread and wait for it.

        Raises:
            CancelledError: ``stop`` was set before the call ended.
        """
        in_background(lambda: self._probed(call), self.stop)

    def begin_sync(self, call: Callable[[], None]) -> Future[None]:
        """Have a thread of its own wait for the disk, and return at once."""
        return self._disk.begin(lambda: self._probed(call))

    def _probed(self, call: Callable[[], None]) -> None:
        self.probe.writing()
        call()


def _taken(calls: deque[Callable[[], None]]) -> Callable[[], None] | None:
    """Take the first call; None if another thread took the last one."""
    try:
        return calls.popleft()
    except IndexError:
        return None
