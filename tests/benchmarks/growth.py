"""How speed and memory grow: with the reviews, the threads, and the words of a review.

    python tests/benchmarks/growth.py DATA [--model NAME] [--most 1000000]

DATA is a Parquet file with a column ``review``. If a file needs more reviews than DATA has, they
are repeated.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet as pq

from competitors.ours import scorer_run

ROUNDS = 5
ROWS_A_BATCH = 10_000
# Reviews whose words make up the reviews of a given length.
SOURCE_REVIEWS = 4_000
# Words of a review, and number of such reviews.
LENGTHS = ((20, 100_000), (200, 10_000), (2_000, 2_000))


@dataclass(frozen=True)
class Figures:
    """Figures of a run: rows and tokens a second, and the peak of resident memory in bytes."""

    rows: float
    tokens: float
    memory: float


@dataclass(frozen=True)
class Run:
    """The input of a run, and its options."""

    source: Path
    options: Sequence[str]

    def measure(self, folder: Path) -> Figures:
        """Score the input once, in a process of its own."""
        # Repeated reviews go through the network each time, as others would.
        every = ("--remember", "0")
        report = scorer_run(self.source, folder / "out.parquet", *every, *self.options)
        total = report.total
        tokens = total.tokens / total.seconds
        return Figures(total.rows_per_second, tokens, report.peak_memory_bytes)


def write_reviews(path: Path, texts: pa.ChunkedArray, rows: int) -> Path:
    """Write ``rows`` numbered reviews, a batch at a time."""
    schema = pa.schema([("id", pa.int64()), ("review", texts.type)])
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for start in range(0, rows, ROWS_A_BATCH):
            numbers = range(start, min(start + ROWS_A_BATCH, rows))
            indices = pa.array([number % len(texts) for number in numbers])
            columns = [pa.array(numbers), texts.take(indices).combine_chunks()]
            file.write_table(pa.table(columns, schema=schema))
    return path


def reviews_of(source: pa.ChunkedArray, words: int, rows: int) -> pa.ChunkedArray:
    """Return ``rows`` reviews of ``words`` words each, cut from the joined sources."""
    joined = " ".join(source.slice(0, SOURCE_REVIEWS).to_pylist()).split()
    starts = (row * words % (len(joined) - words) for row in range(rows))
    texts = [" ".join(joined[start : start + words]) for start in starts]
    return pa.chunked_array([pa.array(texts)])


def alternate(runs: Mapping[str, Run], folder: Path, rounds: int = ROUNDS) -> dict[str, Figures]:
    """Measure the runs in turn, ``rounds`` times; return the medians."""
    measured: dict[str, list[Figures]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            measured[name].append(run.measure(folder))
    return {name: _medians(figures) for name, figures in measured.items()}


def _medians(figures: Sequence[Figures]) -> Figures:
    return Figures(
        statistics.median(run.rows for run in figures),
        statistics.median(run.tokens for run in figures),
        statistics.median(run.memory for run in figures),
    )


def print_table(first: str, table: Mapping[str, Figures], base: str) -> None:
    """Print a table, with the ratio of each line to the line ``base``."""
    print(f"\n| {first} | reviews a second | ratio | tokens a second | peak memory |")
    print("|---|---|---|---|---|")
    for name, line in table.items():
        ratio, memory = line.rows / table[base].rows, f"{line.memory / 1e6:,.0f} MB"
        print(
            f"| {name} | {line.rows:,.0f} | {ratio:.2f} | {line.tokens:,.0f} | {memory} |",
            flush=True,
        )


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--model", default="default", help="Model to score with.")
@click.option("--most", default=1_000_000, help="Reviews in the largest file, scored once.")
def main(data: Path, model: str, most: int) -> None:
    """Print three tables."""
    texts = pq.read_table(data, columns=["review"])["review"]
    options = ["--model", model]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = Run(write_reviews(folder / "10000.parquet", texts, 10_000), options)
        _measure_threads(small, folder)
        _measure_lengths(texts, options, folder)
        _measure_rows(texts, small, most, folder)


def _measure_threads(small: Run, folder: Path) -> None:
    runs = {
        f"{count} threads": Run(small.source, [*small.options, "--threads", str(count)])
        for count in (1, 2)
    }
    print_table("10,000 reviews", alternate(runs, folder), "1 threads")


def _measure_lengths(texts: pa.ChunkedArray, options: Sequence[str], folder: Path) -> None:
    runs = {}
    for words, rows in LENGTHS:
        path = write_reviews(folder / f"w{words}.parquet", reviews_of(texts, words, rows), rows)
        runs[f"{words:,} words"] = Run(path, options)
    print_table("reviews of", alternate(runs, folder), "200 words")


def _measure_rows(texts: pa.ChunkedArray, small: Run, most: int, folder: Path) -> None:
    """Measure files of more and more rows, and the smallest again to show the machine's drift."""
    middle = Run(write_reviews(folder / "100000.parquet", texts, 100_000), small.options)
    large = Run(write_reviews(folder / "large.parquet", texts, most), small.options)
    table = alternate({"10,000": small}, folder)
    table |= alternate({"100,000": middle}, folder, rounds=1)
    table |= alternate({f"{most:,}": large}, folder, rounds=1)
    table |= alternate({"10,000 again": small}, folder)
    print_table("reviews", table, "10,000")


if __name__ == "__main__":
    main()
