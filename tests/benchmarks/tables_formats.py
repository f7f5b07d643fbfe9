"""Speed, memory and scores of the formats that ``scorer run`` reads.

    python tests/benchmarks/tables_formats.py REVIEWS.parquet [--megabytes 200] [--model default]

The reviews are written as CSV of so many megabytes, repeated as often as that takes, and as the
same rows in Parquet, compressed CSV and JSON Lines. Each is scored in a process of its own, one
after another, in rounds; medians are shown, beside the peak of memory, that of a tenth of the rows,
and what reading alone takes. A line for each run comes first. The exit code is 1 if the scores of
two formats differ, if CSV reaches less than 0.9 of Parquet's rows per second of CPU, or if its
memory grows by more than 100 MB.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from time import process_time

import click
import pyarrow as pa
import pyarrow.parquet as pq

from competitors.ours import scorer_run
from scorer.reports.report import Report
from scorer.tables.formats import open_reviews

NAMES = ("rows.parquet", "rows.csv", "rows.csv.gz", "rows.jsonl")
ROWS_A_GROUP = 10_000
READINGS = 5
LEAST_SPEED = 0.9
MOST_MORE_BYTES = 100_000_000


@dataclass(frozen=True)
class Line:
    """A line of the table.

    Attributes:
        name: of the file.
        reports: one for each round.
        small: of the file with a tenth of the rows.
        reading: microseconds of CPU a row, for reading alone.
    """

    name: str
    reports: list[Report]
    small: Report
    reading: float

    @property
    def cpu(self) -> float:
        """Microseconds of CPU a row."""
        return median(one.cpu_seconds / one.total.rows for one in self.reports) * 1e6

    @property
    def peak(self) -> int:
        """Bytes."""
        return max(one.peak_memory_bytes for one in self.reports)

    def show(self, best: float) -> None:
        """Print the line."""
        speed = median(one.total.rows_per_second for one in self.reports)
        print(
            f"{self.name:<14}{self.reports[0].total.rows:>9,} rows{speed:>8,.0f} rows/s"
            f"{self.cpu:>8.1f} µs of CPU a row{best / self.cpu:>7.3f} of Parquet"
            f"{self.peak / 1e6:>6.0f} MB{self.small.peak_memory_bytes / 1e6:>6.0f} MB"
            f"{self.reading:>6.1f} µs of reading",
            flush=True,
        )


def records(source: Path, megabytes: float) -> Iterator[dict[str, str]]:
    """Yield rows of text, as often as the megabytes of CSV take."""
    columns = pq.read_table(source, columns=["review"])["review"].to_pylist()
    written, number = 0.0, count()
    while True:
        for review in columns:
            row = {"id": f"{next(number):08}", "review": review, "source": "a dump"}
            written += sum(len(cell.encode()) + 3 for cell in row.values())
            if written > megabytes * 1e6:
                return
            yield row


def write_all(folder: Path, source: Path, megabytes: float) -> None:
    """Write the same rows in every format, in bounded memory."""
    fields = ("id", "review", "source")
    schema = pa.schema([(name, pa.string()) for name in fields])
    with (
        pq.ParquetWriter(folder / NAMES[0], schema) as parquet,
        (folder / NAMES[1]).open("w", newline="", encoding="utf-8") as plain,
        gzip.open(folder / NAMES[2], "wt", 1, newline="", encoding="utf-8") as packed,
        (folder / NAMES[3]).open("w", encoding="utf-8") as lines,
    ):
        writers = [csv.DictWriter(file, fields) for file in (plain, packed)]
        for writer in writers:
            writer.writeheader()
        group: list[dict[str, str]] = []
        for row in records(source, megabytes):
            for writer in writers:
                writer.writerow(row)
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            group.append(row)
            if len(group) == ROWS_A_GROUP:
                parquet.write_table(pa.Table.from_pylist(group, schema))
                group = []
        parquet.write_table(pa.Table.from_pylist(group, schema))


def scores_of(path: Path) -> list[float]:
    """Return the scores of an output."""
    scores: list[float] = pq.read_table(path, columns=["sentiment_score"])[0].to_pylist()
    return scores


def measure(folder: Path, rounds: int, model: str) -> list[Line]:
    """Score every format in turn."""
    reports: dict[str, list[Report]] = {name: [] for name in NAMES}
    for _ in range(rounds):
        for name in NAMES:
            out = folder / f"{name}.out"
            reports[name].append(scorer_run(folder / "large" / name, out, "--model", model))
            cpu = reports[name][-1].cpu_seconds
            print(f"{name}: {cpu:.1f} s of CPU", flush=True)
    small = {
        name: scorer_run(folder / "small" / name, folder / "small.out", "--model", model)
        for name in NAMES
    }
    return [
        Line(name, reports[name], small[name], reading_alone(folder / "small" / name))
        for name in NAMES
    ]


def reading_alone(path: Path) -> float:
    """Return the microseconds of CPU a row that opening and reading takes."""
    times = []
    for _ in range(READINGS):
        began = process_time()
        with open_reviews(path) as reviews:
            rows = sum(len(batch) for window in reviews.windows() for batch in window)
        times.append((process_time() - began) / rows)
    return median(times) * 1e6


@click.command()
@click.argument("reviews", type=click.Path(exists=True, path_type=Path))
@click.option("--megabytes", default=200.0, show_default=True)
@click.option("--model", default="default", show_default=True)
@click.option("--rounds", default=1, show_default=True)
def main(reviews: Path, megabytes: float, model: str, rounds: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        for size, part in (("large", megabytes), ("small", megabytes / 10)):
            (Path(folder) / size).mkdir()
            write_all(Path(folder) / size, reviews, part)
        lines = measure(Path(folder), rounds, model)
        parquet, plain = lines[:2]
        for line in lines:
            line.show(parquet.cpu)
        first, *others = (scores_of(Path(folder) / f"{name}.out") for name in NAMES)
        are_alike = all(other == first for other in others)
    print("scores: the same to the bit" if are_alike else "scores: they differ")
    grown = plain.peak - plain.small.peak_memory_bytes
    sys.exit(not are_alike or parquet.cpu / plain.cpu < LEAST_SPEED or grown > MOST_MORE_BYTES)


if __name__ == "__main__":
    main()
