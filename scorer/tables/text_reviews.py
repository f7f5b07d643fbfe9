"""What the readers of texts have in common: an open file of text with a table in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa

from scorer.storage.identity import InputId
from scorer.storage.place import Place
from scorer.storage.source_file import source_at
from scorer.tables.parquet_int96 import Int96Columns
from scorer.tables.parquet_reader import LAST_WINDOWS, LEAST_WINDOW_ROWS, WINDOW_BYTES, WINDOW_ROWS
from scorer.tables.parquet_types import Storage
from scorer.tables.text_options import TextOptions
from scorer.tables.text_source import Lines, TextSource

# A string column of a batch has offsets of 32 bits, and a window holds some bytes before its last
# row.
MOST_BYTES = (1 << 31) - 1 - WINDOW_BYTES


class TextReviews(ABC):
    """An open file of text with a table of reviews in it.

    Args:
        path: the file.
        max_cell: most bytes of one row.
        options: how the text is read.

    Attributes:
        path: the file.
        schema: of the record batches; it has no metadata.
        rows: number of rows; None until the end has been read once.
        row_groups: none.
        permissions: of the file, as chmod takes them.
        identity: what the system said of the file before it was opened.

    Raises:
        ReviewsError: the file can't be read as such a text.
    """

    schema: pa.Schema
    rows: int | None = None
    row_groups: Sequence[int] = ()

    def __init__(self, path: Place, max_cell: int, options: TextOptions) -> None:
        self.path = path
        self._options, self._most = options, min(max_cell, MOST_BYTES)
        self._source = source_at(path)
        self.identity, self.permissions = self._source.identity, self._source.permissions
        self._text = TextSource(self._source, options.encoding)

    def __enter__(self) -> TextReviews:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. Each pass closed what it opened."""
        self._source.close()

    @property
    @abstractmethod
    def deciding(self) -> Mapping[str, str]:
        """The options that decide how the bytes are read, as far as they aren't the default."""

    @abstractmethod
    def check_text(self, column: str | None) -> None:
        """Check that a column can hold the reviews; None if none was found."""

    @abstractmethod
    def windows(
        self, columns: Sequence[str] | None = None, texts: str | None = None
    ) -> Iterator[list[pa.RecordBatch]]:
        """Yield the rows in order, in windows whose cuts depend on the file alone."""

    @property
    def is_held(self) -> bool:
        """A text is read from its file."""
        return False

    @property
    def position(self) -> int:
        """Bytes of the file that were read in the present pass."""
        return self._text.position

    def input_id(self, check: Callable[[], None] = lambda: None) -> InputId:
        """Return what tells the file from others, by its bytes as they lie.

        Args:
            check: called before each MiB; it ends the reading by raising.

        Raises:
            ReviewsError: the file can't be read, or isn't what it was when it was opened.
        """
        return self._source.input_id(check)

    def check_carried(  # noqa: B027  # nothing to do
        self, columns: Collection[str]
    ) -> None:
        """Every type that a text gives is written as it is."""

    def storage(self, columns: Collection[str]) -> Storage:
        """Return that nothing is left open."""
        return Storage()

    def int96(self, columns: Collection[str], *, truncate: bool) -> Int96Columns | None:
        """Return that there are no such values."""
        return None

    def codecs(self, columns: Sequence[str] | None = None) -> dict[str, str | None]:
        """Return that no column has a codec."""
        return {}

    @contextmanager
    def _pass(self, newline: str = "\n") -> Iterator[Lines]:
        """Open the lines of the text for one pass, and name what goes wrong in it."""
        with self._text.reading(), self._text.text(newline) as text:
            yield Lines(text, self._most)
        self._source.check_unchanged()


class WindowCut:
    """Where windows end: by the rows and bytes before, and nothing else.

    As in Parquet, windows shrink towards the end of a file, if its size is known.

    Args:
        size: bytes of the whole text; None if they aren't known.
    """

    def __init__(self, size: int | None) -> None:
        self._size = size
        self._begun = 0

    def is_full(self, rows: int, position: int) -> bool:
        """Whether a window ends here.

        Args:
            rows: of the window.
            position: bytes of the text that are behind.
        """
        held = position - self._begun
        is_full = rows >= WINDOW_ROWS or held >= WINDOW_BYTES
        if not is_full and rows >= LEAST_WINDOW_ROWS and self._size is not None:
            is_full = held >= (self._size - self._begun) // LAST_WINDOWS
        if is_full:
            self._begun = position
        return is_full
