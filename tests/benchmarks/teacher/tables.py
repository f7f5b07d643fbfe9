"""Parquet files of the recipe: read with the columns that a step needs, and written whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from scorer.columns import listed
from scorer.errors import ReviewsError, UsageError, one_line
from scorer.storage.whole_file import whole_file


def read_table(path: Path, needed: Sequence[str] = ()) -> pa.Table:
    """Return a file with all its columns.

    Args:
        path: Parquet file.
        needed: columns that it must have.

    Raises:
        UsageError: the file doesn't exist.
        ReviewsError: it isn't a Parquet file, or a column isn't there.
    """
    if not path.is_file():
        raise UsageError(f"reading {path}: it does not exist; name a Parquet file")
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        found = one_line(error).rstrip(".")
        raise ReviewsError(f"reading {path}: {found}; give a whole Parquet file") from error
    lacking = [name for name in needed if name not in table.column_names]
    if lacking:
        raise ReviewsError(
            f"reading {path}: there is no column {listed(lacking)}, the columns are "
            f"{listed(table.column_names)}; give a file of the step before"
        )
    return table


def texts_of(table: pa.Table, name: str) -> list[str]:
    """Return a column as texts, empty where there is none."""
    return [text or "" for text in table[name].cast(pa.string()).to_pylist()]


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table under its name when it is whole.

    Raises:
        OutputError: something that isn't a regular file stands there.
    """
    with whole_file(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
