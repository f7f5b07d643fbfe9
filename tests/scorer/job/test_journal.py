from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import left_in, scores_of
from scorer.errors import OutputError, Stopped
from scorer.job.journal import (
    FORMAT,
    FRAME,
    PARTIAL_BYTES,
    Journal,
    begin_partial,
    clear_kept,
    header_of,
    journal_path,
    kept_rows,
    kept_scores,
)
from scorer.known.digests import digest_of
from scorer.scores import Scores
from scorer.storage.lock import hold_file


@dataclass(frozen=True)
class Binding:
    """What the scores of these tests depend on."""

    input: str = "a"
    model: str = "b"


BINDING = Binding()


def scores(rows: int, start: float = 0.0) -> Scores:
    values = (start + np.arange(rows)).astype(np.float32)
    values[::7] = np.nan
    found = scores_of(values, tokens=range(rows), unknown=range(rows, 0, -1))
    found.mended[::3], found.other_language[::5] = True, True
    return found


def assert_same(found: Scores | None, expected: Scores) -> None:
    assert found is not None
    for field in fields(Scores):
        one, two = getattr(found, field.name), getattr(expected, field.name)
        assert (one.dtype, one.tobytes()) == (two.dtype, two.tobytes())


def stop_after(output: Path, windows: list[tuple[int, Scores]]) -> None:
    """Leave a journal as a stopped run does."""
    with pytest.raises(Stopped), kept_scores(output, BINDING) as journal:
        for start, window in windows:
            journal.add(start, digest(start), window)
        raise Stopped("stopped", 143)


def digest(start: int) -> bytes:
    return digest_of(np.array([[start, 0]], np.uint64))


