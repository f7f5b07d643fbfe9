"""The types that the cells of a CSV column may have, as far as each keeps every cell's text.

A cell without text is a null of any type but text.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

TYPES = (
    pa.bool_(),
    pa.int64(),
    pa.float64(),
    pa.date32(),
    pa.timestamp("s"),
    pa.timestamp("ms"),
    pa.timestamp("us"),
)


class TypesFound:
    """The types that fit all cells of a column so far, the first the best."""

    def __init__(self) -> None:
        self._fitting: list[pa.DataType] = list(TYPES)
        self._is_filled = False

    def look_at(self, cells: pa.StringArray) -> None:
        """Leave out the types that don't fit some further cells."""
        if self._fitting and (filled := _filled(cells).drop_null()):
            self._is_filled = True
            self._fitting = [kind for kind in self._fitting if _fits(filled, kind)]

    def best(self) -> pa.DataType:
        """Return the type of the column: text if no other fits, or no cell is filled."""
        return self._fitting[0] if self._is_filled and self._fitting else pa.string()


def typed(cells: pa.StringArray, kind: pa.DataType) -> pa.Array:
    """Return cells as a type that fits them.

    >>> typed(pa.array(["1", ""]), pa.int64()).to_pylist()
    [1, None]
    """
    return cells if kind == pa.string() else _filled(cells).cast(kind)


def _filled(cells: pa.StringArray) -> pa.StringArray:
    return pc.replace_with_mask(cells, pc.equal(cells, ""), pa.scalar(None, pa.string()))


def _fits(cells: pa.StringArray, kind: pa.DataType) -> bool:
    """Whether a type gives each cell's text back: not for 00712, 1.10 and nan."""
    try:
        values = cells.cast(kind)
    except pa.ArrowException:
        return False
    if pa.types.is_floating(kind) and not pc.all(pc.is_finite(values)).as_py():
        return False
    return bool(values.cast(pa.string()).equals(cells))
