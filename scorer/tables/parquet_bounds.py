"""How many rows can be read at once, whatever they hold: the bound is taken from the pages."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import pyarrow.parquet as pq

from scorer.errors import ReviewsError
from scorer.storage.place import Place
from scorer.tables.parquet_indices import most_repeats
from scorer.tables.parquet_pages import (
    DELTA_BYTE_ARRAY,
    DELTA_LENGTH,
    DICTIONARY_ENCODINGS,
    BadHeader,
    ChunkPlace,
    PageHeader,
    ReadAt,
    longest_value,
    page_headers,
    row_groups,
)

# Most bytes that the values of one step may take when they are decoded.
MOST_DECODED = 16 << 20
# The pages of a chunk aren't looked at if its rows can't decode to more.
SMALL_CHUNK = 1 << 20
# Most bytes of the values of a page whose dictionary isn't looked into, and the most pages of which
# it is counted how often they repeat a value: of more, that takes longer.
MOST_REPEATED = 4 << 20
PAGES_COUNTED = 2
# A page may take as many bytes, or twice as many as --max-cell allows a value. A page may take more
# if it isn't much smaller in the file.
MOST_PAGE = 128 << 20
CELLS_A_PAGE = 2
MIB = 1 << 20
MOST_PAGE_RATIO = 32
# Bytes that a value takes in memory besides itself: of a dictionary; of lists and lengths.
DICTIONARY_VALUE_BYTES, VALUE_BYTES = 16, 8

# The most that a codec makes of a byte. Others make more, or may.
RATIOS = {"UNCOMPRESSED": 1, "SNAPPY": 22, "LZ4": 255, "LZ4_RAW": 255, "GZIP": 1032} | {
    "ZSTD": 1 << 15
}
UNKNOWN_RATIO = 1 << 20


@dataclass(frozen=True)
class Span:
    """Rows of a column of which a page, or a chunk, bounds the bytes.

    Attributes:
        start: the first row, counted in the file.
        end: the row behind the last.
        most: most bytes of all of them.
        row: most bytes of one row.
        is_page: whether a decompressed page holds as many bytes anyway.
    """

    start: int
    end: int
    most: int
    row: int
    is_page: bool = False

    def bytes_of(self, start: int, end: int) -> int:
        """Return the most bytes of those of some rows that lie here."""
        rows = min(end, self.end) - max(start, self.start)
        return min(self.most, rows * self.row) if rows > 0 else 0

    def within(self, other: Span) -> Span:
        """Return the same rows, bounded by another span of them, too."""
        return replace(self, most=min(self.most, other.most), row=min(self.row, other.row))


@dataclass(frozen=True)
class Unread:
    """A chunk whose dictionary wasn't looked into, so that its bounds are loose.

    Attributes:
        column: its number in the schema.
        chunk: the chunk.
        pages: its pages.
        spans: its bounds.
    """

    column: int
    chunk: _Chunk
    pages: Sequence[PageHeader]
    spans: Sequence[Span]


class RowBounds:
    """Bounds the bytes of rows that are about to be read. Rows are asked for in rising order.

    Args:
        path: the file.
        read_at: returns its bytes from an offset on, as many as are asked for.
        footer: its footer.
        metadata: the same, as pyarrow read it.
        is_read: whether a column is read, by its path in the schema.
        max_cell: most bytes of one value.

    Attributes:
        codecs: the codec of each column, by its path in the schema: those of the first row group
            that has rows, when its rows were asked for.
    """

    def __init__(
        self,
        path: Place,
        read_at: ReadAt,
        footer: bytes,
        metadata: pq.FileMetaData,
        is_read: Callable[[str], bool],
        max_cell: int,
    ) -> None:
        self._path, self._metadata = path, metadata
        self._most_page = max(MOST_PAGE, CELLS_A_PAGE * max_cell)
        schema = metadata.schema
        self._columns = [
            index for index in range(len(schema.names)) if is_read(schema.column(index).path)
        ]
        self._spans: dict[int, deque[Span]] = {index: deque() for index in self._columns}
        self._unread: deque[Unread] = deque()
        groups = range(metadata.num_row_groups)
        self._ends = list(accumulate(metadata.row_group(index).num_rows for index in groups))
        self._group = self._known = 0
        self._places = row_groups(footer)
        self._read_at = read_at
        self.codecs: dict[str, str] = {}

    def most_rows(self, start: int, rows: int) -> int:
        """Return how many rows can be read at once.

        Args:
            start: the first row.
            rows: how many are wanted, at least one.

        Raises:
            ReviewsError: a page is too large; the message names its column and rows.
        """
        while self._known < start + rows and self._group < len(self._ends):
            self._look_into(self._group)
            self._known = self._ends[self._group]
            self._group += 1
        for spans in self._spans.values():
            while spans and spans[0].end <= start:
                spans.popleft()
        while self._unread and self._unread[0].chunk.last <= start:
            self._unread.popleft()
        while rows > 1 and (size := self._bytes_of(start, start + rows)) > MOST_DECODED:
            if not self._tighten(start, start + rows, size - MOST_DECODED):
                rows //= 2
        return rows

    def is_within(self, rows: int, size: int) -> bool:
        """Whether the first rows can't hold more than some bytes, and a step may take them all.

        Raises:
            ReviewsError: a page is too large.
        """
        return self.most_rows(0, rows) == rows and self._bytes_of(0, rows) <= size

    def _bytes_of(self, start: int, end: int) -> int:
        return sum(_bytes_of(spans, start, end) for spans in self._spans.values())

    def _tighten(self, start: int, end: int, excess: int) -> bool:
        """Look into dictionaries of some rows; whether there was one that wasn't looked into yet.

        Each may hold a value as large as itself. Where many columns have one, that would leave a
        few rows. Those that bound the rows least are looked into, as many as it takes: it is most
        of the work.

        Args:
            start: the first row.
            end: the row behind the last.
            excess: bytes that the bounds are to lose.
        """
        loose = [one for one in self._unread if one.chunk.first < end]
        loose.sort(key=lambda one: _bytes_of(one.spans, start, end), reverse=True)
        for one in loose:
            if excess <= 0:
                break
            self._unread.remove(one)
            tight = one.chunk.spans(one.pages, self._read_at, is_read=True)
            better = {old: old.within(new) for old, new in zip(one.spans, tight, strict=True)}
            spans = self._spans[one.column]
            self._spans[one.column] = deque(better.get(span, span) for span in spans)
            excess -= _bytes_of(one.spans, start, end) - _bytes_of([*better.values()], start, end)
        return bool(loose)

    def _look_into(self, index: int) -> None:
        try:
            places = next(self._places, [])
        except BadHeader:
            places = []
        schema = self._metadata.schema
        if len(places) != len(schema.names):
            raise ReviewsError(
                f"reading {self._path}: its footer doesn't say where its columns are; "
                "check that it is a complete Parquet file"
            )
        if not self.codecs and self._ends[index] > self._known:
            paths = [schema.column(number).path for number in range(len(places))]
            self.codecs = {path: one.codec for path, one in zip(paths, places, strict=True)}
        for column in self._columns:
            kind = schema.column(column)
            chunk = _Chunk(places[column], kind, self._known, self._ends[index])
            self._spans[column].extend(self._spans_of(column, chunk))

    def _spans_of(self, column: int, chunk: _Chunk) -> Sequence[Span]:
        if chunk.is_small:
            return [Span(chunk.first, chunk.last, chunk.rows * chunk.decoded, chunk.decoded)]
        if chunk.is_plain and chunk.decoded <= self._most_page:
            return []
        pages = []
        try:
            for page in page_headers(self._read_at, chunk.place):
                self._check(chunk, page)
                pages.append(page)
        except BadHeader:
            # What stands before it is read; then pyarrow tells what is wrong.
            pass
        if chunk.is_plain:
            return []
        spans = list(chunk.spans(pages, self._read_at))
        if chunk.has_unread:
            self._unread.append(Unread(column, chunk, pages, spans))
        return spans

    def _check(self, chunk: _Chunk, page: PageHeader) -> None:
        size = chunk.memory_of(page)
        if size > max(self._most_page, MOST_PAGE_RATIO * page.compressed):
            cell = -(-size // CELLS_A_PAGE) + MIB - 1 >> 20
            raise ReviewsError(
                f"reading {self._path}: column {chunk.name!r} of rows {chunk.first + 1:,} to "
                f"{chunk.last:,} has a page of {page.compressed:,} bytes that takes {size:,} in "
                f"memory, more than {self._most_page:,}; add --max-cell {cell} or leave the column "
                "out"
            )


class _Chunk:
    """A column of a row group: what the footer says, and what its pages mean.

    Args:
        place: where it lies.
        kind: the column in the schema.
        first: first row.
        last: the row behind the last.

    Attributes:
        has_unread: whether there is a dictionary that :meth:`spans` didn't look into.
    """

    def __init__(self, place: ChunkPlace, kind: pq.ColumnSchema, first: int, last: int) -> None:
        self.place, self.first, self.last, self.rows = place, first, last, last - first
        self.name, self.has_unread = kind.path, False
        self.is_repeated = kind.max_repetition_level > 0
        self._is_nullable = kind.max_definition_level > 0
        # Bytes of a value, if all have as many and these are few.
        self.value_bytes = VALUE_BYTES if "BYTE_ARRAY" not in kind.physical_type else None
        self._length = kind.length if kind.physical_type == "FIXED_LEN_BYTE_ARRAY" else None
        # The most that it can decode to, but for what a dictionary repeats.
        self.decoded = place.size * RATIOS.get(place.codec, UNKNOWN_RATIO)

    @property
    def is_small(self) -> bool:
        """Whether the rows can't take much, whatever the pages hold."""
        return not self.is_repeated and self.rows * self.decoded <= SMALL_CHUNK

    @property
    def is_plain(self) -> bool:
        """Whether each row takes a few bytes."""
        return self.value_bytes is not None and not self.is_repeated

    def memory_of(self, page: PageHeader) -> int:
        """Return the bytes that a page takes in memory, and what is laid out before it is read."""
        if page.is_dictionary:
            return page.size + DICTIONARY_VALUE_BYTES * page.values
        has_lengths = page.encoding in (DELTA_LENGTH, DELTA_BYTE_ARRAY)
        counts = has_lengths or self.is_repeated
        return page.size + (VALUE_BYTES * page.values if counts else 0)

    def spans(
        self, pages: Sequence[PageHeader], read_at: ReadAt, *, is_read: bool = False
    ) -> Iterator[Span]:
        """Yield what bounds the rows: a page, or the chunk where pages don't tell their rows.

        Args:
            pages: of the chunk.
            read_at: returns bytes of the file.
            is_read: whether the dictionary is looked into in any case.
        """
        longest, repeats = self._dictionary(pages, read_at, is_read=is_read)
        data, row = [page for page in pages if not page.is_dictionary], self.first
        if self.is_repeated and any(page.rows is None for page in data):
            sizes = [self._most(page, longest, repeats) for page in data]
            yield Span(self.first, self.last, sum(sizes), max(sizes, default=0))
            return
        for page in data:
            rows = page.values if page.rows is None else page.rows
            most = self._most(page, longest, repeats)
            largest = most if self.is_repeated else min(most, self._largest(page, longest))
            yield Span(row, row + rows, most, largest, most <= page.size)
            row += rows

    def _most(self, page: PageHeader, longest: int, repeats: int) -> int:
        """Return the most bytes of a page's values."""
        if page.encoding in DICTIONARY_ENCODINGS:
            return min(page.values, repeats) * self._largest(page, longest)
        if page.encoding == DELTA_BYTE_ARRAY or self.value_bytes:
            return page.values * self._largest(page, longest)
        return page.size

    def _largest(self, page: PageHeader, longest: int) -> int:
        """Return the most bytes of one of a page's values."""
        fixed = self.value_bytes or self._length
        if fixed:
            return fixed
        # A value may repeat the beginning of the one before it: it is no longer than the page.
        return longest if page.encoding in DICTIONARY_ENCODINGS else page.size

    def _dictionary(
        self, pages: Sequence[PageHeader], read_at: ReadAt, *, is_read: bool
    ) -> tuple[int, int]:
        """Return the most bytes of a value of the dictionary, and how often a page may hold it.

        A value that isn't held often may be as large as the dictionary: then it isn't decompressed.
        """
        dictionary = next((page for page in pages if page.is_dictionary), None)
        coded = [page for page in pages if page.encoding in DICTIONARY_ENCODINGS]
        values = sum(page.values for page in coded)
        if dictionary is None or self.value_bytes or self._length:
            return 0, values
        if is_read:
            return longest_value(read_at, dictionary, self.place.codec), values
        if values * dictionary.size <= MOST_REPEATED:
            self.has_unread = True
            return dictionary.size, values
        if len(coded) <= PAGES_COUNTED and not self.is_repeated:
            codec = self.place.codec
            repeats = max(
                most_repeats(read_at, page, codec, is_nullable=self._is_nullable) for page in coded
            )
            if repeats * dictionary.size <= MOST_REPEATED:
                self.has_unread = True
                return dictionary.size, repeats
        return longest_value(read_at, dictionary, self.place.codec), values


def _bytes_of(spans: Sequence[Span], start: int, end: int) -> int:
    """Return the most bytes of rows, without those that the largest page among them holds."""
    total = held = 0
    for span in spans:
        if span.start >= end:
            break
        size = span.bytes_of(start, end)
        total += size
        if span.is_page:
            held = max(held, size)
    return total - held
