from __future__ import annotations

import struct
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scorer.errors import ReviewsError
from scorer.tables.parquet_reader import ParquetReviews

DAY = 86_400_000_000_000
JULIAN_EPOCH = 2_440_588


def write_int96(path: Path, times: list[tuple[int, int] | None]) -> Path:
    """Write INT96 times: days since 1970, and nanoseconds of the day."""
    marks = [None if one is None else 1_000_000 * row for row, one in enumerate(times)]
    table = pa.table({"t": pa.array(marks, pa.timestamp("ns"))})
    options = {"use_dictionary": False, "compression": "none", "store_schema": False}
    pq.write_table(table, path, use_deprecated_int96_timestamps=True, **options)
    content = path.read_bytes()
    old = b"".join(int96(0, mark) for mark in marks if mark is not None)
    new = b"".join(int96(*one) for one in times if one is not None)
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))
    return path


def int96(day: int, nanoseconds: int) -> bytes:
    return struct.pack("<qi", nanoseconds, day + JULIAN_EPOCH)


def check(path: Path, *columns: str, truncate: bool = False) -> int:
    with ParquetReviews(path) as reviews:
        return sum(reviews.int96(columns or ["t"], truncate=truncate).check())


def day_of(year: int, month: int = 1, day: int = 1) -> int:
    return (datetime(year, month, day) - datetime(1970, 1, 1)).days


EXACT = [
    (day_of(1), 0),
    None,
    (day_of(1677), 1000),
    (day_of(1969, 12, 31), DAY - 1000),
    (0, 0),
    (day_of(2262, 12, 31), DAY - 1000),
    (day_of(9999, 12, 31), DAY - 1000),
]


def test_times_of_microseconds_are_carried_whatever_their_year(tmp_path: Path) -> None:
    source = write_int96(tmp_path / "in.parquet", EXACT)
    assert check(source) == 0
    with ParquetReviews(source) as reviews:
        assert reviews.schema.field("t").type == pa.timestamp("us")
        found = [batch["t"] for window in reviews.windows() for batch in window]
    assert pa.chunked_array(found).to_pylist() == [
        datetime(1, 1, 1), None, datetime(1677, 1, 1, microsecond=1),
        datetime(1969, 12, 31, 23, 59, 59, 999999), datetime(1970, 1, 1),
        datetime(2262, 12, 31, 23, 59, 59, 999999), datetime(9999, 12, 31, 23, 59, 59, 999999),
    ]  # fmt: skip


@pytest.mark.parametrize("row", [row for row, one in enumerate(EXACT) if one is not None])
@pytest.mark.parametrize("more", [1, 999])
def test_a_time_with_nanoseconds_is_named_in_any_year(tmp_path: Path, row: int, more: int) -> None:
    day, nanoseconds = EXACT[row]
    times = [*EXACT[:row], (day, nanoseconds // 1000 * 1000 + more), *EXACT[row + 1 :]]
    source = write_int96(tmp_path / "in.parquet", times)
    with pytest.raises(ReviewsError) as caught:
        check(source)
    assert str(caught.value) == (
        f"reading {source}: column 't' of row {row + 1} holds an INT96 time with nanoseconds; "
        "cut them off with --int96 truncate, or leave the column out with --drop t"
    )
    assert check(source, truncate=True) == 1


@pytest.mark.parametrize("day", [300_000 * 365, -300_000 * 365, 2**30])
def test_a_time_that_no_timestamp_can_count_is_refused_in_any_case(
    tmp_path: Path, day: int
) -> None:
    source = write_int96(tmp_path / "in.parquet", [(0, 0), (day, 0)])
    for truncate in (False, True):
        with pytest.raises(ReviewsError, match="row 2 holds an INT96 time beyond the years"):
            check(source, truncate=truncate)


def test_a_time_within_a_list_or_struct_is_named_by_its_row(tmp_path: Path) -> None:
    kind = pa.struct([("b", pa.list_(pa.map_(pa.string(), pa.timestamp("ns"))))])
    times = np.arange(5000, dtype="int64") * 1000
    times[4321] += 1
    rows = [{"b": [[("k", int(one))], None]} for one in times] + [None, {"b": []}]
    table = pa.table({"a.x": pa.array(rows, kind), "n": range(5002)})
    pq.write_table(table, tmp_path / "in.parquet", use_deprecated_int96_timestamps=True)
    with pytest.raises(ReviewsError, match=r"column 'a\.x' of row 4,322 holds"):
        check(tmp_path / "in.parquet", "a.x", "n")
    assert check(tmp_path / "in.parquet", "a.x", truncate=True) == 1


def test_only_columns_that_are_carried_and_int96_are_looked_at(tmp_path: Path) -> None:
    times = pa.array([1], pa.timestamp("ns"))
    pq.write_table(pa.table({"t": times}), tmp_path / "new.parquet")
    source = write_int96(tmp_path / "old.parquet", [(0, 1)])
    for path, columns in ((tmp_path / "new.parquet", ["t"]), (source, ["other"])):
        with ParquetReviews(path) as reviews:
            assert reviews.int96(columns, truncate=False) is None


@pytest.mark.parametrize(
    ("metadata", "is_refused"),
    [
        ({}, False),
        ({"org.apache.spark.version": "4.0.0"}, False),
        ({"org.apache.spark.version": "4.0.0", "org.apache.spark.legacyINT96": ""}, True),
        ({"org.apache.spark.version": "3.0.1"}, True),
        ({"org.apache.spark.version": "3.0.1", "org.apache.spark.legacyDateTime": ""}, False),
        ({"org.apache.spark.version": "2.4.8"}, False),
    ],
)
def test_a_time_before_1900_is_refused_if_spark_would_read_it_in_another_calendar(
    tmp_path: Path, metadata: dict[str, str], is_refused: bool
) -> None:
    for year, is_old in ((1899, True), (1900, False)):
        table = pa.table({"t": pa.array([datetime(year, 1, 1)], pa.timestamp("ns"))})
        path = tmp_path / f"{year}.parquet"
        table = table.replace_schema_metadata(metadata)
        pq.write_table(table, path, use_deprecated_int96_timestamps=True)
        if is_old and is_refused:
            with pytest.raises(ReviewsError, match="row 1 holds a time before 1900 in Spark's old"):
                check(path)
        else:
            assert check(path) == 0
