"""Accuracy of a file that scorer wrote, if it has a column ``label``.

    python tests/benchmarks/accuracy.py SCORED.parquet [INPUT.parquet]

Given the input that the file was made of, it also checks that every row and column of the input is
there, in order; if not, the exit code is 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scorer.system.records import to_json
from trainer.data.tables import parse_labels
from trainer.measure.metrics import measure, rounded

NEW_COLUMNS = ["sentiment", "sentiment_score"]


def print_metrics(table: pa.Table) -> None:
    """Print the number of rows, and the metrics of those that have a score."""
    labels = parse_labels(table["label"])
    scores = table["sentiment_score"].to_numpy().astype(np.float32)
    scored = ~np.isnan(scores)
    metrics = to_json(rounded(measure(scores[scored], labels[scored])))
    print(f"{len(table):,} rows, {np.count_nonzero(~scored)} without a score; {metrics}")


def is_carried_over(source: pa.Table, table: pa.Table) -> bool:
    """Whether the scored table has all columns of its input, unchanged; print the answer."""
    is_same: bool = table.drop_columns(NEW_COLUMNS).equals(source, check_metadata=True)
    if is_same:
        print("every other column equals the input's")
    else:
        print("THE OTHER COLUMNS DIFFER FROM THE INPUT'S")
    return is_same


def main(scored: Path, source: Path | None = None) -> int:
    """Print the metrics; return the exit code."""
    table = pq.read_table(scored)
    print_metrics(table)
    return 0 if source is None or is_carried_over(pq.read_table(source), table) else 1


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:3])))
