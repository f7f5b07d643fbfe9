"""Parquet in, as windows of record batches; Parquet out, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scorer.errors import OutputError, ReviewsError
from scorer.files import whole_file
from scorer.kernel import SCORE, SENTIMENT

# A window is scored by one thread: large enough that rows of like length are found and the vocabulary's hash table
# pays, small enough that all threads have work to the end of a file of ten thousand rows.
WINDOW_ROWS = 2048
WINDOW_BYTES = 16 << 20

# A row group is held in memory until it is written.
ROW_GROUP_BYTES = 64 << 20

READ_BUFFER_BYTES = 1 << 20
DEFAULT_COMPRESSION = "zstd"

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
        with _reading(path):
            self._stat = path.stat()
            # pre_buffer holds the whole file in memory, and iter_batches then stops at each row group.
            self._file = pq.ParquetFile(path, pre_buffer=False, buffer_size=READ_BUFFER_BYTES, page_checksum_verification=True)
            self.identity = {"size": self._stat.st_size, "footer_sha256": _footer_sha256(path)}
        self.schema = self._file.schema_arrow
        metadata = self._file.metadata
        self.rows = metadata.num_rows
        self.row_groups = [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)]

    def __enter__(self) -> ParquetReviews:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def windows(self) -> Iterator[list[pa.RecordBatch]]:
        """Yield the rows in order, some batches at a time, bounded by rows and by bytes.

        Raises:
            ReviewsError: the file can't be read to its end, or changed meanwhile.
        """
        window: list[pa.RecordBatch] = []
        rows = size = read = 0
        for batch in self._batches():
            read += len(batch)
            window.append(batch)
            rows, size = rows + len(batch), size + batch.nbytes
            if rows >= WINDOW_ROWS or size >= WINDOW_BYTES:
                yield window
                window, rows, size = [], 0, 0
        if window:
            yield window
        self._check_unchanged(read)

    def compression(self, text_column: str) -> str | dict[str, str]:
        """Return the codec to write with: the source's, column by column where they differ.

        The two new columns get the codec of the text column.
        """
        metadata = self._file.metadata
        if metadata.num_row_groups == 0:
            return DEFAULT_COMPRESSION
        group = metadata.row_group(0)
        columns = [group.column(place) for place in range(group.num_columns)]
        codecs = {column.path_in_schema: _codec(column.compression) for column in columns}
        if len(set(codecs.values())) == 1:
            return next(iter(codecs.values()))
        ours = codecs.get(text_column, DEFAULT_COMPRESSION)
        return codecs | {field.name: ours for field in (SENTIMENT, SCORE)}

    def _batches(self) -> Iterator[pa.RecordBatch]:
        batches = self._file.iter_batches(self._rows_a_batch())
        while True:
            with _reading(self.path):
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

    def _check_unchanged(self, read: int) -> None:
        with _reading(self.path):
            now = self.path.stat()
        if (now.st_size, now.st_mtime_ns, now.st_ino) != (self._stat.st_size, self._stat.st_mtime_ns, self._stat.st_ino):
            raise ReviewsError(f"reading {self.path}: it changed while it was read; run again when it is complete")
        if read != self.rows:
            raise ReviewsError(f"reading {self.path}: {read} rows were read where its footer promises {self.rows}; it is damaged")


@contextmanager
def written_whole(
    path: Path, schema: pa.Schema, source: ParquetReviews, text_column: str, origin: Mapping[str, Any]
) -> Iterator[RowGroupWriter]:
    """Write a Parquet file that appears under its name when all rows of ``source`` are in it, or not at all.

    Args:
        path: the output.
        schema: of the batches that will be written.
        source: whose row groups, compression and row count the output follows.
        text_column: whose codec the new columns get.
        origin: kept in the footer, so that a later run can tell what this file was made of.

    Raises:
        OutputError: it can't be written.
    """
    with _writing(path):
        _make_folder(path)
        with whole_file(path) as temporary:
            compression = source.compression(text_column)
            with pq.ParquetWriter(temporary, schema, compression=compression, write_page_checksum=True) as file:
                writer = RowGroupWriter(file, source.row_groups)
                yield writer
                writer.close()
                file.add_key_value_metadata({ORIGIN_KEY.decode(): json.dumps(origin, sort_keys=True)})
            _check_rows(temporary, source.rows)


class RowGroupWriter:
    """Gathers batches into row groups that follow the source's, up to a bound of bytes."""

    def __init__(self, file: pq.ParquetWriter, row_groups: Sequence[int]) -> None:
        self._file = file
        self._left = list(reversed([rows for rows in row_groups if rows]))
        self._pending: list[pa.RecordBatch] = []
        self._size = 0

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
            table = pa.Table.from_batches(self._pending)
            self._file.write_table(table, row_group_size=len(table))
        self._pending, self._size = [], 0


def read_origin(path: Path) -> Any:
    """Return what a file that we wrote says of its origin; None where it isn't a Parquet file of ours."""
    try:
        stored = (pq.read_metadata(path).metadata or {}).get(ORIGIN_KEY)
        return None if stored is None else json.loads(stored)
    except (OSError, pa.ArrowException, ValueError):
        return None


def one_line(error: BaseException) -> str:
    """Return an error's message on one line, an operating system's without its path."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise ReviewsError(f"reading {path}: {one_line(error)}; check that it is a complete Parquet file") from error


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise OutputError(f"writing {path}: {one_line(error)}; nothing was left there") from error


def _make_folder(path: Path) -> None:
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


def _footer_sha256(path: Path) -> str:
    """Return the SHA-256 of the footer, which holds every column chunk's place, size and statistics.

    The last 8 bytes of a Parquet file are the footer's length and a magic number:
    https://parquet.apache.org/docs/file-format/
    """
    with path.open("rb") as file:
        file.seek(-8, 2)
        length = int.from_bytes(file.read(4), "little")
        file.seek(-8 - length, 2)
        return hashlib.sha256(file.read(length)).hexdigest()


def _codec(name: str) -> str:
    codec = {"UNCOMPRESSED": "none", "LZ4_RAW": "lz4"}.get(name, name.lower())
    return codec if codec == "none" or (codec != "lzo" and pa.Codec.is_available(codec)) else DEFAULT_COMPRESSION


def _check_rows(path: Path, rows: int) -> None:
    written = pq.read_metadata(path).num_rows
    if written != rows:
        raise OutputError(f"writing {path}: {written} rows were written of {rows}; report this, it must not happen")
