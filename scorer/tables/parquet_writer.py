"""Parquet out: a file that appears complete under its name, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scorer.errors import OutputError
from scorer.storage.failures import writing
from scorer.storage.whole_file import Background, WholeFile, write_all
from scorer.system.background import in_background
from scorer.system.memory import give_back
from scorer.tables.parquet_types import Storage

# A row group is held in memory until it is written.
ROW_GROUP_BYTES = 32 << 20
# Bytes of a row group that is written, and of those that are taken meanwhile.
MOST_HELD = 48 << 20
# pyarrow holds the footer until it is written: 1 kB a row group and column, twice at the end.
MOST_ROW_GROUPS = 10_000
# Row groups whose part of the footer is worth giving back before and after it is written.
MANY_ROW_GROUPS = 100
# Arrow data of a file that is made in memory and written at once, which costs less.
SMALL_BYTES = 1 << 20


class ParquetOutput:
    """A Parquet file in the making. As a context manager it is discarded unless it was finished.

    Row groups follow those of the source, up to a bound of bytes; if there are more than 10,000,
    neighbours are joined.

    Args:
        path: the output.
        schema: of the batches to come.
        rows: rows that the file must hold when it is finished; None if the source tells only at
            its end.
        row_groups: rows of each row group of the source.
        codecs: one for all columns, or one for each column by its path.
        background: runs the slow calls: compressing a row group, waiting for the disk.
        begin: begins to compress a row group, on one thread, while others are taken; by default it
            is waited for.
        wait: waits for what ``begin`` began.
        temporary: the name to write under, an empty file of ours; one of its own by default.
        storage: how values are stored where Arrow's types leave that open.
        deliver: takes the finished file elsewhere, instead of putting it under ``path``.

    Raises:
        OutputError: the file can't be created.
    """

    def __init__(
        self,
        path: Path,
        schema: pa.Schema,
        rows: int | None,
        row_groups: Sequence[int],
        codecs: str | dict[str, str],
        background: Background = in_background,
        begin: Callable[[Callable[[], None]], Future[None]] | None = None,
        wait: Callable[[Future[None]], None] = Future.result,
        temporary: Path | None = None,
        storage: Storage = Storage(),
        deliver: Callable[[Path], None] | None = None,
    ) -> None:
        self.path = path
        self._rows = rows
        self._left = list(reversed(_joined([rows for rows in row_groups if rows])))
        self._background, self._deliver = background, deliver
        self._begin, self._wait = begin, wait
        self._begun: Future[None] | None = None
        self._writer = partial(
            pq.ParquetWriter,
            schema=schema,
            compression=codecs,
            write_page_checksum=True,
            **storage.options(),
        )
        # Row groups that are full, and the one that isn't; and their bytes.
        self._full: list[list[pa.RecordBatch]] = []
        self._pending: list[pa.RecordBatch] = []
        self._full_size = self._size = self._begun_size = 0
        self._freed = self._groups = 0
        self._is_writing = self._is_finished = False
        # pyarrow's writer, which has no types; None as long as the file is small.
        self._file: Any = None
        self._lock = Lock()
        with writing(path):
            self._whole = WholeFile(path, temporary)
        try:
            with writing(path):
                # pyarrow opens no other names, and a file isn't to be refused only when it grows.
                str(path).encode()
                self._handle: int | None = self._whole.open()
        except BaseException:
            self._whole.discard()
            raise

    def __enter__(self) -> ParquetOutput:
        return self

    def __exit__(self, *exception: object) -> None:
        if not self._is_finished:
            self.discard()

    def write(self, batch: pa.RecordBatch) -> None:
        """Take a batch; it is written when its row group is full, and the file isn't small.

        Raises:
            OutputError: it can't be written.
        """
        while len(batch):
            part = batch.slice(0, self._left[-1]) if self._left else batch
            batch = batch.slice(len(part))
            self._pending.append(part)
            self._size += part.nbytes
            if self._left:
                self._left[-1] -= len(part)
            if self._file is None and self.pending_bytes > SMALL_BYTES:
                with writing(self.path):
                    self._file = self._writer(self._whole.temporary)
            if self.pending_bytes > MOST_HELD:
                self._end_writing()
            if (self._left and self._left[-1] == 0) or self._size >= ROW_GROUP_BYTES:
                self._flush()

    def finish(self, metadata: Mapping[str, str], rows: int | None = None) -> None:
        """Write what is pending and the footer, check the file, and put it in place.

        Args:
            metadata: key-value pairs for the footer.
            rows: rows of the source, where they weren't known before.

        Raises:
            OutputError: it can't be written, or doesn't hold the rows of the source.
        """
        with writing(self.path):
            self._background(partial(self.complete, metadata, rows))
        self.put()
        with writing(self.path):
            self._whole.sync_name()

    @property
    def pending_bytes(self) -> int:
        """Bytes that are held until they are written."""
        return self._begun_size + self._full_size + self._size

    def complete(self, metadata: Mapping[str, str], rows: int | None = None) -> None:
        """Write what is pending and the footer, check the file, and wait for the disk.

        It may take long, so it is for a thread in the background.

        Args:
            metadata: key-value pairs for the footer.
            rows: rows of the source, where they weren't known before.

        Raises:
            OutputError: it can't be written, or doesn't hold the rows of the source.
        """
        if self._begun is not None:
            # It was begun before this, on the same thread.
            with writing(self.path):
                self._begun.result()
        handle = self._take_handle()
        if handle is None:
            # It was discarded meanwhile.
            return
        self._is_writing = True
        try:
            with writing(self.path):
                self._complete(handle, metadata)
                self._check_rows(rows if self._rows is None else self._rows)
                if self._deliver is None:
                    self._whole.make_ready()
                    os.fsync(handle)
        except BaseException:
            self._give_up()
            raise
        finally:
            self._is_writing = False
            os.close(handle)

    def _complete(self, handle: int, metadata: Mapping[str, str]) -> None:
        """Write what is pending and the footer."""
        self._end_group()
        sink = None
        if self._file is None:
            sink = pa.BufferOutputStream()
            self._file = self._writer(sink)
        self._write(self._take_full()[0])
        has_long_footer = self._groups > MANY_ROW_GROUPS
        # pyarrow holds the footer twice while it writes it.
        if has_long_footer:
            give_back()
        self._file.add_key_value_metadata(dict(metadata))
        self._file.close()
        # The writer holds a footer, which is large if there are many row groups, and the check
        # reads another.
        self._file = None
        if has_long_footer:
            give_back()
        if sink is not None:
            write_all(handle, sink.getvalue())

    def put(self) -> None:
        """Put the file in place, when it is complete and on the disk.

        Its name is on the disk when the folder is synced.

        Raises:
            OutputError: it can't be put there.
        """
        with writing(self.path):
            if self._deliver is None:
                self._whole.rename()
            else:
                self._deliver(self._whole.temporary)
                self._whole.discard()
        self._is_finished = True

    def discard(self) -> None:
        """Remove what was written."""
        # Closing pyarrow's writer would make a valid, short file. Closing its handle frees the disk
        # space at once, but not while the background thread still writes through it.
        # A thread in the background may be completing the file, and let go of it.
        file = self._file
        if file is not None:
            if not self._is_writing:
                with suppress(OSError):
                    file.file_handle.close()
            # Nor must the garbage collector close the writer.
            file.is_open = False
        handle = self._take_handle()
        if handle is not None:
            os.close(handle)
        self._whole.discard()

    def _take_handle(self) -> int | None:
        """Return the handle of the file, which whoever takes it closes; None if it is taken."""
        with self._lock:
            handle, self._handle = self._handle, None
        return handle

    def _flush(self) -> None:
        if self._left and self._left[-1] == 0:
            self._left.pop()
        self._end_group()
        if self._file is None:
            return
        self._end_writing()
        self._freed += self._full_size
        full, size = self._take_full()
        # In the background, because a slow codec takes seconds for a row group.
        if self._begin is None:
            with writing(self.path):
                self._background(partial(self._write_groups, full))
        else:
            self._begun, self._begun_size = self._begin(partial(self._write_groups, full)), size

    def _end_writing(self) -> None:
        """Wait for the row group that is written."""
        if self._begun is not None:
            with writing(self.path):
                self._wait(self._begun)
            self._begun, self._begun_size = None, 0
        # Not after each of many small row groups: it costs a millisecond or two, and the pages are
        # asked for again.
        if self._freed >= ROW_GROUP_BYTES:
            give_back()
            self._freed = 0

    def _end_group(self) -> None:
        if self._pending:
            self._full.append(self._pending)
        self._full_size += self._size
        self._pending, self._size = [], 0

    def _take_full(self) -> tuple[list[list[pa.RecordBatch]], int]:
        full, size = self._full, self._full_size
        self._full, self._full_size = [], 0
        return full, size

    def _write_groups(self, groups: list[list[pa.RecordBatch]]) -> None:
        self._is_writing = True
        try:
            self._write(groups)
        except BaseException:
            self._give_up()
            raise
        finally:
            self._is_writing = False

    def _give_up(self) -> None:
        """Free the disk space at once, which the next file of the same thread may need."""
        self._is_writing = False
        self.discard()

    def _write(self, groups: list[list[pa.RecordBatch]]) -> None:
        for batches in groups:
            table = pa.Table.from_batches(batches)
            self._file.write_table(table, row_group_size=len(table))
            self._groups += 1

    def _check_rows(self, rows: int | None) -> None:
        written = pq.read_metadata(self._whole.temporary).num_rows
        if written != rows:
            raise OutputError(
                f"writing {self.path}: {written} rows were written of {rows}; "
                "report this, it must not happen"
            )


def _joined(row_groups: list[int]) -> list[int]:
    each = max(1, -(-len(row_groups) // MOST_ROW_GROUPS))
    return [sum(row_groups[first : first + each]) for first in range(0, len(row_groups), each)]
