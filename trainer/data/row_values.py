"""The values of a row beside its text and label: its domain, and whether it is held out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import ReviewsError
from trainer.data.label_map import LabelMap
from trainer.data.table_columns import Columns

FLAGS = LabelMap({"0": 0, "false": 0, "1": 1, "true": 1})


def check_values(
    batch: pa.RecordBatch, rows: npt.NDArray[np.int64], columns: Columns, first: int
) -> None:
    """Refuse rows without a domain, or that don't say whether they are held out.

    Args:
        batch: rows of a table.
        rows: ``int64[n]``, the rows to check; the others are left out.
        columns: names of the columns.
        first: row of the table at which the batch begins.

    Raises:
        ReviewsError: a row has no domain, or neither 0 nor 1 for whether it is held out.
    """
    if columns.domain is not None:
        row = first_without_name(batch.column(columns.domain).take(pa.array(rows)))
        if row is not None:
            raise ReviewsError(
                f"row {first + rows[row]} has no domain; fill its column {columns.domain!r}, or "
                "name another one with --domain-column"
            )
    if columns.held_out is not None:
        column = batch.column(columns.held_out).take(pa.array(rows))
        wrong = np.flatnonzero(read_flags(column) < 0)
        if len(wrong):
            value = column[int(wrong[0])].as_py()
            raise ReviewsError(
                f"column {columns.held_out!r} holds {value!r:.80} in row {first + rows[wrong[0]]}; "
                "give 1 or true for a review that is held out, and 0 or false for the others"
            )


def first_without_name(names: pa.Array) -> int | None:
    """Return the first row whose name is null or blank; None if there is none."""
    filled = pc.fill_null(names.cast(pa.large_string()), "")
    blank = pc.equal(pc.utf8_trim_whitespace(filled), "")
    row = pc.index(blank, True).as_py()
    return None if row < 0 else int(row)


def read_flags(column: pa.Array) -> npt.NDArray[np.int8]:
    """Return 1 for true and 0 for false, ``int8[rows]``; -1 for any other value.

    >>> read_flags(pa.array([True, False, None])).tolist()
    [1, 0, -1]
    """
    return FLAGS.read(column)
