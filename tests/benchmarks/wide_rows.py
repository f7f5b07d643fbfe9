"""Wide rows against a plain copy: ``wide_rows.py [CHECKOUT_OF_ANOTHER_COMMIT]``.

A file with 30 columns beside a review of some 60 characters is scored by a command, and copied as
pyarrow does it, ``ParquetFile.iter_batches`` → ``ParquetWriter``, with the same codec, row groups
and page checksums. They take turns, each in a process of its own, and so does the other commit, if
one is named. Printed are medians: rows a second by the wall clock, microseconds of CPU a row, and
the ratios of the copy's to them; the start of the process, and for a run that of the model, is
measured with a file of one row and taken off. On a machine that is busy with something else only
the CPU time means something.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parents[2]
MODEL = "fast"
ROW_GROUP_ROWS = 8192
# Columns of each of three kinds, characters of a string, words of a review.
EACH, CHARACTERS, REVIEW_WORDS = 10, 160, 11
# Strings are cut from a text so long that they don't repeat within a page.
CORPUS_WORDS = 4_000_000
SENTENCE = (
    "a dull plot and the acting was awful but I loved the music of this very fine film and its "
    "great scenes which we never found too boring or bad though it is quite like many others"
)

COPY = """
import sys
import pyarrow.parquet as pq
source, target = sys.argv[1:]
file = pq.ParquetFile(source, pre_buffer=False)
options = {"compression": "zstd", "write_page_checksum": True}
with pq.ParquetWriter(target, file.schema_arrow, **options) as writer:
    for batch in file.iter_batches(file.metadata.row_group(0).num_rows):
        writer.write_batch(batch)
"""


def texts(random: np.random.Generator, rows: int, words: int) -> list[str]:
    """Return made-up sentences."""
    return [" ".join(row) for row in random.choice(SENTENCE.split(), (rows, words))]


def row_group(random: np.random.Generator, corpus: str, rows: int) -> pa.Table:
    """Return rows with 30 columns beside the review."""
    columns: dict[str, object] = {"review": texts(random, rows, REVIEW_WORDS)}
    for number in range(EACH):
        columns[f"integer_{number}"] = random.integers(0, 1 << 40, rows)
        columns[f"float_{number}"] = random.normal(size=rows)
        starts = random.integers(0, len(corpus) - CHARACTERS, rows).tolist()
        columns[f"string_{number}"] = [corpus[start : start + CHARACTERS] for start in starts]
    return pa.table(columns)


def write_input(path: Path, size: int) -> int:
    """Write row groups until their Arrow data have a size in bytes; return the rows."""
    random, written, rows = np.random.default_rng(1), 0, 0
    (corpus,) = texts(random, 1, CORPUS_WORDS)
    table = row_group(random, corpus, ROW_GROUP_ROWS)
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        while written < size:
            writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
            written, rows = written + table.nbytes, rows + len(table)
            table = row_group(random, corpus, ROW_GROUP_ROWS)
    return rows


def measure(command: Sequence[object], tree: Path = HERE) -> np.ndarray:
    """Run a command; return the seconds of wall clock and of CPU."""
    # Python looks for the package in the working folder first.
    environment = os.environ | {"PYTHONPATH": str(tree)}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    words = [sys.executable, *map(str, command)]
    subprocess.run(words, check=True, capture_output=True, env=environment, cwd=tree)
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return np.array([seconds, user + system])


def compete(folder: Path, trees: Mapping[str, Path], rounds: int) -> dict[str, tuple[float, ...]]:
    """Return the seconds of wall clock and of CPU that each takes, without its start."""
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    for _ in range(rounds):
        for name in ("copy", *trees):
            seconds = [
                measure(
                    _command(name, folder / source, folder / "out.parquet"), trees.get(name, HERE)
                )
                for source in ("all.parquet", "one.parquet")
            ]
            found[name].append(seconds[0] - seconds[1])
    return {
        name: tuple(map(statistics.median, zip(*all_, strict=True))) for name, all_ in found.items()
    }


def _command(name: str, source: Path, target: Path) -> list[object]:
    target.unlink(missing_ok=True)
    if name == "copy":
        return ["-c", COPY, source, target]
    return ["-m", "scorer", "run", source, target, "--model", MODEL]


@click.command()
@click.argument("base", type=click.Path(path_type=Path, exists=True), required=False)
@click.option("--mib", default=1024, help="Size of the rows in memory.")
@click.option("--rounds", default=5, help="Number of rounds.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where the files are written.")
def main(base: Path | None, mib: int, rounds: int, folder: Path | None) -> None:
    """Print the table."""
    trees = {"this": HERE} | ({"base": base} if base else {})
    with tempfile.TemporaryDirectory(dir=folder) as made:
        source = Path(made) / "all.parquet"
        rows = write_input(source, mib << 20)
        pq.write_table(
            pq.ParquetFile(source).read_row_group(0).slice(0, 1), Path(made) / "one.parquet"
        )
        size = source.stat().st_size
        found = compete(Path(made), trees, rounds)
    wall, cpu = found["copy"]
    what = f"{rows:,} rows, {size / 1e6:,.0f} MB"
    print(f"| {what} | rows/s | of the copy's | CPU a row | of the copy's |")
    print("|---|---|---|---|---|")
    for name, (seconds, spent) in found.items():
        each = f"{spent / rows * 1e6:.1f} µs | {spent / cpu:.2f}"
        print(f"| {name} | {rows / seconds:,.0f} | {wall / seconds:.2f} | {each} |")


if __name__ == "__main__":
    main()
