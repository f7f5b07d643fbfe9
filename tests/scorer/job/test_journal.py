from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import left_in
from scorer.errors import OutputError, Stopped
from scorer.job.journal import (
    Journal,
    clear_kept,
    digest_of,
    header_of,
    journal_path,
    kept_rows,
    kept_scores,
)
from scorer.kernel import Scores
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
    return Scores(values, invalid=1, truncated=2, tokens=2**40, unknown=3)


def assert_same(found: Scores | None, expected: Scores) -> None:
    assert found is not None
    assert found.values.tobytes() == expected.values.tobytes()
    for name in ("invalid", "truncated", "tokens", "unknown"):
        assert getattr(found, name) == getattr(expected, name)


def stop_after(output: Path, windows: list[tuple[int, Scores]]) -> None:
    """Leave a journal as a stopped run does."""
    with pytest.raises(Stopped), kept_scores(output, BINDING) as journal:
        for start, window in windows:
            journal.add(start, digest(start), window)
        raise Stopped("stopped", 143)


def digest(start: int) -> bytes:
    return digest_of([pa.array([str(start)])])


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


@pytest.mark.parametrize(
    "dtype",
    [pa.string(), pa.large_binary(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())],
    ids=str,
)
def test_other_texts_have_another_digest(dtype: pa.DataType) -> None:
    texts = [["a", None, "bc"], ["a", None, "bd"], ["a", "", "bc"]]
    assert len({digest_of([pa.array(rows, dtype)]) for rows in texts}) == 3


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
    offset = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[offset] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[offset:]
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


@pytest.mark.parametrize("error", [ValueError, OutputError])
def test_a_failure_leaves_no_journal(tmp_path: Path, error: type[Exception]) -> None:
    with pytest.raises(error), kept_scores(tmp_path / "out", BINDING) as journal:
        journal.add(0, digest(0), scores(3))
        raise error
    assert left_in(tmp_path) == []


def test_a_stop_before_the_first_window_leaves_no_journal(tmp_path: Path) -> None:
    stop_after(tmp_path / "out", [])
    assert left_in(tmp_path) == []


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
