"""How much memory a run holds, by the size of its input.

    python tests/benchmarks/memory.py [MEGABYTES]

MEGABYTES is 200 by default. The inputs have short reviews beside wide columns, so that the time
goes to reading and writing. There are three shapes: one row group, 5,000 row groups, and one row
group of twenty columns. Each is compared with a file of 10 MB of the same shape, in a table. If one
of the first two holds 100 MB more than its small file, the exit code is 1. Twenty columns have
twenty buffers: the third line is only shown.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from competitors.ours import scorer_run

ROW_BYTES = 10_000
SMALL_MEGABYTES = 10
GROUPS = 5000
MOST_MORE_BYTES = 100_000_000
# Rows that are made; a file of more rows repeats them.
DISTINCT_ROWS = 500
TEXTS = ("a great film", "an awful story", "not bad at all")


@dataclass(frozen=True)
class Shape:
    """The shape of an input.

    Attributes:
        name: the name in the table.
        groups: number of row groups.
        columns: number of columns beside the reviews.
        is_checked: whether growing memory is a failure.
    """

    name: str
    groups: int
    columns: int = 1
    is_checked: bool = True

    def write(self, path: Path, megabytes: int) -> Path:
        """Write a file of this shape."""
        rows = megabytes * 1_000_000 // ROW_BYTES
        pq.write_table(
            make_table(rows, self.columns),
            path,
            row_group_size=max(1, rows // self.groups),
            compression="none",
            use_dictionary=False,
        )
        return path


SHAPES = (
    Shape("one row group", groups=1),
    Shape(f"{GROUPS:,} row groups", groups=GROUPS),
    Shape("one row group, 20 columns", groups=1, columns=20, is_checked=False),
)


def make_table(rows: int, columns: int) -> pa.Table:
    """Return reviews of a few words beside columns of random bytes, which take 10 kB a row."""
    count = min(rows, DISTINCT_ROWS)
    block = {"review": pa.array([TEXTS[row % len(TEXTS)] for row in range(count)])}
    for index in range(columns):
        values = [os.urandom(ROW_BYTES // columns) for _ in range(count)]
        block[f"wide_{index}"] = pa.array(values)
    repeats = -(-rows // count)
    return pa.concat_tables([pa.table(block)] * repeats).slice(0, rows)


def measure(source: Path) -> tuple[float, float]:
    """Score a file in a process of its own.

    Returns:
        The peak of its resident memory, in bytes, and the seconds that it took.
    """
    out = source.with_suffix(".out")
    report = scorer_run(source, out, "--text-column", "review")
    out.unlink()
    return report.peak_memory_bytes, report.total.seconds


def print_line(name: str, *cells: str) -> None:
    """Print a line of the table."""
    print(f"{name:<28}" + "".join(f"{cell:>10}" for cell in cells), flush=True)


def main(megabytes: int) -> int:
    """Print the table; return the exit code."""
    grown = 0.0
    header = f"{SMALL_MEGABYTES} MB", f"{megabytes:,} MB", "more", "seconds"
    print_line("peak of resident memory", *header)
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            small, _ = measure(shape.write(Path(folder) / "small.parquet", SMALL_MEGABYTES))
            large, seconds = measure(shape.write(Path(folder) / "large.parquet", megabytes))
        sizes = [f"{size / 1e6:.0f} MB" for size in (small, large, large - small)]
        print_line(shape.name, *sizes, f"{seconds:.1f}")
        if shape.is_checked:
            grown = max(grown, large - small)
    return int(grown > MOST_MORE_BYTES)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
