"""Threads that work: they end when they are to end, and nobody waits for those that don't."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError
from functools import partial

import pytest

from scorer.job.pipeline import Pipeline


def test_it_waits_for_work_whether_it_succeeds_or_not() -> None:
    with Pipeline[int](2) as pipeline:
        answers = [pipeline.begin(lambda: 7), pipeline.begin(lambda: 1 // 0)]
        for answer in answers:
            pipeline.wait_for(answer)
    assert answers[0].result() == 7
    assert isinstance(answers[1].exception(), ZeroDivisionError)


def test_an_error_ends_the_other_work_that_looks_up() -> None:
    ended = threading.Event()

    def work() -> int:
        try:
            while True:
                pipeline.check()
                time.sleep(0.001)
        except CancelledError:
            ended.set()
            raise

    with pytest.raises(ZeroDivisionError), Pipeline[int](2) as pipeline:
        pipeline.begin(work)
        raise ZeroDivisionError
    assert ended.wait(60)


def test_a_stop_ends_work_and_waiting() -> None:
    stop, forever = threading.Event(), threading.Event()

    def work() -> int:
        stop.set()
        while True:
            pipeline.check()

    with Pipeline[int](2, stop) as pipeline:
        answer = pipeline.begin(work)
        with pytest.raises(CancelledError):
            answer.result()
        with pytest.raises(CancelledError):
            pipeline.wait_for(pipeline.begin(lambda: int(forever.wait(60))))
        with pytest.raises(CancelledError):
            pipeline.background(lambda: forever.wait(60) and None)
    forever.set()


def test_a_stop_waits_for_no_work_that_does_not_look_up() -> None:
    stop, release, ended = threading.Event(), threading.Event(), threading.Event()

    def deaf() -> int:
        stop.set()
        release.wait(60)
        ended.set()
        return 1

    with Pipeline[int](1, stop) as pipeline:
        with pytest.raises(CancelledError):
            pipeline.wait_for(pipeline.begin(deaf))
        with pytest.raises(CancelledError):
            pipeline.reading(lambda: release.wait(60))
    assert not ended.is_set()
    release.set()


def test_calls_are_shared_with_threads_that_are_idle() -> None:
    both = threading.Barrier(2)

    def meet() -> None:
        # Neither call ends before another thread does the other one.
        both.wait(60)

    with Pipeline[None](2) as pipeline:
        pipeline.begin(lambda: pipeline.share([meet] * 2)).result(60)


def test_one_thread_does_all_calls_if_the_others_are_busy() -> None:
    done, busy, end = list[int](), threading.Event(), threading.Event()

    def be_busy() -> None:
        busy.set()
        end.wait(60)

    with Pipeline[None](2) as pipeline:
        pipeline.begin(be_busy)
        busy.wait(60)
        calls = [partial(done.append, number) for number in range(5)]
        pipeline.begin(lambda: pipeline.share(calls)).result(60)
        end.set()
    assert done == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("threads", [1, 2])
def test_the_first_error_of_shared_calls_is_raised_and_the_rest_left_out(threads: int) -> None:
    done = list[int]()

    def fail() -> None:
        raise ZeroDivisionError

    calls = [fail, *(partial(done.append, number) for number in range(10_000))]
    with Pipeline[None](threads) as pipeline:
        answer = pipeline.begin(lambda: pipeline.share(calls))
        with pytest.raises(ZeroDivisionError):
            answer.result(60)
    assert len(done) < 10_000


def test_calls_are_shared_no_more_once_a_stop_has_come() -> None:
    stop, begun, end = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        end.wait(60)
        pipeline.share([lambda: None] * 2)

    with pytest.raises(CancelledError), Pipeline[None](2, stop) as pipeline:
        answer = pipeline.begin(work)
        begun.wait(60)
        stop.set()
        pipeline.wait_for(answer)
    end.set()
    with pytest.raises(CancelledError):
        answer.result(60)
