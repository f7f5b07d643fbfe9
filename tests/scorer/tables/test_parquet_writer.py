from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import left_in
from scorer.errors import OutputError
from scorer.system.background import Crew
from scorer.tables import parquet_writer
from scorer.tables.parquet_writer import SMALL_BYTES, ParquetOutput

BATCH = pa.record_batch({"id": [1, 2, 3]})
# Rows of a file that isn't small.
LARGE = SMALL_BYTES // 8 + 1


def output(path: Path, rows: int = 3, **options: object) -> ParquetOutput:
    return ParquetOutput(path, BATCH.schema, rows, [rows], "zstd", **options)


def test_a_finished_file_has_its_rows_and_the_keys_of_its_footer(tmp_path: Path) -> None:
    with output(tmp_path / "a.parquet") as file:
        file.write(BATCH)
        (unfinished,) = left_in(tmp_path)
        assert unfinished.startswith(".a.parquet.")
        file.finish({"key": "value"})
    assert left_in(tmp_path) == ["a.parquet"]
    assert pq.read_table(tmp_path / "a.parquet").to_pydict() == BATCH.to_pydict()
    assert pq.read_metadata(tmp_path / "a.parquet").metadata[b"key"] == b"value"


def test_a_file_that_is_not_finished_leaves_no_trace(tmp_path: Path) -> None:
    with output(tmp_path / "a.parquet") as file:
        file.write(BATCH)
    assert left_in(tmp_path) == []


def test_a_file_with_other_rows_than_its_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("old")
    problem = "3 rows were written of 4; report this, it must not happen"
    with pytest.raises(OutputError) as caught, output(tmp_path / "a.parquet", rows=4) as file:
        file.write(BATCH)
        file.finish({})
    assert str(caught.value) == f"writing {tmp_path}/a.parquet: {problem}"
    assert left_in(tmp_path) == ["a.parquet"]
    assert (tmp_path / "a.parquet").read_text() == "old"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="writing .*/none/a.parquet: No such file or directory"):
        output(tmp_path / "none/a.parquet")


def test_slow_calls_go_through_the_background_that_is_given(tmp_path: Path) -> None:
    calls: list[Callable[[], None]] = []

    def background(call: Callable[[], None]) -> None:
        calls.append(call)
        call()

    with output(tmp_path / "a.parquet", background=background) as file:
        file.write(BATCH)
        assert not calls  # it may stay small
        file.finish({})
    assert len(calls) == 1  # the disk
    calls.clear()
    with output(tmp_path / "b.parquet", LARGE, background=background) as file:
        file.write(large(LARGE))
        assert len(calls) == 1  # the row group
        file.finish({})
    assert len(calls) == 2  # the disk


def large(rows: int) -> pa.RecordBatch:
    return pa.record_batch({"id": range(rows)})


@pytest.mark.parametrize("sizes", [[0], [5], [1, 2, 3], [LARGE], [3, LARGE, 3], [LARGE // 2] * 3])
def test_a_file_has_the_same_bytes_whether_it_is_made_in_memory_or_not(
    tmp_path: Path, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(name: str) -> bytes:
        path = tmp_path / name
        with ParquetOutput(path, BATCH.schema, sum(sizes), sizes, "zstd") as file:
            for batch in (large(sum(sizes)).slice(0, 4), large(sum(sizes)).slice(4)):
                file.write(batch)
            file.finish({"key": "value"})
        return path.read_bytes()

    written = write("a.parquet")
    monkeypatch.setattr(parquet_writer, "SMALL_BYTES", 0)
    assert write("b.parquet") == written
    assert pq.read_metadata(tmp_path / "b.parquet").num_row_groups == len(list(filter(None, sizes)))


def test_a_file_that_was_discarded_is_not_completed(tmp_path: Path) -> None:
    with output(tmp_path / "a.parquet") as file:
        file.write(BATCH)
    file.complete({})
    assert left_in(tmp_path) == []


def test_row_groups_that_are_written_aside_make_the_same_file(tmp_path: Path) -> None:
    crew, batch = Crew(1), large(3 * LARGE)
    written = []
    for name, options in (("a.parquet", {}), ("b.parquet", {"begin": crew.begin})):
        path = tmp_path / name
        groups = [LARGE] * 3
        with ParquetOutput(path, batch.schema, len(batch), groups, "zstd", **options) as file:
            file.write(batch)
            file.finish({})
        written.append(path.read_bytes())
    assert written[0] == written[1]


def test_a_row_group_that_fails_aside_frees_the_disk_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*batches: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", fail)
    with output(tmp_path / "a.parquet", LARGE, begin=Crew(1).begin) as file:
        file.write(large(LARGE))
        problem = "writing .*/a.parquet: .*No space left on device; make room there and run again"
        with pytest.raises(OutputError, match=problem):
            file.finish({})
        assert left_in(tmp_path) == []
