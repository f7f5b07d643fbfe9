"""Structs of Thrift's compact protocol, as Parquet's footers and page headers are.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

A folder of small files has one footer for each few rows, so this is written to be fast: the
commonest kinds of values are read where they stand, without a call for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Levels of nested structs; thrift's readers allow as many.
DEEPEST = 64

TRUE, FALSE, BYTES = 1, 2, frozenset({1, 2, 3})
INTEGERS, DOUBLE, BINARY = frozenset({4, 5, 6}), 7, 8
LIST, LISTS, STRUCT = 9, frozenset({9, 10}), 12
# A list of so many elements has their number behind its first byte.
COUNTED = 15


class BadStruct(Exception):
    """Bytes that are no such struct."""


def read_struct(content: bytes, at: int = 0, depth: int = 0) -> tuple[dict[int, Any], int]:
    """Read a struct.

    Args:
        content: the bytes.
        at: where it begins.
        depth: number of the structs and lists that it stands in.

    Returns:
        Field number → value, None for bytes and floats; and where the struct ends.

    Raises:
        BadStruct: it is none.
        IndexError: the bytes end before it does.
    """
    found: dict[int, Any] = {}
    key = 0
    while kind := (head := content[at]) & 15:
        at += 1
        if head > 15:
            key += head >> 4
        else:
            key, at = _integer(content, at)
        if kind in INTEGERS:
            value = content[at]
            at += 1
            if value > 127:
                value, at = _varint(content, at - 1)
            found[key] = value >> 1 ^ -(value & 1)
        elif kind <= FALSE:
            # A boolean field has its value in its type.
            found[key] = kind == TRUE
        else:
            found[key], at = _value(content, at, kind, depth)
    return found, at + 1


def elements_of(content: bytes, wanted: int) -> Iterator[Any]:
    """Yield the elements of a struct's field that is a list; what stands before it is skipped.

    Raises:
        BadStruct: there is no such list.
        IndexError: the bytes end before it does.
    """
    key = at = 0
    while kind := (head := content[at]) & 15:
        key, at = (key + (head >> 4), at + 1) if head > 15 else _integer(content, at + 1)
        if key == wanted:
            break
        if kind > FALSE:
            _, at = _value(content, at, kind, 0)
    if kind != LIST:
        raise BadStruct
    kind, count, at = _list(content, at)
    for _ in range(count):
        value, at = _value(content, at, kind, 0)
        yield value


def _value(content: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    """Read a value that is no boolean field; return it and where it ends."""
    if depth > DEEPEST:
        raise BadStruct
    if kind == BINARY:
        size = content[at]
        at += 1
        if size > 127:
            size, at = _varint(content, at - 1)
        # What is read next tells if the bytes have ended: at least the end of a struct.
        return None, at + size
    if kind == STRUCT:
        return read_struct(content, at, depth + 1)
    if kind in LISTS:
        kind, count, at = _list(content, at)
        values = []
        for _ in range(count):
            value, at = _value(content, at, kind, depth + 1)
            values.append(value)
        return values, at
    if kind in INTEGERS:
        return _integer(content, at)
    if kind in BYTES:
        return content[at], at + 1
    if kind == DOUBLE:
        return None, at + 8
    raise BadStruct


def _list(content: bytes, at: int) -> tuple[int, int, int]:
    """Return the kind and the number of a list's elements, and where they begin."""
    head = content[at]
    count, at = (head >> 4, at + 1) if head >> 4 < COUNTED else _varint(content, at + 1)
    return head & 15, count, at


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise BadStruct


def _integer(content: bytes, at: int) -> tuple[int, int]:
    value, at = _varint(content, at)
    return value >> 1 ^ -(value & 1), at
