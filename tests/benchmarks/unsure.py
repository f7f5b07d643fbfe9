"""Write the reviews that a model is least sure of, for a transformer to read.

    python tests/benchmarks/unsure.py SCORED READ COUNT OUT

SCORED are reviews after ``scorer run`` (review_id, review), READ what a transformer has read of
them already (review_id). OUT gets the COUNT others whose scores are nearest to 0.5, the nearest
first, for ``teach.py label``: of those that a model is sure of, it changes few.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def main(scored: Path, read: Path, count: int, out: Path) -> None:
    """Write the file."""
    reviews, known = pq.read_table(scored), pq.read_table(read, columns=["review_id"])
    is_read = pc.is_in(reviews["review_id"], known["review_id"].combine_chunks())
    left = reviews.filter(pc.and_(pc.invert(is_read), pc.is_valid(reviews["sentiment_score"])))
    distances = np.abs(left["sentiment_score"].to_numpy() - 0.5)
    rows = np.argsort(distances, kind="stable")[:count]
    chosen = left.select(["review_id", "review", "sentiment_score"]).take(pa.array(rows))
    pq.write_table(chosen, out, compression="zstd")
    print(f"{len(chosen):,} reviews, the last {distances[rows[-1]]:.3f} from 0.5")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
