"""Add a column to the IMDB reviews that tells films apart.

    python tests/benchmarks/films.py train.parquet grouped.parquet

The data set numbers the reviews of a film consecutively, at most 30 of each label (Maas et al.
2011), and doesn't name the film. So 250 consecutive numbers, positive and negative alike, are one
group. If groups are held out whole, only films at the ends of a group have reviews on both sides,
and half of every group is positive.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

NUMBERS_A_GROUP = 250


def film_groups(review_ids: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the group of each review, ``int64[reviews]``.

    Group 2, for example, holds the reviews pos-500 to pos-749 and neg-500 to neg-749.
    """
    number = pc.cast(pc.list_element(pc.split_pattern(review_ids, "-"), 1), "int64")
    return pc.divide(number, NUMBERS_A_GROUP)


def main(source: Path, out: Path) -> None:
    """Write the reviews with a column ``film_group``."""
    table = pq.read_table(source)
    groups = film_groups(table["review_id"])
    pq.write_table(table.append_column("film_group", groups), out, compression="zstd")
    print(f"{table.num_rows:,} reviews in {len(pc.unique(groups)):,} groups")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
