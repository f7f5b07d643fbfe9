"""The progress line of a run; only on a terminal, only on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from scorer.console import CLEAR_LINE, draw

SECONDS_BETWEEN = 0.2


class ProgressLine:
    """Shows rows done, speed and time left.

    Args:
        count: counts the rows of all inputs; called only if the line is visible.
        quiet: whether the line stays invisible.
    """

    def __init__(self, count: Callable[[], int], *, quiet: bool = False) -> None:
        self._done = 0
        self._started = time.monotonic()
        self._shown = 0.0
        self._visible = sys.stderr.isatty() and not quiet
        self._total = count() if self._visible else 0

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *exception: object) -> None:
        self.clear()

    def update(self, rows: int) -> None:
        """Count rows that are done."""
        self._done += rows
        now = time.monotonic()
        if self._visible and now - self._shown >= SECONDS_BETWEEN:
            self._shown = now
            line = progress_text(self._done, self._total, now - self._started)
            draw(CLEAR_LINE + line)

    def clear(self) -> None:
        """Take the line away, so that something that stays can be printed."""
        if self._visible:
            draw(CLEAR_LINE)


def progress_text(done: int, total: int, seconds: float) -> str:
    """Return what the line says.

    >>> progress_text(500, 2000, 0.25)
    '500 of 2,000 rows, 2,000 rows/s, 1 s left'
    """
    speed = done / max(seconds, 1e-9)
    left = f", {max(0, total - done) / speed:.0f} s left" if done else ""
    return f"{done:,} of {total:,} rows, {speed:,.0f} rows/s{left}"
