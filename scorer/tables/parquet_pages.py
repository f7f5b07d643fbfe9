"""Where a column chunk lies, and what its pages hold, by their headers: footers may claim anything.

The structs, in Thrift's compact protocol:
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from scorer.tables.thrift import BadStruct, elements_of, read_struct

# Bytes read for a header at first; statistics make it larger.
HEADER_BYTES = 4096
# Readers give up at 16 MiB, too.
MOST_HEADER_BYTES = 16 << 20
DATA_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2 = 0, 2, 3
# Fields of a page header.
TYPE, UNCOMPRESSED, COMPRESSED = 1, 2, 3
# Page type → its own header's field, and in it the fields of the encoding and the number of rows.
HEADERS = {DATA_PAGE: (5, 2, None), DICTIONARY_PAGE: (7, 2, None), DATA_PAGE_V2: (8, 4, 3)}
VALUES, LEVEL_ENCODING, DEFINITION_BYTES, REPETITION_BYTES, IS_COMPRESSED = 1, 3, 5, 6, 7

RLE, DICTIONARY_ENCODINGS = 3, frozenset({2, 8})
DELTA_BINARY_PACKED, DELTA_LENGTH, DELTA_BYTE_ARRAY = 5, 6, 7

# The name of a column's codec → the codec. Hadoop's LZ4 has the same name, and can't be read by it.
CODECS = {name: name.lower() for name in ("SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4_RAW")} | {
    "LZ4": "lz4_raw"
}


# Fields of a footer, of a row group, of a chunk, and of its metadata.
ROW_GROUPS, COLUMNS, METADATA = 4, 1, 3
CODEC, CHUNK_BYTES, DATA_OFFSET, DICTIONARY_OFFSET = 4, 7, 9, 11
CODEC_NAMES = ("UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW")


# Offset and length → bytes of the file; fewer at its end.
ReadAt = Callable[[int, int], bytes]


class BadHeader(Exception):
    """Bytes that are no such struct. Reading the page tells what is wrong with it."""


@dataclass(frozen=True)
class ChunkPlace:
    """Where a column chunk lies.

    Attributes:
        start: offset of its first page, in bytes.
        size: bytes of its pages in the file.
        codec: the codec's name.
    """

    start: int
    size: int
    codec: str


@dataclass(frozen=True)
class PageHeader:
    """The header of a page.

    Attributes:
        is_dictionary: whether it is the dictionary of the pages that follow.
        encoding: of its values, by Parquet's number.
        values: number of values, nulls included.
        rows: number of rows, where it says so.
        size: bytes of the page when it is decompressed.
        offset: of the page's first byte behind the header, in the file.
        compressed: bytes of the page in the file.
        levels: bytes of the levels, where the header says so.
        level_encoding: of the definition levels, by Parquet's number, where that is to be known.
        is_compressed: whether the values of a page that tells its levels are compressed.
    """

    is_dictionary: bool
    encoding: int
    values: int
    rows: int | None
    size: int
    offset: int
    compressed: int
    levels: int | None = None
    level_encoding: int | None = None
    is_compressed: bool = True


def row_groups(footer: bytes) -> Iterator[list[ChunkPlace]]:
    """Yield the column chunks of each row group.

    pyarrow tells them, too, but of an encrypted column it ends the process.

    Raises:
        BadHeader: the footer is damaged.
    """
    try:
        for group in elements_of(footer, ROW_GROUPS):
            columns = group.get(COLUMNS) if isinstance(group, dict) else None
            if not isinstance(columns, list):
                raise BadHeader
            yield [_place_of(column) for column in columns]
    except (IndexError, BadStruct):
        raise BadHeader from None


def _place_of(column: Any) -> ChunkPlace:
    fields = column.get(METADATA) if isinstance(column, dict) else None
    if not isinstance(fields, dict):
        raise BadHeader
    start, codec = _number(fields, DATA_OFFSET), _number(fields, CODEC)
    dictionary = fields.get(DICTIONARY_OFFSET)
    if isinstance(dictionary, int) and 0 < dictionary < start:
        start = dictionary
    name = CODEC_NAMES[codec] if codec < len(CODEC_NAMES) else "unknown"
    return ChunkPlace(start, _number(fields, CHUNK_BYTES), name)


def page_headers(read_at: ReadAt, place: ChunkPlace) -> Iterator[PageHeader]:
    """Yield the page headers of a column chunk, without what is no page of values.

    Args:
        read_at: returns bytes of the file from an offset on, as many as are asked for.
        place: where the chunk lies.

    Raises:
        BadHeader: the chunk is damaged.
    """
    start, end = place.start, place.start + place.size
    while start < end:
        fields, length = _read_header(read_at, start, end)
        kind, size, compressed = (_number(fields, key) for key in (TYPE, UNCOMPRESSED, COMPRESSED))
        start += length
        if kind in HEADERS:
            own, encoding, rows = HEADERS[kind]
            header = fields.get(own)
            if not isinstance(header, dict):
                raise BadHeader
            yield PageHeader(
                kind == DICTIONARY_PAGE,
                _number(header, encoding),
                _number(header, VALUES),
                None if rows is None else _number(header, rows),
                size,
                start,
                compressed,
                *_levels(header, is_v2=kind == DATA_PAGE_V2),
            )
        start += compressed


def _levels(header: dict[int, Any], *, is_v2: bool) -> tuple[int | None, int | None, bool]:
    if not is_v2:
        return None, header.get(LEVEL_ENCODING), True
    levels = _number(header, DEFINITION_BYTES) + _number(header, REPETITION_BYTES)
    return levels, None, header.get(IS_COMPRESSED) is not False


def longest_value(read_at: ReadAt, page: PageHeader, codec: str) -> int:
    """Return the bytes of the longest value of a dictionary page of byte arrays.

    If the page can't be decompressed here, it is the whole page.
    """
    try:
        content = decompressed(page_bytes(read_at, page), codec, page.size)
    except (BadHeader, OSError, pa.ArrowException, ValueError):
        return page.size
    return _longest(content)


def page_bytes(read_at: ReadAt, page: PageHeader) -> bytes:
    """Return the bytes of a page as they stand in the file."""
    return read_at(page.offset, page.compressed)


def decompressed(content: bytes, codec: str, size: int) -> bytes:
    """Decompress a page.

    Args:
        content: its bytes.
        codec: the codec's name.
        size: bytes of the result.

    Raises:
        BadHeader: pyarrow doesn't know the codec.
        OSError: the bytes are damaged.
    """
    if codec == "UNCOMPRESSED":
        return content
    if codec not in CODECS:
        raise BadHeader
    plain: bytes = pa.Codec(CODECS[codec]).decompress(content, size, asbytes=True)
    return plain


def _longest(content: bytes) -> int:
    """Return the largest length: of each value stand four bytes of length, then itself."""
    read, at, end, longest = struct.Struct("<I").unpack_from, 0, len(content) - 4, 0
    while at <= end:
        (length,) = read(content, at)
        if length > longest:
            longest = length
        at += 4 + length
    return longest


def _number(fields: dict[int, Any], key: int) -> int:
    value = fields.get(key)
    if not isinstance(value, int) or value < 0:
        raise BadHeader
    return value


def _read_header(read_at: ReadAt, start: int, end: int) -> tuple[dict[int, Any], int]:
    most = HEADER_BYTES
    while True:
        content = read_at(start, min(most, end - start))
        try:
            return read_struct(content)
        except BadStruct:
            raise BadHeader from None
        except IndexError:
            if len(content) < most or most >= MOST_HEADER_BYTES:
                raise BadHeader from None
            most *= 16
