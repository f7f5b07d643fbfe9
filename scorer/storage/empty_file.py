"""An empty file, here or in a store, that tells by being there."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scorer.errors import one_line
from scorer.storage.failures import unwritable
from scorer.storage.place import ObjectPlace, Place
from scorer.storage.retries import RequestFailed
from scorer.storage.whole_file import create, other_kind, sync

PERMISSIONS = 0o666


class EmptyFile(Protocol):
    """An empty file: looked at, put and removed. No method raises what a disk or a store raises."""

    @property
    def place(self) -> Place:
        """Where it belongs."""

    def foreign(self) -> str:
        """Return what stands there, in words, if it may not be replaced; else nothing."""

    def is_there(self) -> bool:
        """Whether something stands there."""

    def put(self) -> str:
        """Put it there unless it is; return why that wasn't possible, or nothing."""

    def remove(self) -> None:
        """Remove it, if that is possible."""


def empty_file_at(place: Place) -> EmptyFile:
    """Return the empty file of a place."""
    return HereFile(place) if isinstance(place, Path) else StoredFile(place)


@dataclass(frozen=True)
class HereFile:
    """An empty file of this machine."""

    place: Path

    def foreign(self) -> str:
        """Return what stands there, in words, if it isn't an empty regular file."""
        try:
            kind = other_kind(self.place)
            if kind is not None:
                return kind
            found = self.place.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as error:
            return f"something that can't be looked at ({one_line(error)})"
        return "a file that isn't empty" if stat.S_ISREG(found.st_mode) and found.st_size else ""

    def is_there(self) -> bool:
        """Whether something stands there, a link that leads nowhere included."""
        return os.path.lexists(self.place)

    def put(self) -> str:
        """Put it there unless it is; there are no bytes that could be missing from it."""
        try:
            if not self.place.exists():
                create(self.place, PERMISSIONS)
                sync(self.place.parent)
        except OSError as error:
            return unwritable(error)
        return ""

    def remove(self) -> None:
        """Remove it."""
        try:
            self.place.unlink()
            sync(self.place.parent)
        except OSError:
            return


@dataclass(frozen=True)
class StoredFile:
    """An empty object."""

    place: ObjectPlace

    def foreign(self) -> str:
        """Return what stands there, in words, if it isn't empty."""
        try:
            found = self.place.as_unlisted().look()
        except RequestFailed as error:
            return f"something that can't be looked at ({error.said})"
        return "an object that isn't empty" if found is not None and found.size else ""

    def is_there(self) -> bool:
        """Whether an object stands there, as far as the store tells."""
        try:
            return self.place.as_unlisted().look() is not None
        except RequestFailed:
            return False

    def put(self) -> str:
        """Put it there unless it is."""
        try:
            if not self.is_there():
                self.place.store.put_empty(self.place.key)
        except RequestFailed as error:
            return str(error)
        return ""

    def remove(self) -> None:
        """Remove it."""
        try:
            if self.is_there():
                self.place.store.delete(self.place.key)
        except RequestFailed:
            return
