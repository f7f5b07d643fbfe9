"""How speed and memory grow: with the reviews, the threads, and the words of a review.

    python tests/benchmarks/growth.py DATA [--model NAME] [--most 1000000]

DATA is a Parquet file with a column ``review``, whose reviews are met again and again where more are asked for.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet as pq

from competitors.ours import scorer_run

ROUNDS = 5
ROWS_A_BATCH = 10_000


def write_reviews(path: Path, texts: pa.ChunkedArray, rows: int) -> Path:
    """Write so many reviews with a number each, a part at a time."""
    schema = pa.schema([("id", pa.int64()), ("review", texts.type)])
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for start in range(0, rows, ROWS_A_BATCH):
            numbers = pa.array(range(start, min(start + ROWS_A_BATCH, rows)))
            places = pa.array([number % len(texts) for number in numbers.to_pylist()])
            file.write_table(pa.table([numbers, texts.take(places).combine_chunks()], schema=schema))
    return path


def reviews_of(texts: pa.ChunkedArray, words: int, rows: int) -> pa.ChunkedArray:
    """Return reviews of so many words each, cut from all reviews one after another."""
    met = " ".join(texts.slice(0, 4_000).to_pylist()).split()
    starts = (row * words % (len(met) - words) for row in range(rows))
    return pa.chunked_array([pa.array([" ".join(met[start : start + words]) for start in starts])])


def alternate(runs: dict[str, tuple[Path, list[str]]], folder: Path, rounds: int = ROUNDS) -> dict[str, tuple[float, float, int]]:
    """Run each in turn; return the medians of rows and tokens a second, and of the peak memory in bytes."""
    found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, (source, options) in runs.items():
            said = scorer_run(source, folder / "out.parquet", *options)
            total = said["total"]
            found[name].append((total["rows_per_second"], total["tokens"] / total["seconds"], said["peak_memory_bytes"]))
    return {name: tuple(map(statistics.median, zip(*figures, strict=True))) for name, figures in found.items()}


def print_table(first: str, found: dict[str, tuple[float, float, int]], against: str) -> None:
    """Print a table, with ratios to one of its lines."""
    print(f"\n| {first} | reviews a second | ratio | tokens a second | peak memory |\n|---|---|---|---|---|")
    for name, (rows, tokens, memory) in found.items():
        print(f"| {name} | {rows:,.0f} | {rows / found[against][0]:.2f} | {tokens:,.0f} | {memory / 1e6:,.0f} MB |", flush=True)


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--model", default="default")
@click.option("--most", default=1_000_000, help="Reviews of the largest file, which is scored once.")
def main(data: Path, model: str, most: int) -> None:
    """Print three tables."""
    texts = pq.read_table(data, columns=["review"])["review"]
    options = ["--model", model]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, middle = (write_reviews(folder / f"{rows}.parquet", texts, rows) for rows in (10_000, 100_000))
        threads = {f"{count} threads": (small, [*options, "--threads", str(count)]) for count in (1, 2)}
        print_table("10,000 reviews", alternate(threads, folder), "1 threads")
        words = {
            f"{count:,} words": (write_reviews(folder / f"w{count}.parquet", reviews_of(texts, count, rows), rows), options)
            for count, rows in ((20, 100_000), (200, 10_000), (2_000, 2_000))
        }
        print_table("reviews of", alternate(words, folder), "200 words")
        sizes = alternate({"10,000": (small, options)}, folder) | alternate({"100,000": (middle, options)}, folder, 1)
        large = write_reviews(folder / "large.parquet", texts, most)
        sizes |= alternate({f"{most:,}": (large, options)}, folder, 1) | alternate({"10,000 again": (small, options)}, folder)
        print_table("reviews", sizes, "10,000")


if __name__ == "__main__":
    main()
