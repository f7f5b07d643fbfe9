"""The accuracy of a file that scorer wrote, where it has a label column: ``python tests/benchmarks/accuracy.py scored.parquet``.

With a second file, the input it was made of, it also checks that every row and column of it is there, in order.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from trainer.metrics import measure
from trainer.tables import parse_labels


def main(scored: Path, source: Path | None = None) -> None:
    """Print rows, accuracy and the other figures."""
    table = pq.read_table(scored)
    labels = parse_labels(table["label"])
    scores = table["sentiment_score"].to_numpy().astype(np.float32)
    met = ~np.isnan(scores)
    print(f"{len(table):,} rows, {np.count_nonzero(~met)} without a score; {measure(scores[met], labels[met]).to_dict()}")
    if source is not None:
        same = table.drop_columns(["sentiment", "sentiment_score"]).equals(pq.read_table(source), check_metadata=True)
        print("every other column equals the input's" if same else "THE OTHER COLUMNS DIFFER FROM THE INPUT'S")
        sys.exit(int(not same))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
