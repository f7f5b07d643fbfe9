"""CSV in: the rows of a file as windows of record batches, every cell as the text it is.

Python's own reader cuts the rows, since it refuses broken quotes where Arrow's guesses: an open
quote would swallow the rest of the file without an error.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence

import pyarrow as pa

from scorer.errors import ReviewsError
from scorer.storage.place import Place
from scorer.tables.csv_dialect import HEAD_CHARACTERS, CsvDialect, Rows, find_dialect, is_sentence
from scorer.tables.csv_types import TypesFound, typed
from scorer.tables.file_kind import is_json, kind_of
from scorer.tables.text_options import TextOptions
from scorer.tables.text_reviews import TextReviews, WindowCut
from scorer.tables.text_source import Lines, TextError

TSV = ".tsv"
# Lines that the first look at a file holds, unless it is large.
HEAD_LINES = 2
TWICE = "write a quote within a quoted field twice"
# What Python's reader says, and what to do.
FAULTS = {
    "unexpected end of data": "a quote of that row is never closed; mend it",
    "expected after '\"'": TWICE,
    "new-line character seen": "put the cell with the carriage return into quotes",
}


class CsvReviews(TextReviews):
    """An open CSV file of reviews.

    Args:
        path: the file.
        max_cell: most bytes of one row.
        options: how the text is read.
        check: called now and then while types are inferred; it ends that by raising.

    Raises:
        ReviewsError: it isn't in its encoding, has no header, or one that names a column twice; or
            a cell can't be read while types are inferred.
    """

    def __init__(
        self,
        path: Place,
        max_cell: int,
        options: TextOptions,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(path, max_cell, options)
        if is_json(self._text.head):
            raise ReviewsError(f"reading {path}: {kind_of(self._text.head)}")
        # A cell may be as long as the row, which the lines bound. The limit is the process's; it is
        # never lowered, since others may read, too.
        csv.field_size_limit(max(csv.field_size_limit(), self._most + 1))
        self._dialect = self._find_dialect()
        self.schema = pa.schema([(name, pa.string()) for name in self._dialect.names])
        if options.infer_types:
            self.schema = self._infer(check)

    @property
    def deciding(self) -> Mapping[str, str]:
        """The options that decide how the bytes are read, as far as they aren't the default."""
        return self._options.of_csv()

    def check_text(self, column: str | None) -> None:
        """Check that the first line names the columns.

        Args:
            column: with the reviews; None if none was found.

        Raises:
            ReviewsError: it seems to be a row.
        """
        if self._dialect.problem and (column is None or is_sentence(column)):
            raise ReviewsError(f"reading {self.path}: {self._dialect.problem}")

    def windows(
        self, columns: Sequence[str] | None = None, texts: str | None = None
    ) -> Iterator[list[pa.RecordBatch]]:
        """Yield the rows in order, in windows bounded by rows and by bytes.

        Args:
            columns: what to read, in the order of the schema; every column if None.
            texts: the column that is scored; the cuts don't depend on it.

        Raises:
            ReviewsError: the file can't be read to its end, or changed meanwhile; a fault in it is
                named by its line.
        """
        names = self.schema.names if columns is None else list(columns)
        schema = pa.schema([self.schema.field(name) for name in names])
        count = 0
        for rows in self._rows():
            cells = list(zip(*rows, strict=True))
            arrays = [
                typed(_texts(cells[self.schema.get_field_index(field.name)]), field.type)
                for field in schema
            ]
            count += len(rows)
            yield [pa.record_batch(arrays, schema=schema)]
        self.rows = count

    def _find_dialect(self) -> CsvDialect:
        with self._text.reading():
            with self._text.text() as text:
                head = text.read(HEAD_CHARACTERS)
                # The header alone may be longer.
                while len(head.splitlines()) <= HEAD_LINES and len(head) < self._most:
                    more = text.read(len(head))
                    if not more:
                        break
                    head += more
                is_whole = not text.read(1)
            usual = "\t" if TSV in self.path.name.lower() else ","
            return find_dialect(head, self._options, is_whole=is_whole, usual=usual)

    def _infer(self, check: Callable[[], None]) -> pa.Schema:
        found, count = [TypesFound() for _ in self.schema], 0
        for rows in self._rows():
            check()
            count += len(rows)
            for column, cells in zip(found, zip(*rows, strict=True), strict=True):
                column.look_at(_texts(cells))
        self.rows = count
        types = [column.best() for column in found]
        return pa.schema(list(zip(self.schema.names, types, strict=True)))

    def _rows(self) -> Iterator[list[list[str]]]:
        """Yield the rows, some at a time, all as wide as the header."""
        cut = WindowCut(self._text.size)
        with self._pass(self._dialect.newline) as lines:
            for _ in range(self._dialect.skipped):
                next(lines)
            rows = self._each_row(self._dialect.rows(lines), lines)
            next(rows)  # the header
            window: list[list[str]] = []
            for row in rows:
                window.append(row)
                if cut.is_full(len(window), lines.position):
                    yield window
                    window = []
            if window:
                yield window

    def _each_row(self, reader: Rows, lines: Lines) -> Iterator[list[str]]:
        """Yield the rows, the header first.

        Where there is one column, an empty line between two rows is an empty cell; all others are
        nothing.
        """
        width, blank, is_begun = len(self._dialect.names), 0, False
        while True:
            lines.begin()
            try:
                row = next(reader, None)
            except csv.Error as error:
                raise TextError(_fault(error, lines)) from error
            if row is None:
                return
            if not row:
                blank += width == 1 and is_begun
                continue
            if len(row) != width:
                raise TextError(self._ragged(row, lines))
            for _ in range(blank):
                yield [""]
            blank, is_begun = 0, True
            yield row

    def _ragged(self, row: list[str], lines: Lines) -> str:
        width = len(self._dialect.names)
        begun = f" (it begins in line {lines.first})" if lines.first < lines.number else ""
        advice = "mend its quotes"
        if width == 1:
            advice = "put the cell into quotes, or add --delimiter none if each row is one cell"
        return (
            f"line {lines.number} ends a row of {len(row)} fields{begun}, the header has {width}; "
            f"{advice}"
        )


def _fault(error: csv.Error, lines: Lines) -> str:
    said = str(error).split(" - ")[0]
    begun = f" in the row that begins in line {lines.first}" if lines.first < lines.number else ""
    advice = next((advice for words, advice in FAULTS.items() if words in said), TWICE)
    if advice is TWICE and '\\"' in lines.last:
        advice = f'{TWICE}; where it is written \\", scorer run takes --escape'
    return f"line {lines.number}: {said}{begun}; {advice}"


def _texts(cells: Sequence[str]) -> pa.StringArray:
    return pa.array(cells, pa.string())
