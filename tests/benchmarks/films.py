"""Give the IMDB reviews a column that tells films apart: ``python tests/benchmarks/films.py train.parquet grouped.parquet``.

The data set numbers the reviews of a film one after another, at most 30 of them (Maas et al. 2011), and does not name the film.
So fifty numbers in a row are taken for one group: few films stand on both sides where groups are held out whole.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

NUMBERS_A_GROUP = 50


def main(source: Path, out: Path) -> None:
    """Write the source with a column ``film_group``: "pos-12" for reviews pos-600 to pos-649."""
    table = pq.read_table(source)
    kind_and_number = pc.split_pattern(table["review_id"], "-")
    number = pc.cast(pc.list_element(kind_and_number, 1), "int64")
    group = pc.cast(pc.divide(number, NUMBERS_A_GROUP), "string")
    names = pc.binary_join_element_wise(pc.list_element(kind_and_number, 0), group, "-")
    pq.write_table(table.append_column("film_group", names), out, compression="zstd")
    print(f"{table.num_rows:,} reviews in {len(pc.unique(names)):,} groups")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
