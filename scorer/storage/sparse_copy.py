"""The bytes of an object, read in blocks as they are asked for; each is asked of the store once.

They lie in a file without a name, so that memory stays bounded however the bytes are read: page
headers far ahead, columns side by side, a column once more.
"""

from __future__ import annotations

import io
import os
import tempfile
import threading
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import BinaryIO

from scorer.storage.retries import OTHER, RequestFailed
from scorer.storage.stores import Piece, Store

# Requests of this size take longer than the 10 to 100 ms that an answer takes to begin.
BLOCK_BYTES = 4 << 20
# Blocks asked for ahead of the one that is read; a few are under way while rows are scored.
BLOCKS_AHEAD = 3


class SparseCopy:
    """An object's bytes by their offset. Safe to use from several threads.

    Args:
        store: where it lies.
        key: the object.
        end: its last bytes, which tell its version: no other one is read.
        folder: where the blocks are kept.

    Raises:
        RequestFailed: nothing can be kept there.
    """

    def __init__(self, store: Store, key: str, end: Piece, folder: Path) -> None:
        self._store, self._key, self._end = store, key, end
        self.size = end.identity.size
        self._folder = folder
        self._file = self._create()
        self._lock = threading.Lock()
        self._kept: set[int] = set()
        self._coming: dict[int, Future[None]] = {}

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the bytes from an offset on; fewer at the end of the object.

        Raises:
            RequestFailed: they can't be read, or the object is another one by now.
        """
        stop = min(offset + length, self.size)
        if offset >= stop:
            return b""
        if offset >= self._end.start:
            return self._end.content[offset - self._end.start : stop - self._end.start]
        for block in range(offset // BLOCK_BYTES, -(-stop // BLOCK_BYTES)):
            self._have(block)
        return os.pread(self._file.fileno(), stop - offset, offset)

    def close(self) -> None:
        """Let go of the blocks. What is under way is dropped when it comes."""
        with self._lock:
            self._file.close()

    def _have(self, block: int) -> None:
        """Wait until a block is kept; ask for the next ones."""
        with self._lock:
            last = -(-self._end.start // BLOCK_BYTES)
            for one in range(block, max(block + 1, min(block + 1 + BLOCKS_AHEAD, last))):
                if one not in self._kept and one not in self._coming:
                    self._coming[one] = self._store.stores.begin(partial(self._fetch, one))
            coming = self._coming.get(block)
        if coming is None:
            return
        try:
            coming.result()
        finally:
            with self._lock:
                # One that was asked for ahead may have failed long ago: it is asked for anew.
                self._coming.pop(block, None)

    def _fetch(self, block: int) -> None:
        """Read a block and keep it, on a thread of the stores: it isn't held until it is asked."""
        start = block * BLOCK_BYTES
        stop = min(start + BLOCK_BYTES, self.size)
        piece = self._store.read(self._key, start, stop, self._end.identity.etag)
        with self._lock:
            if self._file.closed:
                return
            try:
                _write_at(self._file.fileno(), piece)
            except OSError as error:
                raise self._unkept(error) from error
            self._kept.add(block)

    def _create(self) -> BinaryIO:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return tempfile.TemporaryFile(dir=self._folder, buffering=0)
        except OSError as error:
            raise self._unkept(error) from error

    def _unkept(self, error: OSError) -> RequestFailed:
        said = f"its bytes can't be kept in {self._folder}: {os.strerror(error.errno or 0)}"
        return RequestFailed(OTHER, said, "name another folder with --state-dir")


def _write_at(handle: int, piece: Piece) -> None:
    left, at = memoryview(piece.content), piece.start
    while left:
        written = os.pwrite(handle, left, at)
        left, at = left[written:], at + written


class SparseReader(io.RawIOBase):
    """A sparse copy as a file that pyarrow reads."""

    def __init__(self, copy: SparseCopy) -> None:
        self._copy, self._at = copy, 0

    def readable(self) -> bool:
        """Whether it can be read: it can."""
        return True

    def seekable(self) -> bool:
        """Whether it has offsets: it has."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to an offset from the beginning, from here or from the end."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._copy.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        """Return the offset of the next byte."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        wanted = self._copy.size - self._at if size is None or size < 0 else size
        content = self._copy.read_at(self._at, wanted)
        self._at += len(content)
        return content

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer with the next bytes; return their number."""
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)
