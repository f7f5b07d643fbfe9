"""The progress line of a run; only on a terminal, only on stderr."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from unicodedata import category, east_asian_width

from scorer.console import CLEAR_LINE, can_redraw, draw
from scorer.system.escape import escaped

SECONDS_BETWEEN = 0.2
# On a terminal where no line can be taken away.
SECONDS_BETWEEN_LINES = 30.0
USUAL_WIDTH = 80
# A shorter piece of a name says nothing.
SHORTEST_NAME = 8


@dataclass(frozen=True)
class Place:
    """How far a run is.

    Attributes:
        name: of the present file.
        number: of the present file, from 1.
        files: number of all files.
        passed: rows that are behind, of the files that were counted.
        total: rows of all files that aren't known to be done; 0 until they are counted.
        written: rows that were scored and written.
        seconds: since the first file began.
        in_bytes: whether the two before are bytes of the inputs: a text doesn't tell its rows.
    """

    name: str
    number: int
    files: int
    passed: int
    total: int
    written: int
    seconds: float
    in_bytes: bool = False

    def figures(self) -> str:
        """Return how far it is, how fast, and how long it takes."""
        if not self.total:
            return ""
        text = f", {self.passed:,} of {self.total:,} rows"
        if self.in_bytes:
            text = f", {size(self.passed)} of {size(self.total)}"
        if not self.written:
            return text
        speed = self.written / max(self.seconds, 1e-9)
        pace = self.passed / max(self.seconds, 1e-9) if self.in_bytes else speed
        left = max(0, self.total - self.passed) / max(pace, 1e-9)
        return f"{text}, {speed:,.0f} rows/s, {duration(left)} left"


class ProgressLine:
    """Shows the file, rows done, speed and time left, from the beginning on.

    Args:
        names: of the files, in the order in which they are scored.
        count: returns the rows of each file from one of them on, which is given by its place among
            the names. Called once, when the first rows are done, and only if the line is visible.
        quiet: whether the line stays invisible.
        in_bytes: whether bytes of the inputs are counted in place of rows.
    """

    def __init__(
        self,
        names: Sequence[str],
        count: Callable[[int], list[int]],
        *,
        quiet: bool = False,
        in_bytes: bool = False,
    ) -> None:
        self._names, self._count, self._in_bytes = names, count, in_bytes
        self._rows: list[int] = []
        self._visible, self._redraws = sys.stderr.isatty() and not quiet, can_redraw()
        self._number = self._written = self._of_file = 0
        self._started = self._due = time.monotonic()

    def __enter__(self) -> ProgressLine:
        self._show()
        return self

    def __exit__(self, *exception: object) -> None:
        self._clear()

    def update(self, rows: int) -> None:
        """Count rows that are done."""
        self._written += rows
        self._of_file += 0 if self._in_bytes else rows
        if self._visible and not self._rows:
            self._count_ahead()
        self._show()

    def reach(self, position: int) -> None:
        """Count the bytes of the present file that are done."""
        self._of_file = position if self._in_bytes else self._of_file
        self._show()

    def finish(self, print_file: Callable[[], None]) -> None:
        """Print what became of the present file, and turn to the next."""
        self._clear()
        print_file()
        self._number, self._of_file = self._number + 1, 0
        if self._redraws:
            self._due = 0.0
        self._show()

    def _count_ahead(self) -> None:
        """Count the rows from this file on: those before it are done."""
        # The time that it takes is not that of the rows.
        began = time.monotonic()
        self._rows = [0] * self._number + self._count(self._number)
        self._started += time.monotonic() - began

    def _show(self) -> None:
        now = time.monotonic()
        if not self._visible or now < self._due or self._number == len(self._names):
            return
        self._due = now + (SECONDS_BETWEEN if self._redraws else SECONDS_BETWEEN_LINES)
        line = progress_text(self._place(now), terminal_width() - 1)
        draw(CLEAR_LINE + line if self._redraws else f"{line}\n")

    def _place(self, now: float) -> Place:
        return Place(
            name=self._names[self._number],
            number=self._number + 1,
            files=len(self._names),
            passed=sum(self._rows[: self._number]) + self._of_file,
            total=sum(self._rows),
            written=self._written,
            seconds=now - self._started,
            in_bytes=self._in_bytes,
        )

    def _clear(self) -> None:
        if self._visible and self._redraws:
            draw(CLEAR_LINE)


def progress_text(at: Place, width: int) -> str:
    """Return what the line says; a long name loses its middle.

    >>> progress_text(Place("in/a.parquet", 3, 40, 1500, 2000, 500, 0.25), 79)
    '3 of 40: in/a.parquet, 1,500 of 2,000 rows, 2,000 rows/s, 0 s left'
    """
    head = f"{at.number} of {at.files}: "
    figures = at.figures()
    room = max(SHORTEST_NAME, width - len(head) - len(figures))
    return _beginning(f"{head}{shortened(escaped(at.name), room)}{figures}", width)


def size(count: int) -> str:
    """Return a number of bytes as a person reads it.

    >>> size(1_234), size(56_789_000), size(7_654_321_000)
    ('0.0 MB', '56.8 MB', '7.65 GB')
    """
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def duration(seconds: float) -> str:
    """Return a time as a clock shows it, once it takes minutes.

    >>> duration(11232.4), duration(75), duration(59)
    ('3:07:12', '0:01:15', '59 s')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def shortened(text: str, width: int) -> str:
    """Return text that takes at most so many cells of a terminal: its middle is left out.

    >>> shortened("dumps/2026-11/reviews.parquet", 20)
    'dumps/…views.parquet'
    """
    if cells(text) <= width:
        return text
    head = _beginning(text, (width - 1) // 3)
    tail = _beginning(reversed(text), width - 1 - cells(head))
    return f"{head}…{tail[::-1]}"


def cells(text: str) -> int:
    """Return how many cells of a terminal text takes.

    >>> cells("film"), cells("映画"), cells("e\u0301")
    (4, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(map(_cells_of, text))


def terminal_width() -> int:
    """Return the width of the terminal at stderr, in cells."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or USUAL_WIDTH
    except (OSError, ValueError):
        return USUAL_WIDTH


def _beginning(text: Iterable[str], width: int) -> str:
    kept, used = [], 0
    for character in text:
        used += _cells_of(character)
        if used > width:
            break
        kept.append(character)
    return "".join(kept)


def _cells_of(character: str) -> int:
    # Marks and format characters stand on the character before them.
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
