"""Parquet's types against Arrow's: what an output holds as its input did, and what it can't."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import pyarrow as pa
import pyarrow.parquet as pq

INT96 = "INT96"
# Schemas whose columns are remembered.
MOST_KNOWN = 16
# What the printed schema says of a group that isn't a list or a map.
ANNOTATED_GROUP = re.compile(r" group .* \((?!List\)|Map\))(\w+).*\) \{$")
TOP_LEVEL = re.compile(r"  (required|optional|repeated) ")


_known: dict[tuple[str, bytes], tuple[Leaf, ...]] = {}


@dataclass(frozen=True)
class Leaf:
    """A column of Parquet, which may be a part of a nested column.

    Attributes:
        column: name of the whole column.
        path: its own name, those of its parents before it.
        physical: what is stored.
        length: bytes of a value; 0 unless that is fixed.
        logical: what the values mean, as JSON.
        name: of the logical type, for messages.
        group: what the column is if it is more than a struct, a list or a map; else empty.
    """

    column: str
    path: str
    physical: str
    length: int
    logical: str
    name: str
    group: str = ""

    @cached_property
    def kind(self) -> tuple[str, ...]:
        """What two columns of one type have in common."""
        name = json.loads(self.logical)["Type"]
        if name in ("Decimal", "Null"):
            # They may be stored in several ways, and hold the same.
            return self.logical, self.group
        return self.logical, self.group, self.physical, str(self.length)


@dataclass(frozen=True)
class Storage:
    """How values are stored where Arrow's type leaves that open.

    Attributes:
        times_in_utc: times of day are adjusted to UTC.
        decimals_as_integers: decimals of up to 18 digits are stored as integers.
    """

    times_in_utc: bool = False
    decimals_as_integers: bool = False

    @classmethod
    def of(cls, leaves: Sequence[Leaf]) -> Storage:
        """Return how a file stores its values, as far as one file can only have one way."""
        times = [leaf.logical for leaf in leaves if leaf.name == "TIME"]
        decimals = [leaf.physical for leaf in leaves if leaf.name == "DECIMAL"]
        return cls(
            times_in_utc=bool(times) and all('"isAdjustedToUTC": true' in one for one in times),
            decimals_as_integers=any(physical[:3] == "INT" for physical in decimals),
        )

    def options(self) -> dict[str, bool]:
        """Return the options of pyarrow's writer."""
        return {
            "write_time_adjusted_to_utc": self.times_in_utc,
            "store_decimal_as_integer": self.decimals_as_integers,
        }


def leaves_of(file: pq.ParquetFile) -> tuple[Leaf, ...]:
    """Return the columns of a file, in order. Files of a folder mostly have the same.

    Raises:
        ValueError: Arrow has others.
    """
    # The printed schema tells all that is asked of it.
    key = (str(file.schema), file.schema_arrow.serialize().to_pybytes())
    found = _known.get(key)
    if found is None:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        found = _known[key] = tuple(_leaves(file))
    return found


def _leaves(file: pq.ParquetFile) -> Iterator[Leaf]:
    columns = [field.name for field in file.schema_arrow for _ in range(_count_leaves(field.type))]
    groups = dict(_annotated_groups(file))
    if len(columns) != len(file.schema):
        raise ValueError(f"its {len(file.schema)} columns are {len(columns)} in Arrow")
    for index, column in enumerate(columns):
        found = file.schema.column(index)
        logical = json.loads(found.logical_type.to_json())
        name = found.logical_type.type
        if name == "UNKNOWN":
            name = str(logical["Type"]).upper()
        group = groups.get(column, "")
        yield Leaf(
            column,
            found.path,
            found.physical_type,
            found.length or 0,
            json.dumps(_plain(logical, found.physical_type)),
            group or (found.physical_type if name == "NONE" else name),
            group,
        )


def lost_types(schema: pa.Schema, leaves: Sequence[Leaf]) -> dict[str, str]:
    """Return the columns that lose their type when Arrow writes them, and that type.

    INT96 is the one type that may become another: a timestamp of microseconds.

    Args:
        schema: of a file, as Arrow has it.
        leaves: of the same file.
    """
    written = _written(schema.serialize().to_pybytes(), Storage.of(leaves))
    return {
        before.column: before.name
        for before, after in zip(leaves, written, strict=True)
        if before.kind != after.kind and before.physical != INT96
    }


@lru_cache(maxsize=16)
def _written(schema: bytes, storage: Storage) -> tuple[Leaf, ...]:
    """Return what Arrow makes of a schema. Files of a folder mostly have the same."""
    target = pa.BufferOutputStream()
    found = pa.ipc.read_schema(pa.py_buffer(schema))
    with pq.ParquetWriter(target, found, **storage.options()):
        pass
    return leaves_of(pq.ParquetFile(pa.BufferReader(target.getvalue())))


def drop_option(columns: Sequence[str]) -> str:
    """Return the words that leave columns out, as the command takes them.

    >>> print(drop_option(["a,b", "c"]))
    --drop '"a,b",c'
    """
    names = [
        '"' + name.replace('"', '""') + '"' if {",", '"'} & set(name) else name for name in columns
    ]
    return f"--drop {shlex.quote(','.join(names))}"


def _plain(logical: dict[str, object], physical: str) -> dict[str, object]:
    """Return a logical type without the ways to say the same."""
    # A signed integer of the stored width is what a stored integer is anyway.
    if logical.get("isSigned") is True and f"INT{logical['bitWidth']}" == physical:
        return {"Type": "None"}
    return {
        key: value
        for key, value in logical.items()
        if key not in ("is_from_converted_type", "force_set_converted_type")
    }


def _annotated_groups(file: pq.ParquetFile) -> Iterator[tuple[str, str]]:
    """Yield columns with groups that mean more than a struct, and what they are.

    pyarrow tells it in the printed schema only, where each column begins a line.
    """
    index = -1
    for line in str(file.schema).splitlines():
        index += bool(TOP_LEVEL.match(line))
        found = ANNOTATED_GROUP.search(line)
        if found and index < len(file.schema_arrow):
            yield file.schema_arrow.names[index], found[1].upper()


def _count_leaves(kind: pa.DataType) -> int:
    """Return the number of Parquet's columns that an Arrow type takes.

    >>> _count_leaves(pa.struct([("a", pa.int8()), ("b", pa.map_(pa.string(), pa.int8()))]))
    3
    """
    if isinstance(kind, pa.BaseExtensionType):
        return _count_leaves(kind.storage_type)
    if pa.types.is_dictionary(kind) or not pa.types.is_nested(kind):
        return 1
    if pa.types.is_map(kind):
        return _count_leaves(kind.key_type) + _count_leaves(kind.item_type)
    if pa.types.is_struct(kind):
        return sum(_count_leaves(kind.field(index).type) for index in range(kind.num_fields))
    return _count_leaves(kind.value_type)
