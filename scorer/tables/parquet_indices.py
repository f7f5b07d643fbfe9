"""How often a page of a dictionary-encoded column repeats one value, by its indices.

Runs and bit-packed groups: https://parquet.apache.org/docs/file-format/data-pages/encodings/
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.tables.parquet_pages import RLE, BadHeader, PageHeader, ReadAt, decompressed, page_bytes

# Larger dictionaries and pages aren't looked into: that would take much memory.
MOST_BITS, MOST_VALUES = 16, 1 << 17


def most_repeats(read_at: ReadAt, page: PageHeader, codec: str, *, is_nullable: bool) -> int:
    """Return how often a page holds one value at most; the number of its values if that is unknown.

    Args:
        read_at: returns bytes of the file from an offset on.
        page: encoded with a dictionary; of a column without lists.
        codec: of the column.
        is_nullable: whether nulls are possible.
    """
    if page.values > MOST_VALUES:
        return page.values
    try:
        indices = _indices(read_at, page, codec, is_nullable=is_nullable)
        counts = _counts(indices, page.values)
    except (BadHeader, IndexError, ValueError, OSError, pa.ArrowException):
        return page.values
    return int(counts.max(initial=0))


def _indices(read_at: ReadAt, page: PageHeader, codec: str, *, is_nullable: bool) -> bytes:
    """Return the bytes of a page behind its levels: the width of an index in bits, and the runs."""
    content = page_bytes(read_at, page)
    if page.levels is not None:
        # In pages of version 2 the levels stand first, and are never compressed.
        size = page.size - page.levels
        content = content[page.levels :]
        return decompressed(content, codec, size) if page.is_compressed else content
    content = decompressed(content, codec, page.size)
    if not is_nullable:
        return content
    if page.level_encoding != RLE:
        raise BadHeader
    return content[4 + int.from_bytes(content[:4], "little") :]


def _counts(content: bytes, values: int) -> npt.NDArray[np.int64]:
    """Count how often each index occurs; runs behind the last value are counted, too."""
    width, at, found = content[0], 1, 0
    if not 0 < width <= MOST_BITS:
        raise BadHeader
    size = -(-width // 8)
    counts, packed = np.zeros(1 << width, np.int64), []
    while found < values and at < len(content):
        head, at = _varint(content, at)
        if head & 1:
            packed.append(content[at : at + (head >> 1) * width])
            found, at = found + 8 * (head >> 1), at + len(packed[-1])
        else:
            counts[int.from_bytes(content[at : at + size], "little")] += head >> 1
            found, at = found + (head >> 1), at + size
    return counts + np.bincount(_unpacked(b"".join(packed), width), minlength=len(counts))


def _unpacked(packed: bytes, width: int) -> npt.NDArray[np.uint32]:
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), bitorder="little")
    rows = len(bits) // width
    padded = np.zeros((rows, 32), np.uint8)
    padded[:, :width] = bits[: rows * width].reshape(rows, width)
    return np.packbits(padded, axis=1, bitorder="little").view("<u4").ravel()


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 35:
            raise BadHeader
