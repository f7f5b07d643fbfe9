"""What known scores spare: ``known_scores.py DATA [--model M] [--rows N] [--rounds R] [--what …]``.

The reviews of DATA become as many distinct ones as are asked for: each is cut at another word, and
begins with a number. Then, round by round in this process, on two threads:

    distinct   ROWS of them; repeats are looked for, and there are none
    repeated   ROWS of which 40% repeat a text of the first 20%, shuffled over the file
    appended   ROWS of which the last 1% are new, with --reuse of an output of the others
    scattered  the same, the new ones anywhere

Each against a run of the same rows to which nothing is known (``--remember 0``), before or after it
in turn. Printed are ratios of CPU and wall clock, and of the CPU within onnxruntime, by the clock
of the threads that call it: each round's, and the median. Ends with 1 if an output's bytes, or what
is counted, are not those of the fresh run.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import click
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from scorer import Options, SentimentModel
from scorer.job.result import FileResult
from scorer.job.run import run_job
from scorer.planning.plan import plan

NEW = 0.01
REPEATED, OF_FIRST = 0.4, 0.2
WHAT = ("distinct", "repeated", "appended", "scattered")
THREADS = 2
Array = npt.NDArray[np.generic]


class CountingModel(SentimentModel):
    """A model that adds up the CPU seconds of the threads that run its graph, and the rows."""

    cpu, rows, lock = 0.0, 0, Lock()

    def run(self, token_ids: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32]) -> Array:
        """Run the graph once."""
        begun = time.thread_time()
        scores = super().run(token_ids, lengths)
        with self.lock:
            self.cpu += time.thread_time() - begun
            self.rows += len(lengths)
        return scores


@dataclass(frozen=True)
class Cost:
    """What a run took: CPU seconds within onnxruntime and of all, seconds of the wall clock."""

    onnxruntime: float
    cpu: float
    wall: float
    rows: int

    def ratios(self, other: Cost) -> tuple[float, float, float]:
        """Return each part as a share of another's."""
        return (
            self.onnxruntime / other.onnxruntime,
            self.cpu / other.cpu,
            self.wall / other.wall,
        )


def distinct_texts(data: Path, rows: int, chance: random.Random) -> list[str]:
    """Return so many reviews, no two of which are the same."""
    reviews = pq.read_table(data, columns=["review"])["review"].to_pylist()
    texts = []
    for number in range(rows):
        words = reviews[number % len(reviews)].split(" ")
        begin = chance.randrange(1 + len(words) // 10)
        texts.append(f"{number:x} {' '.join(words[begin:])}")
    return texts


def made(what: str, texts: list[str], chance: random.Random) -> tuple[list[str], list[str]]:
    """Return the texts of a run, and those of the output that is there before it."""
    rows = len(texts)
    if what == "repeated":
        again = chance.choices(texts[: int(rows * OF_FIRST)], k=int(rows * REPEATED))
        mixed = [*texts[: rows - len(again)], *again]
        chance.shuffle(mixed)
        return mixed, []
    if what == "distinct":
        return texts, []
    old = texts[: rows - int(rows * NEW)]
    if what == "appended":
        return texts, old
    return chance.sample(texts, rows), old


def write(path: Path, texts: list[str]) -> Path:
    """Write reviews with an id."""
    table = pa.table({"id": range(len(texts)), "review": texts})
    pq.write_table(table, path, compression="zstd", row_group_size=25_000)
    return path


def scored(model: CountingModel, source: Path, target: Path, options: Options) -> tuple[
    FileResult, Cost
]:  # fmt: skip
    """Score a file; return what became of it, and what that took."""
    before = model.cpu, model.rows, time.process_time(), time.monotonic()
    result = run_job(plan([source], target), model, options).files[0]
    cpu, wall = time.process_time() - before[2], time.monotonic() - before[3]
    if result.status != "scored":
        raise SystemExit(result.reason)
    return result, Cost(model.cpu - before[0], cpu, wall, model.rows - before[1])


def a_round(model: CountingModel, folder: Path, old: bool, number: int) -> tuple[Cost, Cost]:
    """Score a file fresh and with what is known, in turn; check that bytes and counts agree."""
    reuse = (str(folder / "old.parquet"),) if old else ()
    runs = {
        "fresh": Options(threads=THREADS, remember=0),
        "known": Options(threads=THREADS, reuse=reuse),
    }
    found = {}
    for name in sorted(runs, reverse=bool(number % 2)):
        target = folder / f"{name}.parquet"
        target.unlink(missing_ok=True)
        found[name] = scored(model, folder / "in.parquet", target, runs[name])
    (fresh, cost), (known, less) = found["fresh"], found["known"]
    same = (folder / "fresh.parquet").read_bytes() == (folder / "known.parquet").read_bytes()
    if not same or fresh.counts != known.counts:
        raise SystemExit("WRONG: an output or its counts aren't those of the fresh run")
    click.echo(f"  {less.rows:,} of {cost.rows:,} rows through the network; {known.spared}")
    return cost, less


@click.command()
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.option("--model", default="default")
@click.option("--rows", default=100_000)
@click.option("--rounds", default=1)
@click.option("--what", multiple=True, type=click.Choice(WHAT), default=WHAT)
def main(data: Path, model: str, rows: int, rounds: int, what: tuple[str, ...]) -> None:
    """Measure, and print the ratios."""
    loaded, chance = CountingModel.load(model), random.Random(19)  # noqa: S311  # test data
    texts = distinct_texts(data, rows, chance)
    for one in what:
        click.echo(f"{one}, {rows:,} rows, {model}")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            now, before = made(one, texts, chance)
            write(folder / "in.parquet", now)
            if before:
                source = write(folder / "before.parquet", before)
                scored(loaded, source, folder / "old.parquet", Options(threads=THREADS))
            costs = [a_round(loaded, folder, bool(before), round_) for round_ in range(rounds)]
        ratios = [less.ratios(cost) for cost, less in costs]
        for ratio in (*ratios, tuple(map(statistics.median, zip(*ratios, strict=True)))):
            shares = zip(("onnxruntime", "CPU", "wall"), ratio, strict=True)
            click.echo("  " + ", ".join(f"{part} {share:.4f}" for part, share in shares))
        fresh = costs[-1][0]
        click.echo(f"  fresh: {fresh.cpu / rows * 1e6:.1f} µs of CPU a review")


if __name__ == "__main__":
    main()
