"""How much memory a run holds on files that are small only by what their footers claim.

    python tests/benchmarks/memory_claims.py [SHAPE...]

Each shape is written, scored in a process of its own, and compared with a plain file of 4,096 short
reviews, in a table. A file may fail, if the reason names it. If a run holds more than 400 MB, or
100 MB more than the plain one where one value is repeated beside the reviews, the exit code is 1.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 4096
MEGABYTE = 1 << 20
GROUPS = 50_000
PAGE_ROWS = 100_000_000
MOST_BYTES, MOST_MORE_BYTES = 400_000_000, 100_000_000
REPOSITORY = Path(__file__).parents[2]
BESIDE = ("beside", "nested", "late beside")
RUN = """
import sys
import runpy
from scorer.system.memory import peak_memory
try:
    runpy.run_module("scorer", run_name="__main__")
finally:
    print("peak", peak_memory(), file=sys.stderr)
"""


def repeated(value: str, rows: int = ROWS) -> pa.Array:
    """Return rows that all hold one value."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([value]))


def write(path: Path, columns: dict[str, pa.Array]) -> None:
    """Write columns, dictionaries as what they hold."""
    table = pa.table(columns)
    pq.write_table(
        table,
        path,
        compression="brotli",
        store_schema=False,
        write_statistics=False,
        row_group_size=len(table),
        dictionary_pagesize_limit=1 << 30,
    )


def write_groups(path: Path) -> None:
    """Write row groups of one row."""
    schema = pa.schema([("id", pa.int64()), ("review", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for row in range(GROUPS):
            writer.write_table(pa.table({"id": [row], "review": ["a great film"]}))


def write_ten(path: Path) -> None:
    """Write ten reviews of 300 MB."""
    review = pa.array(["a great film and no bad story " * 10_000_000])
    with pq.ParquetWriter(path, pa.schema([("review", pa.string())])) as writer:
        writer.write_table(pa.table({"review": pa.chunked_array([review] * 10)}))


def late(value: str, rows: int) -> pa.Array:
    """Return 2,000 short values, and then a long one that is repeated."""
    indices = pa.array([0] * 2000 + [1] * rows, pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(["a great film", value]))


def write_late_pages(path: Path) -> None:
    """Write 2,000 short values beside the reviews, and then 30 of 30 MB."""
    options = {"use_dictionary": False, "compression": "zstd", "write_statistics": False}
    schema = pa.schema([("review", pa.string()), ("page", pa.string())])
    with pq.ParquetWriter(path, schema, **options) as writer:
        large = pa.array([LARGE * 30])
        page = pa.chunked_array([pa.array(["a page"] * 2000), *[large] * 30])
        review = pa.array(["a great film"] * len(page))
        writer.write_table(pa.table({"review": review, "page": page}), row_group_size=len(page))


def write_page(path: Path, **options: object) -> None:
    """Write a column in one page."""
    whole = {"data_page_size": (1 << 31) - 1, "max_rows_per_page": 1 << 30, "compression": "brotli"}
    columns = {"review": pa.array([""]).take(pa.array(np.zeros(PAGE_ROWS, np.int8)))}
    if "column_encoding" not in options:
        columns |= {"number": pa.array(np.zeros(PAGE_ROWS, np.int64))}
    pq.write_table(
        pa.table(columns),
        path,
        use_dictionary=False,
        row_group_size=PAGE_ROWS,
        write_statistics=False,
        **(whole | options),
    )


REVIEWS, FEW = repeated("a great film"), repeated("a great film", 512)
LARGE = "x" * MEGABYTE
LISTS = pa.ListArray.from_arrays(pa.array(range(ROWS + 1), pa.int32()), repeated(LARGE))
SHAPES: dict[str, Callable[[Path], None]] = {
    "plain": lambda path: write(path, {"review": REVIEWS}),
    "beside": lambda path: write(path, {"review": REVIEWS, "page": repeated(LARGE)}),
    "nested": lambda path: write(path, {"review": REVIEWS, "page": LISTS}),
    "columns": lambda path: write(
        path, {"review": FEW} | {f"page_{index}": repeated(LARGE, 512) for index in range(8)}
    ),
    "review": lambda path: write(
        path, {"review": repeated("a great film " * (MEGABYTE // 13), 512)}
    ),
    "late": lambda path: write(path, {"review": late("a great film " * (MEGABYTE // 13), 200)}),
    "late beside": lambda path: write(path, {"review": REVIEWS, "page": late(LARGE, ROWS - 2000)}),
    "late pages": write_late_pages,
    "page": write_page,
    "lengths": lambda path: write_page(path, column_encoding={"review": "DELTA_LENGTH_BYTE_ARRAY"}),
    "ten": write_ten,
    "groups": write_groups,
}


def measure(name: str) -> tuple[int, int, str]:
    """Return the bytes of a shape's file, the peak of memory, and what became of the file."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"{name}.parquet"
        SHAPES[name](source)
        command = [sys.executable, "-c", RUN, "run", source, Path(folder) / "out.parquet"]
        options = ["--text-column", "review", "--threads", "2"]
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
        run = subprocess.run(
            [*map(str, command), *options],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        peak = re.search(r"^peak (\d+)$", run.stderr, re.MULTILINE)
        assert peak is not None, run.stderr
        outcome = "scored" if run.returncode == 0 else run.stderr.replace(peak[0], "").strip()
        return source.stat().st_size, int(peak[1]), outcome


def main(names: list[str]) -> int:
    """Print the table; return the exit code."""
    _, plain, _ = measure("plain")
    is_over = False
    for name in names or SHAPES:
        size, peak, outcome = measure(name)
        most = plain + MOST_MORE_BYTES if name in BESIDE else MOST_BYTES
        is_over |= peak > most
        print(f"{name:<12}{size:>12,} bytes {peak / 1e6:>6.0f} MB  {outcome}", flush=True)
    return int(is_over)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
