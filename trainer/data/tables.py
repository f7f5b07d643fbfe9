"""Reviews in tables: Parquet and CSV files, and folders of them."""

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

from scorer.columns import find_text_column, text_array
from scorer.errors import ReviewsError, one_line
from scorer.tokenizer import valid_text
from trainer.data.reviews import Reviews

LABEL_NAMES = ("label", "sentiment", "target", "polarity")
LABELS = {
    "0": 0, "neg": 0, "negative": 0, "false": 0,
    "1": 1, "pos": 1, "positive": 1, "true": 1,
}  # fmt: skip

ROWS_AT_ONCE = 10_000

# Characters of a CSV field; the csv module's own limit is 128 Ki, and some reviews are longer.
LONGEST_FIELD = 1 << 30

Content = TypeVar("Content")


@dataclass(frozen=True)
class Table:
    """An open file.

    Attributes:
        schema: its columns.
        batches: reads the columns of these names, batch by batch.
    """

    schema: pa.Schema
    batches: Callable[[list[str]], Iterator[pa.RecordBatch]]


def read(
    source: Path,
    text_column: str | None = None,
    label_column: str | None = None,
    group_column: str | None = None,
) -> Reviews:
    """Read a Parquet or CSV file, or every such file in a folder, in the order of their names.

    Raises:
        ReviewsError: it can't be read, lacks a column, or holds an invalid label.
    """

    def read_table(table: Table) -> Reviews:
        text_name = find_text_column(table.schema, text_column)
        label_name = _find_label_column(table.schema, label_column)
        _check_group_column(table.schema, group_column)
        return _read_columns(table, text_name, label_name, group_column, source.name)

    return Reviews.concatenate(
        [_read_file(path, read_table) for path in _files(source)], source.name
    )


def read_texts(source: Path, text_column: str | None = None) -> pa.LargeStringArray:
    """Read only the texts of a Parquet or CSV file or a folder of them, ``large_string[reviews]``.

    Raises:
        ReviewsError: it can't be read, or has no text column.
    """

    def read_table(table: Table) -> pa.LargeStringArray:
        name = find_text_column(table.schema, text_column)
        return _joined([valid_text(text_array(batch, name))[0] for batch in table.batches([name])])

    return _joined([_read_file(path, read_table) for path in _files(source)])


def parse_labels(column: pa.Array, first_row: int = 0) -> npt.NDArray[np.int8]:
    """Return the labels of a column in any usual spelling as ``int8[rows]``, 1 for positive.

    Args:
        column: numbers, truth values or words.
        first_row: row number of the column's first value, for the message.

    Raises:
        ReviewsError: a value isn't a label; the message names its row.

    >>> parse_labels(pa.array(["pos", "Negative", "1"])).tolist()
    [1, 0, 1]
    """
    words = pc.utf8_lower(pc.utf8_trim_whitespace(column.cast(pa.string())))
    words = pc.replace_substring_regex(words, r"\.0+$", "")
    indices = pc.index_in(words, value_set=pa.array(list(LABELS)))
    if indices.null_count:
        row = pc.index(indices.is_null(), True).as_py()
        raise ReviewsError(
            f"the label of row {first_row + row} is {column[row].as_py()!r}; "
            "labels are 0 and 1, neg and pos, or negative and positive"
        )
    values = np.array(list(LABELS.values()), np.int8)
    return np.asarray(values[indices.to_numpy()])


def _read_columns(table: Table, text: str, label: str, group: str | None, name: str) -> Reviews:
    texts, labels, groups, row = [], [np.zeros(0, np.int8)], [], 0
    # A name asked for twice is read once.
    names = dict.fromkeys([text, label, *([] if group is None else [group])])
    for batch in table.batches(list(names)):
        texts.append(valid_text(text_array(batch, text))[0])
        labels.append(parse_labels(batch.column(label), row))
        if group is not None:
            groups.append(batch.column(group).cast(pa.large_string()))
        row += len(batch)
    joined_groups = None if group is None else _joined(groups)
    return Reviews(_joined(texts), np.concatenate(labels), name, joined_groups)


