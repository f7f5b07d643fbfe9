"""A failure stays with its file, and so does the job's stop: each becomes the file's result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager

import pyarrow as pa

from scorer.errors import MORE_MEMORY, SentimentError, Stopped, lacks_memory, one_line
from scorer.job.result import FAILED, STOPPED, FileResult
from scorer.planning.plan import Task
from scorer.system.signals import TERMINATED, raise_if_stopped

STOPPED_REASON = "the job was stopped; what was finished stays, run again to go on"


def contained(
    task: Task, act: Callable[[], FileResult], stop: threading.Event | None = None
) -> FileResult:
    """Do something with a file; turn a failure, or the job's stop, into the file's result."""
    started = time.monotonic()
    try:
        if stop is not None and stop.is_set():
            return stopped(task)
        if task.problem:
            return FileResult(task, FAILED, task.problem)
        return act()
    except BaseException as error:  # noqa: BLE001  # raised again if it isn't to be contained
        return result_of(task, error, time.monotonic() - started, stop)


def result_of(
    task: Task, error: BaseException, seconds: float, stop: threading.Event | None = None
) -> FileResult:
    """Turn a failure, or the job's stop, into the file's result.

    Args:
        task: the file.
        error: what was raised.
        seconds: since the file was begun.
        stop: ends the job when it is set; None if it can't be stopped so.

    Raises:
        BaseException: the error, if it is neither: a signal, or the program's end.
    """
    if isinstance(error, Stopped) and stop is not None and stop.is_set():
        return stopped(task, seconds)
    if isinstance(error, SentimentError):
        return FileResult(task, FAILED, str(error), seconds=seconds)
    if not isinstance(error, Exception):
        raise error
    # A defect of ours must not stop the other files.
    raise_if_stopped()
    reason = f"scoring {task.input}: {_unexpected(error)}"
    return FileResult(task, FAILED, reason, seconds=seconds)


def stopped(task: Task, seconds: float = 0.0) -> FileResult:
    """Return the result of a file that the job was stopped before, or in."""
    return FileResult(task, STOPPED, STOPPED_REASON, seconds=seconds)


def _unexpected(error: Exception) -> str:
    if lacks_memory(error):
        return MORE_MEMORY
    if isinstance(error, OSError | pa.ArrowException):
        return f"{one_line(error)}; run again, and report it if it comes back"
    return f"unexpected {type(error).__name__}: {one_line(error)}; please report it"


@contextmanager
def as_a_signal_does() -> Iterator[None]:
    """End the block, when the job's stop cancels it, as a signal would: kept scores stay."""
    try:
        yield
    except CancelledError as error:
        raise Stopped(STOPPED_REASON, TERMINATED) from error
