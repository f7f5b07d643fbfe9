"""How much memory a run holds, by the size of its input: ``python tests/benchmarks/memory.py [MEGABYTES]``, 200 where none is named.

Short reviews beside wide columns, so that the time goes to reading and writing: one row group, 5,000 of them, and one of
twenty columns, each against a file of 10 MB of the same shape. Prints a table; ends
with 1 where one of the first two holds 100 MB more. (Twenty columns have twenty buffers: that line is only shown.)
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from competitors.ours import scorer_run

ROW_BYTES = 10_000
SMALL_MEGABYTES = 10
GROUPS = 5000
MOST_MORE = 100_000_000


def table(rows: int, columns: int) -> pa.Table:
    """Return reviews of a few words beside columns that take 10 kB a row; their bytes are few, and met again and again."""
    block = min(rows, 500)
    reviews = pa.array([("a great film", "an awful story", "not bad at all")[row % 3] for row in range(block)])
    wide = [pa.array([os.urandom(ROW_BYTES // columns) for _ in range(block)]) for _ in range(columns)]
    part = pa.table({"review": reviews, **{f"wide_{place}": column for place, column in enumerate(wide)}})
    return pa.concat_tables([part] * -(-rows // block)).slice(0, rows)


def write(path: Path, megabytes: int, *, groups: int, columns: int = 1) -> Path:
    """Write a file of so many row groups."""
    rows = megabytes * 1_000_000 // ROW_BYTES
    pq.write_table(table(rows, columns), path, row_group_size=max(1, rows // groups), compression="none", use_dictionary=False)
    return path


def measure(source: Path) -> tuple[float, float]:
    """Score a file in a process of its own; return its peak of resident memory in bytes, and its seconds."""
    out = source.with_suffix(".out")
    said = scorer_run(source, out, "--text-column", "review")
    out.unlink()
    return said["peak_memory_bytes"], said["total"]["seconds"]


def main(megabytes: int) -> int:
    """Print the table; return 1 if memory grew with the file, else 0."""
    shapes: list[tuple[str, dict[str, int]]] = [
        ("one row group", {"groups": 1}),
        (f"{GROUPS:,} row groups", {"groups": GROUPS}),
        ("one row group, 20 columns", {"groups": 1, "columns": 20}),
    ]
    grown = 0.0
    print(f"{'peak of resident memory':<28}{f'{SMALL_MEGABYTES} MB':>10}{f'{megabytes:,} MB':>10}{'more':>10}{'seconds':>10}")
    for name, how in shapes:
        with tempfile.TemporaryDirectory() as folder:
            small, _ = measure(write(Path(folder) / "small.parquet", SMALL_MEGABYTES, **how))
            large, seconds = measure(write(Path(folder) / "large.parquet", megabytes, **how))
        print(f"{name:<28}{small / 1e6:>7.0f} MB{large / 1e6:>7.0f} MB{(large - small) / 1e6:>7.0f} MB{seconds:>10.1f}", flush=True)
        if "columns" not in how:
            grown = max(grown, large - small)
    return int(grown > MOST_MORE)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