def test_scores_and_counts_come_back_exactly(tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    stop_after(output, [(20, scores(20, 0.5)), (0, scores(20))])
    assert left_in(tmp_path) == [".out.parquet.scores"]
    assert kept_rows(output, BINDING) == 40
    with kept_scores(output, BINDING) as journal:
        assert_same(journal.find(0, 20, digest(0)), scores(20))
        assert_same(journal.find(20, 20, digest(20)), scores(20, 0.5))
    assert left_in(tmp_path) == []


def test_scores_of_another_first_row_length_or_text_are_not_returned(tmp_path: Path) -> None:
    stop_after(tmp_path / "out", [(0, scores(20))])
    with kept_scores(tmp_path / "out", BINDING) as journal:
        assert journal.find(20, 20, digest(0)) is None
        assert journal.find(0, 19, digest(0)) is None
        assert journal.find(0, 20, digest(1)) is None


def test_scores_of_another_binding_are_dropped(tmp_path: Path) -> None:
    stop_after(tmp_path / "out", [(0, scores(20))])
    other = Binding(model="c")
    assert kept_rows(tmp_path / "out", other) == 0
    with kept_scores(tmp_path / "out", other) as journal:
        assert journal.is_empty


def test_fresh_drops_what_is_kept(tmp_path: Path) -> None:
    stop_after(tmp_path / "out", [(0, scores(20))])
    with kept_scores(tmp_path / "out", BINDING, fresh=True) as journal:
        assert journal.is_empty


@given(st.data())
def test_after_a_cut_or_a_flipped_bit_only_whole_records_come_back(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    output, starts = tmp_path_factory.mktemp("damaged") / "out", list(range(0, 25, 5))
    stop_after(output, [(start, scores(5, start)) for start in starts])
    content = bytearray(journal_path(output).read_bytes())
    digits = range(len(header_of(BINDING)), len(header_of(BINDING)) + PARTIAL_BYTES)
    if data.draw(st.booleans()):
        # Without its first word it would be somebody else's file; the digits of the second line
        # name another unfinished output, and no record.
        offsets = st.integers(len(f"{FORMAT}/"), len(content) - 1)
        offset = data.draw(offsets.filter(lambda offset: offset not in digits))
        content[offset] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    journal_path(output).write_bytes(content)
    with pytest.raises(Stopped), kept_scores(output, BINDING) as journal:
        kept = [start for start in starts if journal.find(start, 5, digest(start)) is not None]
        # The records before the damaged one; what is added behind them is kept as well.
        assert kept == starts[: len(kept)]
        assert len(kept) < 5
        for start in kept:
            assert_same(journal.find(start, 5, digest(start)), scores(5, start))
        journal.add(100, digest(100), scores(9))
        raise Stopped("stopped", 143)
    with kept_scores(output, BINDING) as journal:
        assert_same(journal.find(100, 9, digest(100)), scores(9))


def test_a_length_beyond_the_end_of_the_file_is_the_end_of_the_good_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out"
    stop_after(output, [(0, scores(5)), (5, scores(5))])
    with journal_path(output).open("ab") as file:
        file.write(FRAME.pack(2**32 - 1, 0) + b"rest")
    largest: list[int] = []
    crc32 = zlib.crc32
    monkeypatch.setattr(zlib, "crc32", lambda data: largest.append(len(data)) or crc32(data))
    assert kept_rows(output, BINDING) == 10
    assert max(largest) < 1000


@pytest.mark.parametrize("error", [ValueError, OutputError])
def test_a_failure_leaves_no_journal(tmp_path: Path, error: type[Exception]) -> None:
    with pytest.raises(error), kept_scores(tmp_path / "out", BINDING) as journal:
        journal.add(0, digest(0), scores(3))
        raise error
    assert left_in(tmp_path) == []


def test_a_stop_before_the_first_window_leaves_no_journal(tmp_path: Path) -> None:
    stop_after(tmp_path / "out", [])
    assert left_in(tmp_path) == []


def link(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def dangling_link(path: Path, victim: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def file(path: Path, victim: Path) -> None:
    path.write_text("theirs")


def pipe(path: Path, victim: Path) -> None:
    os.mkfifo(path)


KINDS = [(link, "a link"), (dangling_link, "a link"), (file, "a file"), (pipe, "a pipe")]


@pytest.mark.parametrize("name", [".out.scores", ".out.partial"])
@pytest.mark.parametrize(("make", "what"), KINDS, ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_not_ours_stays_and_the_command_that_removes_it_is_named(
    tmp_path: Path, name: str, make: Callable[[Path, Path], None], what: str
) -> None:
    victim, path = tmp_path / "victim", tmp_path / name
    victim.write_text("precious")
    make(path, victim)
    before = path.lstat()

    def begin() -> None:
        with kept_scores(tmp_path / "out", BINDING) as journal:
            begin_partial(tmp_path / "out", journal).write_text("ours")

    with pytest.raises(OutputError) as caught:
        begin()
    assert str(caught.value) == (
        f"writing {tmp_path}/out: {what} that scorer didn't write stands at {path}; "
        f"remove it with: rm {path}"
    )
    clear_kept(tmp_path / "out")
    assert kept_rows(tmp_path / "out", BINDING) == 0
    assert path.lstat() == before
    assert sorted(found.name for found in tmp_path.iterdir()) == sorted([name, "victim"])
    path.unlink()
    begin()
    assert victim.read_text() == "precious"


def test_the_unfinished_output_of_a_killed_run_is_replaced(tmp_path: Path) -> None:
    for _ in range(3):
        with pytest.raises(Stopped), kept_scores(tmp_path / "out", BINDING) as journal:
            assert begin_partial(tmp_path / "out", journal).read_text() == ""
            (tmp_path / ".out.partial").write_text("half")
            journal.add(0, digest(0), scores(3))
            raise Stopped("killed", 137)
        assert left_in(tmp_path) == [".out.partial", ".out.scores"]
    clear_kept(tmp_path / "out")
    assert left_in(tmp_path) == []


def test_another_binding_still_knows_the_unfinished_output(tmp_path: Path) -> None:
    with pytest.raises(Stopped), kept_scores(tmp_path / "out", BINDING) as journal:
        begin_partial(tmp_path / "out", journal).write_text("half")
        journal.add(0, digest(0), scores(3))
        raise Stopped("killed", 137)
    with kept_scores(tmp_path / "out", Binding(model="c")) as journal:
        assert journal.is_empty
        assert begin_partial(tmp_path / "out", journal).read_text() == ""


def test_an_output_is_held_by_one_run(tmp_path: Path) -> None:
    with kept_scores(tmp_path / "out", BINDING):
        with pytest.raises(OutputError) as caught, kept_scores(tmp_path / "out", BINDING):
            pass
        clear_kept(tmp_path / "out")
        assert left_in(tmp_path) == [".out.scores"]
    message = "another run is writing it; wait until that has ended, or name another output"
    assert str(caught.value) == f"writing {tmp_path}/out: {message}"


def test_threads_that_score_on_after_the_journal_is_closed_change_nothing(tmp_path: Path) -> None:
    handle = hold_file(tmp_path / "file")
    assert handle is not None
    journal = Journal(handle, header_of(BINDING))
    journal.close()
    size = (tmp_path / "file").stat().st_size
    journal.add(0, digest(0), scores(3))
    assert journal.find(0, 3, digest(0)) is None
    assert (tmp_path / "file").stat().st_size == size
