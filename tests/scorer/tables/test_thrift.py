"""Structs of Thrift's compact protocol, written here by hand."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scorer.tables.thrift import DEEPEST, BadStruct, elements_of, read_struct

# Fields 1: -2, 2: true, 4: a double, 5: "ab", 6: a struct with field 1: 300, 7: a list of a byte,
# a true and a false, and by its number, not by a step, 40: 1.
STRUCT = (
    b"\x15\x03\x11\x27"
    + bytes(8)
    + b"\x18\x02ab\x1c\x15\xd8\x04\x00\x19\x31\x01\x01\x02\x05\x50\x02"
)
READ = {1: -2, 2: True, 4: None, 5: None, 6: {1: 300}, 7: [1, 1, 2], 40: 1}


def test_a_struct_is_read_to_its_end() -> None:
    assert read_struct(STRUCT + b"\x00more") == (READ, len(STRUCT) + 1)
    assert read_struct(b"more" + STRUCT + b"\x00", 4) == (READ, len(STRUCT) + 5)


@pytest.mark.parametrize("end", range(len(STRUCT) + 1))
def test_bytes_that_end_within_a_struct_are_told(end: int) -> None:
    with pytest.raises(IndexError):
        read_struct(STRUCT[:end])


def test_the_elements_of_a_list_are_read_and_what_stands_before_it_is_skipped() -> None:
    assert list(elements_of(STRUCT, 7)) == [1, 1, 2]
    long = b"\x19\xf5\x10" + b"\x04" * 16
    assert list(elements_of(long, 1)) == [2] * 16
    a_set = b"\x1a" + long[1:]
    with pytest.raises(BadStruct):
        list(elements_of(a_set, 1))
    for wanted in (3, 5, 99):
        with pytest.raises(BadStruct):
            list(elements_of(STRUCT + b"\x00", wanted))


@pytest.mark.parametrize("kind", [0, 11, 13, 14, 15])
def test_a_kind_of_value_that_no_footer_has_is_refused(kind: int) -> None:
    with pytest.raises(BadStruct):
        read_struct(bytes([0x19, 0x10 | kind]) + bytes(9))


@pytest.mark.parametrize("nested", [b"\x1c", b"\x19" * 2])
def test_what_is_nested_too_deeply_is_refused(nested: bytes) -> None:
    with pytest.raises(BadStruct):
        read_struct(nested * 5 * DEEPEST)


def test_a_number_of_more_than_64_bits_is_refused() -> None:
    with pytest.raises(BadStruct):
        read_struct(b"\x15" + b"\xff" * 20)


def test_a_footer_says_what_pyarrow_reads_of_it(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    table = pa.table({"a": list(range(1000)), "b": [{"c": str(row)} for row in range(1000)]})
    pq.write_table(table, path, row_group_size=300)
    content = path.read_bytes()
    footer = content[-8 - int.from_bytes(content[-8:-4], "little") : -8]
    fields, end = read_struct(footer)
    assert end == len(footer)
    assert (fields[1], fields[3]) == (2, 1000)
    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    assert list(elements_of(footer, 4)) == fields[4]
    assert [group[3] for group in fields[4]] == [group.num_rows for group in groups]
    sizes = [[chunk[3][7] for chunk in group[1]] for group in fields[4]]
    assert sizes == [
        [group.column(index).total_compressed_size for index in range(2)] for group in groups
    ]
