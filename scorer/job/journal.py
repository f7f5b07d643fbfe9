"""The scores of an unfinished output, kept beside it: what a killed run need not score again.

    .NAME.scores    a line that says what the scores depend on, JSON
                    a line that names the unfinished output beside it, by device and inode
                    records: length, CRC-32, first row, digest of the texts, what was found of
                    each row (:class:`scorer.scores.Scores`)
    .NAME.partial   the unfinished output

The journal is also the output's lock: one process writes an output, a second one is told so. A
record whose checksum doesn't hold, and all behind it, is dropped: a process may be killed while it
writes. The journal comes first and goes last. Whatever stands under one of the two names and isn't
ours by the journal's first lines stays, and the file fails.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE, S_ISREG
from threading import Lock
from typing import BinaryIO

from scorer.errors import OutputError
from scorer.scores import Scores
from scorer.storage.failures import unwritable, writing
from scorer.storage.lock import hold_file
from scorer.storage.names import helper_path
from scorer.storage.whole_file import create, other_kind, partial_path
from scorer.system.records import to_json

FORMAT = "review-sentiment-scores"
FORMAT_VERSION = 3
SUFFIX = ".scores"
LONGEST_HEADER = 1 << 20

# Device and inode of the unfinished output; zeros if there is none. Its length never changes.
PARTIAL_LINE = "partial {:020d} {:020d}\n"
PARTIAL_PATTERN = re.compile(rb"partial (\d{20}) (\d{20})\n")
NO_PARTIAL = (0, 0)
PARTIAL_BYTES = len(PARTIAL_LINE.format(*NO_PARTIAL))

FRAME = struct.Struct("<II")  # length and CRC-32 of the payload that follows
# The payload's head: first row, rows; digest of the texts. Then the fields of the scores.
HEAD = struct.Struct("<QQ16s")


class ForeignFile(Exception):
    """A file in the place of a journal that isn't one."""


class Journal:
    """The scores of finished windows. Safe to use from several threads.

    Args:
        handle: of the locked file.
        header: the first line; records under another header are dropped.

    Raises:
        ForeignFile: the file isn't a journal.
    """

    def __init__(self, handle: int, header: bytes) -> None:
        self._handle = handle
        self._lock = Lock()
        self._is_open = True
        size = os.fstat(handle).st_size
        start, records = _read(handle, header) if size else (Start(b""), Records({}, 0))
        # First row → offset of its payload. The scores themselves stay on disk.
        self._offsets, self._end = records.offsets, records.end
        self._partial, self._partial_offset = start.partial, len(header)
        if size > self._end:
            os.ftruncate(handle, self._end)
        if not self._end:
            self._append(header + PARTIAL_LINE.format(*self._partial).encode())

    @property
    def is_empty(self) -> bool:
        """Whether no window is kept."""
        return not self._offsets

    def covers(self, path: Path) -> bool:
        """Whether a run of this journal made the file at a path."""
        return is_covered(path, self._partial)

    def name_partial(self, path: Path) -> None:
        """Write down which file is the unfinished output."""
        found = path.lstat()
        self._partial = (found.st_dev, found.st_ino)
        line = PARTIAL_LINE.format(*self._partial).encode()
        with self._lock:
            os.pwrite(self._handle, line, self._partial_offset)

    def find(self, start: int, rows: int, digest: bytes) -> Scores | None:
        """Return the kept scores of a window, if they were made of the same texts.

        Args:
            start: first row of the window.
            rows: number of rows.
            digest: of the texts, by :func:`scorer.known.digests.digest_of`.
        """
        with self._lock:
            offset = self._offsets.get(start)
            if offset is None or not self._is_open:
                return None
            head = HEAD.unpack(os.pread(self._handle, HEAD.size, offset))
            if head != (start, rows, digest):
                return None
            stored = os.pread(self._handle, Scores.BYTES * rows, offset + HEAD.size)
        return Scores.from_bytes(stored)

    def add(self, start: int, digest: bytes, scores: Scores) -> None:
        """Keep the scores of a window. After :meth:`close` nothing happens."""
        payload = HEAD.pack(start, len(scores), digest) + scores.to_bytes()
        with self._lock:
            if self._is_open:
                self._offsets[start] = self._end + FRAME.size
                self._append(FRAME.pack(len(payload), zlib.crc32(payload)) + payload)

    def forget(self) -> None:
        """Drop all kept scores."""
        with self._lock:
            self._offsets = {}
            self._end = self._partial_offset + PARTIAL_BYTES
            os.ftruncate(self._handle, self._end)

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
class Start:
    """The first lines of a journal.

    Attributes:
        header: the first line; empty if the two lines aren't complete.
        partial: device and inode of the unfinished output; zeros if none is named.
    """

    header: bytes
    partial: tuple[int, int] = NO_PARTIAL


