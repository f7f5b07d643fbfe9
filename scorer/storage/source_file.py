"""An input that is read: what it was when it was opened, and that it still is."""

from __future__ import annotations

import hashlib
import os
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import TYPE_CHECKING, BinaryIO, Protocol

import pyarrow as pa

from scorer.errors import ReviewsError
from scorer.storage.failures import reading, unreadable
from scorer.storage.identity import FileIdentity, InputId, hash_file, read_file
from scorer.storage.place import Place
from scorer.storage.stores import ObjectIdentity

if TYPE_CHECKING:
    from scorer.storage.sparse_copy import SparseReader

# Bytes of a file that is read at once, and held: that costs less than to open it several times.
SMALL_BYTES = 1 << 20


class Source(Protocol):
    """An input that is read: a file, or an object.

    Its methods raise ``ReviewsError``, which names it, unless they say otherwise.
    """

    @property
    def path(self) -> Place:
        """Where it lies."""

    @property
    def identity(self) -> FileIdentity | ObjectIdentity:
        """What was said of it before it was opened."""

    @property
    def permissions(self) -> int:
        """Its permissions, as chmod takes them."""

    @property
    def is_held(self) -> bool:
        """Whether all its bytes are in memory, so that reading doesn't wait."""

    def for_arrow(self) -> Path | pa.BufferReader | SparseReader:
        """Return what pyarrow opens; its reads raise what ``reading`` names."""

    def open_bytes(self) -> BinaryIO:
        """Open its bytes, to be read from the first to the last; ``reading`` names what fails."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Return bytes from an offset on; ``reading`` names what fails."""

    def input_id(self, check: Callable[[], None] = lambda: None) -> InputId:
        """Return what tells it from others; ``check`` ends the reading by raising."""

    def reading(self) -> AbstractContextManager[None]:
        """Name what goes wrong. If it changed meanwhile, that is the reason to name."""

    def check_unchanged(self) -> None:
        """Check that it is what it was."""

    def close(self) -> None:
        """Let go of it."""


def source_at(place: Place) -> Source:
    """Look at an input that is to be read.

    Raises:
        ReviewsError: it can't be looked at, or is no regular file.
    """
    if isinstance(place, Path):
        return SourceFile(place)
    from scorer.storage.source_object import SourceObject

    return SourceObject(place)


class SourceFile:
    """A regular file, as it was when it was first looked at.

    Args:
        path: the file.

    Attributes:
        path: the same.
        identity: what the system said of the file before it was opened.
        permissions: of the file, as chmod takes them.

    Raises:
        ReviewsError: it can't be looked at, or is no regular file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._content: bytes | None = None
        with reading(path):
            found = path.stat()
            self.identity = FileIdentity.of(found)
            self.permissions = S_IMODE(found.st_mode)
            if not S_ISREG(found.st_mode):
                # Opening a pipe would wait until somebody writes to it.
                raise ReviewsError(f"reading {path}: it is not a regular file; name one")

    def open_bytes(self) -> BinaryIO:
        """Open the file's bytes, to be read from the first to the last.

        Raises:
            OSError: it can't be opened.
        """
        return self.path.open("rb", buffering=0)

    @property
    def is_held(self) -> bool:
        """Whether all bytes of the file are in memory."""
        return self._content is not None

    def for_arrow(self) -> Path | pa.BufferReader:
        """Return what pyarrow opens: the file, or the bytes of a small one.

        Raises:
            OSError: they can't be read.
            ReviewsError: the file isn't what it was.
        """
        self._hold()
        return self.path if self._content is None else pa.BufferReader(self._content)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return bytes from an offset on; fewer at the end of the file.

        Raises:
            OSError: they can't be read.
            ReviewsError: the file isn't what it was.
        """
        self._hold()
        if self._content is not None:
            return self._content[offset : offset + length]
        if self._file is None:
            self._file = self.open_bytes()
            # Where a stop ends the wait for a thread that still reads, nobody calls `close`.
            weakref.finalize(self, self._file.close)
        return os.pread(self._file.fileno(), length, offset)

    def close(self) -> None:
        """Close what :meth:`read_at` opened; let go of what is held."""
        self._content = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def input_id(self, check: Callable[[], None] = lambda: None) -> InputId:
        """Return the SHA-256 of the file's bytes.

        Args:
            check: called before each MiB; it ends the reading by raising.

        Raises:
            ReviewsError: the file can't be read, or isn't what it was when it was opened.
        """
        if self._content is not None:
            return InputId(hashlib.sha256(self._content).hexdigest())
        with self.reading():
            digest = hash_file(self.path, self.identity, check)
        if digest is None:
            raise self.changed()
        return InputId(digest)

    def _hold(self) -> None:
        """Read the bytes of a small file, all at once."""
        if self._content is None and self.identity.size <= SMALL_BYTES:
            # pyarrow opens no other names, and a file isn't to be refused only when it grows.
            str(self.path).encode()
            content = read_file(self.path, self.identity)
            if content is None:
                raise self.changed()
            self._content = content

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Name what goes wrong. If the file changed meanwhile, that is the reason to name.

        Raises:
            ReviewsError: in place of what pyarrow or the operating system raises.
        """
        try:
            with reading(self.path):
                yield
        except ReviewsError:
            self.check_unchanged()
            raise

    def check_unchanged(self) -> None:
        """Check that the file is what it was.

        Raises:
            ReviewsError: it isn't, or can't be looked at.
        """
        try:
            now = self.path.stat()
        except FileNotFoundError as error:
            raise ReviewsError(
                f"reading {self.path}: it was removed while it was read; run again when it is back"
            ) from error
        except OSError as error:
            raise ReviewsError(f"reading {self.path}: {unreadable(error)}") from error
        if FileIdentity.of(now) != self.identity:
            raise self.changed()

    def changed(self) -> ReviewsError:
        """Return the error that says so."""
        return ReviewsError(
            f"reading {self.path}: it changed while it was read; run again when it is complete"
        )
