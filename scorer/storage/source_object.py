"""An object that is read: of one version, from its end on, in blocks as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from scorer.errors import ReviewsError
from scorer.storage.failures import reading
from scorer.storage.identity import InputId
from scorer.storage.place import READ, ObjectPlace, state_of
from scorer.storage.sparse_copy import SparseCopy, SparseReader

# A footer is mostly shorter.
END_BYTES = 512 << 10
# An object has no permissions: an output's are what the umask leaves.
NO_PERMISSIONS = 0o666


class SourceObject:
    """An object, as it was when its end was first read: every later read is of that version.

    Args:
        place: where it lies.

    Attributes:
        path: the same.
        identity: what the store said of it.
        permissions: none, in a way.

    Raises:
        ReviewsError: it can't be looked at.
    """

    def __init__(self, place: ObjectPlace) -> None:
        self.path = place
        self.permissions = NO_PERMISSIONS
        with reading(place):
            found = place.look()
            if found is None:
                raise ReviewsError(f"reading {place}: nothing is there; check the name")
            end = place.store.read_end(place.key, found.size, END_BYTES)
            self.identity = end.identity
            self._copy = SparseCopy(place.store, place.key, end, state_of(place.stores) / READ)

    @property
    def is_held(self) -> bool:
        """Some of its blocks may have to be asked for."""
        return False

    def for_arrow(self) -> SparseReader:
        """Return what pyarrow opens."""
        return SparseReader(self._copy)

    def open_bytes(self) -> BinaryIO:
        """Open the object's bytes, to be read from the first to the last."""
        return SparseReader(self._copy)  # type: ignore[return-value]  # it reads, and that is all

    def read_at(self, offset: int, length: int) -> bytes:
        """Return bytes from an offset on; fewer at the end of the object.

        Raises:
            RequestFailed: they can't be read.
        """
        return self._copy.read_at(offset, length)

    def input_id(self, check: Callable[[], None] = lambda: None) -> InputId:
        """Return the tag of the version that is read."""
        return InputId(etag=self.identity.etag, size=self.identity.size)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Name what goes wrong.

        Raises:
            ReviewsError: in place of what pyarrow or the store raises.
        """
        with reading(self.path):
            yield

    def check_unchanged(self) -> None:
        """Nothing else than this version was read."""

    def close(self) -> None:
        """Let go of the bytes that were kept."""
        self._copy.close()
