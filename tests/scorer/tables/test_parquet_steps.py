from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scorer.errors import ReviewsError
from scorer.tables import parquet_reader, parquet_writer
from scorer.tables.parquet_reader import ParquetReviews
from scorer.tables.parquet_steps import join
from scorer.tables.parquet_writer import ParquetOutput

ROWS = 512
LARGE = "a great film " * (1 << 16)
MOST_ALLOCATED = 80 << 20


def repeated(values: list[str]) -> pa.Array:
    """Return rows that hold each value in turn: a few bytes in a file."""
    indices = [row * len(values) // ROWS for row in range(ROWS)]
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(values))


REVIEWS = pa.array(["a great film"] * ROWS)
LISTS = pa.ListArray.from_arrays(pa.array(range(ROWS + 1), pa.int32()), repeated([LARGE]))
SMALL_FILES_OF_LARGE_ROWS = {
    "beside the review": {"review": REVIEWS, "page": repeated([LARGE])},
    "in several columns": {"review": REVIEWS, "a": repeated([LARGE]), "b": repeated([LARGE])},
    "in a list": {"review": REVIEWS, "page": LISTS},
    "the review itself": {"review": repeated([LARGE])},
}


def write(path: Path, columns: dict[str, pa.Array], **parquet: object) -> Path:
    options = {"store_schema": False, "dictionary_pagesize_limit": 1 << 30}
    pq.write_table(pa.table(columns), path, **(options | parquet))
    return path


@pytest.mark.parametrize("name", SMALL_FILES_OF_LARGE_ROWS)
def test_a_repeated_value_takes_the_memory_of_few_rows_at_a_time(name: str, tmp_path: Path) -> None:
    source = write(tmp_path / "in.parquet", SMALL_FILES_OF_LARGE_ROWS[name])
    assert source.stat().st_size < 500_000
    before, most, rows = pa.total_allocated_bytes(), 0, 0
    with ParquetReviews(source) as reviews:
        for window in reviews.windows():
            most = max(most, pa.total_allocated_bytes() - before)
            rows += sum(map(len, window))
    assert rows == ROWS
    assert most < MOST_ALLOCATED


def test_a_window_of_repeated_reviews_that_stay_a_dictionary_is_cut_by_what_they_decode_to(
    tmp_path: Path,
) -> None:
    source = write(tmp_path / "in.parquet", {"review": repeated([LARGE])}, store_schema=True)
    with ParquetReviews(source) as reviews:
        assert pa.types.is_dictionary(reviews.schema.field("review").type)
        sizes = [sum(map(len, window)) for window in reviews.windows()]
    assert sum(sizes) == ROWS
    assert max(sizes) * len(LARGE) <= 2 * parquet_reader.WINDOW_BYTES


def many_types(rows: int, seed: int) -> pa.Table:
    chance = random.Random(seed)  # noqa: S311  # test data

    def some(value: object, share: float = 0.1) -> object:
        return None if chance.random() < share else value

    return pa.table(
        {
            "review": [some("word " * chance.randrange(9)) for _ in range(rows)],
            "full": list(range(rows)),
            "number": pa.array([some(row) for row in range(rows)]),
            "flag": [row % 3 == 0 for row in range(rows)],
            "none": pa.nulls(rows),
            "bytes": pa.array([b"abcd"] * rows, pa.binary(4)),
            "large": pa.array([str(row) for row in range(rows)], pa.large_string()),
            "view": pa.array([some(str(row)) for row in range(rows)], pa.string_view()),
            "tags": [[some("tag")] * chance.randrange(3) for _ in range(rows)],
            "nested": [{"a": some(row), "b": [row]} for row in range(rows)],
            "map": pa.array(
                [[("key", row)] for row in range(rows)], pa.map_(pa.string(), pa.int64())
            ),
            "pair": pa.array([[row, row] for row in range(rows)], pa.list_(pa.int32(), 2)),
            "time": pa.array(list(range(rows)), pa.timestamp("us", "UTC")),
        }
    )


@pytest.mark.parametrize("group", [5000, 1000, 77])
def test_joined_steps_are_the_batches_of_one_read_to_the_byte(tmp_path: Path, group: int) -> None:
    pq.write_table(many_types(5000, seed=group), tmp_path / "in.parquet", row_group_size=group)
    with ParquetReviews(tmp_path / "in.parquet") as reviews:
        joined = list(reviews._batches(None))
        most = reviews._rows_a_batch()
    whole = list(pq.ParquetFile(tmp_path / "in.parquet", pre_buffer=False).iter_batches(most))
    assert list(map(len, joined)) == list(map(len, whole))
    for ours, other in zip(joined, whole, strict=True):
        assert ours.equals(other)
        assert [column.nbytes for column in ours] == [column.nbytes for column in other]


def test_one_step_is_left_as_it_is() -> None:
    batch = pa.record_batch({"review": ["x"]})
    assert join([batch]) is batch


@pytest.mark.parametrize("group", [16, 48, 512])
def test_dictionaries_of_two_row_groups_are_not_joined(tmp_path: Path, group: int) -> None:
    places = pa.array([f"place {row // group}" for row in range(ROWS)]).dictionary_encode()
    source = tmp_path / "in.parquet"
    pq.write_table(pa.table({"review": REVIEWS, "place": places}), source, row_group_size=group)
    with ParquetReviews(source) as reviews:
        batches = list(reviews._batches(None))
    read = pq.ParquetFile(source, pre_buffer=False).iter_batches(2048)
    expected = {len(batch["place"].dictionary) for batch in read}
    assert {len(batch["place"].dictionary) for batch in batches} == expected
    assert pa.Table.from_batches(batches)["place"].to_pylist() == places.to_pylist()


@pytest.mark.parametrize("column", ["review", "page"])
def test_a_cell_that_is_too_large_is_named_by_row_and_column(tmp_path: Path, column: str) -> None:
    columns = {"review": ["a film"] * 2000, "page": [["x"]] * 2000}
    columns[column][1234] = "long " * 1000 if column == "review" else ["long " * 1000]
    source = write(tmp_path / "in.parquet", columns)
    with ParquetReviews(source, max_cell=4000) as reviews, pytest.raises(ReviewsError) as error:
        list(reviews.windows())
    assert str(error.value).startswith(
        f"reading {source}: column {column!r} of row 1,235 takes 5,0"
    )
    assert str(error.value).endswith(
        "bytes, more than the 4,000 of --max-cell; raise that, or leave the row out"
    )
    with ParquetReviews(source, max_cell=6000) as reviews:
        assert sum(len(batch) for window in reviews.windows() for batch in window) == 2000


def test_rows_that_are_too_large_by_the_footer_are_not_read(tmp_path: Path) -> None:
    texts = [f"{row} long review " * 1000 for row in range(10)]
    source = write(tmp_path / "in.parquet", {"review": texts}, row_group_size=5)
    with pytest.raises(
        ReviewsError, match=r"column 'review' of rows 1 to 5 takes 1\d,\d{3} bytes a"
    ):
        ParquetReviews(source, max_cell=4000)


def test_many_tiny_row_groups_are_joined_and_few_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_writer, "MOST_ROW_GROUPS", 10)
    batch = pa.record_batch({"review": ["x"] * 25})
    for groups, expected in (([1] * 25, [3] * 8 + [1]), ([3] * 8 + [1], [3] * 8 + [1])):
        path = tmp_path / f"{len(groups)}.parquet"
        with ParquetOutput(path, batch.schema, 25, groups, "none") as output:
            output.write(batch)
            output.finish({})
        metadata = pq.read_metadata(path)
        sizes = [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
        assert sizes == expected
