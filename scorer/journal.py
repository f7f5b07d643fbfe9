"""The scores of an output that is not finished, kept beside it: what a killed run need not score again.

    .NAME.scores    one line that says what the scores belong to, JSON
                    records: length, CRC-32, place in the file, digest of the texts, counts, float32 scores

The file is the output's lock too: one process writes an output, the next is told so. A record whose checksum doesn't
hold, and all behind it, is dropped: a process may be killed in the middle of one.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from scorer.errors import OutputError
from scorer.files import hold_file, partial_path
from scorer.kernel import Scores

FORMAT = "review-sentiment-scores/1"
SUFFIX = ".scores"

FRAME = struct.Struct("<II")  # length and CRC-32 of what follows
# First row and number of rows; digest of the texts; rows of invalid UTF-8, truncated rows, tokens, unknown tokens.
HEAD = struct.Struct("<QQ16sQQQQ")
DIGEST_BYTES = 16


class Journal:
    """Scores of finished windows; safe to use from several threads.

    Args:
        handle: the locked file.
        binding: what the scores depend on; those of another binding are dropped.
    """

    def __init__(self, handle: int, binding: Mapping[str, Any]) -> None:
        self._handle = handle
        self._lock = Lock()
        self._open = True
        header = _header(binding)
        self._places: dict[int, int] = {}  # first row → where its record's payload is; the scores stay on disk
        with os.fdopen(os.dup(handle), "rb") as file:
            self._end = _read_places(file, header, self._places)
        os.ftruncate(handle, self._end)
        if not self._end:
            self._append(header)

    @property
    def is_empty(self) -> bool:
        """Whether no window is kept."""
        return not self._places

    def find(self, start: int, rows: int, digest: bytes) -> Scores | None:
        """Return the scores of the ``rows`` from ``start``, if they are kept and were made of the same texts."""
        with self._lock:
            place = self._places.get(start)
            if place is None or not self._open:
                return None
            head = HEAD.unpack(os.pread(self._handle, HEAD.size, place))
            if head[:3] != (start, rows, digest):
                return None
            values = os.pread(self._handle, 4 * rows, place + HEAD.size)
        return Scores(np.frombuffer(values, "<f4").astype(np.float32), *head[3:])

    def add(self, start: int, digest: bytes, scores: Scores) -> None:
        """Keep the scores of a window. After :meth:`close` nothing happens."""
        head = HEAD.pack(start, len(scores.values), digest, scores.invalid, scores.truncated, scores.tokens, scores.unknown)
        payload = head + scores.values.astype("<f4").tobytes()
        with self._lock:
            if self._open:
                self._places[start] = self._end + FRAME.size
                self._append(FRAME.pack(len(payload), zlib.crc32(payload)) + payload)

    def close(self) -> None:
        """Let go of the file, and with it of the output."""
        with self._lock:
            self._open = False
            os.close(self._handle)

    def _append(self, content: bytes) -> None:
        while content:
            written = os.pwrite(self._handle, content, self._end)
            self._end += written
            content = content[written:]


@contextmanager
def kept_scores(output: Path, binding: Mapping[str, Any], *, fresh: bool = False) -> Iterator[Journal]:
    """Hold an output for this run, and open what a stopped run left beside it.

    The journal goes when the block ends, well or in a failure; it stays when the process is stopped or killed.

    Args:
        output: the file that is to be written.
        binding: what its scores depend on.
        fresh: whether kept scores are dropped.

    Raises:
        OutputError: another process holds the output, or nothing can be written there.
    """
    path = journal_path(output)
    journal = _opened(path, output, binding, fresh=fresh)
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
        # Last, so that the name is gone before the lock is: see `hold_file`.
        journal.close()


def kept_rows(output: Path, binding: Mapping[str, Any]) -> int:
    """Return how many rows of an output are scored already, changing nothing."""
    try:
        with journal_path(output).open("rb") as file:
            places: dict[int, int] = {}
            _read_places(file, _header(binding), places)
            return sum(HEAD.unpack(os.pread(file.fileno(), HEAD.size, place))[1] for place in places.values())
    except OSError:
        return 0


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
    """Return where the scores of an unfinished output are kept.

    >>> journal_path(Path("out/a.parquet")).as_posix()
    'out/.a.parquet.scores'
    """
    return output.with_name(f".{output.name}{SUFFIX}")


def digest_of(texts: Sequence[pa.Array]) -> bytes:
    """Return what tells these texts from others: a BLAKE2 digest of their Arrow bytes."""
    digest = blake2b(digest_size=DIGEST_BYTES)
    for text in texts:
        if pa.types.is_dictionary(text.type):
            # Serialized, it would be its indices alone.
            text = text.dictionary_decode()
        digest.update(pa.RecordBatch.from_arrays([text], ["text"]).serialize())
    return digest.digest()


def _opened(path: Path, output: Path, binding: Mapping[str, Any], *, fresh: bool) -> Journal:
    try:
        handle = hold_file(path)
        if handle is None:
            raise OutputError(f"writing {output}: another run is writing it; wait until that has ended, or name another output")
        if fresh:
            os.ftruncate(handle, 0)
        return Journal(handle, binding)
    except OSError as error:
        raise OutputError(f"writing {output}: its scores can't be kept in {path}: {error.strerror or error}") from error


def _header(binding: Mapping[str, Any]) -> bytes:
    return f"{FORMAT} {json.dumps(binding, sort_keys=True)}\n".encode()


def _read_places(file: BinaryIO, header: bytes, places: dict[int, int]) -> int:
    """Find the records of a journal; return where the last good one ends, 0 where the header is another."""
    if file.read(len(header)) != header:
        return 0
    end = len(header)
    while True:
        frame = file.read(FRAME.size)
        if len(frame) < FRAME.size:
            return end
        length, checksum = FRAME.unpack(frame)
        payload = file.read(length)
        if len(payload) < max(length, HEAD.size) or zlib.crc32(payload) != checksum:
            return end
        places[HEAD.unpack_from(payload)[0]] = end + FRAME.size
        end += FRAME.size + length
