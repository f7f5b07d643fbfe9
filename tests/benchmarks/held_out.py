"""Mark the reviews that the recipe holds out, and name the domain of the film reviews.

    python tests/benchmarks/held_out.py imdb/train.parquet domains/train.parquet FOLDER

The teacher of ``soft.parquet`` has seen neither these film groups (see ``films.py``) nor the other
reviews whose id ends in a low byte: what is measured on them is measured honestly. FOLDER then
holds ``films.parquet`` and ``domains.parquet``, with the columns that ``trainer fit`` reads:

    trainer fit FOLDER/films.parquet FOLDER/domains.parquet --held-out-column held_out --out runs/x
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from films import film_groups

FILM_GROUPS = (3, 12, 25, 41)
# Review ids are hexadecimal; 20 of 256 last bytes are lower.
LAST_BYTE = 0x14


def mark_films(table: pa.Table) -> pa.Table:
    """Return film reviews with the columns ``film_group``, ``domain`` and ``held_out``."""
    groups = film_groups(table["review_id"])
    held_out = pc.is_in(groups, pa.array(FILM_GROUPS, groups.type))
    domain = pa.array(["films"] * len(table))
    return (
        table.append_column("film_group", groups)
        .append_column("domain", domain)
        .append_column("held_out", held_out)
    )


def mark_domains(table: pa.Table) -> pa.Table:
    """Return reviews of other domains with the column ``held_out``."""
    held_out = [int(name[-2:], 16) < LAST_BYTE for name in table["review_id"].to_pylist()]
    return table.append_column("held_out", pa.array(held_out))


def main(films: Path, domains: Path, folder: Path) -> None:
    """Write both files."""
    folder.mkdir(parents=True, exist_ok=True)
    marked = {
        "films": mark_films(pq.read_table(films)),
        "domains": mark_domains(pq.read_table(domains)),
    }
    for name, table in marked.items():
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
        count = pc.sum(table["held_out"]).as_py()
        print(f"{name}: {count:,} of {len(table):,} reviews held out")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
