"""Parquet in: the rows of a file as windows of record batches, in bounded memory."""

from __future__ import annotations

import gc
import io
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scorer.errors import ReviewsError
from scorer.storage.failures import DAMAGE, reading
from scorer.storage.identity import InputId
from scorer.storage.place import ObjectPlace, Place
from scorer.storage.source_file import Source, source_at
from scorer.system.memory import give_back
from scorer.tables.file_kind import HEAD_BYTES, kind_of
from scorer.tables.parquet_bounds import RowBounds
from scorer.tables.parquet_int96 import Int96Columns
from scorer.tables.parquet_steps import has_dictionary, join, size_of, size_of_cell, size_of_step
from scorer.tables.parquet_types import INT96, Leaf, Storage, drop_option, leaves_of, lost_types

# A window is scored by one thread. It is large enough to hold rows of similar length, and to pay
# for the calls that each one takes; the bytes bound the memory of wide columns. Measured sizes:
# tests/benchmarks/README.md.
WINDOW_ROWS = 2048
WINDOW_BYTES = 4 << 20
# Windows grow at the start of a file, so that no thread waits long for the first one, and shrink
# towards its end, so that each thread has one to tokenize; the scoring is shared then. Each holds
# as many rows as were read before, and half of the remaining ones, but not fewer than this.
LEAST_WINDOW_ROWS = 512
LAST_WINDOWS = 2
# Of texts that have fewer bytes, by the mean of those before, a window holds more rows: what each
# window costs, whatever it holds, would be a large part there.
SHORT_TEXT_BYTES = 128
SHORT_WINDOW_ROWS = 2 * WINDOW_ROWS
SHORT_WINDOW_BYTES = 6 << 20

# A footer counts a repeated value once, so what a row takes is known only when it is read. Rows are
# read in steps: one at first, then four times as many, as long as the bytes a row allow. The steps
# are joined to batches of the size that the footer suggests, unless they hold more than STEP_BYTES.
FIRST_STEP_ROWS = 1
STEP_GROWTH = 4
STEP_BYTES = 4 * WINDOW_BYTES
# Row groups whose part of the footer is worth a garbage collection.
MANY_ROW_GROUPS = 1000
# Most bytes of one value.
MAX_CELL = 64 << 20

# What a footer calls a codec → what pyarrow's writer does. It doesn't write Hadoop's LZ4, nor LZO.
CODECS = {name: name.lower() for name in ("SNAPPY", "GZIP", "BROTLI", "ZSTD")} | {
    "UNCOMPRESSED": "none",
    "LZ4_RAW": "lz4",
}
READ_BUFFER_BYTES = 256 << 10
DEFAULT_COMPRESSION = "zstd"

MAGIC = b"PAR1"
ENCRYPTED_MAGIC = b"PARE"
# The plaintext footer of an encrypted file is followed by a nonce of 12 bytes and a tag of 16:
# https://parquet.apache.org/docs/file-format/data-pages/encryption/
SIGNATURE_BYTES = 28
# The footer's length and a magic number.
TAIL_BYTES = 8


