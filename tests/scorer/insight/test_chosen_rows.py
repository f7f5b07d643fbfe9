"""Some rows of a file, by their numbers and by what stands in a column."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import some_texts, write_reviews
from scorer.errors import ReviewsError, UsageError
from scorer.insight.chosen_rows import Choice, chosen_rows
from scorer.tables import parquet_reader


def chosen(path: Path, rows: str | None = None, *where: str) -> list[tuple[int, str | None]]:
    parts = chosen_rows(str(path), None, Choice.of(rows, where))
    return [
        pair
        for part in parts
        for pair in zip(part.numbers.tolist(), part.texts.to_pylist(), strict=True)
    ]


def test_rows_are_counted_from_one_across_windows(tmp_path: Path) -> None:
    texts = some_texts(5000)
    path = write_reviews(tmp_path / "in.parquet", texts)
    expected = [(row, texts[row - 1]) for row in (1, 2047, 2048, 2049, 2050, 5000)]
    assert chosen(path, "2047-2050,1,5000") == expected
    assert len(chosen(path)) == 5000


def test_no_more_of_a_file_is_read_than_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_reviews(tmp_path / "in.parquet", some_texts(9000))
    windows, read = parquet_reader.ParquetReviews.windows, []

    def counted(self: object, columns: object) -> object:
        for window in windows(self, columns):
            read.append(window)
            yield window

    monkeypatch.setattr(parquet_reader.ParquetReviews, "windows", counted)
    chosen(path, "3")
    assert len(read) <= 2


def test_a_condition_compares_a_column_as_text(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    table = {
        "number": [1, 12, None],
        "price": [Decimal("1.50"), Decimal("2.00"), None],
        "data": [{"id": "a=b"}, {"id": "c"}, None],
        "sentiment": ["negative", "positive", None],
        "review": ["one", "two", None],
    }
    pq.write_table(pa.table(table), path)
    assert chosen(path, None, "number=12") == [(2, "two")]
    assert chosen(path, None, "price=1.50") == [(1, "one")]
    assert chosen(path, None, "data.id=a=b") == [(1, "one")]
    assert chosen(path, "1-2", "sentiment=positive", "number=12") == [(2, "two")]


def test_csv_is_read_by_its_ending(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("id,review\n007,good\n8,bad\n")
    assert chosen(path, None, "id=007") == [(1, "good")]


@pytest.mark.parametrize("rows", ["0", "5-3", "a", "1,,2", "-3", "1-", ""])
def test_what_is_no_row_is_named(rows: str) -> None:
    with pytest.raises(UsageError, match=r"is no row or range of rows; count from 1, as in 12,"):
        Choice.of(rows)


@pytest.mark.parametrize("condition", ["id", "=3", ""])
def test_what_is_no_condition_is_named(condition: str) -> None:
    with pytest.raises(UsageError, match="is no condition; write a column and its value"):
        Choice.of(None, [condition])


def test_a_file_that_fits_nothing_is_named_in_a_sentence(tmp_path: Path) -> None:
    path = write_reviews(tmp_path / "in.parquet", some_texts(3))
    pq.write_table(pa.table({"review": ["a"], "tags": [["x"]]}), tmp_path / "tags.parquet")
    empty = write_reviews(tmp_path / "empty.parquet", [])
    cases = [
        (empty, None, (), UsageError, f"choosing rows of {empty}: it has none; name another"),
        (tmp_path / "none.parquet", None, (), UsageError, "none.parquet does not exist; check"),
        (tmp_path, None, (), UsageError, "is a folder; name one file"),
        (path, "4", (), UsageError, "none of them is wanted by --rows and --where"),
        (path, None, ("id=99",), UsageError, "none of them is wanted by --rows and --where"),
        (path, None, ("no=1",), ReviewsError, f"reading {path}: there is no column 'no'; the"),
        (tmp_path / "tags.parquet", None, ("tags=x",), ReviewsError, "can't be compared with a"),
    ]
    for given, rows, where, kind, message in cases:
        with pytest.raises(kind) as error:
            chosen(given, rows, *where)
        assert message in str(error.value)