@dataclass(frozen=True)
class Records:
    """The good records of a journal.

    Attributes:
        offsets: first row → offset of the payload, in bytes.
        end: offset behind the last good record.
    """

    offsets: dict[int, int]
    end: int


@contextmanager
def kept_scores(
    output: Path,
    binding: object,
    *,
    fresh: bool = False,
    mode: int = 0o600,
    again: Callable[[], bool] = lambda: False,
) -> Iterator[Journal]:
    """Lock an output for this run, and open the scores that a stopped run left.

    The journal is removed when the block ends, whether it succeeds or fails. It stays if the
    process is stopped or killed, or a store doesn't answer.

    Args:
        output: the file to be written.
        binding: a dataclass of everything that the scores depend on.
        fresh: whether kept scores are dropped.
        mode: most permissions of the journal.
        again: is called while another process holds the output; whether to try once more.

    Raises:
        OutputError: another process is writing the output, nothing can be written there, or a file
            that isn't ours stands in the journal's place.
    """
    path = journal_path(output)
    journal = _open_journal(path, output, header_of(binding), mode, again)
    try:
        if fresh:
            journal.forget()
        yield journal
    except Exception as error:
        if journal.is_empty or not getattr(error, "keeps_scores", False):
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


def begin_partial(output: Path, journal: Journal, mode: int = 0o600) -> Path:
    """Create the empty file that the output is written to, in place of one that a run left.

    Raises:
        OutputError: it can't be created, or a file that isn't ours stands in its place.
    """
    path = partial_path(output)
    with writing(output):
        try:
            create(path, mode)
        except FileExistsError:
            if not journal.covers(path):
                raise _foreign(path, output) from None
            path.unlink()
            create(path, mode)
        journal.name_partial(path)
    return path


def kept_rows(output: Path, binding: object) -> int:
    """Return the number of rows of an output that are scored already. Changes nothing."""
    path = journal_path(output)
    if other_kind(path) is not None:
        return 0
    try:
        with path.open("rb") as file:
            if read_start(file).header != header_of(binding):
                return 0
            offsets = read_records(file).offsets.values()
            heads = [os.pread(file.fileno(), HEAD.size, offset) for offset in offsets]
    except (OSError, ForeignFile):
        return 0
    return sum(HEAD.unpack(head)[1] for head in heads)


def clear_kept(output: Path) -> None:
    """Remove what a killed run left beside a finished output, unless a run holds it.

    Files that aren't ours stay.
    """
    path, partial = journal_path(output), partial_path(output)
    if not _is_there(path) or other_kind(path) is not None:
        return
    handle = hold_file(path)
    if handle is None:
        return
    try:
        with os.fdopen(os.dup(handle), "rb") as file:
            start = read_start(file)
        if _is_there(partial) and is_covered(partial, start.partial):
            partial.unlink()
        path.unlink()
    except ForeignFile:
        pass
    finally:
        os.close(handle)


