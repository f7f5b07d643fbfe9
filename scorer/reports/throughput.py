"""How fast a run was, as it went on: rows by time, in a bounded number of steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

from scorer.reports.report import Throughput

# Seconds of a step at first. When there are more steps than that, each two are made one.
FIRST_STEP, MOST_STEPS = 1.0, 120


def rates(throughput: Throughput) -> tuple[list[float], list[float]]:
    """Return the middle of each step, in seconds, and its rows a second.

    A last step of less than half the length is told with the one before it.

    >>> rates(Throughput(2.0, 4.5, (20, 40, 5)))
    ([1.0, 3.25], [10.0, 18.0])
    """
    step, end, rows = throughput.step_seconds, throughput.seconds, list(throughput.rows)
    ends = [min(step * number, end) for number in range(len(rows) + 1)]
    if len(rows) > 1 and ends[-1] - ends[-2] < step / 2:
        rows[-2:] = [sum(rows[-2:])]
        del ends[-2]
    spans = list(pairwise(ends))
    middles = [(start + stop) / 2 for start, stop in spans]
    lengths = [stop - start for start, stop in spans]
    return middles, [count / (length or 1.0) for count, length in zip(rows, lengths, strict=True)]


class Gauge:
    """Counts rows by time as they are told; it costs an addition each time.

    Args:
        clock: seconds of a clock that never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = self._last = clock()
        self._step = FIRST_STEP
        self._rows: list[int] = []

    def beside(self, watch: Callable[[int], None]) -> Callable[[int], None]:
        """Return a call that counts rows and tells them on."""

        def told(rows: int) -> None:
            self.add(rows)
            watch(rows)

        return told

    def add(self, rows: int) -> None:
        """Count rows that were written just now."""
        self._last = self._clock()
        step = int((self._last - self._started) / self._step)
        while step >= MOST_STEPS:
            pairs = range(0, len(self._rows), 2)
            self._rows = [sum(self._rows[first : first + 2]) for first in pairs]
            self._step *= 2
            step //= 2
        self._rows += [0] * (step + 1 - len(self._rows))
        self._rows[step] += rows

    def read(self) -> Throughput | None:
        """Return what was counted; None if nothing was."""
        if not self._rows:
            return None
        return Throughput(self._step, round(self._last - self._started, 6), tuple(self._rows))
