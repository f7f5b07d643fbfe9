"""What ``trainer adapt`` brings on 500 labels of a domain, measured on the domain's other reviews.

    python tests/benchmarks/adapt.py LABELLED.parquet MODEL... [--labels 500] [--draws 3]
        [--domains amazon_kitchen,airlines,hotels,ride_app,rt_polarity]

LABELLED.parquet has the columns ``review``, ``label`` and ``domain``. MODEL is a model file, the
name of one that ships, or a run folder; it should not have been trained on these reviews. Each draw
takes other labels, a fifth of which ``trainer adapt`` holds out, and measures on at most 1,500 of
the rest. The table holds the means of all draws.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scorer.card import Metrics
from trainer.data.reviews import Reviews
from trainer.fit.adapt import adapt
from trainer.fit.base import BaseModel, open_base
from trainer.measure.evaluation import evaluate
from trainer.settings import AdaptSettings

DOMAINS = ("amazon_kitchen", "airlines", "hotels", "ride_app", "rt_polarity")
MOST_MEASURED = 1500


@dataclass(frozen=True)
class Draw:
    """The figures of one draw.

    Attributes:
        before: of the model as it is.
        after: of the adapted one, on the same reviews.
        seconds: time that the adaptation took, without Keras' start.
    """

    before: Metrics
    after: Metrics
    seconds: float


def read_domain(table: pa.Table, domain: str, seed: int) -> Reviews:
    """Return the reviews of a domain in random order."""
    rows = np.flatnonzero(np.array(table["domain"].to_pylist()) == domain)
    table = table.take(np.random.default_rng(seed).permutation(rows))
    texts = table["review"].cast(pa.large_string()).combine_chunks()
    return Reviews(texts, table["label"].to_numpy().astype(np.int8), domain)


def run_draw(base: BaseModel, reviews: Reviews, labels: int) -> Draw:
    """Adapt to the first reviews, measure on the others."""
    rest = reviews.take(np.arange(labels, min(labels + MOST_MEASURED, len(reviews))))
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        mine = reviews.take(np.arange(labels))
        run = adapt(base, mine, AdaptSettings().held_out, Path(folder) / "run")
        seconds = time.monotonic() - started
        after = evaluate(run.predict(rest.texts), rest).metrics
    return Draw(evaluate(base.predict(rest.texts), rest).metrics, after, seconds)


def line(name: str, draws: list[Draw], measured_on: str = "") -> str:
    """Return a line of the table: means of some draws."""

    def mean(field: str, part: str) -> float:
        return float(np.mean([getattr(getattr(draw, part), field) for draw in draws]))

    cells = [name, measured_on]
    cells += [f"{100 * mean('accuracy', part):.1f}%" for part in ("before", "after")]
    spread = [100 * (draw.after.accuracy - draw.before.accuracy) for draw in draws]
    cells.append(f"{min(spread):+.1f} to {max(spread):+.1f}")
    for field in ("log_loss", "calibration_error"):
        cells.append(" → ".join(f"{mean(field, part):.3f}" for part in ("before", "after")))
    cells.append(f"{np.median([draw.seconds for draw in draws]):.0f} s")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print a table for each model."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--labels", type=int, default=500)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--domains", default=",".join(DOMAINS))
    options = parser.parse_args()
    table = pq.read_table(options.data, columns=["review", "label", "domain"])
    for name in options.models:
        base, drawn = open_base(name), []
        print(f"\n{name}, {options.labels} labels, {options.draws} draws\n")
        print("| domain | measured on | before | after | gain of each draw | log loss | "
              "calibration error | time |")  # fmt: skip
        print("|---|---|---|---|---|---|---|---|")
        for domain in options.domains.split(","):
            sets = [read_domain(table, domain, seed) for seed in range(options.draws)]
            drawn.append([run_draw(base, reviews, options.labels) for reviews in sets])
            reviews = drawn[-1][0].before.reviews
            print(line(domain, drawn[-1], f"{reviews:,}"), flush=True)
        print(line("mean", [draw for draws in drawn for draw in draws]))


if __name__ == "__main__":
    main()
