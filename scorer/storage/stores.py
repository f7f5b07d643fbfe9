"""Object stores: S3, Google's and Azure's, by obstore. Nothing else of the project imports it.

Each request runs on a daemon thread of its own, whoever waits for it: a call into obstore doesn't
let Python's signal handlers run, and waiting for another thread does.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from scorer.errors import UsageError
from scorer.storage.address import Address
from scorer.storage.credentials import check_credentials
from scorer.storage.retries import (
    FIRST_WAIT,
    MISSING,
    TRANSIENT,
    Cancelled,
    RequestFailed,
    Retries,
    changed,
    failure_of,
)
from scorer.system.background import Crew

Answer = TypeVar("Answer")

INSTALL = "pip install 'review-sentiment[cloud]'"
# Requests under way at once.
REQUESTS = 8
# Seconds until a request counts as lost; one of up to 64 MiB has more.
CONNECT_SECONDS, READ_SECONDS, PUT_SECONDS = 5, 30, 300
# What is put in one request; larger files are put in parts, as many at once.
MOST_AT_ONCE = 64 << 20
PART_BYTES, PARTS_AT_ONCE, MOST_PARTS = 8 << 20, 4, 9_000
# The longest wait before a part is tried again: a stop can't end it.
PART_WAIT = timedelta(seconds=1)
# Seconds that a stop waits for an upload to be taken back.
LONGEST_ABORT = 1.0
# The answer to a range behind the end, 416.
NO_SUCH_RANGE = "answered 416"
TRUE = ("1", "true", "yes", "on")


@dataclass(frozen=True)
class ObjectIdentity:
    """What a store says of an object: the content can't change without the tag.

    Attributes:
        etag: the store's tag of this version, as it gives it.
        size: in bytes.
    """

    etag: str
    size: int


@dataclass(frozen=True)
class Piece:
    """Some bytes of an object.

    Attributes:
        identity: of the object.
        start: of the bytes in it.
        content: the bytes.
    """

    identity: ObjectIdentity
    start: int
    content: bytes


@dataclass(frozen=True)
class Level:
    """What lies directly below a prefix.

    Attributes:
        folders: the prefixes that other keys go on from, in order.
        objects: by their keys, in order.
    """

    folders: tuple[str, ...]
    objects: Mapping[str, ObjectIdentity]


@dataclass(frozen=True)
class StoreSettings:
    """How stores are spoken to.

    Attributes:
        retries: how often a request that failed for now is tried again.
        state: folder for unfinished outputs; the user's state folder if None.
        seconds: until a request for bytes counts as lost.
    """

    retries: int = 5
    state: Path | None = None
    seconds: float = READ_SECONDS


class Stores:
    """The stores of a run, each connected when it is first asked for.

    Args:
        settings: see :class:`StoreSettings`.
    """

    def __init__(self, settings: StoreSettings = StoreSettings()) -> None:
        self.settings = settings
        self.retries = Retries(settings.retries)
        self._crew = Crew(REQUESTS)
        self._known: dict[str, Store] = {}

    def at(self, address: Address) -> Store:
        """Return the store of an address.

        Raises:
            UsageError: obstore isn't installed, the environment holds no credentials, or the store
                can't be named so.
        """
        if address.root not in self._known:
            self._known[address.root] = Store(self, address)
        return self._known[address.root]

    def begin(self, call: Callable[[], Answer]) -> Future[Answer]:
        """Have a request made, tried again as long as that may help; return at once."""
        return self._crew.begin(partial(self.retries.run, call))

    def ask(self, call: Callable[[], Answer]) -> Answer:
        """Make a request and wait for its answer.

        Raises:
            RequestFailed: it failed, for good or too often.
        """
        return self.begin(call).result()

    def begin_upload(self, call: Callable[[], None], cancelled: threading.Event) -> Future[None]:
        """Have a file put; ``cancelled`` ends it, and the waiting to try it again."""
        return self._crew.begin(partial(self.retries.run, call, cancelled))


@cache
def stores_of_process(settings: StoreSettings) -> Stores:
    """Return the stores of this process, one for all places that come from another process."""
    return Stores(settings)


def _store_at(settings: StoreSettings, address: Address) -> Store:
    return stores_of_process(settings).at(address)


class Store:
    """One bucket or container. Keys are as they stand in addresses, without escapes.

    In another process it is connected anew, by the environment there.

    Args:
        stores: those of the run.
        address: an address in it.

    Attributes:
        root: what stands before the keys in addresses, as in ``s3://bucket``.
        stores: those of the run.
    """

    def __init__(self, stores: Stores, address: Address) -> None:
        self.root, self.stores = address.root, stores
        self._address = address
        check_credentials(address.scheme, str(address))
        seconds = stores.settings.seconds
        # Of obstore's own retries none is counted, nor can a stop end one.
        self._store = _connect(address, seconds, 0)
        self._patient = _connect(address, max(PUT_SECONDS, seconds), 0)
        # But only it can try a single part again, and taking an upload back.
        self._for_parts = _connect(address, seconds, stores.settings.retries)

    def __reduce__(self) -> tuple[Callable[..., Store], tuple[StoreSettings, Address]]:
        return _store_at, (self.stores.settings, self._address)

    def look(self, key: str) -> ObjectIdentity | None:
        """Return what stands under a key; None if nothing does.

        Raises:
            RequestFailed: the store doesn't tell.
        """
        import obstore

        try:
            found = self.stores.ask(partial(obstore.head, self._store, key))
        except RequestFailed as error:
            if error.kind == MISSING and "bucket" not in error.said:
                return None
            raise
        return _identity(found)

    def list(self, prefix: str) -> dict[str, ObjectIdentity]:
        """Return every object below a prefix, by its key, in the order of keys.

        Args:
            prefix: whole parts of keys, as in ``dumps/day=2026-11-24``; empty for all.

        Raises:
            RequestFailed: the store doesn't tell.
        """
        return self.stores.ask(partial(self._list, prefix))

    def list_level(self, prefix: str) -> Level:
        """Return what lies directly below a prefix.

        Args:
            prefix: whole parts of keys; empty for the whole bucket.

        Raises:
            RequestFailed: the store doesn't tell.
        """
        return self.stores.ask(partial(self._list_level, prefix))

    def begin_read(self, key: str, start: int, end: int, etag: str | None) -> Future[Piece]:
        """Have some bytes read, and return at once.

        Args:
            key: of the object.
            start: of the first byte.
            end: behind the last byte.
            etag: of the version that is meant; None for any.

        Returns:
            The bytes to come; or RequestFailed, with the kind CHANGED if the version is another.
        """
        return self.stores.begin(partial(self.read, key, start, end, etag))

    def read(self, key: str, start: int, end: int, etag: str | None) -> Piece:
        """Read some bytes, on this thread and once; see :meth:`begin_read`."""
        import obstore

        options: dict[str, Any] = {"range": (start, end)}
        if etag is not None:
            options["if_match"] = etag
        answer = obstore.get(self._store, key, options=options)
        identity = _identity(answer.meta)
        content = bytes(answer.bytes())
        if etag is not None and identity.etag != etag:
            # Not every store looks at the condition.
            raise changed()
        if len(content) != min(end, identity.size) - start:
            said = f"{len(content):,} bytes came of {end - start:,}"
            raise RequestFailed(TRANSIENT, said, "run again later")
        return Piece(identity, start, content)

    def read_end(self, key: str, size: int, most: int) -> Piece:
        """Return the last bytes of an object, of whatever version is there now.

        Args:
            key: of the object.
            size: that it had when it was last looked at.
            most: how many bytes are wanted.

        Raises:
            RequestFailed: they can't be read.
        """
        while True:
            if not size:
                found = self.look(key)
                if found is None or not found.size:
                    return Piece(found or ObjectIdentity("", 0), 0, b"")
                size = found.size
            try:
                piece = self.begin_read(key, max(0, size - most), size, None).result()
            except RequestFailed as error:
                if NO_SUCH_RANGE not in error.said:
                    raise
                size = 0
                continue
            if piece.identity.size == size:
                return piece
            size = piece.identity.size

    def put(
        self,
        key: str,
        path: Path,
        wait: Callable[[Future[None]], None] = Future.result,
        over: Callable[[], None] = lambda: None,
    ) -> None:
        """Put a file under a key: it appears whole, or not at all.

        If the wait ends early, the upload is taken back as far as the store still answers.

        Args:
            key: of the object.
            path: of the file.
            wait: waits for the upload; it may raise before that is done.
            over: called when nothing of the upload is left, whether it succeeded or not.

        Raises:
            RequestFailed: the store didn't take it.
        """
        cancelled = threading.Event()
        upload = self.stores.begin_upload(partial(self._put, key, path, cancelled), cancelled)
        try:
            wait(upload)
        except BaseException:
            cancelled.set()
            with suppress(Exception):
                upload.exception(LONGEST_ABORT)
            raise
        finally:
            if upload.done():
                over()

    def put_empty(self, key: str) -> None:
        """Put an empty object under a key.

        Raises:
            RequestFailed: the store doesn't take it.
        """
        import obstore

        put = partial(obstore.put, self._store, key, b"", use_multipart=False)
        self.stores.ask(put)

    def delete(self, key: str) -> None:
        """Remove an object.

        Raises:
            RequestFailed: the store doesn't.
        """
        import obstore

        self.stores.ask(partial(obstore.delete, self._store, key))

    def _list(self, prefix: str) -> dict[str, ObjectIdentity]:
        import obstore

        chunks = obstore.list(self._store, prefix or None)
        found = {one["path"]: _identity(one) for chunk in chunks for one in chunk}
        return dict(sorted(found.items()))

    def _list_level(self, prefix: str) -> Level:
        import obstore

        found = obstore.list_with_delimiter(self._store, prefix or None)
        objects = {one["path"]: _identity(one) for one in found["objects"]}
        return Level(tuple(sorted(found["common_prefixes"])), dict(sorted(objects.items())))

    def _put(self, key: str, path: Path, cancelled: threading.Event) -> None:
        import obstore

        size = path.stat().st_size
        if size > MOST_AT_ONCE:
            part = max(PART_BYTES, -(-size // MOST_PARTS))
            parts = _parts(path, part, cancelled)
            obstore.put(self._for_parts, key, parts, chunk_size=part, max_concurrency=PARTS_AT_ONCE)
            return
        with path.open("rb") as file:
            # It isn't copied; it is let go with the request.
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        store = self._store if size <= PART_BYTES else self._patient
        obstore.put(store, key, content, use_multipart=False)


def is_in_parts(size: int) -> bool:
    """Whether a file of so many bytes is put in parts, which a killed run may leave."""
    return size > MOST_AT_ONCE


def _parts(path: Path, size: int, cancelled: threading.Event) -> Iterator[bytes]:
    """Yield a file in parts. An exception has obstore take the upload back."""
    with path.open("rb", buffering=0) as file:
        while part := file.read(size):
            if cancelled.is_set():
                raise Cancelled
            yield part


def _identity(found: Any) -> ObjectIdentity:  # Any: a dictionary of obstore's
    return ObjectIdentity(found["e_tag"] or "", found["size"])


def _connect(address: Address, seconds: float, retries: int) -> Any:  # Any: a class of obstore's
    try:
        from obstore.store import from_url
    except ImportError as error:
        raise UsageError(
            f"asking for {address}: obstore, which speaks to stores, is not installed; "
            f"run: {INSTALL}"
        ) from error
    options: dict[str, Any] = {
        "timeout": f"{seconds:g}s",
        "connect_timeout": f"{CONNECT_SECONDS}s",
    }
    if _allows_http():
        options["allow_http"] = True
    backoff = {"init_backoff": timedelta(seconds=FIRST_WAIT), "max_backoff": PART_WAIT}
    try:
        return from_url(
            f"{address.root}/",
            client_options=options,
            retry_config={"max_retries": retries, "backoff": backoff},
        )
    except Exception as error:  # noqa: BLE001  # obstore's, and all are told apart
        raise UsageError(f"asking for {address}: {failure_of(error)}") from None


def _allows_http() -> bool:
    """Whether the environment names an endpoint without TLS, or allows one."""
    for name, value in os.environ.items():
        upper = name.upper()
        if upper.endswith("_ALLOW_HTTP") and value.lower() in TRUE:
            return True
        if upper.startswith(("AWS_ENDPOINT", "AZURE_", "GOOGLE_BASE_URL")) and value.startswith(
            "http://"
        ):
            return True
    return False
