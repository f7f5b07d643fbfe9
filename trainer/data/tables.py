"""Reviews in tables: Parquet, CSV and JSON Lines, and folders of such files."""

from __future__ import annotations

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
from scorer.tables.encoding import UTF_8, check_encoding
from scorer.tables.endings import ALL, PARQUET, endings_of, format_of
from scorer.tables.formats import open_reviews
from scorer.tables.text_options import TextOptions
from scorer.tokenizer import valid_text
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
ENDINGS = endings_of(ALL)

# Bytes of a row of a text.
LONGEST_ROW = 1 << 30

Content = TypeVar("Content")


@dataclass(frozen=True)
class Layout:
    """How a table of reviews is laid out.

    Attributes:
        text_column: column with the reviews; searched by its usual names where None.
        label_column: column with the labels; searched by its usual names where None.
        group_column: column with the product that a review is about; None for no groups.
        labels: what the labels mean.
        encoding: encoding of CSV and JSON Lines that don't begin with a byte order mark.
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
        check_text: refuses a column that can't hold the reviews, whatever its type; None if none
            was found.
    """

    schema: pa.Schema
    batches: Callable[[list[str]], Iterator[pa.RecordBatch]]
    check_text: Callable[[str | None], None] = lambda column: None

    def text_column(self, asked: str | None) -> str:
        """Return the name of the column with the reviews.

        Raises:
            ReviewsError: there is none.
        """
        try:
            name = find_text(self.schema, asked)
        except ReviewsError:
            self.check_text(None)
            raise
        self.check_text(name)
        return name


def read(source: Path, layout: Layout = USUAL_LAYOUT) -> Reviews:
    """Read a file of reviews, or every such file in a folder, in the order of their names.

    Raises:
        ReviewsError: it can't be read, lacks a column or has one twice, or holds an invalid label.
    """

    def read_table(table: Table) -> Reviews:
        return _read_columns(table, layout, source.name)

    parts = [_read_file(path, layout, read_table) for path in _files(source)]
    return Reviews.concatenate(parts, source.name)


def read_unlabeled(source: Path, layout: Layout = USUAL_LAYOUT) -> Unlabeled:
    """Read the texts of a file or a folder of files, their ids and their domains.

    Raises:
        ReviewsError: a file can't be read, or has no text column or has it twice.
    """

    def read_table(table: Table) -> Unlabeled:
        text = table.text_column(layout.text_column)
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
    columns = _find_columns(table, layout)
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


def _find_columns(table: Table, layout: Layout) -> Columns:
    schema, must = table.schema, not layout.lacking
    return Columns(
        table.text_column(layout.text_column),
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
        texts, labels, "", groups, Reading(mended=len(mended)), ids, domains, held_out=held_out
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
        if path.name.lower().endswith(ENDINGS) and not path.name.startswith((".", "_"))
    )
    if not files:
        raise ReviewsError(
            f"reading {source}: the folder holds no .parquet, no .csv and no .jsonl file, "
            "and is no aclImdb folder"
        )
    return files


def _read_file(path: Path, layout: Layout, read_table: Callable[[Table], Content]) -> Content:
    """Open a file and read it; every error names the file."""
    if not path.name.lower().endswith(ENDINGS):
        raise ReviewsError(
            f"reading {path}: only Parquet, CSV and JSON Lines, aclImdb archives, and folders can "
            "be read, by the ending of their name"
        )
    named = f"reading {path}: "
    try:
        return read_table(_open(path, layout.encoding))
    except (OSError, pa.ArrowException) as error:
        raise ReviewsError(f"{named}{one_line(error)}") from error
    except ReviewsError as error:
        if str(error).startswith(named):
            raise
        raise ReviewsError(f"{named}{error}") from error


def _open(path: Path, encoding: str) -> Table:
    if format_of(path.name) != PARQUET:
        return _open_text(path, encoding)
    file = pq.ParquetFile(path, pre_buffer=False)
    return Table(file.schema_arrow, lambda names: file.iter_batches(ROWS_AT_ONCE, columns=names))


def _open_text(path: Path, encoding: str) -> Table:
    """Open CSV or JSON Lines. In CSV all is text: a label "0" stays "0", a review "123" a text.

    Blanks around the names of columns are nothing.
    """
    reviews = open_reviews(path, LONGEST_ROW, TextOptions(encoding=encoding))
    fields = [field.with_name(field.name.strip()) for field in reviews.schema]
    schema = pa.schema(fields)

    def batches(names: list[str]) -> Iterator[pa.RecordBatch]:
        own = [reviews.schema.names[schema.get_field_index(name)] for name in names]
        kept = pa.schema([schema.field(name) for name in names])
        yield pa.RecordBatch.from_pylist([], kept)
        for window in reviews.windows(own):
            for batch in window:
                yield pa.RecordBatch.from_arrays(batch.columns, schema=kept)

    def check_text(column: str | None) -> None:
        found = column is not None and column in schema.names
        index = schema.get_field_index(column) if found else -1
        reviews.check_text(reviews.schema.names[index] if index >= 0 else None)

    return Table(schema, batches, check_text)
