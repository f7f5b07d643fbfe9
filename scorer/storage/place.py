"""Where a file lies: a path of this machine, or an object in a store."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from scorer.errors import OutputError, UsageError
from scorer.storage.address import Address, check_local, store_address
from scorer.storage.names import LONGEST_NAME, check_name
from scorer.storage.notes import FOLDER, state_folder
from scorer.storage.retries import DENIED, RequestFailed
from scorer.storage.stores import ObjectIdentity, Piece, Store, Stores

OUTPUTS = "outputs"
READ = "read"
# A footer of ours is mostly shorter: one request reads it.
END_BYTES = 64 << 10
# A helper file's name is longer than its output's.
ROOM = 32
DIGEST_CHARACTERS = 32


@dataclass(frozen=True)
class ObjectPlace:
    """A place in a store: an object, whether it is there or not; or what keys begin with.

    Attributes:
        address: of the object.
        store: that it lies in.
        listed: what a listing said of it; None if it wasn't in it, or there was none.
        is_listed: whether there was a listing.
        end: its last bytes, which were asked for already; None if they weren't.
    """

    address: Address
    store: Store = field(compare=False, repr=False)
    listed: ObjectIdentity | None = field(default=None, compare=False)
    is_listed: bool = field(default=False, compare=False)
    end: Future[Piece] | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return str(self.address)

    def __truediv__(self, name: str) -> ObjectPlace:
        return self._at("/".join(filter(None, (self.key.rstrip("/"), name))))

    @property
    def key(self) -> str:
        """The object's key."""
        return self.address.key

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rstrip("/").rpartition("/")[2]

    @property
    def stores(self) -> Stores:
        """Those of the run."""
        return self.store.stores

    def look(self) -> ObjectIdentity | None:
        """Return what is there; None if nothing is. A listing's word is taken.

        Raises:
            RequestFailed: the store doesn't tell.
        """
        return self.listed if self.is_listed else self.store.look(self.key)

    def below(self) -> dict[str, ObjectPlace]:
        """Return the objects below, by their keys without this one's, in their order.

        Raises:
            RequestFailed: the store doesn't tell.
        """
        prefix = self.key.rstrip("/")
        start = f"{prefix}/" if prefix else ""
        found = self.store.list(prefix)
        return {
            key.removeprefix(start): self._at(key).as_listed(identity)
            for key, identity in found.items()
            if key.startswith(start)
        }

    def level(self) -> tuple[tuple[str, ...], dict[str, ObjectPlace]]:
        """Return the names of the folders directly below, and the objects there by their names.

        Raises:
            RequestFailed: the store doesn't tell.
        """
        level = self.store.list_level(self.key.rstrip("/"))
        folders = tuple(_last_part(prefix) for prefix in level.folders)
        objects = {
            _last_part(key): self._at(key).as_listed(identity)
            for key, identity in level.objects.items()
        }
        return folders, objects

    def as_listed(self, identity: ObjectIdentity | None) -> ObjectPlace:
        """Return the same place with what a listing said of it."""
        return replace(self, listed=identity, is_listed=True)

    def with_end(self) -> ObjectPlace:
        """Return the same place with its end under way, if it was listed."""
        if self.listed is None or not self.listed.size:
            return self
        start = max(0, self.listed.size - END_BYTES)
        return replace(self, end=self.store.begin_read(self.key, start, self.listed.size, None))

    def read_end(self, most: int = END_BYTES) -> Piece:
        """Return the last bytes of what is there now, or was a moment ago.

        Raises:
            RequestFailed: they can't be read.
        """
        found = self.look()
        size = found.size if found else 0
        if self.end is not None and most <= END_BYTES:
            try:
                piece = self.end.result()
            except RequestFailed as error:
                if error.is_transient or error.kind == DENIED:
                    raise
            else:
                if piece.identity.size == size:
                    return piece
        return self.store.read_end(self.key, size, most)

    def as_unlisted(self) -> ObjectPlace:
        """Return the same place without what a listing said: it will be asked for."""
        return replace(self, listed=None, is_listed=False, end=None)

    def _at(self, key: str) -> ObjectPlace:
        return ObjectPlace(Address(self.address.root, key), self.store)


Place = Path | ObjectPlace


def _last_part(key: str) -> str:
    return key.rstrip("/").rpartition("/")[2]


def place_of(given: str | Path, what: str, stores: Stores) -> Place:
    """Return the place that something names.

    Args:
        given: what was named.
        what: what a message calls it, as in "planning the run: the input".
        stores: those of the run.

    Raises:
        UsageError: it is an address that can't be used, or a name is too long.
    """
    address = store_address(given, what)
    if address is not None:
        return ObjectPlace(address, stores.at(address))
    check_local(given, what, or_store=True)
    check_name(Path(given))
    return Path(given)


def work_path(output: Place) -> Path:
    """Return the path of this machine where an output is made: for an object, its stand-in.

    The stand-in's path depends on the object's address alone, so that the next run finds what a
    stopped one left beside it.

    Raises:
        UsageError: the user has no home, and no folder was named.
    """
    if isinstance(output, Path):
        return output
    digest = hashlib.sha256(str(output).encode()).hexdigest()[:DIGEST_CHARACTERS]
    return state_of(output.stores) / OUTPUTS / digest / _short(output.name)


def state_of(stores: Stores) -> Path:
    """Return the folder for what a run of objects keeps on this machine.

    Raises:
        UsageError: the user has no home, and no folder was named.
    """
    try:
        return stores.settings.state or state_folder() / FOLDER
    except RuntimeError as error:
        raise UsageError(
            "looking for the state folder: this user has no home; name a folder with --state-dir"
        ) from error


def clear_stand_in(output: Place) -> None:
    """Remove the folder of an object's stand-in, if it is empty."""
    if not isinstance(output, Path):
        folder = work_path(output).parent
        try:
            folder.rmdir()
        except OSError:
            return


@contextmanager
def naming(output: Place) -> Iterator[None]:
    """Name an object where a message names its stand-in.

    Raises:
        OutputError: with both names.
    """
    if isinstance(output, Path):
        yield
        return
    start = f"writing {work_path(output)}: "
    try:
        yield
    except OutputError as error:
        text = str(error)
        if not text.startswith(start):
            raise
        by = f"writing {output} by way of {work_path(output)}: "
        raise type(error)(by + text.removeprefix(start)) from error


def _short(name: str) -> str:
    """Return a name that a file system takes, with room for that of a helper file."""
    if len(os.fsencode(name)) <= LONGEST_NAME - ROOM:
        return name
    return "output.parquet"
