"""Parquet in, as windows of record batches; Parquet out, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scorer.aside import aside
from scorer.errors import OutputError, ReviewsError
from scorer.files import whole_file
from scorer.memory import give_back

# A window is scored by one thread: large enough that rows of like length are found and the vocabulary's hash table
# pays. The bytes bound what is held where reviews stand beside wide columns: some windows a thread wait to be scored or written.
WINDOW_ROWS = 2048
WINDOW_BYTES = 2 << 20
# Towards its end a file is cut finer, so that no thread is left alone with a large window: each is a quarter of what is left, down to
# this many rows. Fewer don't pay: to compile the tokenizer's patterns and to hash the vocabulary takes some milliseconds a window, a row
# of 256 then 50 µs to tokenize, of 512 35, of 2,048 30.
LEAST_WINDOW_ROWS = 512
LAST_WINDOWS = 4

# A row group is held in memory until it is written.
ROW_GROUP_BYTES = 32 << 20

READ_BUFFER_BYTES = 256 << 10
DEFAULT_COMPRESSION = "zstd"

# What pyarrow raises on damaged bytes, by what was damaged: a name that isn't UTF-8 is a ValueError.
DAMAGE = (OSError, pa.ArrowException, ValueError, OverflowError, MemoryError)

MAGIC = b"PAR1"
ENCRYPTED_MAGIC = b"PARE"
# Behind an encrypted file's plaintext footer stand a nonce of 12 bytes and a tag of 16:
# https://parquet.apache.org/docs/file-format/data-pages/encryption/
SIGNATURE_BYTES = 28

ORIGIN_KEY = b"review_sentiment"


class ParquetReviews:
    """A Parquet file of reviews, read in bounded memory.

    Attributes:
        path: the file.
        schema: of the record batches, with its metadata.
        rows: rows that the footer promises.
        row_groups: rows of each row group.
        identity: size and footer hash: what tells this content from another.

    Raises:
        ReviewsError: the file can't be opened as Parquet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with reading(path):
            self._stat = path.stat()
            if not S_ISREG(self._stat.st_mode):
                # A pipe would be waited for until somebody writes to it.
                raise ReviewsError(f"reading {path}: it is not a regular file; name one")
            footer = _footer(path)
            # pre_buffer holds the whole file in memory, and iter_batches then stops at each row group.
            self._file = pq.ParquetFile(path, pre_buffer=False, buffer_size=READ_BUFFER_BYTES, page_checksum_verification=True)
            self.schema = self._file.schema_arrow
            metadata = self._file.metadata
            if metadata.serialized_size + SIGNATURE_BYTES == len(footer):
                raise _encrypted(path)
            self.rows = metadata.num_rows
            self.row_groups = [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)]
        self.identity = {"size": self._stat.st_size, "footer_sha256": hashlib.sha256(footer).hexdigest()}

    def __enter__(self) -> ParquetReviews:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def windows(self, columns: Sequence[str] | None = None) -> Iterator[list[pa.RecordBatch]]:
        """Yield the rows in order, some batches at a time, bounded by rows and by bytes.

        Args:
            columns: what is read, in the order of the schema; every column where None.

        Raises:
            ReviewsError: the file can't be read to its end, or changed meanwhile.
        """
        window: list[pa.RecordBatch] = []
        rows = size = read = 0
        for batch in self._batches(columns):
            while len(batch):
                part = batch.slice(0, self._window_rows(read) - rows)
                batch = batch.slice(len(part))
                window.append(part)
                rows, size = rows + len(part), size + part.nbytes
                if rows >= self._window_rows(read) or size >= WINDOW_BYTES:
                    yield window
                    read += rows
                    window, rows, size = [], 0, 0
        if window:
            yield window
        read += rows
        self._check_unchanged()
        if read != self.rows:
            raise ReviewsError(f"reading {self.path}: {read} rows were read where its footer promises {self.rows}; it is damaged")

    def codecs(self, columns: Sequence[str] | None = None) -> dict[str, str]:
        """Return the codec of each column, by its path in the schema; none where the file has no rows.

        Args:
            columns: which ones; every column where None.

        Raises:
            ReviewsError: the first row can't be read.
        """
        # pyarrow ends the whole process when it is asked about a column that is damaged or encrypted in a certain way
        # (an exception of C++ that it doesn't expect). Reading raises in Python: so one row is read first.
        self._read_one_row(columns)
        metadata = self._file.metadata
        filled = [place for place, rows in enumerate(self.row_groups) if rows]
        if not filled:
            return {}
        paths = [metadata.schema.column(place).path for place in range(metadata.num_columns)]
        group = metadata.row_group(filled[0])
        return {
            path: _codec(group.column(place).compression)
            for place, path in enumerate(paths)
            if columns is None or any(path == name or path.startswith(f"{name}.") for name in columns)
        }

    def _window_rows(self, read: int) -> int:
        """Return how many rows the window may have that begins when so many are read: the same in every run, whatever its threads."""
        left: int = self.rows - read
        return min(WINDOW_ROWS, max(LEAST_WINDOW_ROWS, left // LAST_WINDOWS))

    def _read_one_row(self, columns: Sequence[str] | None) -> None:
        with self._reading():
            next(self._file.iter_batches(1, columns=columns), None)

    def _batches(self, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        with self._reading():
            batches = self._file.iter_batches(self._rows_a_batch(), columns=columns)
        while True:
            with self._reading():
                batch = next(batches, None)
            if batch is None:
                return
            yield from _cut(batch)

    def _rows_a_batch(self) -> int:
        """Return the rows that fit a window, going by what the footer says of the widest row group."""
        metadata = self._file.metadata
        groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
        widest = max((group.total_byte_size / group.num_rows for group in groups if group.num_rows), default=1.0)
        return int(max(1, min(WINDOW_ROWS, WINDOW_BYTES / max(widest, 1.0))))

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Name what goes wrong; where the file changed under our hands, that comes before what was found in it."""
        try:
            with reading(self.path):
                yield
        except ReviewsError:
            self._check_unchanged()
            raise

    def _check_unchanged(self) -> None:
        try:
            now = self.path.stat()
        except FileNotFoundError as error:
            raise ReviewsError(f"reading {self.path}: it was removed while it was read; run again when it is back") from error
        except OSError as error:
            raise ReviewsError(f"reading {self.path}: {one_line(error)}; run again when it is back") from error
        if (now.st_size, now.st_mtime_ns, now.st_ino) != (self._stat.st_size, self._stat.st_mtime_ns, self._stat.st_ino):
            raise ReviewsError(f"reading {self.path}: it changed while it was read; run again when it is complete")


@contextmanager
def written_whole(
    path: Path, schema: pa.Schema, source: ParquetReviews, codecs: str | dict[str, str], origin: Mapping[str, Any]
) -> Iterator[RowGroupWriter]:
    """Write a Parquet file that appears under its name when all rows of ``source`` are in it, or not at all.

    Args:
        path: the output.
        schema: of the batches that will be written.
        source: whose row groups and row count the output follows.
        codecs: one for all columns, or one for each.
        origin: kept in the footer, so that a later run can tell what this file was made of.

    Raises:
        OutputError: it can't be written.
    """
    with writing(path), whole_file(path) as temporary:
        with _parquet_writer(temporary, schema, codecs) as file:
            writer = RowGroupWriter(file, source.row_groups)
            yield writer
            writer.close()
            file.add_key_value_metadata({ORIGIN_KEY.decode(): json.dumps(origin, sort_keys=True)})
        _check_rows(temporary, source.rows)


@contextmanager
def _parquet_writer(path: Path, schema: pa.Schema, codecs: str | dict[str, str]) -> Iterator[pq.ParquetWriter]:
    """Open pyarrow's writer, and close it only when the block ends well: its own ``with`` ends a failed file validly, too."""
    file = pq.ParquetWriter(path, schema, compression=codecs, write_page_checksum=True)
    try:
        yield file
        file.close()
    except Exception:
        # The space is free for the next file at once, even while something still refers to this one.
        with suppress(OSError):
            file.file_handle.close()
        raise
    finally:
        # The garbage collector would close a failed one again, fail again and speak on stderr. Where the block was
        # stopped, another thread may still be writing: its file has no name any more.
        file.is_open = False


class RowGroupWriter:
    """Gathers batches into row groups that follow the source's, up to a bound of bytes."""

    def __init__(self, file: pq.ParquetWriter, row_groups: Sequence[int]) -> None:
        self._file = file
        self._left = list(reversed([rows for rows in row_groups if rows]))
        self._pending: list[pa.RecordBatch] = []
        self._size = 0
        self._freed = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Take a batch; it is written when its row group is full."""
        while len(batch):
            part = batch.slice(0, self._left[-1]) if self._left else batch
            batch = batch.slice(len(part))
            self._pending.append(part)
            self._size += part.nbytes
            if self._left:
                self._left[-1] -= len(part)
            if (self._left and self._left[-1] == 0) or self._size >= ROW_GROUP_BYTES:
                self.close()

    def close(self) -> None:
        """Write what is pending."""
        if self._left and self._left[-1] == 0:
            self._left.pop()
        if self._pending:
            # Aside, so that a signal is answered meanwhile: a slow codec takes seconds for a row group.
            aside(partial(self._write, pa.Table.from_batches(self._pending)))
        self._freed += self._size
        self._pending, self._size = [], 0
        # Not after each of thousands of tiny ones.
        if self._freed >= ROW_GROUP_BYTES // 2:
            give_back()
            self._freed = 0

    def _write(self, table: pa.Table) -> None:
        self._file.write_table(table, row_group_size=len(table))


def read_origin(path: Path) -> Any:
    """Return what a file that we wrote says of its origin; None where it isn't a Parquet file of ours."""
    if not path.is_file():
        return None
    try:
        stored = (pq.read_metadata(path).metadata or {}).get(ORIGIN_KEY)
        return None if stored is None else json.loads(stored)
    except DAMAGE:
        return None


def one_line(error: BaseException) -> str:
    """Return an error's message on one line, an operating system's without its path."""
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return " ".join(str(error).split()) or type(error).__name__


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Name the file that couldn't be read.

    Raises:
        ReviewsError: instead of what pyarrow or the operating system raises.
    """
    try:
        yield
    except DAMAGE as error:
        raise ReviewsError(f"reading {path}: {one_line(error)}; check that it is a complete Parquet file") from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name the file that couldn't be written.

    Raises:
        OutputError: instead of what pyarrow or the operating system raises.
    """
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise OutputError(f"writing {path}: {one_line(error)}; nothing was left there") from error


def make_folder(path: Path) -> None:
    """Make the folder that a file will stand in.

    Raises:
        OutputError: it can't be made.
    """
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise OutputError(f"writing {path}: a file stands where its folder should be; name another output") from error


def _cut(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch that is still too large: the footer tells encoded sizes, and a repeated value is small there."""
    parts = max(1, min(len(batch), -(-batch.nbytes // WINDOW_BYTES)))
    rows = -(-len(batch) // parts)
    for start in range(0, len(batch), max(1, rows)):
        yield batch.slice(start, rows)


def _footer(path: Path) -> bytes:
    """Return the footer, which holds every column chunk's place, size and statistics.

    The last 8 bytes of a Parquet file are the footer's length and a magic number:
    https://parquet.apache.org/docs/file-format/

    Raises:
        ReviewsError: the file doesn't end so.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 8))
        length, magic = int.from_bytes(file.read(4), "little"), file.read(4)
        if magic == ENCRYPTED_MAGIC:
            raise _encrypted(path)
        if magic != MAGIC or length + 8 > size:
            raise ReviewsError(f"reading {path}: it does not end as a Parquet file does; check that it was copied whole")
        file.seek(size - 8 - length)
        return file.read(length)


def _encrypted(path: Path) -> ReviewsError:
    return ReviewsError(f"reading {path}: it is encrypted, which scorer can't read; decrypt it first")


def _codec(name: str) -> str:
    codec = {"UNCOMPRESSED": "none", "LZ4_RAW": "lz4"}.get(name, name.lower())
    return codec if codec == "none" or (codec != "lzo" and pa.Codec.is_available(codec)) else DEFAULT_COMPRESSION


def _check_rows(path: Path, rows: int) -> None:
    written = pq.read_metadata(path).num_rows
    if written != rows:
        raise OutputError(f"writing {path}: {written} rows were written of {rows}; report this, it must not happen")
