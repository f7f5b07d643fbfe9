"""Threads that work: they end when they are to end, and nobody waits for those that don't."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError

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