def _joined(parts: list[pa.Array]) -> pa.LargeStringArray:
    return pa.concat_arrays([pa.array([], pa.large_string()), *parts])


def _find_label_column(schema: pa.Schema, wanted: str | None) -> str:
    names = [name for name in LABEL_NAMES if name in schema.names] if wanted is None else [wanted]
    if names and schema.get_all_field_indices(names[0]):
        return names[0]
    missing = f"label column ({', '.join(LABEL_NAMES)})" if wanted is None else f"column {wanted!r}"
    raise ReviewsError(
        f"there is no {missing}; the columns are {', '.join(schema.names)}; "
        "name one with --label-column"
    )


def _check_group_column(schema: pa.Schema, group_column: str | None) -> None:
    if group_column is not None and group_column not in schema.names:
        raise ReviewsError(
            f"there is no column {group_column!r}; the columns are {', '.join(schema.names)}"
        )


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    files = sorted(
        path
        for path in source.rglob("*")
        if path.suffix.lower() in READERS and not path.name.startswith((".", "_"))
    )
    if not files:
        raise ReviewsError(
            f"reading {source}: the folder holds no .parquet and no .csv file, "
            "and is no aclImdb folder"
        )
    return files


def _read_file(path: Path, read_table: Callable[[Table], Content]) -> Content:
    """Open a file and read it; every error names the file."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ReviewsError(
            f"reading {path}: only .parquet and .csv files, aclImdb archives, "
            "and folders can be read"
        )
    try:
        return read_table(reader(path))
    except (OSError, pa.ArrowException, csv.Error) as error:
        raise ReviewsError(f"reading {path}: {one_line(error)}") from error
    except ReviewsError as error:
        raise ReviewsError(f"reading {path}: {error}") from error


def _open_parquet(path: Path) -> Table:
    file = pq.ParquetFile(path, pre_buffer=False)
    return Table(file.schema_arrow, lambda names: file.iter_batches(ROWS_AT_ONCE, columns=names))


def _open_csv(path: Path) -> Table:
    """Open a CSV file, all columns as text: a label "0" stays "0", and a review "123" a text."""
    rows = _csv_rows(path)
    _, header = next(rows, (1, []))
    schema = pa.schema([(name.strip(), pa.string()) for name in header])
    return Table(schema, lambda names: _csv_batches(rows, schema, names))


def _csv_batches(
    rows: Iterator[tuple[int, list[str]]], schema: pa.Schema, names: list[str]
) -> Iterator[pa.RecordBatch]:
    indices = [schema.get_field_index(name) for name in names]
    kept_schema = pa.schema([(name, pa.large_string()) for name in names])
    columns: list[list[str]] = [[] for _ in names]
    for line, row in rows:
        if len(row) != len(schema):
            raise ReviewsError(
                f"line {line} ends a row of {len(row)} fields, the header has {len(schema)}; "
                "mend its quotes"
            )
        for column, index in zip(columns, indices, strict=True):
            column.append(row[index])
        if len(columns[0]) == ROWS_AT_ONCE:
            yield pa.record_batch(columns, schema=kept_schema)
            columns = [[] for _ in names]
    yield pa.record_batch(columns, schema=kept_schema)


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the line that a row ends on, and the row.

    Python's reader refuses broken quotes; Arrow's guesses.
    """
    csv.field_size_limit(LONGEST_FIELD)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for row in reader:
                if row:
                    yield reader.line_num, row
        except csv.Error as error:
            raise ReviewsError(
                f"line {reader.line_num}: {error}; write a quote within a quoted field twice"
            ) from error


READERS: dict[str, Callable[[Path], Table]] = {".parquet": _open_parquet, ".csv": _open_csv}