def journal_path(output: Path) -> Path:
    """Return the path of an output's journal.

    >>> journal_path(Path("out/a.parquet")).as_posix()
    'out/.a.parquet.scores'
    """
    return helper_path(output, SUFFIX)


def header_of(binding: object) -> bytes:
    """Return a journal's first line.

    Args:
        binding: a dataclass of everything that the scores depend on.
    """
    stored = json.dumps(to_json(binding), sort_keys=True)
    return f"{FORMAT}/{FORMAT_VERSION} {stored}\n".encode()


def read_start(file: BinaryIO) -> Start:
    """Read the first lines of a journal.

    Raises:
        ForeignFile: the file isn't empty, and isn't a journal.
    """
    header, mark = file.readline(LONGEST_HEADER), f"{FORMAT}/".encode()
    if header[: len(mark)] != mark[: len(header)]:
        raise ForeignFile
    line = PARTIAL_PATTERN.fullmatch(file.read(PARTIAL_BYTES))
    # A run may have been killed while it wrote them: then nothing is kept, and nothing is named.
    return Start(header, (int(line[1]), int(line[2]))) if line else Start(b"")


def _read(handle: int, header: bytes) -> tuple[Start, Records]:
    """Read a journal; records under another header are left out."""
    with os.fdopen(os.dup(handle), "rb") as file:
        start = read_start(file)
        return start, read_records(file) if start.header == header else Records({}, 0)


def is_covered(path: Path, partial: tuple[int, int]) -> bool:
    """Whether a journal that names ``partial`` covers the file at a path.

    An empty file beside a journal is covered too: a run may have been killed before it could write
    down what it had made.
    """
    found = path.lstat()
    is_named = (found.st_dev, found.st_ino) == partial
    return S_ISREG(found.st_mode) and (is_named or not found.st_size)


def read_records(file: BinaryIO) -> Records:
    """Find the good records of a journal, from behind its first lines on."""
    offsets: dict[int, int] = {}
    end, size = file.tell(), os.fstat(file.fileno()).st_size
    while True:
        frame = file.read(FRAME.size)
        if len(frame) < FRAME.size:
            return Records(offsets, end)
        length, checksum = FRAME.unpack(frame)
        # A damaged length may be anything: nothing is read that the file doesn't hold.
        if not HEAD.size <= length <= size - end - FRAME.size:
            return Records(offsets, end)
        payload = file.read(length)
        if zlib.crc32(payload) != checksum:
            return Records(offsets, end)
        offsets[HEAD.unpack_from(payload)[0]] = end + FRAME.size
        end += FRAME.size + length


def _open_journal(
    path: Path, output: Path, header: bytes, mode: int, again: Callable[[], bool]
) -> Journal:
    if other_kind(path) is not None:
        raise _foreign(path, output)
    try:
        handle = hold_file(path, mode)
        while handle is None and again():
            handle = hold_file(path, mode)
        if handle is None:
            raise OutputError(
                f"writing {output}: another run is writing it; "
                "wait until that has ended, or name another output"
            )
        return _begin(handle, header, mode)
    except ForeignFile as error:
        raise _foreign(path, output) from error
    except OSError as error:
        raise OutputError(
            f"writing {output}: its scores can't be kept in {path}: {unwritable(error)}"
        ) from error


def _begin(handle: int, header: bytes, mode: int) -> Journal:
    try:
        journal = Journal(handle, header)
        # The run that created it may have been allowed more.
        found = S_IMODE(os.fstat(handle).st_mode)
        if found & ~mode:
            os.fchmod(handle, found & mode)
    except BaseException:
        os.close(handle)
        raise
    return journal


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def _foreign(path: Path, output: Path) -> OutputError:
    what = other_kind(path) or "a file"
    return OutputError(
        f"writing {output}: {what} that scorer didn't write stands at {path}; "
        f"remove it with: rm {shlex.quote(str(path))}"
    )
