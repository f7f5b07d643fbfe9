from __future__ import annotations

import shlex
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from footer import BINARY, BYTE, EMPTY, FALSE, I32, INTERVAL, STRUCT, TRUE, Struct, annotate
from scorer.cli.options import column_list
from scorer.errors import ReviewsError
from scorer.tables.parquet_reader import ParquetReviews
from scorer.tables.parquet_types import Storage, drop_option
from scorer.tables.parquet_writer import ParquetOutput

MICROS: Struct = {2: (STRUCT, EMPTY)}


def time_type(number: int, unit: Struct, *, utc: bool) -> Struct:
    return {number: (STRUCT, {1: (TRUE if utc else FALSE, None), 2: (STRUCT, unit)})}


def written(path: Path, columns: dict[str, pa.Array], **types: tuple[object, ...]) -> Path:
    """Write columns as a tool without Arrow would, with the logical types that are given."""
    pq.write_table(pa.table(columns), path, store_schema=False)
    for column, annotation in types.items():
        annotate(path, column, *annotation)
    return path


def types_in(path: Path) -> list[tuple[object, ...]]:
    """Return what pyarrow says of each column's type, but not in which words the file says it."""
    schema = pq.ParquetFile(path).schema
    columns = [schema.column(index) for index in range(len(schema))]
    logical = [
        str(one.logical_type).replace("from_converted_type=true", "from_converted_type=false")
        for one in columns
    ]
    return [
        (one.path, one.physical_type, one.length, kind)
        for one, kind in zip(columns, logical, strict=True)
    ]


def carried(source: Path, target: Path) -> Path:
    """Write what was read from a file, as a job does."""
    with ParquetReviews(source) as reviews:
        names = reviews.schema.names
        reviews.check_carried(names)
        storage = reviews.storage(names)
        output = ParquetOutput(
            target, reviews.schema, reviews.rows, reviews.row_groups, "zstd", storage=storage
        )
        with output:
            for window in reviews.windows():
                for batch in window:
                    output.write(batch)
            output.finish({})
    return target


BYTES = pa.array([b"x" * 16, None], pa.binary())
UUID = pa.array([b"x" * 16, None], pa.binary(16))
LONG, INT = pa.array([7, None], pa.int64()), pa.array([7, None], pa.int32())

CARRIED = {
    "text": (BYTES, {1: (STRUCT, EMPTY)}, 0),
    "json": (pa.array([b"{}", None]), {12: (STRUCT, EMPTY)}, 19),
    "uuid": (UUID, {14: (STRUCT, EMPTY)}),
    "half": (pa.array([b"ab", None], pa.binary(2)), {15: (STRUCT, EMPTY)}),
    "plain bytes": (BYTES, None),
    "fixed bytes": (UUID, None),
    "day": (INT, {6: (STRUCT, EMPTY)}, 6),
    "local time": (LONG, time_type(7, MICROS, utc=False)),
    "local timestamp": (LONG, time_type(8, MICROS, utc=False)),
    "timestamp": (LONG, time_type(8, MICROS, utc=True)),
    "nanoseconds": (LONG, time_type(8, {3: (STRUCT, EMPTY)}, utc=True)),
    "old timestamp": (LONG, None, 10),
    "old milliseconds": (LONG, None, 9),
    "unsigned": (INT, None, 13),
    "byte": (INT, None, 15),
}


@pytest.mark.parametrize("name", CARRIED)
def test_a_type_that_arrow_has_is_the_same_in_the_output(tmp_path: Path, name: str) -> None:
    array, *annotation = CARRIED[name]
    source = written(tmp_path / "in.parquet", {"c": array}, c=tuple(annotation))
    target = carried(source, tmp_path / "out.parquet")
    assert types_in(target) == types_in(source)
    assert pq.read_table(target).equals(pq.read_table(source))


def test_times_of_day_in_utc_stay_so(tmp_path: Path) -> None:
    columns = {"a": LONG, "b": INT}
    types = {"a": (time_type(7, MICROS, utc=True),), "b": (None, 7)}
    source = written(tmp_path / "in.parquet", columns, **types)
    assert types_in(carried(source, tmp_path / "out.parquet")) == types_in(source)


def test_times_of_day_of_both_sorts_are_refused_unless_one_is_left_out(tmp_path: Path) -> None:
    types = {"a": (time_type(7, MICROS, utc=True),), "b": (time_type(7, MICROS, utc=False),)}
    source = written(tmp_path / "in.parquet", {"a": LONG, "b": LONG}, **types)
    with ParquetReviews(source) as reviews:
        with pytest.raises(ReviewsError, match="'a' of type TIME; leave out"):
            reviews.check_carried(["a", "b"])
        reviews.check_carried(["a"])
        assert reviews.storage(["a"]).times_in_utc
        reviews.check_carried(["b"])
        assert not reviews.storage(["b"]).times_in_utc


