"""Score a Delta Lake table in one commit: ``python delta.py TABLE [TEXT_COLUMN] [MODEL]``.

It needs ``pip install review-sentiment deltalake``. Record batches are scored as they are read and
written as they come, so the table needn't fit into memory. Readers see the old version until the
commit; of two writers at once the second is refused by Delta Lake.
"""

from __future__ import annotations

import sys

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from scorer import Kernel, SentimentModel


def score(path: str, text_column: str | None = None, model: str | None = None) -> int:
    """Add both columns to a table; return its new version."""
    table = DeltaTable(path)
    rows = table.to_pyarrow_dataset()
    kernel = Kernel(SentimentModel.load(model), rows.schema, text_column)
    scored = pa.RecordBatchReader.from_batches(kernel.schema, map(kernel, rows.to_batches()))
    write_deltalake(table, scored, mode="overwrite", schema_mode="overwrite")
    return DeltaTable(path).version()


if __name__ == "__main__":
    print(f"version {score(*sys.argv[1:])}")
