"""A folder of small files against one file of the same reviews: ``small_files.py DATA [BASE]``.

240 files of 50 reviews and one file of 12,000 are scored in turn, each by a command of its own.
BASE is a checkout of another commit, which takes part with its own models. Printed are medians:
the wall clock of the command, the CPU time of the process, and the ratio of one file to many. On a
machine that is busy with something else only the CPU time means something.
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
from itertools import count
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parents[2]


def write_inputs(folder: Path, table: pa.Table, files: int, rows: int) -> dict[str, Path]:
    """Write the same rows as many files, and as one."""
    many, one = folder / "many", folder / "one"
    many.mkdir()
    one.mkdir()
    whole = table.slice(0, files * rows)
    pq.write_table(whole, one / "all.parquet", compression="zstd")
    for number in range(files):
        part = whole.slice(number * rows, rows)
        pq.write_table(part, many / f"{number:05}.parquet", compression="zstd")
    return {"one": one, "many": many}


def measure(tree: Path, model: str, source: Path, target: Path) -> tuple[float, float]:
    """Score a folder into a new one; return the seconds of wall clock and of CPU."""
    # Python looks for the package in the working folder first.
    command = [sys.executable, "-m", "scorer", "run", source, f"{target}/", "--model", model]
    environment = os.environ | {"PYTHONPATH": str(tree)}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    words = [str(word) for word in command]
    subprocess.run(words, check=True, capture_output=True, env=environment, cwd=tree)
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return seconds, user + system


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True))
@click.argument("base", type=click.Path(path_type=Path, exists=True), required=False)
@click.option("--files", default=240, help="Number of files.")
@click.option("--rows", default=50, help="Reviews of each.")
@click.option("--rounds", default=5, help="Number of rounds.")
def main(data: Path, base: Path | None, files: int, rows: int, rounds: int) -> None:
    """Print the table."""
    trees = {"this": HERE} | ({"base": base} if base else {})
    found: dict[tuple[str, str, str], list[tuple[float, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        sources = write_inputs(Path(folder), pq.read_table(data), files, rows)
        # Outputs stay to the end: ext4 makes files slowly just after as many were removed.
        targets = (Path(folder) / f"out-{number}" for number in count())
        for _ in range(rounds):
            for name, tree in trees.items():
                for model in ("default", "fast"):
                    for kind, source in sources.items():
                        found[name, model, kind].append(measure(tree, model, source, next(targets)))
    medians = {
        key: tuple(map(statistics.median, zip(*values, strict=True)))
        for key, values in found.items()
    }
    print(f"| {files} files of {rows} reviews | model | wall, one | many | ratio | CPU ratio |")
    print("|---|---|---|---|---|---|")
    for name in trees:
        for model in ("default", "fast"):
            one, many = medians[name, model, "one"], medians[name, model, "many"]
            ratios = f"{one[0] / many[0]:.2f} | {one[1] / many[1]:.2f}"
            print(f"| {name} | {model} | {one[0]:.2f} s | {many[0]:.2f} s | {ratios} |")


if __name__ == "__main__":
    main()