def test_decimals_are_stored_as_integers_where_the_input_does(tmp_path: Path) -> None:
    kinds = {"a": pa.decimal128(9, 2), "b": pa.decimal128(18, 2), "c": pa.decimal128(30, 2)}
    table = pa.table({name: pa.nulls(2, kind) for name, kind in kinds.items()})
    for as_integers in (False, True):
        source, target = tmp_path / f"{as_integers}.parquet", tmp_path / "out.parquet"
        pq.write_table(table, source, store_decimal_as_integer=as_integers)
        assert types_in(carried(source, target)) == types_in(source)
        target.unlink()


def test_nested_types_and_those_of_arrow_are_the_same_in_the_output(tmp_path: Path) -> None:
    kinds = [
        pa.list_(pa.uuid()), pa.large_list(pa.struct([("a", pa.float16()), ("b", pa.json_())])),
        pa.map_(pa.string(), pa.list_(pa.timestamp("ms", "UTC"))), pa.list_(pa.int8(), 2),
        pa.dictionary(pa.int32(), pa.string()), pa.duration("us"), pa.null(), pa.timestamp("s"),
        pa.large_string(), pa.string_view(), pa.date64(), pa.decimal256(60, 3), pa.uint32(),
        pa.struct([("d", pa.decimal128(5, 1)), ("t", pa.time32("ms"))]), pa.bool_(), pa.float64(),
    ]  # fmt: skip
    table = pa.table({f"c{index}": pa.nulls(3, kind) for index, kind in enumerate(kinds)})
    pq.write_table(table, tmp_path / "in.parquet")
    target = carried(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert types_in(target) == types_in(tmp_path / "in.parquet")
    assert pq.read_schema(target).equals(pq.read_schema(tmp_path / "in.parquet"))


def test_lists_of_old_are_the_same_in_arrow(tmp_path: Path) -> None:
    table = pa.table({"c": pa.array([["a", None], [], None])})
    pq.write_table(table, tmp_path / "in.parquet", use_compliant_nested_type=False)
    target = carried(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert pq.read_table(target)["c"].to_pylist() == table["c"].to_pylist()


def test_numbers_of_fields_stay(tmp_path: Path) -> None:
    fields = [pa.field("c", pa.int64(), metadata={"PARQUET:field_id": "7"})]
    pq.write_table(pa.table({"c": [1]}, pa.schema(fields)), tmp_path / "in.parquet")
    target = carried(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert "field_id=7 c" in str(pq.ParquetFile(target).schema)


REFUSED = {
    "INTERVAL": (pa.array([b"x" * 12], pa.binary(12)), None, INTERVAL),
    "GEOMETRY": (BYTES, {17: (STRUCT, {1: (BINARY, b"OGC:CRS84")})}),
    "GEOGRAPHY": (BYTES, {18: (STRUCT, {2: (I32, 1)})}),
    "ENUM": (BYTES, {4: (STRUCT, EMPTY)}, 4),
    "BSON": (BYTES, {13: (STRUCT, EMPTY)}, 20),
    "UNDEFINED": (BYTES, {99: (STRUCT, EMPTY)}),
    "VARIANT": (
        pa.array([{"metadata": b"\1\0\0", "value": b"\0"}]),
        {16: (STRUCT, {1: (BYTE, b"\1")})},
    ),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("is_nested", [False, True])
def test_a_type_that_would_be_lost_is_refused_by_column(
    tmp_path: Path, name: str, is_nested: bool
) -> None:
    array, *annotation = REFUSED[name]
    column = pa.StructArray.from_arrays([array], names=["inner"]) if is_nested else array
    last = "inner" if is_nested else "outer"
    columns = {"first": pa.array([{"metadata": b"", "value": b""}] * len(array)), "outer": column}
    source = written(tmp_path / "in.parquet", columns, **{last: tuple(annotation)})
    with ParquetReviews(source) as reviews:
        with pytest.raises(ReviewsError) as caught:
            reviews.check_carried(["first", "outer"])
        assert str(caught.value) == (
            f"reading {source}: the type of a column can't be written as it is: 'outer' of type "
            f"{name}; leave out what needn't be there with --drop outer"
        )
        reviews.check_carried(["first"])


def test_nothing_is_stored_otherwise_unless_a_file_does(tmp_path: Path) -> None:
    pq.write_table(pa.table({"c": [1], "d": pa.nulls(1, pa.time32("ms"))}), tmp_path / "in.parquet")
    with ParquetReviews(tmp_path / "in.parquet") as reviews:
        assert reviews.storage(["c", "d"]) == Storage()


@pytest.mark.parametrize("names", [["a"], ["stars, out of 5", "it's"], ['say "no"', "$x;y", "ä b"]])
def test_the_offer_to_leave_columns_out_can_be_pasted(names: list[str]) -> None:
    option, columns = shlex.split(drop_option(names))
    assert option == "--drop"
    assert list(column_list(columns)) == names
