"""Windows through threads: in order, bounded, and ended when they are to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from scorer.job.pipeline import Check, Pipeline


def test_answers_come_in_the_order_of_the_windows() -> None:
    def work(window: int, check: Check) -> int:
        time.sleep(0.002 * (window % 3))
        return window

    with Pipeline[int, int](3) as pipeline, pipeline.answers(iter(range(50)), work) as answers:
        assert list(answers) == list(range(50))


def test_no_more_windows_are_read_ahead_than_there_is_work_for() -> None:
    read: list[int] = []

    def windows() -> Iterator[int]:
        for window in range(20):
            read.append(window)
            yield window

    def work(window: int, check: Check) -> int:
        return window

    with Pipeline[int, int](2) as pipeline, pipeline.answers(windows(), work) as answers:
        for taken, _ in enumerate(answers, 1):
            assert len(read) <= min(20, taken + 3)


def test_an_error_reaches_the_caller_and_the_other_work_is_told_to_end() -> None:
    ended = threading.Event()

    def work(window: int, check: Check) -> int:
        if window == 0:
            raise ZeroDivisionError
        try:
            while True:
                check()
                time.sleep(0.001)
        except CancelledError:
            ended.set()
            raise

    with Pipeline[int, int](2) as pipeline:
        with pytest.raises(ZeroDivisionError), pipeline.answers(iter(range(9)), work) as answers:
            list(answers)
        assert ended.wait(60)


def test_a_stop_ends_work_and_waiting() -> None:
    stop, forever = threading.Event(), threading.Event()

    def work(window: int, check: Check) -> int:
        stop.set()
        while True:
            check()

    with Pipeline[int, int](2, stop) as pipeline:
        with pytest.raises(CancelledError), pipeline.answers(iter(range(9)), work) as answers:
            list(answers)
        with pytest.raises(CancelledError):
            pipeline.background(lambda: forever.wait(60) and None)
    forever.set()


def test_a_stop_waits_for_no_work_that_does_not_look_up() -> None:
    stop, release, ended = threading.Event(), threading.Event(), threading.Event()

    def deaf(window: int, check: Check) -> int:
        stop.set()
        release.wait(60)
        ended.set()
        return window

    with Pipeline[int, int](1, stop) as pipeline:
        with pytest.raises(CancelledError), pipeline.answers(iter(range(9)), deaf) as answers:
            list(answers)
        with pytest.raises(CancelledError):
            pipeline.reading(lambda: release.wait(60))
    assert not ended.is_set()
    release.set()


def test_the_pipeline_serves_one_file_after_another() -> None:
    with Pipeline[int, int](2) as pipeline:
        for _ in range(3):
            with pipeline.answers(iter(range(5)), lambda window, check: 2 * window) as answers:
                assert list(answers) == [0, 2, 4, 6, 8]
