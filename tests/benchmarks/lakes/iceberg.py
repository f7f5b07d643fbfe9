"""Score an Iceberg table in one commit: ``python iceberg.py TABLE [TEXT_COLUMN] [MODEL]``.

It needs ``pip install review-sentiment 'pyiceberg[pyarrow]'`` and a catalogue called ``default`` in
``~/.pyiceberg.yaml``, or in variables like ``PYICEBERG_CATALOG__DEFAULT__URI``. The new columns and
the rows are one transaction: readers see the old table until it is committed, and of two writers at
once the second is refused by the catalogue. A table is held in memory; of a larger one score a
part at a time, with ``row_filter`` and ``overwrite_filter``.
"""

from __future__ import annotations

import sys

import pyarrow as pa
from pyiceberg.catalog import load_catalog

from scorer import Kernel, SentimentModel


def score(name: str, text_column: str | None = None, model: str | None = None) -> int:
    """Add both columns to a table; return the number of its rows."""
    table = load_catalog().load_table(name)
    rows = table.scan().to_arrow_batch_reader()
    kernel = Kernel(SentimentModel.load(model), rows.schema, text_column)
    scored = pa.Table.from_batches(map(kernel, rows), kernel.schema)
    with table.transaction() as transaction:
        with transaction.update_schema() as update:
            update.union_by_name(scored.schema)
        transaction.overwrite(scored)
    return len(scored)


if __name__ == "__main__":
    print(f"{score(*sys.argv[1:]):,} rows")
