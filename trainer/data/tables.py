"""Reviews in tables: Parquet and CSV files, and folders of them."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from scorer.columns import text_array
from scorer.errors import ReviewsError, one_line
from scorer.tokenizer import valid_text
from trainer.data.encoding import UTF_8, check_encoding, first_invalid
from trainer.data.label_map import LEFT_OUT, USUAL, USUAL_LABELS, LabelMap, count_values, explain
from trainer.data.reviews import Reading, Reviews
from trainer.data.table_columns import Columns, find_columns, find_id, find_text

ROWS_AT_ONCE = 10_000

# Characters of a CSV field; the csv module's own limit is 128 Ki, and some reviews are longer.
LONGEST_FIELD = 1 << 30

Content = TypeVar("Content")


@dataclass(frozen=True)
class Layout:
    """How a table of reviews is laid out.

    Attributes:
        text_column: column with the reviews; searched by its usual names where None.
        label_column: column with the labels; searched by its usual names where None.
        group_column: column with the product that a review is about; None for no groups.
        labels: what the labels mean.
        encoding: encoding of CSV files.
        id_column: column with the id of each review, which a table may lack; None for no ids.

    Raises:
        UsageError: there is no such encoding.
    """

    text_column: str | None = None
    label_column: str | None = None
    group_column: str | None = None
    labels: LabelMap = USUAL_LABELS
    encoding: str = UTF_8
    id_column: str | None = None

    def __post_init__(self) -> None:
        check_encoding(self.encoding)


USUAL_LAYOUT = Layout()
EMPTY = Reviews(pa.array([], pa.large_string()), np.zeros(0, np.int8), "")


@dataclass(frozen=True)
class Table:
    """An open file.

    Attributes:
        schema: its columns.
        batches: reads the columns of these names, batch by batch.
    """

    schema: pa.Schema
    batches: Callable[[list[str]], Iterator[pa.RecordBatch]]


def read(source: Path, layout: Layout = USUAL_LAYOUT) -> Reviews:
    """Read a Parquet or CSV file, or every such file in a folder, in the order of their names.

    Raises:
        ReviewsError: it can't be read, lacks a column or has one twice, or holds an invalid label.
    """

    def read_table(table: Table) -> Reviews:
        return _read_columns(table, layout, source.name)

    parts = [_read_file(path, layout, read_table) for path in _files(source)]
    return Reviews.concatenate(parts, source.name)


def read_texts(source: Path, layout: Layout = USUAL_LAYOUT) -> pa.LargeStringArray:
    """Read only the texts of a Parquet or CSV file or a folder of them, ``large_string[reviews]``.

    Raises:
        ReviewsError: it can't be read, or has no text column or has it twice.
    """
    return read_texts_and_ids(source, layout)[0]


def read_texts_and_ids(
    source: Path, layout: Layout = USUAL_LAYOUT
) -> tuple[pa.LargeStringArray, pa.LargeStringArray]:
    """Read the texts, and the ids of the layout, each ``large_string[reviews]``.

    An id is null where a file has none.

    Raises:
        ReviewsError: a file can't be read, or has no text column or has it twice.
    """

    def read_table(table: Table) -> tuple[pa.LargeStringArray, pa.LargeStringArray]:
        text = find_text(table.schema, layout.text_column)
        review_id = find_id(table.schema, layout.id_column)
        names = [text] if review_id in (None, text) else [text, review_id]
        texts, ids = [], []
        for batch in table.batches(names):
            texts.append(valid_text(text_array(batch, text))[0])
            ids.append(_ids(batch, review_id))
        return _joined(texts), _joined(ids)

    parts = [_read_file(path, layout, read_table) for path in _files(source)]
    texts, ids = zip(*parts, strict=True)
    return _joined(texts), _joined(ids)


def _read_columns(table: Table, layout: Layout, name: str) -> Reviews:
    columns = find_columns(
        table.schema,
        layout.text_column,
        layout.label_column,
        layout.group_column,
        layout.id_column,
    )
    # A name asked for twice is read once.
    names = list(dict.fromkeys(column for column in columns if column is not None))
    parts, row, refused = [EMPTY], 0, None
    values: Counter[str] = Counter()
    for batch in table.batches(names):
        column = batch.column(columns.label)
        labels = layout.labels.read(column)
        values += count_values(column)
        if not layout.labels.chosen and refused is None and LEFT_OUT in labels:
            first = int(np.argmin(labels))
            refused = f"the label of row {row + first} is {column[first].as_py()!r}; {USUAL}"
        parts.append(_kept_rows(batch, labels, columns))
        row += len(batch)
    if refused is not None:
        raise ReviewsError(f"{refused}; {explain(values)}")
    left_out = {value: count for value, count in values.items() if value not in layout.labels}
    reviews = Reviews.concatenate(parts, name)
    return replace(reviews, reading=Reading(row, left_out, reviews.reading.mended))


def _kept_rows(batch: pa.RecordBatch, labels: npt.NDArray[np.int8], columns: Columns) -> Reviews:
    """Return the rows of a batch whose labels have a meaning."""
    kept = labels != LEFT_OUT
    if not kept.all():
        batch, labels = batch.take(pa.array(np.flatnonzero(kept))), labels[kept]
    texts, mended = valid_text(text_array(batch, columns.text))
    groups, ids = (
        None if name is None else batch.column(name).cast(pa.large_string())
        for name in (columns.group, columns.id)
    )
    return Reviews(texts, labels, "", groups, Reading(mended=mended), ids)


def _ids(batch: pa.RecordBatch, name: str | None) -> pa.LargeStringArray:
    if name is None:
        return pa.nulls(len(batch), pa.large_string())
    return batch.column(name).cast(pa.large_string())


def _joined(parts: Iterable[pa.Array]) -> pa.LargeStringArray:
    return pa.concat_arrays([pa.array([], pa.large_string()), *parts])


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


def _read_file(path: Path, layout: Layout, read_table: Callable[[Table], Content]) -> Content:
    """Open a file and read it; every error names the file."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ReviewsError(
            f"reading {path}: only .parquet and .csv files, aclImdb archives, "
            "and folders can be read"
        )
    try:
        return read_table(reader(path, layout.encoding))
    except (OSError, pa.ArrowException, csv.Error) as error:
        raise ReviewsError(f"reading {path}: {one_line(error)}") from error
    except ReviewsError as error:
        raise ReviewsError(f"reading {path}: {error}") from error


def _open_parquet(path: Path, encoding: str) -> Table:
    file = pq.ParquetFile(path, pre_buffer=False)
    return Table(file.schema_arrow, lambda names: file.iter_batches(ROWS_AT_ONCE, columns=names))


def _open_csv(path: Path, encoding: str) -> Table:
    """Open a CSV file, all columns as text: a label "0" stays "0", and a review "123" a text."""
    rows = _csv_rows(path, encoding)
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


def _csv_rows(path: Path, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the line that a row ends on, and the row.

    Python's reader refuses broken quotes; Arrow's guesses.
    """
    csv.field_size_limit(LONGEST_FIELD)
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for row in reader:
                if row:
                    yield reader.line_num, row
        except csv.Error as error:
            raise ReviewsError(
                f"line {reader.line_num}: {error}; write a quote within a quoted field twice"
            ) from error
        except UnicodeError as error:
            raise ReviewsError(first_invalid(path, encoding)) from error


READERS: dict[str, Callable[[Path, str], Table]] = {".parquet": _open_parquet, ".csv": _open_csv}
