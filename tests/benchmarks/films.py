"""Give the IMDB reviews a column that tells films apart: ``python tests/benchmarks/films.py train.parquet grouped.parquet``.

The data set numbers the reviews of a film one after another, at most 30 of them of either kind (Maas et al. 2011), and does not name the
film. So 250 numbers in a row, positive and negative alike, are taken for one group: where groups are held out whole, only films at
the ends of a group stand on both sides, and every group is half positive.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

NUMBERS_A_GROUP = 250


def main(source: Path, out: Path) -> None:
    """Write the source with a column ``film_group``: 2 for the reviews pos-500 to pos-749 and neg-500 to neg-749."""
    table = pq.read_table(source)
    number = pc.cast(pc.list_element(pc.split_pattern(table["review_id"], "-"), 1), "int64")
    groups = pc.divide(number, NUMBERS_A_GROUP)
    pq.write_table(table.append_column("film_group", groups), out, compression="zstd")
    print(f"{table.num_rows:,} reviews in {len(pc.unique(groups)):,} groups")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
