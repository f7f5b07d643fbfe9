"""The progress line: at once, of which file, how long still; plain where no line can be redrawn."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import some_texts, write_reviews
from scorer.reports import progress
from scorer.reports.progress import Place, ProgressLine, cells, duration, progress_text, shortened

CLEAR = "\r\x1b[K"


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _usual_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


@contextmanager
def line_on(
    stream: io.StringIO, names: list[str], count: Callable[[int], list[int]], **how: bool
) -> Iterator[ProgressLine]:
    """Show a progress line on a stream in the place of stderr."""
    with redirect_stderr(stream), ProgressLine(names, count, **how) as line:
        yield line


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def on_terminal(term: str, columns: int, *words: object) -> str:
    """Run the scorer with stderr on a terminal; return what it wrote there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "scorer", *map(str, words)],
        stdout=subprocess.DEVNULL, stderr=theirs, env=os.environ | {"TERM": term},
    )  # fmt: skip
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 1 << 16):
            written += piece
    except OSError:
        pass  # the other end is closed
    finally:
        os.close(ours)
    assert process.wait() == 0
    return written.decode()


def test_rows_are_counted_once_when_the_first_are_done_and_only_from_that_file_on(
    clock: list[float],
) -> None:
    terminal, counted = Terminal(), []

    def count(first: int) -> list[int]:
        counted.append((first, terminal.getvalue()))
        clock[0] += 50
        return [100, 300]

    with line_on(terminal, ["in/a.parquet", "in/b.parquet", "in/c.parquet"], count) as line:
        assert terminal.getvalue() == f"{CLEAR}1 of 3: in/a.parquet"
        line.finish(lambda: None)
        clock[0] += 0.5
        for _ in range(2):
            line.update(50)
            line.update(0)
    assert [first for first, _ in counted] == [1]
    assert counted[0][1].endswith(f"{CLEAR}2 of 3: in/b.parquet")
    # The time in which they were counted is nobody's.
    assert "2 of 3: in/b.parquet, 50 of 400 rows, 100 rows/s, 4 s left" in terminal.getvalue()


def test_where_nothing_is_scored_no_row_is_counted() -> None:
    terminal = Terminal()
    with line_on(terminal, ["a", "b"], never) as line:
        line.finish(lambda: None)
        line.finish(lambda: None)
    assert terminal.getvalue().count("of 2") == 2


def test_the_line_tells_the_file_the_rows_and_the_time_left(clock: list[float]) -> None:
    terminal = Terminal()
    with line_on(terminal, ["in/a.parquet", "in/b.parquet"], lambda first: [400, 600]) as line:
        clock[0] += 0.3
        line.update(100)
        assert terminal.getvalue().split(CLEAR)[-1] == (
            "1 of 2: in/a.parquet, 100 of 1,000 rows, 333 rows/s, 3 s left"
        )
        line.update(1)
        assert "101" not in terminal.getvalue()
        line.finish(lambda: print("scored", file=terminal))
        *_, before, printed, after = terminal.getvalue().split(CLEAR)
        assert printed == "scored\n"
        assert before.startswith("1 of 2: in/a.parquet, 100 of")
        assert after.startswith("2 of 2: in/b.parquet, 400 of 1,000 rows")
        line.finish(lambda: None)
    assert terminal.getvalue().endswith(CLEAR)


def test_rows_of_files_that_turn_out_to_be_done_are_behind_and_count_for_no_speed(
    clock: list[float],
) -> None:
    terminal = Terminal()
    with line_on(terminal, ["a", "b", "c"], lambda first: [500, 9_000, 1_000]) as line:
        line.update(500)
        line.finish(lambda: None)
        line.finish(lambda: None)
        clock[0] += 1
        line.update(500)
    assert "3 of 3: c, 10,000 of 10,500 rows, 1,000 rows/s, 0 s left" in terminal.getvalue()


