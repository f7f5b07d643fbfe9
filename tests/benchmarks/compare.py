"""What a comparison promises, measured: ``compare.py LABELLED.parquet... [--rows 1000000]``.

Each file has the columns review and label, and may have domain. Flips and accuracies are compared
with a join by hand, McNemar's test with SciPy's; then the peak memory of the command is taken, on
10,000 made-up rows and on ``--rows``.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import stats

from scorer import SentimentModel
from scorer.insight.compare import Question, compare_models

FEW = 10_000
# The system's own count of a child holds what its parent had before it became this.
MEASURED = """
import atexit, re, sys
from pathlib import Path
def tell():
    status = Path("/proc/self/status").read_text()
    print(re.search("VmHWM: *\\t* *([0-9]+)", status)[1], file=sys.stderr)
atexit.register(tell)
from scorer.cli import main
main()
"""
WORDS = ("good", "bad", "film", "the", "not", "great", "awful", "and", "story", "actor")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+")
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    models = SentimentModel.load("default"), SentimentModel.load("fast")
    for path in given.data:
        show_flips(*models, path)
    for rows in (FEW, given.rows):
        print(f"{rows:,} rows: peak of {peak_memory(rows) / 1e6:.0f} MB")


def show_flips(a: SentimentModel, b: SentimentModel, path: str) -> None:
    table = pq.read_table(path)
    by = "domain" if "domain" in table.column_names else None
    itself = compare_models(a, a, [path], Question()).total
    found = compare_models(a, b, [path], Question(labels="label", by=by))
    scores = a.score(table["review"]), b.score(table["review"])
    one, other = a.card.is_positive(scores[0]), b.card.is_positive(scores[1])
    both, truth = ~np.isnan(scores[0]), table["label"].to_numpy() == 1
    flips = both & (one != other)
    by_hand = {} if by is None else table.filter(pa.array(flips))[by].value_counts().to_pylist()
    groups = {pair["values"]: pair["counts"] for pair in by_hand}
    only = [
        int(np.sum(both & (p == truth) & (q != truth))) for p, q in ((one, other), (other, one))
    ]
    same = (
        found.total.flips == np.sum(flips)
        and [found.total["only_a"], found.total["only_b"]] == only
        and {name: n.flips for name, n in found.by_value.items() if n.flips} == groups
        and np.isclose(found.total.p_value, stats.binomtest(only[0], sum(only)).pvalue, rtol=1e-9)
    )
    print(
        f"{path}: with itself {itself.flips} flips; default with fast {found.total.flips} of ",
        end="",
    )
    print(f"{len(table):,}, in {len(groups)} groups: {'as by hand' if same else 'NOT AS BY HAND'}")


def peak_memory(rows: int) -> int:
    """Return the peak of the command's resident memory, in bytes."""
    chance = random.Random(1)  # noqa: S311  # made-up data
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reviews.parquet"
        columns = {"review": pa.string(), "label": pa.int8(), "product": pa.string()}
        with pq.ParquetWriter(path, pa.schema(columns)) as writer:
            for start in range(0, rows, FEW):
                batch = [
                    {
                        "review": " ".join(chance.choices(WORDS, k=chance.randint(1, 20))),
                        "label": row % 2,
                        "product": str(chance.randrange(5000)),
                    }
                    for row in range(start, min(rows, start + FEW))
                ]
                writer.write_table(pa.Table.from_pylist(batch, schema=writer.schema))
        command = [sys.executable, "-c", MEASURED, "compare", "default", "fast", str(path)]
        options = ["--labels", "label", "--by", "product", "--examples", "20", "--json"]
        done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["rows"] == rows
    return int(done.stderr) * 1024


if __name__ == "__main__":
    main()
