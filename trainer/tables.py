"""Labelled reviews in tables: Parquet and CSV files, and folders of them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scorer.columns import find_text_column
from scorer.errors import ReviewsError
from scorer.tokenizer import valid_text
from trainer.reviews import Reviews

LABEL_NAMES = ("label", "sentiment", "target", "polarity")
LABELS = {
    "0": 0, "neg": 0, "negative": 0, "false": 0,
    "1": 1, "pos": 1, "positive": 1, "true": 1,
}  # fmt: skip

ROWS_AT_ONCE = 10_000
Part = TypeVar("Part")

LONGEST_FIELD = 1 << 30  # characters; the csv module's own limit is 128 Ki, which a long review passes


@dataclass(frozen=True)
class Table:
    """A file that is open: its schema, and what reads some of its columns."""

    schema: pa.Schema
    batches: Callable[[list[str]], Iterator[pa.RecordBatch]]


def read(source: Path, text_column: str | None = None, label_column: str | None = None, group_column: str | None = None) -> Reviews:
    """Read a Parquet or CSV file, or every such file in a folder, in the order of their names.

    Raises:
        ReviewsError: it can't be read, lacks a column, or holds a label that isn't one.
    """

    def part(table: Table) -> Reviews:
        text_name, label_name = find_text_column(table.schema, text_column), _find_label_column(table.schema, label_column)
        if group_column is not None and group_column not in table.schema.names:
            raise ReviewsError(f"there is no column {group_column!r}; the columns are {', '.join(table.schema.names)}")
        texts, labels, groups, row = [], [], [], 0
        for batch in table.batches(list(dict.fromkeys([text_name, label_name, *([group_column] if group_column else [])]))):
            texts.append(valid_text(batch.column(text_name))[0])
            labels.append(parse_labels(batch.column(label_name), row))
            if group_column:
                groups.append(batch.column(group_column).cast(pa.large_string()))
            row += len(batch)
        return Reviews(
            _joined(texts), np.concatenate([np.zeros(0, np.int8), *labels]), source.name, _joined(groups) if group_column else None
        )

    return Reviews.concatenate([_read_file(path, part) for path in _files(source)], source.name)


def read_texts(source: Path, text_column: str | None = None) -> pa.LargeStringArray:
    """Read the texts alone, ``large_string[reviews]``, of a Parquet or CSV file or a folder of them.

    Raises:
        ReviewsError: it can't be read, or has no text column.
    """

    def part(table: Table) -> pa.LargeStringArray:
        name = find_text_column(table.schema, text_column)
        return _joined([valid_text(batch.column(name))[0] for batch in table.batches([name])])

    return _joined([_read_file(path, part) for path in _files(source)])


def _joined(parts: list[pa.Array]) -> pa.LargeStringArray:
    return pa.concat_arrays([pa.array([], pa.large_string()), *parts])


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    found = sorted(path for path in source.rglob("*") if path.suffix.lower() in READERS and not path.name.startswith((".", "_")))
    if not found:
        raise ReviewsError(f"reading {source}: the folder holds no .parquet and no .csv file, and is no aclImdb folder")
    return found


def _read_file(path: Path, part: Callable[[Table], Part]) -> Part:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ReviewsError(f"reading {path}: only .parquet and .csv files, aclImdb archives, and folders can be read")
    try:
        return part(reader(path))
    except (OSError, pa.ArrowException, csv.Error) as error:
        raise ReviewsError(f"reading {path}: {' '.join(str(error).split())}") from error
    except ReviewsError as error:
        raise ReviewsError(f"reading {path}: {error}") from error


def _parquet(path: Path) -> Table:
    file = pq.ParquetFile(path, pre_buffer=False)
    return Table(file.schema_arrow, lambda columns: file.iter_batches(ROWS_AT_ONCE, columns=columns))


def _csv(path: Path) -> Table:
    """Every column is read as text: a label "0" stays what was written, and a review "123" stays a text."""
    rows = _csv_rows(path)
    _, names = next(rows, (1, []))
    schema = pa.schema([(name.strip(), pa.string()) for name in names])

    def batches(columns: list[str]) -> Iterator[pa.RecordBatch]:
        places = [schema.get_field_index(name) for name in columns]
        wanted = pa.schema([(name, pa.large_string()) for name in columns])
        kept: list[list[str]] = [[] for _ in places]
        for line, row in rows:
            if len(row) != len(names):
                raise ReviewsError(f"line {line} ends a row of {len(row)} fields, the header has {len(names)}; mend its quotes")
            for values, place in zip(kept, places, strict=True):
                values.append(row[place])
            if len(kept[0]) == ROWS_AT_ONCE:
                yield pa.record_batch(kept, schema=wanted)
                kept = [[] for _ in places]
        yield pa.record_batch(kept, schema=wanted)

    return Table(schema, batches)


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line that each row ends on, and the row. Python's reader is strict about quotes where Arrow's guesses."""
    csv.field_size_limit(LONGEST_FIELD)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for row in reader:
                if row:
                    yield reader.line_num, row
        except csv.Error as error:
            raise ReviewsError(f"line {reader.line_num}: {error}; write a quote within a quoted field twice") from error


READERS: dict[str, Callable[[Path], Table]] = {".parquet": _parquet, ".csv": _csv}


def _find_label_column(schema: pa.Schema, asked: str | None) -> str:
    names = [asked] if asked is not None else [name for name in LABEL_NAMES if name in schema.names]
    if names and schema.get_all_field_indices(names[0]):
        return names[0]
    wanted = f"column {asked!r}" if asked is not None else f"label column ({', '.join(LABEL_NAMES)})"
    raise ReviewsError(f"there is no {wanted}; the columns are {', '.join(schema.names)}; name one with --label-column")


def parse_labels(column: pa.Array, first_row: int = 0) -> npt.NDArray[np.int8]:
    """Read labels written in any usual way: ``int8[rows]``, 1 for positive.

    Raises:
        ReviewsError: one isn't a label; the message names its row, the column's first being ``first_row``.

    >>> parse_labels(pa.array(["pos", "Negative", "1"])).tolist()
    [1, 0, 1]
    """
    words = pc.utf8_lower(pc.utf8_trim_whitespace(column.cast(pa.string())))
    words = pc.replace_substring_regex(words, r"\.0+$", "")
    places = pc.index_in(words, value_set=pa.array(list(LABELS)))
    if places.null_count:
        row = pc.index(places.is_null(), True).as_py()
        raise ReviewsError(
            f"the label of row {first_row + row} is {column[row].as_py()!r}; labels are 0 and 1, neg and pos, or negative and positive"
        )
    values = np.array(list(LABELS.values()), np.int8)
    return np.asarray(values[places.to_numpy()])
