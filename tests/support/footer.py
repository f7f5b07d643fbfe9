"""Footers of Parquet files rewritten: types, codecs and keys that pyarrow reads but doesn't write.

A footer is a Thrift struct in the compact protocol, here a dictionary from field id to type and
value: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md and
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

import io
import struct
from pathlib import Path

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
Struct = dict[int, tuple[int, object]]

SCHEMA, ROW_GROUPS = 2, 4  # of the file
TYPE, TYPE_LENGTH, NAME, CONVERTED, LOGICAL = 1, 2, 4, 6, 10  # of a schema element
CHUNK, CODEC, COMPRESSED, DATA_PAGE, DICTIONARY_PAGE = 3, 4, 7, 9, 11  # of a column chunk
PAGE_SIZE, PAGE_COMPRESSED = 2, 3  # of a page header

HADOOP_LZ4 = 5
INTERVAL = 21
EMPTY: Struct = {}


def annotate(path: Path, column: str, logical: Struct | None, converted: int | None = None) -> None:
    """Give a column, or a group, another logical type.

    Args:
        path: a Parquet file.
        column: its last name.
        logical: field id of the logical type, and its parameters; None for none.
        converted: the older annotation, which it had before logical types; None for none.
    """
    content = path.read_bytes()
    start, footer = _footer(content)
    (element,) = (one for one in footer[SCHEMA][1][1] if one[NAME][1] == column.encode())
    element.pop(LOGICAL, None)
    element.pop(CONVERTED, None)
    if converted is not None:
        element[CONVERTED] = (I32, converted)
    if logical is not None:
        element[LOGICAL] = (STRUCT, logical)
    path.write_bytes(content[:start] + _closed(footer))


def use_hadoop_lz4(path: Path) -> None:
    """Turn pages that are compressed with LZ4_RAW into pages as Hadoop's LZ4 codec frames them."""
    content = path.read_bytes()
    _, footer = _footer(content)
    answer = io.BytesIO()
    answer.write(content[:4])
    for group in footer[ROW_GROUPS][1][1]:
        for chunk in group[1][1][1]:
            _reframe(content, chunk[CHUNK][1], answer)
    path.write_bytes(answer.getvalue() + _closed(footer))


def _reframe(content: bytes, chunk: Struct, answer: io.BytesIO) -> None:
    begin = chunk.get(DICTIONARY_PAGE, chunk[DATA_PAGE])[1]
    stream, end, start = io.BytesIO(content), begin + chunk[COMPRESSED][1], answer.tell()
    stream.seek(begin)
    for name in (DICTIONARY_PAGE, DATA_PAGE):
        if name in chunk:
            chunk[name] = (I64, start)
    is_first = True
    while stream.tell() < end:
        if not is_first:
            chunk[DATA_PAGE] = (I64, answer.tell())
        header = read_struct(stream)
        data = stream.read(header[PAGE_COMPRESSED][1])
        data = struct.pack(">II", header[PAGE_SIZE][1], len(data)) + data
        header[PAGE_COMPRESSED] = (I32, len(data))
        write_struct(answer, header)
        answer.write(data)
        is_first = DICTIONARY_PAGE not in chunk
    chunk[CODEC] = (I32, HADOOP_LZ4)
    chunk[COMPRESSED] = (I64, answer.tell() - start)


def _footer(content: bytes) -> tuple[int, Struct]:
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    return start, read_struct(io.BytesIO(content[start:]))


def _closed(footer: Struct) -> bytes:
    stream = io.BytesIO()
    write_struct(stream, footer)
    return stream.getvalue() + stream.tell().to_bytes(4, "little") + b"PAR1"


def read_struct(stream: io.BytesIO) -> Struct:
    found: Struct = {}
    last = 0
    while head := stream.read(1)[0]:
        last = last + (head >> 4) if head >> 4 else _unzigzag(_read_varint(stream))
        found[last] = (head & 15, _read(stream, head & 15))
    return found


def write_struct(stream: io.BytesIO, value: Struct) -> None:
    last = 0
    for number in sorted(value):
        kind, one = value[number]
        if number - last < 16:
            stream.write(bytes([(number - last) << 4 | kind]))
        else:
            stream.write(bytes([kind]))
            _write_varint(stream, number << 1)
        _write(stream, kind, one)
        last = number
    stream.write(b"\0")


def _read(stream: io.BytesIO, kind: int) -> object:
    if kind in (TRUE, FALSE):
        return None
    if kind == BYTE:
        return stream.read(1)
    if kind in (I16, I32, I64):
        return _unzigzag(_read_varint(stream))
    if kind == DOUBLE:
        return stream.read(8)
    if kind == BINARY:
        return stream.read(_read_varint(stream))
    if kind == STRUCT:
        return read_struct(stream)
    assert kind == LIST
    head = stream.read(1)[0]
    length = head >> 4 if head >> 4 < 15 else _read_varint(stream)
    inner = head & 15
    item = (lambda: stream.read(1)) if inner in (TRUE, FALSE) else (lambda: _read(stream, inner))
    return inner, [item() for _ in range(length)]


def _write(stream: io.BytesIO, kind: int, value: object) -> None:
    if kind in (BYTE, DOUBLE):
        stream.write(value)
    elif kind in (I16, I32, I64):
        _write_varint(stream, value << 1 ^ value >> 63)
    elif kind == BINARY:
        _write_varint(stream, len(value))
        stream.write(value)
    elif kind == STRUCT:
        write_struct(stream, value)
    elif kind == LIST:
        inner, items = value
        stream.write(bytes([min(len(items), 15) << 4 | inner]))
        if len(items) >= 15:
            _write_varint(stream, len(items))
        for item in items:
            if inner in (TRUE, FALSE):
                stream.write(item)
            else:
                _write(stream, inner, item)


def _read_varint(stream: io.BytesIO) -> int:
    value = shift = 0
    while True:
        byte = stream.read(1)[0]
        value |= (byte & 127) << shift
        if byte < 128:
            return value
        shift += 7


def _write_varint(stream: io.BytesIO, value: int) -> None:
    while value > 127:
        stream.write(bytes([value & 127 | 128]))
        value >>= 7
    stream.write(bytes([value]))


def _unzigzag(value: int) -> int:
    return value >> 1 ^ -(value & 1)
