"""An engine's rows a second against the local job's: ``engine_speed.py spark|ray REVIEWS.parquet``.

    python tests/benchmarks/engine_speed.py spark test.parquet [--model fast] [--rounds 2]

100,000 reviews in 24 files are scored by this process and by the engine on the same cores, in
alternating rounds; every output is compared. Start-up is apart: the engine's session is there, and
each worker has loaded the model.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet as pq

from scorer import Options, SentimentModel, score_files
from scorer.engines import engine_named
from scorer.job.result import JobResult
from scorer.system.cores import available_cores

ROWS, FILES = 100_000, 24
QUIET = {
    "spark.ui.enabled": "false",
    "spark.log.level": "OFF",
    "spark.ui.showConsoleProgress": "false",
}


def write_files(source: Path, folder: Path, rows: int, files: int) -> None:
    """Write reviews, as often as it takes, into files of equal numbers of rows."""
    folder.mkdir()
    table = pq.read_table(source)
    copies = pa.concat_tables([table] * -(-rows // len(table))).slice(0, rows)
    for number in range(files):
        start, end = rows * number // files, rows * (number + 1) // files
        pq.write_table(copies.slice(start, end - start), folder / f"{number:03}.parquet")


def start(engine: str) -> None:
    """Start the engine on the cores of this process."""
    cores = available_cores()
    if engine == "ray":
        import ray

        ray.init(
            "local",
            num_cpus=cores,
            object_store_memory=200 << 20,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
        )
        return
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{cores}]")
    for key, value in QUIET.items():
        builder = builder.config(key, value)
    builder.getOrCreate()


def run(folder: Path, name: str, model: SentimentModel, engine: str | None) -> JobResult:
    """Score the files, each text as if it were the first: the reviews are repeated."""
    hands = engine_named(engine) if engine else None
    result = score_files(
        folder / "in", folder / name, model=model, options=Options(remember=0), engine=hands
    )
    assert result.count("scored") == len(result.files), result.files
    rows, cpu = result.counts.rows, result.cpu_seconds
    click.echo(f"{name:>10}: {rows / result.seconds:7,.0f} rows/s, {cpu:6.1f} s of CPU")
    return result


@click.command()
@click.argument("engine", type=click.Choice(("spark", "ray")))
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--model", "name", default="fast", show_default=True)
@click.option("--rounds", default=2, show_default=True)
@click.option("--rows", default=ROWS, show_default=True)
@click.option("--files", default=FILES, show_default=True)
def main(engine: str, source: Path, name: str, rounds: int, rows: int, files: int) -> None:
    """Print rows a second, and CPU time, of each round."""
    model = SentimentModel.load(name)
    start(engine)
    ratios, cpu = [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_files(source, folder / "in", 48 * available_cores(), 8 * available_cores())
        run(folder, "warm", model, engine)
        for path in (folder / "in").iterdir():
            path.unlink()
        (folder / "in").rmdir()
        write_files(source, folder / "in", rows, files)
        for number in range(rounds):
            local = run(folder, f"local{number}", model, None)
            there = run(folder, f"{engine}{number}", model, engine)
            ratios.append(local.seconds / there.seconds)
            cpu.append(there.cpu_seconds / local.cpu_seconds)
            for path in (folder / f"local{number}").iterdir():
                same = (folder / f"{engine}{number}" / path.name).read_bytes()
                assert same == path.read_bytes(), path
    click.echo(
        f"{engine}, {name}: {statistics.median(ratios):.2f} of the local rows/s, "
        f"{statistics.median(cpu):.2f} of the CPU time; the same bytes"
    )
    # Spark's and Ray's processes end with this one.
    os._exit(0)


if __name__ == "__main__":
    main()
