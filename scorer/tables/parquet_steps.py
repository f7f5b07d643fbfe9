"""Steps of a file, joined to batches that are the same as if each had been read at once."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

# Bytes. A window of dictionary-encoded values that are all shorter is not large when it is decoded.
LONG_VALUE = 16 << 10


def join(steps: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Return the rows of some batches as one batch of the same bytes as one read would give.

    Arrow drops the validity bitmap of an array that is known to have no nulls, which the reader
    doesn't. The batch's size would differ, and with it the row groups of the output.
    """
    if len(steps) == 1:
        return steps[0]
    first, *others = steps
    columns = [uncounted(column) for column in first.columns]
    return pa.concat_batches([pa.RecordBatch.from_arrays(columns, schema=first.schema), *others])


def size_of(batch: pa.RecordBatch) -> int:
    """Return the bytes of a batch; each row of a dictionary with long values counts whole."""
    size: int = batch.nbytes
    return size + sum(map(_repeated, batch.columns))


def size_of_step(batch: pa.RecordBatch) -> int:
    """Return the bytes of a batch without its dictionaries, which its neighbours share."""
    size: int = batch.nbytes
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            size += _repeated(column) - column.dictionary.nbytes
    return size


def size_of_cell(cell: pa.Array) -> int:
    """Return the bytes of a column's value, an array of one row, decoded."""
    if pa.types.is_dictionary(cell.type):
        cell = cell.dictionary_decode()
    size: int = cell.nbytes
    return size


def has_dictionary(schema: pa.Schema) -> bool:
    """Whether a column, or a part of one, is dictionary-encoded in memory."""
    return any("dictionary<" in str(field.type) for field in schema)


def _repeated(column: pa.Array) -> int:
    """Return the bytes that a dictionary column takes more when it is decoded, if that is much."""
    kind = column.type
    if not pa.types.is_dictionary(kind) or not _has_length(kind.value_type):
        return 0
    lengths = pc.binary_length(column.dictionary)
    if (pc.max(lengths).as_py() or 0) < LONG_VALUE:
        return 0
    total: int | None = pc.sum(lengths.take(column.indices)).as_py()
    return total or 0


def _has_length(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def uncounted(array: pa.Array) -> pa.Array:
    """Return an array that doesn't know its number of nulls, nor do its children.

    Joined with others it keeps its bitmaps.
    """
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, uncounted(array.storage))
    if pa.types.is_dictionary(kind) or pa.types.is_null(kind):
        return array
    if not pa.types.is_nested(kind):
        return pa.Array.from_buffers(kind, len(array), array.buffers(), -1, array.offset)
    if array.offset:
        return array
    if pa.types.is_struct(kind):
        children = [uncounted(array.field(index)) for index in range(kind.num_fields)]
    else:
        children = [uncounted(_values(array))]
    # An array's own buffers come first, its children's after them.
    own = array.buffers()[: kind.num_buffers]
    return pa.Array.from_buffers(kind, len(array), own, -1, 0, children)


def _values(array: pa.Array) -> pa.Array:
    if not pa.types.is_map(array.type):
        return array.values
    entries = pa.struct([array.type.key_field, array.type.item_field])
    return pa.StructArray.from_arrays([array.keys, array.items], fields=list(entries))
