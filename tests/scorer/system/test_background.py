from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from typing import NoReturn

import pytest

from scorer.system import background
from scorer.system.background import in_background

SECONDS = 60


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What a call waits for; it is set at the end, because all calls share one thread."""
    event = threading.Event()
    yield event
    event.set()


def stops() -> list[threading.Event | None]:
    return [None, threading.Event()]


@pytest.mark.parametrize("stop", stops(), ids=["without stop", "with stop"])
def test_the_answer_of_the_call_is_returned(stop: threading.Event | None) -> None:
    assert in_background(lambda: 6 * 7, stop) == 42


@pytest.mark.parametrize("stop", stops(), ids=["without stop", "with stop"])
@pytest.mark.parametrize(
    "error", [ZeroDivisionError, TimeoutError, CancelledError, KeyboardInterrupt, SystemExit]
)
def test_an_exception_of_the_call_passes_through_as_it_is(
    stop: threading.Event | None, error: type[BaseException]
) -> None:
    raised = error("from the call")

    def call() -> NoReturn:
        raise raised

    with pytest.raises(error) as caught:
        in_background(call, stop)
    assert caught.value is raised
    assert in_background(lambda: 42, stop) == 42


def test_all_calls_run_on_one_daemon_thread() -> None:
    threads = [in_background(threading.current_thread) for _ in range(3)]
    assert len(set(threads)) == 1
    assert threads[0] is not threading.current_thread()
    assert threads[0].daemon


def test_a_call_longer_than_a_look_at_stop_is_waited_for(release: threading.Event) -> None:
    def call() -> int:
        assert not release.wait(0.3)
        return 42

    assert in_background(call, threading.Event()) == 42


def test_a_stop_ends_the_wait_while_the_call_goes_on(release: threading.Event) -> None:
    stop, ended = threading.Event(), threading.Event()

    def call() -> None:
        stop.set()
        release.wait(SECONDS)
        ended.set()

    with pytest.raises(CancelledError):
        in_background(call, stop)
    assert not ended.is_set()
    release.set()
    assert ended.wait(SECONDS)


def test_a_call_is_made_though_stop_was_set_before(release: threading.Event) -> None:
    stop, ended = threading.Event(), threading.Event()
    stop.set()

    def call() -> None:
        release.wait(SECONDS)
        ended.set()

    with pytest.raises(CancelledError):
        in_background(call, stop)
    release.set()
    assert ended.wait(SECONDS)


def test_a_signal_is_answered_while_a_call_runs(release: threading.Event) -> None:
    def answer(number: int, frame: object) -> NoReturn:
        raise ZeroDivisionError

    before = signal.signal(signal.SIGALRM, answer)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(ZeroDivisionError):
            in_background(lambda: release.wait(SECONDS))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class LateFuture(Future):
    """A future whose answer comes just after a look at it has timed out."""

    def result(self, timeout: float | None = None) -> object:
        try:
            return super().result(timeout)
        except TimeoutError:
            super().result()
            raise


def test_an_answer_that_comes_just_after_a_look_is_returned(
    release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "Future", LateFuture)

    def call() -> int:
        assert not release.wait(0.3)
        return 42

    assert in_background(call, threading.Event()) == 42
