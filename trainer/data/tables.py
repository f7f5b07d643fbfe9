"""Reviews in tables: Parquet and CSV files, and folders of them."""

from __future__ import annotations

import csv
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
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
from trainer.data.row_values import check_values, read_flags
from trainer.data.table_columns import (
    Columns,
    find_domain,
    find_id,
    find_label,
    find_optional,
    find_text,
)
from trainer.data.unlabeled import Unlabeled

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
        domain_column: column with the domain of each review, which a table may lack; the one called
            ``domain`` where None.
        held_out_column: column that says which reviews are held out; None for no such column.
        lacking: whether a table may lack the columns of groups and of what is held out, because
            other sources of the same run have them.

    Raises:
        UsageError: there is no such encoding.
    """

    text_column: str | None = None
    label_column: str | None = None
    group_column: str | None = None
    labels: LabelMap = USUAL_LABELS
    encoding: str = UTF_8
    id_column: str | None = None
    domain_column: str | None = None
    held_out_column: str | None = None
    lacking: bool = False

    def __post_init__(self) -> None:
        check_encoding(self.encoding)

    def options(self) -> tuple[str, ...]:
        """Return the options of a command that give this layout.

        >>> Layout(text_column="my text", held_out_column="held").options()
        ('--text-column', "'my text'", '--held-out-column', 'held')
        """
        given = {
            "--text-column": self.text_column,
            "--label-column": self.label_column,
            "--labels": str(self.labels) if self.labels.chosen else None,
            "--encoding": None if self.encoding == UTF_8 else self.encoding,
            "--group-column": self.group_column,
            "--domain-column": self.domain_column,
            "--held-out-column": self.held_out_column,
        }
        words = ((name, shlex.quote(value)) for name, value in given.items() if value is not None)
        return tuple(chain.from_iterable(words))


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


def read_unlabeled(source: Path, layout: Layout = USUAL_LAYOUT) -> Unlabeled:
    """Read the texts of a Parquet or CSV file or a folder of them, their ids and their domains.

    Raises:
        ReviewsError: a file can't be read, or has no text column or has it twice.
    """

    def read_table(table: Table) -> Unlabeled:
        text = find_text(table.schema, layout.text_column)
        review_id = find_id(table.schema, layout.id_column)
        domain = find_domain(table.schema, layout.domain_column)
        names = list(dict.fromkeys(name for name in (text, review_id, domain) if name is not None))
        parts = [
            Unlabeled(
                valid_text(text_array(batch, text))[0],
                _names(batch, review_id),
                _names(batch, domain),
            )
            for batch in table.batches(names)
        ]
        return _joined(parts)

    return _joined([_read_file(path, layout, read_table) for path in _files(source)])


def _read_columns(table: Table, layout: Layout, name: str) -> Reviews:
    columns = _find_columns(table.schema, layout)
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
        check_values(batch, np.flatnonzero(labels != LEFT_OUT), columns, row)
        parts.append(_kept_rows(batch, labels, columns))
        row += len(batch)
    if refused is not None:
        raise ReviewsError(f"{refused}; {explain(values)}")
    left_out = {value: count for value, count in values.items() if value not in layout.labels}
    reviews = Reviews.concatenate(parts, name)
    return replace(reviews, reading=Reading(row, left_out, reviews.reading.mended))


def _find_columns(schema: pa.Schema, layout: Layout) -> Columns:
    must = not layout.lacking
    return Columns(
        find_text(schema, layout.text_column),
        find_label(schema, layout.label_column),
        find_optional(schema, layout.group_column, "--group-column", must=must),
        find_id(schema, layout.id_column),
        find_domain(schema, layout.domain_column),
        find_optional(schema, layout.held_out_column, "--held-out-column", must=must),
    )


def _kept_rows(batch: pa.RecordBatch, labels: npt.NDArray[np.int8], columns: Columns) -> Reviews:
    """Return the rows of a batch whose labels have a meaning."""
    kept = labels != LEFT_OUT
    if not kept.all():
        batch, labels = batch.take(pa.array(np.flatnonzero(kept))), labels[kept]
    texts, mended = valid_text(text_array(batch, columns.text))
    groups, ids, domains = (
        None if name is None else batch.column(name).cast(pa.large_string())
        for name in (columns.group, columns.id, columns.domain)
    )
    held_out = None if columns.held_out is None else read_flags(batch.column(columns.held_out))
    return Reviews(
        texts, labels, "", groups, Reading(mended=mended), ids, domains, held_out=held_out
    )


def _names(batch: pa.RecordBatch, name: str | None) -> pa.LargeStringArray:
    if name is None:
        return pa.nulls(len(batch), pa.large_string())
    return batch.column(name).cast(pa.large_string())


def _joined(parts: Sequence[Unlabeled]) -> Unlabeled:
    empty = pa.array([], pa.large_string())
    return Unlabeled(
        pa.concat_arrays([empty, *(part.texts for part in parts)]),
        pa.concat_arrays([empty, *(part.ids for part in parts)]),
        pa.concat_arrays([empty, *(part.domains for part in parts)]),
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
