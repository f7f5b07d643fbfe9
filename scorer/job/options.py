"""What a job may be told."""

from __future__ import annotations

from dataclasses import dataclass

from scorer.system.records import optional
from scorer.tables.parquet_reader import MAX_CELL


@dataclass(frozen=True)
class Options:
    """The options of a job.

    Attributes:
        text_column: the column with the reviews, or the field of a struct, as in ``data.review``;
            found by its usual names if None.
        keep: names of the columns carried into the output; every column if None.
        prefix: put before the names of the two new columns.
        compression: codec of every column; each column's own in the input if None.
        max_cell: most bytes of one value of a column; a file with a larger one fails.
        threads: threads that score; as many as the process has cores if None.
        force: score everything anew, and replace an output that scorer didn't write.
    """

    text_column: str | None = None
    keep: tuple[str, ...] | None = None
    prefix: str = ""
    compression: str | None = None
    max_cell: int = optional(MAX_CELL)
    threads: int | None = None
    force: bool = False
