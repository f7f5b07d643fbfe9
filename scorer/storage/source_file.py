"""A file that is read: what it was when it was opened, and that it still is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import BinaryIO

from scorer.errors import ReviewsError
from scorer.storage.failures import reading, unreadable
from scorer.storage.identity import FileIdentity, hash_file


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

    def sha256(self, check: Callable[[], None] = lambda: None) -> str:
        """Return the SHA-256 of the file's bytes, in hex.

        Args:
            check: called before each MiB; it ends the reading by raising.

        Raises:
            ReviewsError: the file can't be read, or isn't what it was when it was opened.
        """
        with self.reading():
            digest = hash_file(self.path, self.identity, check)
        if digest is None:
            raise self.changed()
        return digest

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
