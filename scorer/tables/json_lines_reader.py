"""JSON Lines in: an object a line, as windows of record batches.

A first pass finds the fields of all lines, what kinds of values they have, and how many rows there
are. Texts stay texts; nested values, and fields whose values are of several kinds, are carried as
the JSON that stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from scorer.errors import ReviewsError
from scorer.storage.place import Place
from scorer.tables.json_values import (
    BOOLEAN,
    FLOAT,
    INTEGER,
    KIND_NAMES,
    TEXT,
    check_characters,
    fields_of,
    kind_of_value,
    texts_of,
)
from scorer.tables.text_options import TextOptions
from scorer.tables.text_reviews import TextReviews, WindowCut
from scorer.tables.text_source import Lines, TextError

# Names that are data, such as ids, would make a column each.
MOST_FIELDS = 5000
# Lines between two looks whether to go on.
LINES_AT_ONCE = 1000
# Up to which a float holds every integer.
EXACT_INTEGERS = 1 << 53


@dataclass
class FieldFound:
    """What is known of a field after some lines.

    Attributes:
        lines: the first line with a value of each kind.
        fits_float: whether all its integers are exact as floats.
    """

    lines: dict[int, int] = field(default_factory=dict)
    fits_float: bool = True

    def look_at(self, value: Any, line: int) -> None:  # Any: the values are JSON of every depth
        """Look at a further value."""
        kind = kind_of_value(value)
        if kind is not None and kind not in self.lines:
            self.lines[kind] = line
        if kind == INTEGER and abs(value) > EXACT_INTEGERS:
            self.fits_float = False

    @property
    def type(self) -> pa.DataType | None:
        """The type that holds every value as it is; None for the JSON of it."""
        kinds = set(self.lines)
        if kinds == {INTEGER, FLOAT} and self.fits_float:
            return pa.float64()
        if len(kinds) > 1:
            return None
        return TYPES.get(kinds.pop()) if kinds else pa.string()


TYPES = {TEXT: pa.string(), INTEGER: pa.int64(), FLOAT: pa.float64(), BOOLEAN: pa.bool_()}


class JsonLinesReviews(TextReviews):
    """An open file of JSON Lines.

    Args:
        path: the file.
        max_cell: most bytes of one line.
        options: how the text is read.
        check: called now and then in the first pass; it ends that by raising.

    Raises:
        ReviewsError: it isn't in its encoding, or a line is no object; the message names the line.
    """

    rows: int

    def __init__(
        self,
        path: Place,
        max_cell: int,
        options: TextOptions,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(path, max_cell, options)
        self._fields, self.rows, self._size = self._first_pass(check)
        types = {name: found.type for name, found in self._fields.items()}
        self._as_json = {name for name, kind in types.items() if kind is None}
        self.schema = pa.schema([(name, kind or pa.string()) for name, kind in types.items()])

    @property
    def deciding(self) -> Mapping[str, str]:
        """The options that decide how the bytes are read, as far as they aren't the default."""
        return self._options.of_json()

    def check_text(self, column: str | None) -> None:
        """Check that a field holds texts in every line.

        Args:
            column: with the reviews; None if none was found.

        Raises:
            ReviewsError: it holds something else in some line.
        """
        if column in self._as_json:
            others = self._fields[column].lines.items()
            kind, line = next((kind, line) for kind, line in others if kind != TEXT)
            raise ReviewsError(
                f"reading {self.path}: the field {column!r} holds {KIND_NAMES[kind]} in line "
                f"{line}; write a text there, or name another field with --text-column"
            )

    def windows(
        self, columns: Sequence[str] | None = None, texts: str | None = None
    ) -> Iterator[list[pa.RecordBatch]]:
        """Yield the rows in order, in windows bounded by rows and by bytes.

        Args:
            columns: what to read, in the order of the schema; every column if None.
            texts: the column that is scored; the cuts don't depend on it.

        Raises:
            ReviewsError: the file can't be read to its end, or changed meanwhile.
        """
        names = self.schema.names if columns is None else list(columns)
        schema = pa.schema([self.schema.field(name) for name in names])
        values_of = self._texts if self._as_json.intersection(names) else _values
        cut, count = WindowCut(self._size), 0
        with self._pass() as lines:
            window = _Columns(schema)
            for line in _filled(lines):
                window.add(values_of(line, lines.number))
                if cut.is_full(len(window), lines.position):
                    count += len(window)
                    yield [window.batch()]
                    window = _Columns(schema)
            if len(window):
                count += len(window)
                yield [window.batch()]
        self.rows = count

    def _first_pass(self, check: Callable[[], None]) -> tuple[dict[str, FieldFound], int, int]:
        """Return the fields in the order in which they appear, the rows, and the text's bytes."""
        found: dict[str, FieldFound] = {}
        rows = 0
        with self._pass() as lines:
            for line in _filled(lines):
                if rows % LINES_AT_ONCE == 0:
                    check()
                rows += 1
                fields = fields_of(line, lines.number)
                check_characters(line, fields, lines.number)
                for name, value in fields:
                    if name not in found:
                        found[name] = FieldFound()
                    found[name].look_at(value, lines.number)
                if len(found) > MOST_FIELDS:
                    raise TextError(
                        f"up to line {lines.number} there are {len(found):,} fields, more than "
                        f"{MOST_FIELDS:,}; names that are data belong into values"
                    )
        return found, rows, lines.position

    def _texts(self, line: str, number: int) -> dict[str, Any]:
        """Return the values of a line, the JSON of those that no type holds."""
        as_json = self._as_json
        return {
            name: text if name in as_json and value is not None else value
            for name, value, text in texts_of(line)
        }


def _values(line: str, number: int) -> dict[str, Any]:
    return dict(fields_of(line, number))


def _filled(lines: Lines) -> Iterator[str]:
    """Yield the lines that hold something; each is a record of its own."""
    lines.begin()
    for line in lines:
        if not line.isspace():
            yield line
        lines.begin()


class _Columns:
    """The values of some rows, column by column."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._columns: list[tuple[str, list[Any]]] = [(name, []) for name in schema.names]
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, values: Mapping[str, Any]) -> None:
        """Add a row; a field that it lacks is null."""
        self._rows += 1
        for name, column in self._columns:
            column.append(values.get(name))

    def batch(self) -> pa.RecordBatch:
        """Return the rows."""
        pairs = zip(self._columns, self._schema, strict=True)
        arrays = [pa.array(column, field.type) for (_, column), field in pairs]
        return pa.record_batch(arrays, schema=self._schema)
