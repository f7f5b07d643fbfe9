"""The scores of an unfinished output, kept beside it: what a killed run need not score again.

    .NAME.scores    one line of JSON that says what the scores depend on
                    records: length, CRC-32, first row, digest of the texts, counts, float32 scores

The file is also the output's lock: one process writes an output, a second one is told so. A record
whose checksum doesn't hold, and all behind it, is dropped: a process may be killed while it writes.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from scorer.errors import OutputError, one_line
from scorer.kernel import Scores
from scorer.storage.lock import hold_file
from scorer.storage.whole_file import partial_path
from scorer.system.records import to_json

FORMAT = "review-sentiment-scores/1"
SUFFIX = ".scores"

FRAME = struct.Struct("<II")  # length and CRC-32 of the payload that follows
# The payload's head: first row, rows; digest of the texts; rows of invalid UTF-8, truncated rows,
# tokens, unknown tokens. Then the scores.
HEAD = struct.Struct("<QQ16sQQQQ")
DIGEST_BYTES = 16


class Journal:
    """The scores of finished windows. Safe to use from several threads.

    Args:
        handle: of the locked file.
        header: the first line; records under another header are dropped.
    """

    def __init__(self, handle: int, header: bytes) -> None:
        self._handle = handle
        self._lock = Lock()
        self._is_open = True
        with os.fdopen(os.dup(handle), "rb") as file:
            records = read_records(file, header)
        # First row → offset of its payload. The scores themselves stay on disk.
        self._offsets, self._end = records.offsets, records.end
        os.ftruncate(handle, self._end)
        if not self._end:
            self._append(header)

    @property
    def is_empty(self) -> bool:
        """Whether no window is kept."""
        return not self._offsets

    def find(self, start: int, rows: int, digest: bytes) -> Scores | None:
        """Return the kept scores of a window, if they were made of the same texts.

        Args:
            start: first row of the window.
            rows: number of rows.
            digest: of the texts, by :func:`digest_of`.
        """
        with self._lock:
            offset = self._offsets.get(start)
            if offset is None or not self._is_open:
                return None
            head = HEAD.unpack(os.pread(self._handle, HEAD.size, offset))
            if head[:3] != (start, rows, digest):
                return None
            values = os.pread(self._handle, 4 * rows, offset + HEAD.size)
        return Scores(np.frombuffer(values, "<f4").astype(np.float32), *head[3:])

    def add(self, start: int, digest: bytes, scores: Scores) -> None:
        """Keep the scores of a window. After :meth:`close` nothing happens."""
        counts = (scores.invalid, scores.truncated, scores.tokens, scores.unknown)
        head = HEAD.pack(start, len(scores.values), digest, *counts)
        payload = head + scores.values.astype("<f4").tobytes()
        with self._lock:
            if self._is_open:
                self._offsets[start] = self._end + FRAME.size
                self._append(FRAME.pack(len(payload), zlib.crc32(payload)) + payload)

    def close(self) -> None:
        """Close the file, which unlocks the output."""
        with self._lock:
            self._is_open = False
            os.close(self._handle)

    def _append(self, content: bytes) -> None:
        while content:
            written = os.pwrite(self._handle, content, self._end)
            self._end += written
            content = content[written:]


@dataclass(frozen=True)
class Records:
    """The good records of a journal.

    Attributes:
        offsets: first row → offset of the payload, in bytes.
        end: offset behind the last good record; 0 if the header is another.
    """

    offsets: dict[int, int]
    end: int


@contextmanager
def kept_scores(output: Path, binding: object, *, fresh: bool = False) -> Iterator[Journal]:
    """Lock an output for this run, and open the scores that a stopped run left.

    The journal is removed when the block ends, whether it succeeds or fails. It stays if the
    process is stopped or killed.

    Args:
        output: the file to be written.
        binding: a dataclass of everything that the scores depend on.
        fresh: whether kept scores are dropped.

    Raises:
        OutputError: another process is writing the output, or nothing can be written there.
    """
    path = journal_path(output)
    journal = _open_journal(path, output, header_of(binding), fresh=fresh)
    try:
        yield journal
    except Exception:
        path.unlink(missing_ok=True)
        raise
    except BaseException:
        if journal.is_empty:
            path.unlink(missing_ok=True)
        raise
    else:
        path.unlink(missing_ok=True)
    finally:
        # The name goes before the lock does: see `hold_file`.
        journal.close()


def kept_rows(output: Path, binding: object) -> int:
    """Return the number of rows of an output that are scored already. Changes nothing."""
    try:
        with journal_path(output).open("rb") as file:
            offsets = read_records(file, header_of(binding)).offsets.values()
            heads = [os.pread(file.fileno(), HEAD.size, offset) for offset in offsets]
    except OSError:
        return 0
    return sum(HEAD.unpack(head)[1] for head in heads)


def clear_kept(output: Path) -> None:
    """Remove what a killed run left beside a finished output, unless a run holds it."""
    path, partial = journal_path(output), partial_path(output)
    if not path.exists() and not partial.exists():
        return
    handle = hold_file(path)
    if handle is not None:
        partial.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        os.close(handle)


def journal_path(output: Path) -> Path:
    """Return the path of an output's journal.

    >>> journal_path(Path("out/a.parquet")).as_posix()
    'out/.a.parquet.scores'
    """
    return output.with_name(f".{output.name}{SUFFIX}")


def header_of(binding: object) -> bytes:
    """Return a journal's first line.

    Args:
        binding: a dataclass of everything that the scores depend on.
    """
    return f"{FORMAT} {json.dumps(to_json(binding), sort_keys=True)}\n".encode()


def digest_of(texts: Sequence[pa.Array]) -> bytes:
    """Return a BLAKE2 digest of texts: of their Arrow bytes."""
    digest = blake2b(digest_size=DIGEST_BYTES)
    for text in texts:
        if pa.types.is_dictionary(text.type):
            # Only the indices would be serialized.
            text = text.dictionary_decode()
        digest.update(pa.RecordBatch.from_arrays([text], ["text"]).serialize())
    return digest.digest()


def read_records(file: BinaryIO, header: bytes) -> Records:
    """Find the good records of a journal."""
    offsets: dict[int, int] = {}
    if file.read(len(header)) != header:
        return Records(offsets, 0)
    end = len(header)
    while True:
        frame = file.read(FRAME.size)
        if len(frame) < FRAME.size:
            return Records(offsets, end)
        length, checksum = FRAME.unpack(frame)
        payload = file.read(length)
        if len(payload) < max(length, HEAD.size) or zlib.crc32(payload) != checksum:
            return Records(offsets, end)
        offsets[HEAD.unpack_from(payload)[0]] = end + FRAME.size
        end += FRAME.size + length


def _open_journal(path: Path, output: Path, header: bytes, *, fresh: bool) -> Journal:
    try:
        handle = hold_file(path)
        if handle is None:
            raise OutputError(
                f"writing {output}: another run is writing it; "
                "wait until that has ended, or name another output"
            )
        if fresh:
            os.ftruncate(handle, 0)
        return Journal(handle, header)
    except OSError as error:
        raise OutputError(
            f"writing {output}: its scores can't be kept in {path}: {one_line(error)}"
        ) from error
