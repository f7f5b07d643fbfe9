"""Schema metadata that describe columns: made true of an answer's columns, or left out.

Spark, pandas and others keep their own view of a table's columns in its schema metadata, and trust
it more than the file. Other keys don't concern columns and pass untouched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

# A JSON object that another tool wrote: only what is changed in it is known.
Object = dict[str, Any]


class _UntrueError(ValueError):
    """Metadata that can't be made true of the columns."""


@dataclass(frozen=True)
class Columns:
    """The columns of an answer.

    Attributes:
        kept: names of the columns carried from the source.
        new: the columns added behind them, strings and float32.
    """

    kept: frozenset[str]
    new: tuple[pa.Field, ...]


def with_columns(schema: pa.Schema, new: Sequence[pa.Field]) -> pa.Schema:
    """Return a schema with further columns, and metadata that are true of it.

    Args:
        schema: some columns of a source, and the metadata of the whole source.
        new: fields of strings or float32 to add.

    >>> spark = '{"type":"struct","fields":[{"name":"review","type":"string"},{"name":"x"}]}'
    >>> schema = pa.schema([("review", pa.string())], {SPARK_KEY: spark, "avro.schema": "{}"})
    >>> with_columns(schema, [pa.field("sentiment", pa.string())]).metadata[SPARK_KEY.encode()]
    b'{"type":"struct","fields":[{"name":"review","type":"string"},{"name":"sentiment",\
"type":"string","nullable":true,"metadata":{}}]}'
    """
    columns = Columns(frozenset(schema.names), tuple(new))
    metadata: dict[bytes, bytes] = {}
    for key, value in (schema.metadata or {}).items():
        answer = _answer(key.decode(errors="replace"), value, columns)
        if answer is not None:
            metadata[key] = answer
    return pa.schema([*schema, *new], metadata or None)


def _answer(key: str, value: bytes, columns: Columns) -> bytes | None:
    """Return the value that an answer holds under a key of its source; None to leave it out."""
    if key in LEFT_OUT:
        return None
    if key not in UPDATED:
        return value
    try:
        stored = UPDATED[key](_object(json.loads(value)), columns)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return None
    return json.dumps(stored, separators=(",", ":"), ensure_ascii=False).encode()


def _spark(stored: Object, columns: Columns) -> Object:
    """Update Spark's schema. Spark reads the columns that it lists, and no others.

    https://github.com/apache/spark: ParquetFileFormat.readSchemaFromFooter
    """
    fields = [_object(field) for field in stored["fields"]]
    names = [field["name"] for field in fields]
    # Without the key Spark takes the types from the file itself.
    if len(set(names)) != len(names) or not columns.kept <= set(names):
        raise _UntrueError
    kept = [field for field in fields if field["name"] in columns.kept]
    new = [
        {"name": one.name, "type": _name(one), "nullable": True, "metadata": {}}
        for one in columns.new
    ]
    return stored | {"fields": kept + new}


def _huggingface(stored: Object, columns: Columns) -> Object:
    """Update the features of a data set.

    Its fingerprint is of the old content: https://github.com/huggingface/datasets, arrow_writer.py
    """
    info = _object(stored["info"])
    features = _object(info["features"])
    kept = {name: one for name, one in features.items() if name in columns.kept}
    new = {one.name: {"dtype": _name(one, "float32"), "_type": "Value"} for one in columns.new}
    rest = {key: value for key, value in stored.items() if key not in ("info", "fingerprint")}
    return {"info": info | {"features": kept | new}} | rest


def _pandas(stored: Object, columns: Columns) -> Object:
    """Update the columns and the index of a data frame.

    https://pandas.pydata.org/docs/development/developer.html
    """
    # pandas would read the new names as it reads the others: as tuples, numbers or dates.
    levels = [_object(level) for level in stored.get("column_indexes", [])]
    if len(levels) > 1 or not all(_are_texts(level) for level in levels):
        raise _UntrueError
    kept = [
        column
        for column in map(_object, stored["columns"])
        if column.get("field_name", column["name"]) in columns.kept
    ]
    new = [
        {
            "name": one.name,
            "field_name": one.name,
            "pandas_type": _name(one, "float32", "unicode"),
            "numpy_type": _name(one, "float32", "object"),
            "metadata": None,
        }
        for one in columns.new
    ]
    index = [one for one in stored["index_columns"] if _is_index(one, columns)]
    return stored | {"index_columns": index, "columns": kept + new}


def _are_texts(level: Object) -> bool:
    """Whether the names of a data frame's columns are texts."""
    texts = ("unicode", "string", "empty", "mixed", "mixed-integer")
    return level["pandas_type"] in texts and level["numpy_type"] in ("object", "str")


def _is_index(index: object, columns: Columns) -> bool:
    """Whether an index is still there: a range, or a column that is kept."""
    return isinstance(index, dict) or index in columns.kept


def _geo(stored: Object, columns: Columns) -> Object:
    """Update GeoParquet's geometry columns, of which one is the primary: https://geoparquet.org."""
    geometries = _object(stored["columns"])
    kept = {
        name: _without_lost_covering(_object(geometry), columns)
        for name, geometry in geometries.items()
        if name in columns.kept
    }
    if not kept:
        raise _UntrueError
    primary = stored["primary_column"]
    return stored | {"primary_column": primary if primary in kept else min(kept), "columns": kept}


def _without_lost_covering(geometry: Object, columns: Columns) -> Object:
    """Leave out the paths of the bounding boxes if their column isn't kept."""
    boxes = _object(geometry.get("covering", {})).values()
    paths = [path for box in boxes for path in _object(box).values()]
    if all(path[0] in columns.kept for path in paths):
        return geometry
    return {key: value for key, value in geometry.items() if key != "covering"}


def _object(value: object) -> Object:
    if not isinstance(value, dict):
        raise _UntrueError
    return value


def _name(field: pa.Field, number: str = "float", text: str = "string") -> str:
    """Return what a tool calls the type of a new column."""
    return text if pa.types.is_string(field.type) else number


SPARK_KEY = "org.apache.spark.sql.parquet.row.metadata"
UPDATED: Mapping[str, Callable[[Object, Columns], Object]] = {
    SPARK_KEY: _spark,
    "huggingface": _huggingface,
    "pandas": _pandas,
    "geo": _geo,
}
# Their readers make the schema from the file where these are missing. They can't be updated
# rightly: Avro, Thrift and protocol buffers limit names, and Iceberg's ids belong to a table.
LEFT_OUT = (
    "parquet.avro.schema",
    "avro.schema",
    "iceberg.schema",
    "parquet.proto.class",
    "parquet.proto.descriptor",
    "thrift.class",
    "thrift.descriptor",
    "pig.schema",
)
