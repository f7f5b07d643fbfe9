from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scorer.errors import ReviewsError
from scorer.tables import parquet_bounds, parquet_pages, parquet_reader, parquet_steps
from scorer.tables.parquet_reader import ParquetReviews

SMALL, LATER = 2000, 300
ROWS = SMALL + LATER
LARGE = "a great film " * (1 << 15)
MOST_ALLOCATED = 80 << 20
ONE_PAGE = {
    "compression": "zstd",
    "use_dictionary": ["review"],
    "data_page_size": (1 << 31) - 1,
    "max_rows_per_page": 1 << 30,
}


def late(value: str | bytes) -> pa.Array:
    """Return empty values, and then a long one that is repeated."""
    indices = pa.array([0] * SMALL + [1] * LATER, pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array([type(value)(), value]))


LISTS = pa.ListArray.from_arrays(pa.array(range(ROWS + 1), pa.int32()), late(LARGE))
LONG_LISTS = pa.ListArray.from_arrays(
    pa.array([*range(SMALL), *range(SMALL, SMALL + LATER * 30_000 + 1, 30_000)], pa.int32()),
    pa.array(np.zeros(SMALL + LATER * 30_000, np.int64)),
)
FILES_THAT_BECOME_LARGE = {
    "a dictionary": ({"page": late(LARGE)}, {}),
    "two dictionaries": ({"page": late(LARGE), "other": late(LARGE.encode())}, {}),
    "a list": ({"page": LISTS}, {}),
    "a list, pages of version 2": ({"page": LISTS}, {"data_page_version": "2.0"}),
    "long lists, pages of version 2": ({"page": LONG_LISTS}, {"data_page_version": "2.0"}),
    "large pages": (
        {"page": late(LARGE).dictionary_decode()},
        {"use_dictionary": False, "write_batch_size": 1},
    ),
    "repeated beginnings": (
        {"page": late(LARGE).dictionary_decode()},
        {"use_dictionary": False, "column_encoding": {"page": "DELTA_BYTE_ARRAY"}},
    ),
    "row groups": ({"page": late(LARGE)}, {"row_group_size": 100, "compression": "zstd"}),
}


def write(path: Path, columns: dict[str, pa.Array], **parquet: object) -> Path:
    defaults = {"store_schema": False, "dictionary_pagesize_limit": 1 << 30}
    table = pa.table({"review": pa.array(["a film"] * len(next(iter(columns.values()))))} | columns)
    pq.write_table(table, path, **(defaults | {"write_statistics": False} | parquet))
    return path


_pools: list[pa.MemoryPool] = []


@pytest.fixture
def pool() -> Iterator[pa.MemoryPool]:
    """Memory of a test alone, so that its peak is known."""
    before = pa.default_memory_pool()
    own = pa.proxy_memory_pool(pa.system_memory_pool())
    # Of a failed test some arrays outlive it, and they need their pool.
    _pools.append(own)
    pa.set_memory_pool(own)
    yield own
    pa.set_memory_pool(before)


@pytest.mark.parametrize("name", FILES_THAT_BECOME_LARGE)
def test_values_that_become_large_in_the_middle_are_read_a_few_rows_at_a_time(
    name: str, tmp_path: Path, pool: pa.MemoryPool
) -> None:
    columns, options = FILES_THAT_BECOME_LARGE[name]
    source = write(tmp_path / "in.parquet", columns, **options)
    start, rows = pool.bytes_allocated(), 0
    with ParquetReviews(source) as reviews:
        for window in reviews.windows():
            rows += sum(map(len, window))
    assert rows == ROWS
    assert pool.max_memory() - start < MOST_ALLOCATED


def zeros(rows: int) -> pa.Array:
    return pa.array(np.zeros(rows, np.int64))


def empty(rows: int) -> pa.Array:
    return pa.array([""]).take(pa.array(np.zeros(rows, np.int8)))


@pytest.mark.parametrize(
    ("column", "encoding", "size"),
    [
        (zeros(500_000), "PLAIN", "4,000,0"),
        (empty(500_000), "DELTA_LENGTH_BYTE_ARRAY", "4,0"),
        (pa.array([" " * (1 << 20)] * 3), "PLAIN", "3,145,7"),
    ],
    ids=["zeros", "lengths", "texts"],
)
def test_a_page_that_takes_much_more_memory_than_it_has_bytes_is_named(
    column: pa.Array,
    encoding: str,
    size: str,
    tmp_path: Path,
    pool: pa.MemoryPool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = write(
        tmp_path / "in.parquet",
        {"page": column},
        **(ONE_PAGE | {"column_encoding": {"page": encoding}}),
    )
    monkeypatch.setattr(parquet_bounds, "MOST_PAGE", 2 << 20)
    before = pool.max_memory()
    with ParquetReviews(source, max_cell=1 << 20) as reviews:
        for read in (reviews.codecs, lambda: list(reviews.windows())):
            with pytest.raises(ReviewsError) as error:
                read()
            message = str(error.value)
            begins = f"reading {source}: column 'page' of rows 1 to {len(column):,} has a page of "
            assert message.startswith(begins)
            assert f" that takes {size}" in message
            assert message.endswith(
                " in memory, more than 2,097,152; add --max-cell 2 or leave the column out"
            )
        assert pool.max_memory() - before < 1 << 20
        assert sum(map(len, next(reviews.windows(["review"])))) > 0
    with ParquetReviews(source, max_cell=2 << 20) as reviews:
        assert sum(map(len, next(reviews.windows()))) > 0


def test_a_page_that_is_as_large_in_the_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(0).integers(0, 1 << 60, 500_000)
    source = write(tmp_path / "in.parquet", {"page": pa.array(noise)}, **ONE_PAGE)
    monkeypatch.setattr(parquet_bounds, "MOST_PAGE", 2 << 20)
    with ParquetReviews(source, max_cell=1 << 20) as reviews:
        assert sum(map(len, next(reviews.windows()))) > 0


def test_rows_of_many_large_dictionaries_of_short_values_are_read_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, steps = 3000, list[int]()
    values = [[f"{column} {row} ".ljust(300, "x") for row in range(rows)] for column in range(20)]
    source = write(
        tmp_path / "in.parquet",
        {f"column_{name}": pa.array(one) for name, one in enumerate(values)},
    )

    def size_of_step(batch: pa.RecordBatch) -> int:
        steps.append(len(batch))
        return parquet_steps.size_of_step(batch)

    monkeypatch.setattr(parquet_reader, "size_of_step", size_of_step)
    with ParquetReviews(source) as reviews:
        read = pa.Table.from_batches([one for window in reviews.windows() for one in window])
    assert read.equals(pq.read_table(source))
    assert len(steps) < 30


def test_no_more_dictionaries_are_looked_into_than_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, looked_into = 3000, list[int]()
    values = [[f"{column} {row} ".ljust(300, "x") for row in range(rows)] for column in range(20)]
    source = write(
        tmp_path / "in.parquet",
        {f"column_{name}": pa.array(one) for name, one in enumerate(values)},
    )

    def longest_value(*arguments: Any) -> int:
        looked_into.append(1)
        return parquet_pages.longest_value(*arguments)

    monkeypatch.setattr(parquet_bounds, "longest_value", longest_value)
    with ParquetReviews(source) as reviews:
        assert sum(len(batch) for window in reviews.windows() for batch in window) == rows
    # Twenty of 0.9 MB are a little more than a step may hold.
    assert 0 < len(looked_into) < 10