def test_bytes_are_told_where_nothing_tells_the_rows(clock: list[float]) -> None:
    terminal, sizes = Terminal(), [4_000_000, 6_000_000]
    with line_on(terminal, ["a.csv", "b.csv"], lambda first: sizes, in_bytes=True) as line:
        clock[0] += 1
        line.update(500)
        clock[0] += 1
        line.reach(2_000_000)
        assert terminal.getvalue().split(CLEAR)[-1] == (
            "1 of 2: a.csv, 2.0 MB of 10.0 MB, 250 rows/s, 8 s left"
        )
        line.finish(lambda: None)
        clock[0] += 1
        line.reach(1_000_000)
        assert terminal.getvalue().split(CLEAR)[-1].startswith("2 of 2: b.csv, 5.0 MB of 10.0 MB")


def test_a_run_of_csv_on_a_terminal_counts_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        rows = "\n".join(some_texts(2000))
        (tmp_path / f"{name}.csv").write_text(f"review\n{rows}\n")
    sources = tmp_path / "a.csv", tmp_path / "b.csv"
    shown = on_terminal("xterm", 200, "run", *sources, f"{tmp_path}/out/")
    assert re.search(r"2 of 2: \S+/b.csv, 0\.[1-9] MB of 0\.6 MB, [\d,]+ rows/s", shown)


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_dumb_terminal_gets_a_plain_line_now_and_then(
    clock: list[float], monkeypatch: pytest.MonkeyPatch, term: str
) -> None:
    monkeypatch.setenv("TERM", term)
    terminal = Terminal()
    with line_on(terminal, ["in/a.parquet"], lambda first: [1000]) as line:
        for _ in range(100):
            clock[0] += 0.7
            line.update(10)
        line.finish(lambda: None)
    first, *others = terminal.getvalue().splitlines()
    assert first == "1 of 1: in/a.parquet"
    assert len(others) == 2
    assert others[0].startswith("1 of 1: in/a.parquet, 430 of 1,000 rows, 14 rows/s, ")
    assert "\r" not in terminal.getvalue()
    assert "\x1b" not in terminal.getvalue()


def never(first: int) -> list[int]:
    pytest.fail("rows were counted")


def test_no_line_where_stderr_is_no_terminal_or_the_log_is_json() -> None:
    for stream, quiet in ((Terminal(), True), (io.StringIO(), False)):
        with line_on(stream, ["a"], never, quiet=quiet) as line:
            line.update(5)
            line.finish(lambda: None)
        assert stream.getvalue() == ""


def test_hours_are_told_as_a_clock_does() -> None:
    assert [duration(seconds) for seconds in (0.4, 59.4, 59.6, 3599, 11_232, 360_000)] == [
        "0 s", "59 s", "0:01:00", "0:59:59", "3:07:12", "100:00:00",
    ]  # fmt: skip


@given(st.text(), st.integers(3, 60))
def test_a_name_takes_no_more_room_than_it_gets(name: str, width: int) -> None:
    short = shortened(name, width)
    assert cells(short) <= width
    assert short == name or "…" in short


def test_a_long_name_loses_its_middle_and_wide_letters_count_twice() -> None:
    place = Place("dumps/映画映画映画映画映画映画/24.parquet", 3, 40, 0, 2000, 0, 0)
    line = progress_text(place, 50)
    assert line == "3 of 40: dumps/…画映画/24.parquet, 0 of 2,000 rows"
    assert (len(line), cells(line)) == (47, 50)
    assert cells(progress_text(place, 20)) <= 20


def test_a_name_cannot_move_the_terminal() -> None:
    line = progress_text(Place("evil\n\x1b[2J", 1, 1, 0, 0, 0, 0), 79)
    assert line == r"1 of 1: evil\n\x1b[2J"


@pytest.mark.parametrize(("term", "first"), [("xterm", f"{CLEAR}1 of 2: "), ("dumb", "1 of 2: ")])
def test_a_run_on_a_terminal_begins_with_the_line(tmp_path: Path, term: str, first: str) -> None:
    for name in ("a" * 90, "b"):
        write_reviews(tmp_path / f"in/{name}.parquet", some_texts(20))
    written = on_terminal(term, 60, "run", "--model", "fast", tmp_path / "in", tmp_path / "out")
    assert written.startswith(first)
    assert ("\x1b" in written) == (term == "xterm")
    lines = written.replace(CLEAR, "\n").splitlines()
    assert any("…" in line for line in lines)
    assert max(map(len, lines)) < 60
