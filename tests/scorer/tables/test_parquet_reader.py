from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import some_texts, write_reviews
from scorer.errors import ReviewsError
from scorer.tables import parquet_reader
from scorer.tables.parquet_reader import ParquetReviews, read_key


def test_a_batch_that_is_still_too_large_is_cut_by_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_reader, "WINDOW_BYTES", 10_000)
    # One value repeated: a few bytes in the file, 100 kB in memory.
    write_reviews(tmp_path / "in.parquet", ["word " * 200] * 100)
    with ParquetReviews(tmp_path / "in.parquet") as reviews:
        windows = list(reviews.windows())
    assert sum(len(batch) for window in windows for batch in window) == 100
    assert max(sum(batch.nbytes for batch in window) for window in windows) < 20_000


def test_a_window_of_several_batches_holds_no_more_than_its_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_reader, "WINDOW_BYTES", 10_000)
    write_reviews(tmp_path / "in.parquet", [f"{row:03} " * 150 for row in range(100)])
    with ParquetReviews(tmp_path / "in.parquet") as reviews:
        windows = list(reviews.windows())
    assert sum(len(batch) for window in windows for batch in window) == 100
    sizes = [sum(batch.nbytes for batch in window) for window in windows]
    assert max(sizes) <= 10_000
    # Two neighbours wouldn't have fitted.
    assert min(map(sum, pairwise(sizes))) > 10_000


def test_windows_grow_at_the_start_and_get_finer_towards_the_end_of_a_file(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"review": [str(row) for row in range(12_000)]}),
        tmp_path / "in.parquet",
        row_group_size=4_096,
    )
    with ParquetReviews(tmp_path / "in.parquet") as reviews:
        windows = list(reviews.windows())
    assert [
        text for window in windows for batch in window for text in batch["review"].to_pylist()
    ] == [str(row) for row in range(12_000)]
    sizes = [sum(map(len, window)) for window in windows]
    assert sizes[:4] == [512, 512, 1024, parquet_reader.WINDOW_ROWS]
    assert sizes[3:-1] == sorted(sizes[3:-1], reverse=True)
    assert sizes[-3:-1] == [952, parquet_reader.LEAST_WINDOW_ROWS]


@pytest.mark.parametrize(
    ("text", "most"),
    [("short", parquet_reader.SHORT_WINDOW_ROWS), ("long " * 40, parquet_reader.WINDOW_ROWS)],
)
def test_windows_of_short_texts_hold_more_rows(tmp_path: Path, text: str, most: int) -> None:
    # The other column says nothing: its values are long in both files.
    columns = {"review": [text] * 40_000, "other": ["value " * 20] * 40_000}
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")
    with ParquetReviews(tmp_path / "in.parquet") as reviews:
        sizes = [sum(map(len, window)) for window in reviews.windows(None, "review")]
        unasked = [sum(map(len, window)) for window in reviews.windows()]
    assert (sum(sizes), max(sizes)) == (40_000, most)
    assert (sum(unasked), max(unasked)) == (40_000, parquet_reader.WINDOW_ROWS)


def test_an_input_that_changes_while_it_is_read_fails(tmp_path: Path) -> None:
    source = write_reviews(tmp_path / "in.parquet", some_texts(5))
    with (
        pytest.raises(ReviewsError, match="it changed while it was read"),
        ParquetReviews(source) as reviews,
    ):
        os.utime(source, ns=(1, 1))
        list(reviews.windows())


def test_the_codec_of_each_column_is_told_by_its_path(tmp_path: Path) -> None:
    nested = pa.array([{"name": "x"}])
    table = pa.table({"id": [1], "review": ["x"], "tags": nested})
    codecs = {"id": "snappy", "review": "gzip", "tags.name": "none"}
    pq.write_table(table, tmp_path / "in.parquet", compression=codecs)
    with ParquetReviews(tmp_path / "in.parquet") as reviews:
        assert reviews.codecs() == codecs
        assert reviews.codecs(["tags", "id"]) == {"id": "snappy", "tags.name": "none"}


def test_a_key_of_the_footer_is_read_and_a_file_without_it_has_none(tmp_path: Path) -> None:
    keyed = pa.table({"review": ["x"]}).replace_schema_metadata({"key": '{"a": 1}'})
    pq.write_table(keyed, tmp_path / "keyed.parquet")
    (tmp_path / "text.parquet").write_text("no parquet at all")
    assert read_key(tmp_path / "keyed.parquet", "key") == {"a": 1}
    assert read_key(tmp_path / "keyed.parquet", "other") is None
    assert read_key(tmp_path / "text.parquet", "key") is None
    assert read_key(tmp_path / "missing.parquet", "key") is None