class ParquetReviews:
    """An open Parquet file of reviews.

    Args:
        path: the file.
        max_cell: most bytes of one value of a column.

    Attributes:
        path: the file.
        schema: of the record batches, with its metadata.
        rows: number of rows, by the footer.
        row_groups: rows of each row group.
        permissions: of the file, as chmod takes them.
        identity: what the system said of the file before it was opened.

    Raises:
        ReviewsError: the file can't be opened as Parquet.
    """

    def __init__(self, path: Place, max_cell: int = MAX_CELL) -> None:
        self.path = path
        self._is_reading = False
        self._max_cell = max_cell
        self._file: Any = None  # pyarrow has no types
        # Bounds whose first rows were asked for: the footer is read through once.
        self._looked_into: tuple[Sequence[str] | None, RowBounds] | None = None
        self.rows = 0
        self.row_groups: list[int] = []
        self._source = source_at(path)
        self.identity, self.permissions = self._source.identity, self._source.permissions
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        path = self.path
        with reading(path):
            footer_size = len(_footer(self._source))
            # pre_buffer would hold the whole file in memory.
            self._file = pq.ParquetFile(
                self._source.for_arrow(),
                pre_buffer=False,
                buffer_size=0 if self.is_held else READ_BUFFER_BYTES,
                page_checksum_verification=True,
                # Nanoseconds reach from 1677 to 2262 only, and Spark refuses to read them.
                coerce_int96_timestamp_unit="us",
            )
            self.schema = self._file.schema_arrow
            metadata = self._file.metadata
            if metadata.serialized_size + SIGNATURE_BYTES == footer_size:
                raise _encrypted(path)
            self.rows = metadata.num_rows
            self.row_groups = [
                metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)
            ]
        self._check_row_groups()

    @property
    def position(self) -> int | None:
        """The footer counts the rows."""
        return None

    @property
    def is_held(self) -> bool:
        """Whether the file's bytes are in memory."""
        return self._source.is_held

    @property
    def deciding(self) -> Mapping[str, str]:
        """No option decides how a Parquet file is read."""
        return {}

    def __enter__(self) -> ParquetReviews:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let go of its footer, which is large if there are many row groups."""
        # Not under a thread that still reads, when a stop ended the wait for it.
        if self._is_reading:
            return
        self._source.close()
        if self._file is not None:
            self._file.close()
            self._file = None
            if len(self.row_groups) > MANY_ROW_GROUPS:
                gc.collect()
                give_back()

    def input_id(self, check: Callable[[], None] = lambda: None) -> InputId:
        """Return what tells this input from others: of a file, the SHA-256 of all its bytes.

        Args:
            check: called before each MiB; it ends the reading by raising.

        Raises:
            ReviewsError: the file can't be read, or isn't what it was when it was opened.
        """
        with self._reading():
            return self._source.input_id(check)

    def windows(
        self, columns: Sequence[str] | None = None, texts: str | None = None
    ) -> Iterator[list[pa.RecordBatch]]:
        """Yield the rows in order, in windows bounded by rows and by bytes.

        Args:
            columns: what to read, in the order of the schema; every column if None.
            texts: the column that is scored: windows of short texts hold more rows.

        Raises:
            ReviewsError: the file can't be read to its end, or changed meanwhile.
        """
        window = _Window(self.rows, texts)
        for batch in self._batches(columns):
            while len(batch):
                part = batch.slice(0, window.room)
                if window.takes(part):
                    batch = batch.slice(len(part))
                if window.is_full:
                    yield window.batches
                    window.begin()
        if window.batches:
            yield window.batches
            window.begin()
        read = window.start
        self._source.check_unchanged()
        if read != self.rows:
            raise ReviewsError(
                f"reading {self.path}: {read} rows were read where its footer promises "
                f"{self.rows}; check that it was copied whole"
            )

    def storage(self, columns: Collection[str]) -> Storage:
        """Return how columns are stored where Arrow's types leave that open."""
        return Storage.of(self._leaves_of(columns))

    def check_text(self, column: str | None) -> None:
        """Nothing is left open by a column's type."""

    def check_carried(self, columns: Collection[str]) -> None:
        """Check that columns keep their types in an output.

        Raises:
            ReviewsError: some don't; the message names them.
        """
        schema = pa.schema([field for field in self.schema if field.name in columns])
        with reading(self.path):
            lost = lost_types(schema, self._leaves_of(columns))
        if lost:
            kinds = ", ".join(f"{name!r} of type {kind}" for name, kind in lost.items())
            raise ReviewsError(
                f"reading {self.path}: the type of a column can't be written as it is: {kinds}; "
                f"leave out what needn't be there with {drop_option(list(lost))}"
            )

    def int96(self, columns: Collection[str], *, truncate: bool) -> Int96Columns | None:
        """Return the INT96 values of some columns; None if there are none.

        Args:
            columns: which columns.
            truncate: whether nanoseconds may be cut off.
        """
        leaves = tuple(leaf.path for leaf in self._leaves_of(columns) if leaf.physical == INT96)
        if not leaves:
            return None
        source = self._source
        return Int96Columns(self.path, source.for_arrow, self._file.metadata, leaves, truncate)

    def codecs(self, columns: Sequence[str] | None = None) -> dict[str, str | None]:
        """Return the codec of each column, by its path in the schema; empty if there are no rows.

        It is None if pyarrow reads it, but doesn't write it: Hadoop's LZ4.

        Args:
            columns: which columns; every column if None.

        Raises:
            ReviewsError: the footer doesn't tell.
        """
        # Asked for the metadata of some damaged or encrypted columns, pyarrow ends the process with
        # a C++ exception. So they are taken from the footer as it stands.
        bounds = self._bounds(columns)
        with self._reading():
            bounds.most_rows(0, 1)
        self._looked_into = (columns, bounds)
        return {path: _codec(name) for path, name in bounds.codecs.items() if _is_in(path, columns)}

    @cached_property
    def _leaves(self) -> Sequence[Leaf]:
        with reading(self.path):
            return leaves_of(self._file)

    def _leaves_of(self, columns: Collection[str]) -> list[Leaf]:
        return [leaf for leaf in self._leaves if leaf.column in columns]

    def _batches(self, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        """Yield batches of the rows that the footer suggests, of fewer if they hold much more."""
        most = self._rows_a_batch()
        steps: list[pa.RecordBatch] = []
        size, most_bytes = 0, STEP_BYTES
        looked_into, self._looked_into = self._looked_into, None
        has_looked = looked_into is not None and looked_into[0] == columns
        bounds = looked_into[1] if looked_into and has_looked else self._bounds(columns)
        for step, step_size, is_end in self._steps(columns, most, bounds):
            steps.append(step)
            size += step_size
            if is_end or size >= most_bytes:
                # After a batch that held much more, steps aren't joined up to that size again.
                most_bytes = STEP_BYTES if size < most_bytes else WINDOW_BYTES
                yield from _cut(join(steps))
                steps, size = [], 0
            del step
        if steps:
            yield from _cut(join(steps))

    def _steps(
        self, columns: Sequence[str] | None, most: int, bounds: RowBounds
    ) -> Iterator[tuple[pa.RecordBatch, int, bool]]:
        """Read the rows in steps that grow by the bytes seen.

        Yields:
            A batch, its bytes, and whether one read of ``most`` rows would end with it, too.
        """
        read = done = 0
        ends = set(accumulate(self.row_groups)) if has_dictionary(self.schema) else set()
        with self._reading():
            # Rows that can't be large are read at once.
            is_small = self.is_held and bounds.is_within(min(most, self.rows), WINDOW_BYTES)
            pace = left = most if is_small else min(FIRST_STEP_ROWS, most)
            bounds.most_rows(0, pace)
            # Threads cost more, and writing, on one thread, takes three times as long as reading.
            batches = self._file.iter_batches(pace, columns=columns, use_threads=False)
        while True:
            with self._reading():
                step = next(batches, None)
            if step is None:
                return
            size = size_of_step(step)
            if size > self._max_cell:
                self._check_cells(step, read)
            rows = len(step)
            read, done, left = read + rows, done + rows, left - rows
            # A dictionary ends with its row group, and there a read is given out in two parts.
            yield step, size, left > 0 or done == most or read in ends
            del step
            if not left:
                done %= most
                allowed = max(1, WINDOW_BYTES * rows // max(1, size))
                pace = min(STEP_GROWTH * pace, most, 2 * allowed)
                with self._reading():
                    left = bounds.most_rows(read, min(pace, most - done))
                self._file.reader.set_batch_size(left)

    def _bounds(self, columns: Sequence[str] | None) -> RowBounds:
        is_read = partial(_is_in, columns=columns)
        with self._reading():
            footer = _footer(self._source)
            return RowBounds(
                self.path,
                self._source.read_at,
                footer,
                self._file.metadata,
                is_read,
                self._max_cell,
            )

    def _check_row_groups(self) -> None:
        """Find rows that are too large by the footer: reading one would take the memory.

        Raises:
            ReviewsError: there are such rows.
        """
        metadata, start = self._file.metadata, 0
        most = self._max_cell * max(1, metadata.num_columns)
        for index, rows in enumerate(self.row_groups):
            size = metadata.row_group(index).total_byte_size / max(1, rows)
            if size > most:
                names = self.schema.names
                column = f"column {names[0]!r}" if len(names) == 1 else "a column"
                raise ReviewsError(
                    f"reading {self.path}: {column} of rows {start + 1:,} to {start + rows:,} "
                    f"takes {size:,.0f} bytes a row, more than the {self._max_cell:,} of "
                    "--max-cell; raise that, or leave the rows out"
                )
            start += rows

    def _check_cells(self, batch: pa.RecordBatch, start: int) -> None:
        """Find the cell that is too large.

        Args:
            batch: of the file.
            start: rows before it.

        Raises:
            ReviewsError: there is one; the message names its row and column.
        """
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            sizes = [size_of_cell(column.slice(row, 1)) for row in range(len(column))]
            row = max(range(len(sizes)), key=sizes.__getitem__)
            if sizes[row] > self._max_cell:
                raise ReviewsError(
                    f"reading {self.path}: column {name!r} of row {start + row + 1:,} takes "
                    f"{sizes[row]:,} bytes, more than the {self._max_cell:,} of --max-cell; raise "
                    "that, or leave the row out"
                )

    def _rows_a_batch(self) -> int:
        """Return the rows that fit a window, by the footer's size of the widest row group."""
        metadata = self._file.metadata
        groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
        widest = max(
            (group.total_byte_size / group.num_rows for group in groups if group.num_rows),
            default=1.0,
        )
        return int(max(1, min(WINDOW_ROWS, WINDOW_BYTES / max(widest, 1.0))))

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Name what goes wrong, and keep the file from being closed meanwhile."""
        self._is_reading = True
        try:
            with self._source.reading():
                yield
        finally:
            self._is_reading = False


class _Window:
    """The rows that are gathered for a window.

    Where it ends depends on the rows before and nothing else: every run cuts a file alike, whatever
    its threads.

    Args:
        total: rows of the file.
        texts: the column that is scored, whose bytes are counted; None if nothing is.

    Attributes:
        start: the number of its first row.
        batches: its rows.
        is_full: whether no row has room any more.
    """

    def __init__(self, total: int, texts: str | None) -> None:
        self._total, self._texts = total, texts
        self.start = self._rows = self._text_bytes = 0
        self.begin()

    def begin(self) -> None:
        """Begin the next window."""
        self.start += self._rows
        is_short = self._texts is not None and self._text_bytes < SHORT_TEXT_BYTES * self.start
        steady = min(self.start, (self._total - self.start) // LAST_WINDOWS)
        most = SHORT_WINDOW_ROWS if is_short else WINDOW_ROWS
        self._most_rows = min(most, max(LEAST_WINDOW_ROWS, steady))
        self._most_bytes = SHORT_WINDOW_BYTES if is_short else WINDOW_BYTES
        self.batches: list[pa.RecordBatch] = []
        self._rows = self._size = 0
        self.is_full = False

    @property
    def room(self) -> int:
        """Number of rows that may be added, as far as their bytes do."""
        return self._most_rows - self._rows

    def takes(self, part: pa.RecordBatch) -> bool:
        """Take some rows, if they have room; the first ones always do."""
        size = size_of(part)
        has_room = not self.batches or self._size + size <= self._most_bytes
        if has_room:
            self.batches.append(part)
            self._rows, self._size = self._rows + len(part), self._size + size
            if self._texts is not None:
                self._text_bytes += part[self._texts].nbytes
        self.is_full = not has_room or not self.room or self._size >= self._most_bytes
        return has_room


def read_key(place: Place, key: str) -> object | None:
    """Return the JSON that a Parquet file's footer holds under a key.

    None if there is no such key, or the file isn't a Parquet file.

    Raises:
        RequestFailed: the store of an object doesn't tell.
    """
    if isinstance(place, Path) and not place.is_file():
        return None
    try:
        stored = (_metadata(place).metadata or {}).get(key.encode())
        value: object = None if stored is None else json.loads(stored)
    except DAMAGE:
        return None
    return value


def is_damaged_parquet(place: Place) -> bool:
    """Whether a file begins as a Parquet file and has no footer that can be read.

    Raises:
        OSError: the system doesn't let it be read.
        RequestFailed: the store of an object doesn't tell.
    """
    if _first_bytes(place) != MAGIC:
        return False
    try:
        _metadata(place)
    except DAMAGE:
        return True
    return False


def _first_bytes(place: Place) -> bytes:
    if not isinstance(place, Path):
        return place.store.begin_read(place.key, 0, len(MAGIC), None).result().content
    with place.open("rb") as file:
        return file.read(len(MAGIC))


def _metadata(place: Place) -> pq.FileMetaData:
    """Return the footer of a file; of an object, by one request if it isn't very long."""
    return pq.read_metadata(place if isinstance(place, Path) else io.BytesIO(_end_of(place)))


def _end_of(place: ObjectPlace) -> bytes:
    """Return the last bytes of an object, which hold its footer, behind a magic number."""
    end = place.read_end()
    length = int.from_bytes(end.content[-TAIL_BYTES:-4], "little") + TAIL_BYTES
    if len(end.content) < length <= end.identity.size:
        end = place.read_end(length)
    return MAGIC + end.content


def _is_in(path: str, columns: Sequence[str] | None) -> bool:
    """Whether a leaf of the schema, by its path, belongs to one of some columns, or of all."""
    return columns is None or any(path == name or path.startswith(f"{name}.") for name in columns)


def _cut(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch that is still too large: the footer counts a repeated value once."""
    parts = max(1, min(len(batch), -(-size_of(batch) // WINDOW_BYTES)))
    rows = -(-len(batch) // parts)
    for start in range(0, len(batch), max(1, rows)):
        yield batch.slice(start, rows)


def _footer(source: Source) -> bytes:
    """Return the footer: the position, size and statistics of every column chunk.

    A Parquet file ends with the footer's length and a magic number, 8 bytes together:
    https://parquet.apache.org/docs/file-format/

    Raises:
        ReviewsError: the file doesn't end so.
    """
    size = source.identity.size
    tail = source.read_at(max(0, size - TAIL_BYTES), TAIL_BYTES)
    length, magic = int.from_bytes(tail[:4], "little"), tail[4:]
    if magic == ENCRYPTED_MAGIC:
        raise _encrypted(source.path)
    if magic != MAGIC or length + TAIL_BYTES > size:
        kind = kind_of(source.read_at(0, HEAD_BYTES))
        raise ReviewsError(f"reading {source.path}: {kind}")
    return source.read_at(size - TAIL_BYTES - length, length)


def _encrypted(path: Place) -> ReviewsError:
    return ReviewsError(
        f"reading {path}: it is encrypted, which scorer can't read; decrypt it first"
    )


def _codec(name: str) -> str | None:
    codec = CODECS.get(name)
    return codec if codec is None or codec == "none" or pa.Codec.is_available(codec) else None
