"""What the job asks of an input, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol

import pyarrow as pa

from scorer.storage.identity import FileIdentity, InputId
from scorer.storage.place import Place
from scorer.storage.stores import ObjectIdentity
from scorer.tables.parquet_int96 import Int96Columns
from scorer.tables.parquet_types import Storage


class OpenReviews(Protocol):
    """An open table of reviews. A context manager, which closes it.

    Every method raises ``ReviewsError``, which names the file, if it can't be read.
    """

    @property
    def path(self) -> Place:
        """Where it lies."""

    @property
    def schema(self) -> pa.Schema:
        """The columns of the record batches, and their metadata."""

    @property
    def rows(self) -> int | None:
        """The number of rows; None as long as the format doesn't tell and the end isn't read."""

    @property
    def row_groups(self) -> Sequence[int]:
        """The rows of each row group; empty if the format has none."""

    @property
    def permissions(self) -> int:
        """The permissions of the file, as chmod takes them."""

    @property
    def identity(self) -> FileIdentity | ObjectIdentity:
        """What the system or the store said of the file before it was opened."""

    @property
    def is_held(self) -> bool:
        """Whether its bytes are in memory, so that reading it waits for nothing."""

    @property
    def position(self) -> int | None:
        """Bytes of the file that were read for the windows so far; None where rows are counted."""

    @property
    def deciding(self) -> Mapping[str, str]:
        """The options that decide how the bytes are read, as far as they aren't the default."""

    def __enter__(self) -> OpenReviews: ...

    def __exit__(self, *exception: object) -> None: ...

    def close(self) -> None:
        """Close the file. What was found in it stays known."""

    def input_id(self, check: Callable[[], None] = lambda: None) -> InputId:
        """Return what tells the input from others; ``check`` ends the reading by raising."""

    def windows(
        self, columns: Sequence[str] | None = None, texts: str | None = None
    ) -> Iterator[list[pa.RecordBatch]]:
        """Yield the rows in order, in windows whose cuts depend on the file alone.

        Args:
            columns: what to read, in the order of the schema; every column if None.
            texts: the column that is scored, on whose lengths the cuts may depend, too.
        """

    def check_text(self, column: str | None) -> None:
        """Check that a column can hold the reviews, as far as its type doesn't tell.

        Args:
            column: the one that was found; None if there was none.
        """

    def check_carried(self, columns: Collection[str]) -> None:
        """Check that columns keep their types in an output."""

    def storage(self, columns: Collection[str]) -> Storage:
        """Return how columns are stored where Arrow's types leave that open."""

    def int96(self, columns: Collection[str], *, truncate: bool) -> Int96Columns | None:
        """Return the INT96 values of some columns; None if there are none."""

    def codecs(self, columns: Sequence[str] | None = None) -> dict[str, str | None]:
        """Return the codec of each column, by its path in the schema; empty if there is none."""
