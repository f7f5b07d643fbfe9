"""What many files cost the driver of an engine: time and memory, with workers that are made up.

    python tests/benchmarks/engine_growth.py [--files 100000 --files 1000000]

The inputs are empty files in folders of a thousand. The plan is the real one. Then every file is
pickled, as it is for a worker, and a worker that is made up answers at once, as if it had scored
the file; the driver gathers the answers and writes the report. Each number of files has a process
of its own.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from scorer import Options, SentimentModel
from scorer.engines import contract
from scorer.engines.contract import Done, FileEngine, Handed, Process, Sealed
from scorer.job.result import SCORED, FileResult
from scorer.job.run import run_job
from scorer.kernel import Counts
from scorer.planning.plan import plan
from scorer.reports.report import write_report
from scorer.system.memory import peak_memory

FILES_A_FOLDER = 1000
PROCESSES = 64
COUNTS = Counts(1000, 500, 0, 0, 0, 240_000, 3000, tuple(range(20)))


class MadeUp(FileEngine):
    """Workers that answer at once."""

    name = "made up"

    def dumps(self, value: object) -> bytes:
        return pickle.dumps(value)

    def outcomes(
        self, sealed: Sealed, handed: Sequence[Handed], stop: threading.Event
    ) -> Iterator[Done]:
        for one in handed:
            sent = pickle.loads(pickle.dumps(one))  # noqa: S301
            result = FileResult(sent.task, SCORED, counts=COUNTS, seconds=0.2)
            process = Process("host", sent.place % PROCESSES, "aa" * 32, 200 << 20)
            yield pickle.loads(pickle.dumps(Done(sent.place, result, process, 0.2)))  # noqa: S301


def write_listing(folder: Path, files: int) -> None:
    """Make empty files."""
    for number in range(files):
        if number % FILES_A_FOLDER == 0:
            inner = folder / f"day={number // FILES_A_FOLDER:05}"
            inner.mkdir()
        (inner / f"part-{number:07}.parquet").touch()


def measure(folder: Path) -> str:
    """Return a line of the table: CPU seconds and MB of each step."""
    model, parts = SentimentModel.load(), [f"{peak_memory() / 1e6:.0f} MB"]

    def step(began: float) -> None:
        parts.append(f"{time.process_time() - began:.1f} s | {peak_memory() / 1e6:.0f} MB")

    began = time.process_time()
    planned = plan([folder], folder.parent / "out")
    step(began)
    # What made-up workers wrote isn't there.
    contract.seen_from_here = lambda done: done
    began = time.process_time()
    result = run_job(planned, model, Options(), engine=MadeUp())
    step(began)
    began = time.process_time()
    report = folder.parent / "report.json"
    write_report(result, report)
    step(began)
    size = report.stat().st_size
    return f"| {len(planned.tasks):,} | {' | '.join(parts)} | {size / 1e6:.0f} MB |"


@click.command()
@click.option("--files", multiple=True, type=int, default=(100_000, 1_000_000), show_default=True)
@click.option("--measure", "folder", type=click.Path(path_type=Path), hidden=True)
def main(files: tuple[int, ...], folder: Path | None) -> None:
    """Print a table: CPU seconds of each step, and the peak of resident memory behind it."""
    if folder is not None:
        click.echo(measure(folder))
        return
    click.echo(
        "| files | before | plan | | hand out, gather | | report | | its size |\n|" + "---|" * 9
    )
    for number in files:
        with tempfile.TemporaryDirectory() as scratch:
            listing = Path(scratch, "in")
            listing.mkdir()
            write_listing(listing, number)
            command = [sys.executable, __file__, "--measure", str(listing)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            click.echo(done.stdout.rstrip())


if __name__ == "__main__":
    main()
